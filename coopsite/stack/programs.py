"""The programs of the stack, and the files that tell supervisor and Redis of them."""

import os
import secrets
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from coopsite.ports import HOST, free_port
from coopsite.tools import find_redis_server

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 6  # then supervisor kills; everything must be gone within 10
DEVCHAIN_PORT = 8545  # where wallets and tools look for a local chain


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep alive. It waits until the file `after` is there, if one is named."""

    name: str
    command: tuple[str, ...]
    after: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What this stack runs, and where. None stands for a part that is somebody else's."""

    var: Path
    port: int
    redis_port: int | None
    redis_password: str
    devchain_port: int | None

    @property
    def addresses(self) -> Path:
        """What `coopsite.settings` reads to find our own Redis and chain."""
        return self.var / "stack.env"

    @property
    def page_answers(self) -> Path:
        """There once the page answers: what nobody waits for at the start waits for this."""
        return self.var / "stack.up"

    @property
    def redis_conf(self) -> Path:
        return self.var / "redis.conf"

    @property
    def redis_url(self) -> str | None:
        if self.redis_port is None:
            return None
        return f"redis://:{self.redis_password}@{HOST}:{self.redis_port}/0"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def devchain_says(self) -> Path:
        """The local chain's standard output: its first line is the JSON object we need."""
        return self.var / "devchain.out"


def make_plan(*, var: Path, port: int, own_redis: bool, own_chain: bool) -> Plan:
    return Plan(
        var=var,
        port=port,
        redis_port=free_port() if own_redis else None,
        redis_password=secrets.token_urlsafe(24),
        devchain_port=free_port(preferred=DEVCHAIN_PORT) if own_chain else None,
    )


def programs(plan: Plan) -> list[Program]:
    """In the order of their start."""
    manage = (str(BIN / "python"), str(ROOT / "manage.py"))
    celery = (str(BIN / "celery"), "--app", "coopsite.celery")
    found = []
    if plan.redis_port:
        command = (str(find_redis_server()), str(plan.redis_conf))
        found.append(Program("redis", command))
    if plan.devchain_port:
        options = (
            *("--port", str(plan.devchain_port), "--block-time", "2", "--pools", "12"),
            *("--rate", "40", "--state", str(plan.var / "devchain.json")),
        )
        found.append(Program("devchain", (*manage, "devchain", *options)))
    web = (str(BIN / "daphne"), *web_options(plan.port), "coopsite.asgi:application")
    beat = (*celery, "beat", "--scheduler", "celery.beat.Scheduler", "--pidfile=")
    # A backfill takes all the processor it gets, and what is live shall not wait for it. Only a
    # little lower: on SQLite who has the lock must get on, or the listener waits all the longer.
    worker = ("nice", "-n", "5", *celery, "worker", *worker_options())
    return [
        *found,
        Program("web", web, after=plan.addresses),
        Program("listener", (*manage, "listen"), after=plan.addresses),
        Program("worker", worker, after=plan.page_answers),
        Program("beat", beat, after=plan.page_answers),
    ]


def web_options(port: int) -> tuple[str, ...]:
    """Daphne's limits: browsers say little, stay for days, and may vanish without a word."""
    return (
        *("--bind", HOST, "--port", str(port), "--no-server-name", "--verbosity", "0"),
        *("--http-timeout", "300", "--application-close-timeout", "5"),
        *("--ping-interval", "20", "--ping-timeout", "30", "--websocket_timeout", "-1"),
        *("--websocket_connect_timeout", "10"),
        # The first of these also bounds what we send, and a page's snapshot is larger than anything
        # a browser may say: that is what the second one is for.
        *("--websocket-max-message-size", "1048576", "--websocket-max-frame-size", "4096"),
    )


def worker_options() -> tuple[str, ...]:
    """No chatter between workers: there is one."""
    return (
        *("--concurrency", "2", "--max-tasks-per-child", "500", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )


def write_files(plan: Plan) -> Path:
    """Writes the configuration of Redis and of supervisor; returns the latter's."""
    plan.logs.mkdir(mode=0o700, exist_ok=True)
    plan.devchain_says.unlink(missing_ok=True)
    if plan.redis_port:
        lines = {
            "bind": HOST,
            "port": str(plan.redis_port),
            "requirepass": plan.redis_password,
            "save": '""',
            "appendonly": "no",
            "dir": f'"{plan.var}"',
        }
        private_file(plan.redis_conf, "".join(f"{name} {value}\n" for name, value in lines.items()))
    configuration = plan.var / "supervisord.conf"
    private_file(configuration, supervisor_configuration(plan))
    return configuration


def supervisor_configuration(plan: Plan) -> str:
    wanted = programs(plan)
    sections = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile={escaped(plan.logs / 'supervisor.log')}",
        "logfile_maxbytes=5MB",
        "logfile_backups=1",
        f"pidfile={escaped(plan.var / 'supervisord.pid')}",
        f"childlogdir={escaped(plan.logs)}",
        "",
        # One group, so that at the end all are told at once and not one after the other.
        "[group:coopsite]",
        f"programs={','.join(program.name for program in wanted)}",
    ]
    for place, program in enumerate(wanted):
        own_output = program.name == "devchain"
        output = plan.devchain_says if own_output else plan.logs / f"{program.name}.log"
        leash = [str(BIN / "python"), "-I", "-S", str(LEASH)]
        after = ["--after", str(program.after)] if program.after else []
        sections += [
            "",
            f"[program:{program.name}]",
            f"command={escaped(shlex.join([*leash, *after, *program.command]))}",
            f"directory={escaped(ROOT)}",
            f"priority={place}",
            "autorestart=true",
            "startsecs=1",
            "startretries=1000000",
            f"stopwaitsecs={STOP_SECONDS}",
            "killasgroup=true",
            f"stdout_logfile={escaped(output)}",
            "stdout_logfile_maxbytes=5MB",
            "stdout_logfile_backups=2",
            f"redirect_stderr={'false' if own_output else 'true'}",
        ]
        if own_output:
            sections += [
                f"stderr_logfile={escaped(plan.logs / 'devchain.log')}",
                "stderr_logfile_maxbytes=5MB",
                "stderr_logfile_backups=2",
            ]
    return "\n".join(sections) + "\n"


def escaped(value: object) -> str:
    """Supervisor expands `%(name)s` in values."""
    return str(value).replace("%", "%%")


def private_file(path: Path, text: str) -> None:
    """Writes a whole file at once, readable by its owner only."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
