"""`python -m coopsite.stack`: starts everything, says when the page answers, ends everything."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from coopsite.environment import CHAIN_VARIABLES, load_file, var_directory
from coopsite.ports import is_free
from coopsite.stack import preparing, readiness
from coopsite.stack.leash import end_with_parent
from coopsite.stack.programs import (
    BIN,
    LEASH,
    ROOT,
    Plan,
    make_plan,
    private_file,
    write_files,
)

START_SECONDS = 90
END_SECONDS = 8.5


class Refusal(SystemExit):
    """The stack cannot start. The message is one sentence for the person at the terminal."""


class Ended(BaseException):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or the terminal went away."""


def main() -> int:
    if "MAKELEVEL" in os.environ:  # a `make` that is killed shall not leave us behind
        end_with_parent()
    os.chdir(ROOT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "coopsite.settings"  # whatever the shell is set to
    load_file(ROOT / (os.environ.get("ENV_FILE") or ".env"))
    var = var_directory(ROOT)
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        with sole_stack(var):
            plan = planned(var)
            with Supervisor(plan) as supervisor:
                bring_up(plan, supervisor)
                supervisor.watch()
    except Ended:
        pass
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended


@contextlib.contextmanager
def sole_stack(var: Path) -> Iterator[None]:
    """Holds this directory's lock. A stack that was killed may still be ending: wait for it."""
    with (var / "stack.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refusal(f"A `make run` is at work here already (see {var}).") from None
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and _predecessor_lives(var):
            time.sleep(0.1)
        _forget(var)
        try:
            yield
        finally:
            _forget(var)


def _forget(var: Path) -> None:
    for name in ("stack.env", "stack.up"):
        (var / name).unlink(missing_ok=True)


def _predecessor_lives(var: Path) -> bool:
    """Supervisor removes its pid file when it ends in order."""
    try:
        os.kill(int((var / "supervisord.pid").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def planned(var: Path) -> Plan:
    """Reads the settings, which end the program with a sentence if a variable is wrong."""
    from coopsite import settings
    from coopsite.devchain.process import CHAIN_ID as LOCAL_CHAIN_ID

    own_chain = not settings.CHAIN_HTTP_URLS
    set_alone = [name for name in CHAIN_VARIABLES if os.environ.get(name)]
    if settings.CHAIN_ID == LOCAL_CHAIN_ID:  # true of our own chain, too
        set_alone.remove("CHAIN_ID")
    if own_chain and set_alone:
        raise Refusal(f"{set_alone[0]} is set, but no chain: set CHAIN_HTTP_URLS too.")
    if not own_chain and not settings.POOL_CONTRACTS:
        raise Refusal("POOL_CONTRACTS must name the contracts to follow on your chain.")
    if not is_free(settings.PORT):
        other = settings.PORT + 1
        raise Refusal(f"Port {settings.PORT} is in use. Choose another: PORT={other} make run")
    own_redis = not os.environ.get("REDIS_URL")
    return make_plan(var=var, port=settings.PORT, own_redis=own_redis, own_chain=own_chain)


class Supervisor:
    """The supervisor process. It is started again if it dies, and ends with everything it keeps."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._configuration = write_files(plan)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Supervisor":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough; it takes some seconds
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches us, and we end it in order.
        with (self._plan.logs / "supervisor.out").open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(BIN / "python", "-I", "-S", LEASH),
                    *(BIN / "supervisord", "--configuration", self._configuration),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # One arena of memory is enough for threads that take turns anyway.
                env={**os.environ, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1"},
            )

    def keep(self) -> None:
        """Starts the supervisor again if it is gone."""
        if self._process is None or self._process.poll() is not None:
            self._start()

    def watch(self) -> None:
        """Until the end, which comes as the exception `Ended`."""
        while True:
            self.keep()
            time.sleep(0.5)


def bring_up(plan: Plan, supervisor: Supervisor) -> None:
    """Prepares the database and the static files while Redis and the chain start."""
    from coopsite import settings

    print("Starting Coopsite …", flush=True)
    preparing.prepare(plan.var)
    deadline = time.monotonic() + START_SECONDS
    chain: dict[str, str] | None = {}
    while plan.devchain_port and not (chain := readiness.chain_addresses(plan)):
        _wait(plan, supervisor, deadline, "the local chain does not start")
    addresses = {"REDIS_URL": plan.redis_url} if plan.redis_url else {}
    addresses |= chain or {}
    text = "".join(f"{name}='{value}'\n" for name, value in addresses.items())
    private_file(plan.addresses, text)
    hosts, https = settings.ALLOWED_HOSTS, settings.HTTPS
    while why := readiness.missing(port=plan.port, allowed_hosts=hosts, https=https):
        _wait(plan, supervisor, deadline, why)
    plan.page_answers.touch()
    print(f"Dashboard: http://127.0.0.1:{plan.port}/", flush=True)
    print("For /admin/, once: .venv/bin/python manage.py createsuperuser", flush=True)
    print(f"Logs are in {_short(plan.logs)}/. Ctrl-C ends everything.", flush=True)


def _wait(plan: Plan, supervisor: Supervisor, deadline: float, why: str) -> None:
    if time.monotonic() > deadline:
        raise Refusal(f"{readiness.log_tails(plan.logs)}\nGiving up: {why}.")
    supervisor.keep()
    time.sleep(0.2)


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())
