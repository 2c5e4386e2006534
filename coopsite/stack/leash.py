"""Becomes another program that ends when its starter dies, and may wait for a file first.

    python leash.py [--after FILE] PROGRAM [ARGUMENT…]

Linux only (prctl's PR_SET_PDEATHSIG, see prctl(2)); elsewhere it only waits and becomes the
program. Standard library alone, and no import of ours: it runs before each of our programs.
"""

import ctypes
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask for SIGTERM, not SIGKILL: the program shall have time to write what it holds."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit("the process that wanted this one is gone")


def main() -> None:
    program = sys.argv[1:]
    end_with_parent()
    if program[0] == "--after":
        awaited, program = program[1], program[2:]
        while not os.path.exists(awaited):  # noqa: PTH110 - pathlib would double the start-up time
            time.sleep(0.1)
    os.execvp(program[0], program)  # noqa: S606 - becoming that program is the point


if __name__ == "__main__":
    main()
