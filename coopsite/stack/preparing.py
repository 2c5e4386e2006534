"""Brings the database and the static files up to date before the stack's programs need them."""

import hashlib
import subprocess
import sys
from pathlib import Path

from coopsite.stack.programs import ROOT

STATIC_SOURCES = (
    ROOT / "static",
    ROOT / "coopsite" / "static_files.py",  # what collecting makes of them
    ROOT / "requirements" / "run.txt",
)


def prepare(var: Path) -> None:
    """Migrates, and collects static files if one has changed. Raises SystemExit if that fails."""
    stamp = var / "static.stamp"
    mark = fingerprint()
    commands = {"migrate": ["migrate", "--no-input", "--verbosity", "0"]}
    if not (var / "static").is_dir() or not stamp.exists() or stamp.read_text() != mark:
        commands["static"] = ["collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    started = {
        name: start(command, var / "log" / f"{name}.log") for name, command in commands.items()
    }
    try:
        for name, process in started.items():
            if process.wait():
                said = (var / "log" / f"{name}.log").read_text(errors="replace").strip()
                raise SystemExit(f"{said}\n`manage.py {commands[name][0]}` failed.")
    finally:
        for process in started.values():
            process.kill()
            process.wait()
    stamp.write_text(mark)


def start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def fingerprint() -> str:
    """Changes whenever a static file of ours, how it is collected, or a package has changed."""
    digest = hashlib.sha256()
    for source in STATIC_SOURCES:
        for path in sorted([source, *source.rglob("*")]):
            if path.is_file():
                state = path.stat()
                digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
