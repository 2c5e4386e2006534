"""`manage.py listen` as a process: small, quick to end, and clear about what it cannot do."""

import subprocess
import time

import psutil
import pytest

from tests.chain import AnvilChain
from tests.processes import MANAGE, Stack
from tests.waiting import until

CANARY = "canary0f5e7a1c"


def listen(stack: Stack, **changes: str) -> subprocess.CompletedProcess[str]:
    """The command with other settings, which is expected to end by itself."""
    return subprocess.run(
        [*MANAGE, "listen"],
        env={**stack.environment, **changes},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def covered(stack: Stack) -> str:
    return stack.manage("coverage", "--json")


def test_it_stays_small_and_ends_in_order(stack: Stack, anvil_chain: AnvilChain) -> None:
    anvil_chain.create_pool("Uno")
    stack.start("listener")
    until(lambda: f'"head":{anvil_chain.block_number()}' in covered(stack), 30, every=0.5)
    assert psutil.Process(stack.pid("listener")).memory_info().rss < 120 * 1024 * 1024
    started = time.monotonic()
    assert stack.stop("listener") == 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"POOL_CONTRACTS": ""}, "POOL_CONTRACTS is empty"),
        ({"CHAIN_HTTP_URLS": "", "CHAIN_WS_URLS": ""}, "CHAIN_HTTP_URLS is empty"),
        ({"CHAIN_ID": "5"}, "but chain 5 is followed here"),
    ],
)
def test_what_it_cannot_follow_it_refuses_in_one_line(
    stack: Stack, changes: dict[str, str], sentence: str
) -> None:
    ended = listen(stack, **changes)
    assert ended.returncode != 0
    assert sentence in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_no_key_of_a_node_is_ever_written(stack: Stack) -> None:
    keyed = {
        "CHAIN_HTTP_URLS": stack.environment["CHAIN_HTTP_URLS"] + f"/?key={CANARY}",
        "CHAIN_WS_URLS": f"ws://user:{CANARY}@127.0.0.1:9/{CANARY}?key={CANARY}",
        "LOG_LEVEL": "DEBUG",
    }
    stack.environment.update(keyed)
    stack.start("listener")
    said = stack.log("listener")
    until(lambda: said.exists() and said.read_text().count("stream_waits") >= 3, 30)
    stack.stop("listener")
    assert CANARY not in said.read_text()
    assert CANARY.encode() not in (stack.directory / "coopsite.sqlite3").read_bytes()
