"""Who looks at a backfill in a terminal sees how far it is; programs see one JSON object."""

import json
import os
import pty
import re
import subprocess
from contextlib import suppress

from coopsite.stack.programs import ROOT
from tests.chain import AnvilChain
from tests.processes import MANAGE, Stack


def on_a_terminal(stack: Stack, *arguments: str) -> tuple[str, str]:
    """What the command writes to standard output, a file, and to standard error, a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*MANAGE, "backfill", *arguments],
        cwd=ROOT,
        env={**stack.environment, "TERM": "xterm", "COLUMNS": "120", "LOG_LEVEL": "ERROR"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # which is how a terminal says that nobody is at its other end
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, shown
    return said.decode(), re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown).decode()


def test_a_terminal_shows_a_bar(stack: Stack, anvil_chain: AnvilChain) -> None:
    anvil_chain.create_pool("Uno")
    head = anvil_chain.mine(300)
    said, shown = on_a_terminal(stack)
    assert f"{head} blocks, {len(anvil_chain.logs())} events in" in said
    assert "asking the node" in shown
    assert "100%" in shown
    assert f"{head} blocks, {len(anvil_chain.logs())} events, " in shown


def test_json_is_all_that_a_program_sees(stack: Stack, anvil_chain: AnvilChain) -> None:
    anvil_chain.mine(300)
    said, shown = on_a_terminal(stack, "--json")
    assert json.loads(said)["gaps_left"] == 0
    assert shown == ""


def test_without_a_terminal_there_is_no_bar(stack: Stack, anvil_chain: AnvilChain) -> None:
    ended = subprocess.run(
        [*MANAGE, "backfill"],
        cwd=ROOT,
        env={**stack.environment, "LOG_LEVEL": "ERROR"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stderr == ""
    assert ended.stdout.count("\n") == 1
