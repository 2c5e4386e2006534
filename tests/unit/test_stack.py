"""The parts of the stack behind `make run` that need no running stack."""

import configparser
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from coopsite import settings
from coopsite.devchain.process import CHAIN_ID as LOCAL_CHAIN_ID
from coopsite.environment import CHAIN_VARIABLES
from coopsite.ports import free_port, is_free
from coopsite.stack import preparing, readiness
from coopsite.stack.__main__ import Refusal, planned
from coopsite.stack.programs import LEASH, ROOT, Plan, supervisor_configuration
from tests.waiting import until

PLAN = Plan(
    var=Path("/home/ana/mi 100% café"),
    port=8000,
    redis_port=7001,
    redis_password="secret",
    devchain_port=8545,
)


def sections(plan: Plan) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser()
    parsed.read_string(supervisor_configuration(plan))
    return parsed


def test_every_program_is_kept_for_ever_and_told_to_end_together():
    parsed = sections(PLAN)
    names = parsed["group:coopsite"]["programs"].split(",")
    assert names == ["redis", "devchain", "web", "listener", "worker", "beat"]
    for name in names:
        program = parsed[f"program:{name}"]
        assert program["autorestart"] == "true"
        assert int(program["stopwaitsecs"]) <= 8


def test_paths_with_spaces_and_percent_signs_survive():
    program = sections(PLAN)["program:listener"]
    words = shlex.split(program["command"].replace("%%", "%"))
    assert words[words.index("--after") + 1] == "/home/ana/mi 100% café/stack.env"
    assert program["stdout_logfile"] == "/home/ana/mi 100%% café/log/listener.log"


def test_the_worker_leaves_the_processor_to_those_who_serve():
    parsed = sections(PLAN)
    words = {name: shlex.split(parsed[f"program:{name}"]["command"]) for name in ("worker", "web")}
    assert "nice" in words["worker"]
    assert "nice" not in words["web"]


def test_a_redis_and_a_chain_of_somebody_elses_are_not_started():
    plan = replace(PLAN, redis_port=None, devchain_port=None)
    assert plan.redis_url is None
    names = sections(plan)["group:coopsite"]["programs"]
    assert names == "web,listener,worker,beat"


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, None),
        ({"CHAIN_ID": str(LOCAL_CHAIN_ID)}, None),
        ({"CHAIN_ID": "31611"}, "CHAIN_ID"),
        ({"CHAIN_ID": str(LOCAL_CHAIN_ID), "POOL_CONTRACTS": "0x1:1"}, "POOL_CONTRACTS"),
    ],
)
def test_a_chain_id_without_a_chain_can_only_be_that_of_our_own(
    variables, refused, tmp_path, monkeypatch
):
    for name in CHAIN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(settings, "CHAIN_HTTP_URLS", [])
    chain_id = variables.get("CHAIN_ID")
    monkeypatch.setattr(settings, "CHAIN_ID", int(chain_id) if chain_id else None)
    monkeypatch.setattr(settings, "PORT", free_port())
    if refused:
        with pytest.raises(Refusal, match=f"^{refused} is set, but no chain"):
            planned(tmp_path)
    else:
        assert planned(tmp_path).devchain_port


def test_a_port_that_is_taken_is_not_given_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert free_port(preferred=port) != port
    assert free_port(preferred=port) == port


def test_the_chain_is_known_from_its_first_line(tmp_path):
    plan = replace(PLAN, var=tmp_path)
    assert readiness.chain_addresses(plan) is None
    plan.devchain_says.write_text('{"http_url": "ht')
    assert readiness.chain_addresses(plan) is None
    plan.devchain_says.write_text(
        '{"http_url":"http://127.0.0.1:8545","ws_url":"ws://127.0.0.1:8545","chain_id":7,'
        '"contract":"0x323FcA9b377fe29B8fc95dDbD9Fe54cea1655F88","start_block":1}\nmore\n'
    )
    assert readiness.chain_addresses(plan) == {
        "CHAIN_ID": "7",
        "CHAIN_HTTP_URLS": "http://127.0.0.1:8545",
        "CHAIN_WS_URLS": "ws://127.0.0.1:8545",
        "POOL_CONTRACTS": "0x323FcA9b377fe29B8fc95dDbD9Fe54cea1655F88:1",
    }


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (["127.0.0.1", "localhost"], "127.0.0.1"),
        (["pools.example.org"], "pools.example.org"),
        ([".example.org"], "example.org"),
        (["*"], "127.0.0.1"),
    ],
)
def test_the_page_is_asked_for_under_a_name_it_answers_to(hosts, name):
    assert readiness.own_name(hosts) == name


def test_a_page_that_nobody_serves_is_a_sentence():
    why = readiness.missing(port=free_port(), allowed_hosts=["127.0.0.1"], https=False)
    assert why is not None
    assert why.startswith("the web server does not answer")


def test_static_files_are_collected_again_only_after_a_change(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "STATIC_SOURCES", (tmp_path,))
    file = tmp_path / "css" / "site.css"
    file.parent.mkdir()
    file.write_text("body{}")
    before = preparing.fingerprint()
    assert preparing.fingerprint() == before
    file.write_text("body{color:red}")
    assert preparing.fingerprint() != before


def test_how_static_files_are_collected_is_looked_at_as_well():
    of_what = {path.relative_to(ROOT).as_posix() for path in preparing.STATIC_SOURCES}
    assert of_what == {"static", "coopsite/static_files.py", "requirements/run.txt"}


def test_a_leashed_program_waits_for_its_file(tmp_path):
    awaited, made = tmp_path / "awaited", tmp_path / "made"
    leashed = [sys.executable, "-I", "-S", LEASH, "--after", awaited, "touch", made]
    with subprocess.Popen(leashed) as process:
        assert process.poll() is None
        assert not made.exists()
        awaited.touch()
        assert process.wait(10) == 0
    assert made.exists()


STARTER = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:])
print(child.pid, flush=True)
child.wait()
"""

if sys.platform == "linux":  # elsewhere the kernel makes no such promise, and neither do we

    def test_a_leashed_program_ends_with_its_starter():
        leashed = [sys.executable, "-I", "-S", str(LEASH), "sleep", "60"]
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, *leashed], stdout=subprocess.PIPE, text=True
        )
        assert starter.stdout is not None
        program = psutil.Process(int(starter.stdout.readline()))
        until(lambda: program.cmdline()[:1] == ["sleep"], 10)  # empty while it is exchanged
        starter.send_signal(signal.SIGKILL)
        starter.communicate(timeout=10)
        until(lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE, 5)
