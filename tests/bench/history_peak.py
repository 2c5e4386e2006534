"""Runs a command and writes its peak memory (bytes) to a file: `history_peak.py FILE COMMAND …`.

A program of its own because the kernel counts the memory of whoever starts a process as that
process's own, and the measuring process is larger than what it measures.
"""

import resource
import subprocess
import sys
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024


def main(file: str, *command: str) -> int:
    ended = subprocess.run(command, check=False)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * UNIT
    Path(file).write_text(str(peak))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
