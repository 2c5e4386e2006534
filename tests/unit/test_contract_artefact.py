"""The committed artefact is what the committed source compiles to, and what our decoder expects."""

import json
import os
import shutil
import subprocess

from coopsite.tools import NODE_MODULES
from pools.contracts import ARTEFACT, FOLDER, artefact
from pools.interface import SPECS


def test_compiling_again_gives_the_committed_artefact() -> None:
    node = shutil.which("node")
    assert node is not None, "node is not installed"
    modules = os.environ.get("NODE_PATH", str(NODE_MODULES))

    compiled = subprocess.run(
        [node, str(FOLDER / "compile.mjs")],
        env={"NODE_PATH": modules},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert compiled.returncode == 0, compiled.stderr
    assert json.loads(compiled.stdout) == json.loads(ARTEFACT.read_text(encoding="utf-8"))


def test_every_event_we_decode_is_in_the_contract_as_we_expect_it() -> None:
    declared = {
        entry["name"]: [(part["name"], part["type"], part["indexed"]) for part in entry["inputs"]]
        for entry in artefact().abi
        if entry["type"] == "event"
    }
    expected = {
        name: [(part.name, part.type, part.indexed) for part in spec.arguments]
        for name, spec in SPECS.items()
    }
    assert declared == expected


def test_what_the_views_answer_has_the_types_and_the_order_of_the_deployed_contract() -> None:
    views = {entry["name"]: entry for entry in artefact().abi if entry["type"] == "function"}

    def parts(name: str) -> list[tuple[str, str]]:
        (answer,) = views[name]["outputs"]
        return [(part["name"], part["type"]) for part in answer["components"]]

    assert parts("getPoolInfo") == [
        ("minContribution", "uint128"),
        ("maxContribution", "uint128"),
        ("maxMembers", "uint64"),
        ("currentMembers", "uint64"),
        ("createdAt", "uint64"),
        ("status", "uint8"),
        ("allowNewMembers", "bool"),
        ("creator", "address"),
        ("name", "string"),
        ("totalBtcDeposited", "uint256"),
        ("totalMusdMinted", "uint256"),
        ("totalYieldGenerated", "uint256"),
    ]
    assert parts("getMemberInfo") == [
        ("btcContributed", "uint128"),
        ("shares", "uint128"),
        ("joinedAt", "uint64"),
        ("active", "bool"),
        ("yieldClaimed", "uint256"),
    ]
