"""The pool contract as it was compiled: its interface and bytecode.

Reads the artefact beside it and nothing else. How it came to be is in `compile.mjs`.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ARTEFACT = FOLDER / "CooperativePool.json"


@dataclass(frozen=True, slots=True)
class Artefact:
    """What the compiler made; `bytecode` is the code that deploys the contract."""

    contract: str
    compiler: str
    settings: dict[str, Any]
    source_sha256: str
    abi: list[dict[str, Any]]
    bytecode: bytes


@cache
def artefact() -> Artefact:
    """The committed artefact of `CooperativePool.sol`, read once."""
    stored = json.loads(ARTEFACT.read_text(encoding="utf-8"))
    bytecode = bytes.fromhex(stored.pop("bytecode").removeprefix("0x"))
    return Artefact(bytecode=bytecode, **stored)
