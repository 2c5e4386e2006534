"""Real logs by the million: a contract that emits whatever logs its callers hand it.

Transactions of the pool contract itself would take hours. These logs are as genuine to a reader:
the node makes their blocks, hashes, receipts and blooms.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from coopsite.devchain.rpc import Node

# Each transaction asks for a whole block's gas, so that the node puts one into each block.
BLOCK_GAS = 30_000_000
USUAL_GAS = 1_000_000_000
BLOCK_SECONDS = 3
_AT_ONCE = 50
_SECONDS = 60.0

_PUSH0, _PUSH1, _PUSH2 = 0x5F, 0x60, 0x61
_OPERATIONS = {
    "STOP": 0x00,
    "ADD": 0x01,
    "GT": 0x11,
    "EQ": 0x14,
    "SHL": 0x1B,
    "SHR": 0x1C,
    "CALLDATALOAD": 0x35,
    "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37,
    "POP": 0x50,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "JUMPDEST": 0x5B,
    **{f"DUP{depth}": 0x7F + depth for depth in range(1, 17)},
    **{f"SWAP{depth}": 0x8F + depth for depth in range(1, 17)},
    **{f"LOG{topics}": 0xA0 + topics for topics in range(5)},
}


def record(topics: bytes, data: bytes) -> bytes:
    """One log in the replaying contract's calldata: how many topics, how much data, then both."""
    return b"%c%b%b%b" % (len(topics) // 32, len(data).to_bytes(2, "big"), topics, data)


def replaying_code() -> bytes:
    """The run-time code of a contract that emits each `record` in its calldata.

    Comments show the stack, its top to the right: `at` is where a record begins, `n` its number of
    topics, `topics` where they begin, `size` that of the data.
    """
    program = """
        0                                                       ; at
    next: JUMPDEST
        DUP1 CALLDATASIZE GT @more JUMPI STOP
    more: JUMPDEST
        DUP1 CALLDATALOAD DUP1 248 SHR                          ; at word n
        SWAP1 8 SHL 240 SHR                                     ; at n size
        SWAP2 3 ADD                                             ; size n topics
        DUP2 5 SHL DUP2 ADD                                     ; size n topics data
        DUP4 DUP2 0 CALLDATACOPY
        DUP4 ADD SWAP3                                          ; end n topics size
    """
    for topics in range(5):
        program += f" DUP3 {topics} EQ @log{topics} JUMPI"
    program += " STOP\n"
    for topics in range(5):
        program += f"log{topics}: JUMPDEST"
        for pushed, topic in enumerate(reversed(range(topics))):
            program += f" DUP{2 + pushed} {32 * topic} ADD CALLDATALOAD"
        program += f" DUP{1 + topics} 0 LOG{topics} POP POP POP @next JUMP\n"
    return _assembled(program)


def _assembled(program: str) -> bytes:
    """Names of operations, numbers to push, `label:` and `@label`; `;` begins a comment."""
    code = bytearray()
    labels: dict[str, int] = {}
    uses: dict[int, str] = {}
    words = [word for line in program.splitlines() for word in line.partition(";")[0].split()]
    for word in words:
        if word.endswith(":"):
            labels[word[:-1]] = len(code)
        elif word.startswith("@"):
            uses[len(code) + 1] = word[1:]
            code += bytes([_PUSH2, 0, 0])
        elif word == "0":
            code.append(_PUSH0)
        elif word.isdecimal():
            code += bytes([_PUSH1, int(word)])
        else:
            code.append(_OPERATIONS[word])
    for place, label in uses.items():
        code[place : place + 2] = labels[label].to_bytes(2, "big")
    return bytes(code)


class Emitter:
    """Puts the replaying contract at `address` of an anvil that mines only when told to."""

    def __init__(self, url: str, address: str) -> None:
        self._node = Node(url, timeout=_SECONDS)
        self._address = address
        self._sender = self._node.call("eth_accounts")[-1]
        self._node.call("anvil_setCode", address, "0x" + replaying_code().hex())

    def emit(self, blocks: int, records_at: Callable[[int], bytes]) -> None:
        """Mine so many blocks, `BLOCK_SECONDS` apart.

        `records_at` gives the records of a block with this time (seconds), one after the other.
        """
        head = self._node.call("eth_getBlockByNumber", "latest", False)
        time = int(head["timestamp"], 16)
        nonce = int(self._node.call("eth_getTransactionCount", self._sender, "latest"), 16)
        self._node.call("evm_setBlockGasLimit", hex(BLOCK_GAS))
        times = range(time + BLOCK_SECONDS, time + BLOCK_SECONDS * blocks + 1, BLOCK_SECONDS)
        for part in _parts(times, _AT_ONCE):
            calls = []
            for moment in part:
                calls.append(
                    ("eth_sendTransaction", [self._transaction(records_at(moment), nonce)])
                )
                nonce += 1
            self._node.batch(calls)
            self._node.call("anvil_mine", hex(len(part)), hex(BLOCK_SECONDS))
        self._node.call("evm_setBlockGasLimit", hex(USUAL_GAS))

    def close(self) -> None:
        self._node.close()

    def _transaction(self, records: bytes, nonce: int) -> dict[str, str]:
        return {
            "from": self._sender,
            "to": self._address,
            "data": "0x" + records.hex(),
            "gas": hex(BLOCK_GAS),
            "nonce": hex(nonce),
            # Said here, so that the node need not look for it in the blocks before.
            "maxFeePerGas": hex(10**10),
            "maxPriorityFeePerGas": "0x0",
        }


def _parts(values: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
