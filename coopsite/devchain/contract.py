"""Calls to the pool contract on the local node, signed by the node's own unlocked accounts.

Knows the contract's functions and how their arguments are encoded. Events are decoded elsewhere.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from coopsite.devchain.rpc import Node
from pools.contract_views import MemberInfo, PoolInfo
from pools.contracts import artefact

BTC = 10**18
UINT128_MAX = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the contract: its selector and the types it takes and gives."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def encode_call(name: str, *arguments: Any) -> str:
    """The data of a call as hex. Strings may be given as bytes that are no UTF-8."""
    function = functions()[name]
    # A string and bytes are encoded alike, and only bytes may hold anything.
    types = [kind.replace("string", "bytes") for kind in function.inputs]
    values = [
        value.encode() if isinstance(value, str) and kind == "bytes" else value
        for kind, value in zip(types, arguments, strict=True)
    ]
    return "0x" + (function.selector + encode(types, values)).hex()


@cache
def functions() -> dict[str, Function]:
    """Every function of the artefact's interface by name."""
    found = {}
    for entry in artefact().abi:
        if entry["type"] == "function":
            inputs = tuple(_type(argument) for argument in entry["inputs"])
            outputs = tuple(_type(argument) for argument in entry["outputs"])
            selector = keccak(text=f"{entry['name']}({','.join(inputs)})")[:4]
            found[entry["name"]] = Function(selector, inputs, outputs)
    return found


def _type(argument: dict[str, Any]) -> str:
    kind: str = argument["type"]
    if kind.startswith("tuple"):
        parts = ",".join(_type(part) for part in argument["components"])
        return f"({parts}){kind.removeprefix('tuple')}"
    return kind


class PoolContract:
    """The contract at `address`, reached through `node`."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.address = address

    def transaction(
        self, sender: str, function: str, *arguments: Any, value: int = 0
    ) -> dict[str, str]:
        """The parameters of `eth_sendTransaction`; `value` in wei.

        The gas is plenty for any of our calls, so the node need not estimate.
        """
        data = encode_call(function, *arguments)
        return {
            "from": sender,
            "to": self.address,
            "data": data,
            "value": hex(value),
            "gas": hex(500_000 + 500 * len(data)),
        }

    def send(self, sender: str, function: str, *arguments: Any, value: int = 0) -> str:
        """Hands a transaction to the node, which may mine it later; its hash."""
        sent = self.transaction(sender, function, *arguments, value=value)
        transaction_hash: str = self.node.call("eth_sendTransaction", sent)
        return transaction_hash

    def view(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:
        """What a view answers at a block: one value, or a tuple of them."""
        tag = hex(block) if isinstance(block, int) else block
        call = {"to": self.address, "data": encode_call(function, *arguments)}
        answer = bytes.fromhex(self.node.call("eth_call", call, tag)[2:])
        types = [kind.replace("string", "bytes") for kind in functions()[function].outputs]
        values = decode(types, answer)
        return values[0] if len(values) == 1 else values

    def pool_counter(self, block: int | str = "latest") -> int:
        """The number of pools ever created, which is the newest one's id."""
        return int(self.view("poolCounter", block=block))

    def pool_info(self, pool_id: int, block: int | str = "latest") -> PoolInfo:
        """A pool as the contract stores it; all zero if there is none."""
        values = list(self.view("getPoolInfo", pool_id, block=block))
        values[7] = to_checksum_address(values[7])
        return PoolInfo(*values)

    def member_info(self, pool_id: int, member: str, block: int | str = "latest") -> MemberInfo:
        """A membership as the contract stores it; all zero if there never was one."""
        return MemberInfo(*self.view("getMemberInfo", pool_id, member, block=block))

    def pool_members(self, pool_id: int, block: int | str = "latest") -> list[str]:
        """Everyone who ever joined; one who came back stands there twice."""
        return [to_checksum_address(a) for a in self.view("getPoolMembers", pool_id, block=block)]
