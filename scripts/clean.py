"""Removes what `make` installed and stored, unless a `make run` is at work here."""

import fcntl
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    *(".venv", ".tools", "var", ".mypy_cache", ".ruff_cache", ".pytest_cache"),
    *(".import_linter_cache", ".hypothesis"),
)


def main() -> str | None:
    lock = ROOT / "var" / "stack.lock"
    if lock.exists():
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return "A `make run` is at work here. End it first."
    for name in OURS:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in ("coopsite", "pools", "realtime", "tests", "scripts"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
