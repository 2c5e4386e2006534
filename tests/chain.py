"""A real anvil for tests: fresh, on its own port, with the pool contract and short ways to use it.

Everything goes through the node's JSON-RPC; nothing here reads our database.
"""

import gzip
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from eth_utils.address import to_checksum_address

from coopsite.devchain.contract import BTC, MemberInfo, PoolContract, PoolInfo
from coopsite.devchain.process import (
    CHAIN_ID,
    AnvilOptions,
    AnvilProcess,
    free_port,
)
from coopsite.devchain.rpc import Node
from pools.contracts import artefact
from pools.decoding import decode
from pools.events import Event

__all__ = ["BTC", "AnvilChain", "anvil_chain"]

DEPLOYMENT_GAS = 20_000_000


class TransactionFailed(Exception):
    """A mined transaction was reverted."""


class AnvilChain:
    """One anvil with the contract; use it with `with`.

    With automine (the default) every sending helper returns once its transaction is mined, and
    raises `TransactionFailed` or the node's `Refused` if it is reverted. Without, transactions
    wait for `mine()`. `accounts[0]` owns the contract; members are any others. Amounts in wei.
    """

    def __init__(
        self,
        *,
        automine: bool = True,
        block_time: int | None = None,
        chain_id: int = CHAIN_ID,
        port: int | None = None,
        deploy: bool = True,
    ) -> None:
        self.automine = automine and block_time is None
        self.options = AnvilOptions(
            port=port or free_port(),
            chain_id=chain_id,
            mining=automine,
            block_time=block_time,
        )
        self.http_url = self.options.http_url
        self.ws_url = self.options.ws_url
        self.chain_id = chain_id
        self.node = Node(self.http_url)
        self.address = ""
        self.start_block = 0
        self._deploy_at_start = deploy
        self._state: bytes | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="anvil-")

    # The process

    def __enter__(self) -> Self:
        self.start()
        if self._deploy_at_start:
            self.deploy()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._scratch.cleanup()

    def start(self) -> None:
        """Starts the node: with what `save()` kept, else with a new chain and no contract."""
        self.process = AnvilProcess(replace(self.options, load=self._saved()))
        self.process.wait_until_ready()
        self.accounts: list[str] = self._checksummed(self.node.call("eth_accounts"))

    def save(self) -> None:
        """Keeps the chain as it is now, blocks and logs included, for the next `start()`."""
        self._state = gzip.decompress(bytes.fromhex(self.node.call("anvil_dumpState")[2:]))

    def _saved(self) -> Path | None:
        if self._state is None:
            return None
        path = Path(self._scratch.name) / "state.json"
        path.write_bytes(self._state)
        return path

    def stop(self) -> None:
        """Ends the node in order."""
        self.process.stop()
        self.node.close()

    def kill(self) -> None:
        """Ends the node as a crash would."""
        self.process.kill()
        self.node.close()

    # The contract

    def deploy(self) -> str:
        """Deploys another contract and uses it from now on; its address."""
        sent = {
            "from": self.accounts[0],
            "data": "0x" + artefact().bytecode.hex(),
            "gas": hex(DEPLOYMENT_GAS),
        }
        transaction_hash = self.node.call("eth_sendTransaction", sent)
        if not self.automine:
            self.mine()
        receipt = self.receipt(transaction_hash)
        self.address = self._checksummed([receipt["contractAddress"]])[0]
        self.start_block = int(receipt["blockNumber"], 16)
        self.contract = PoolContract(self.node, self.address)
        return self.address

    def send(
        self, function: str, *arguments: Any, sender: str | None = None, value: int = 0
    ) -> str:
        """Sends any function's transaction (from the owner by default); its hash."""
        transaction_hash = self.contract.send(
            sender or self.accounts[0], function, *arguments, value=value
        )
        if self.automine:
            self.receipt(transaction_hash)
        return transaction_hash

    def create_pool(
        self,
        name: str | bytes = "Mercado Central",
        *,
        creator: str | None = None,
        minimum: int = BTC // 1000,
        maximum: int = 10 * BTC,
        max_members: int = 20,
    ) -> int:
        """Creates a pool (creator: `accounts[1]`); its id, also while it waits to be mined."""
        self.send(
            "createPool", name, minimum, maximum, max_members, sender=creator or self.accounts[1]
        )
        return self.contract.pool_counter("latest" if self.automine else "pending")

    def join(self, pool_id: int, member: str, amount: int) -> str:
        """Joins, or adds to a contribution."""
        return self.send("joinPool", pool_id, sender=member, value=amount)

    def leave(self, pool_id: int, member: str) -> str:
        return self.send("leavePool", pool_id, sender=member)

    def withdraw(self, pool_id: int, member: str, amount: int) -> str:
        """Takes `amount` off the contribution."""
        return self.send("withdrawPartial", pool_id, amount, sender=member)

    def claim(self, pool_id: int, member: str) -> str:
        return self.send("claimYield", pool_id, sender=member)

    def close_pool(self, pool_id: int, *, sender: str | None = None) -> str:
        """Closes a pool, as the owner by default."""
        return self.send("closePool", pool_id, sender=sender)

    def set_pool_status(self, pool_id: int, status: int) -> str:
        """0 accepting or 1 active; closing is `close_pool`."""
        return self.send("setPoolStatus", pool_id, status)

    def set_payout_rate(self, pool_id: int, basis_points: int) -> str:
        """What an active pool pays out for a contribution; above 10,000 it needs `add_reserve`."""
        return self.send("setPayoutRate", pool_id, basis_points)

    def fund_yield(self, pool_id: int, amount: int) -> str:
        """Gives a pool's members something to claim."""
        return self.send("fundYield", pool_id, value=amount)

    def add_reserve(self, amount: int) -> str:
        """Plain coin for the contract, from which pools that gained are paid."""
        sent = {"from": self.accounts[0], "to": self.address, "value": hex(amount)}
        transaction_hash: str = self.node.call("eth_sendTransaction", sent)
        if self.automine:
            self.receipt(transaction_hash)
        return transaction_hash

    def pause(self) -> str:
        return self.send("pause")

    def unpause(self) -> str:
        return self.send("unpause")

    def set_emergency_mode(self, enabled: bool) -> str:
        return self.send("setEmergencyMode", enabled)

    def set_performance_fee(self, basis_points: int) -> str:
        return self.send("setPerformanceFee", basis_points)

    def set_fee_collector(self, collector: str) -> str:
        return self.send("setFeeCollector", collector)

    def collect_fees(self) -> str:
        return self.send("collectFees")

    def upgrade_to(self, implementation: str) -> str:
        return self.send("upgradeTo", implementation)

    def transfer_ownership(self, new_owner: str, *, sender: str | None = None) -> str:
        """From the first account by default; later calls of owner functions need `sender`."""
        return self.send("transferOwnership", new_owner, sender=sender)

    # Views

    def pool_counter(self, block: int | str = "latest") -> int:
        return self.contract.pool_counter(block)

    def pool_info(self, pool_id: int, block: int | str = "latest") -> PoolInfo:
        return self.contract.pool_info(pool_id, block)

    def member_info(self, pool_id: int, member: str, block: int | str = "latest") -> MemberInfo:
        return self.contract.member_info(pool_id, member, block)

    def pool_members(self, pool_id: int, block: int | str = "latest") -> list[str]:
        return self.contract.pool_members(pool_id, block)

    def view(self, function: str, *arguments: Any, block: int | str = "latest") -> Any:
        """Any other view, such as `view("paused")`."""
        return self.contract.view(function, *arguments, block=block)

    # Blocks and logs

    def mine(self, blocks: int = 1, *, interval: int = 1) -> int:
        """Mines so many blocks, `interval` seconds apart; the new head's number."""
        self.node.call("anvil_mine", hex(blocks), hex(interval))
        return self.block_number()

    def set_automine(self, enabled: bool) -> None:
        self.node.call("evm_setAutomine", enabled)
        self.automine = enabled

    def set_interval_mining(self, seconds: int) -> None:
        """A block each so many seconds from now on; 0 stops that."""
        self.node.call("evm_setIntervalMining", seconds)
        self.automine = False

    def reorg(self, depth: int) -> str:
        """Replaces the last `depth` blocks by as many empty ones; the new head's hash."""
        self.node.call("anvil_reorg", depth, [])
        return str(self.block("latest")["hash"])

    def rollback(self, depth: int) -> None:
        """Takes the last `depth` blocks away without putting others in their place."""
        self.node.call("anvil_rollback", depth)

    def snapshot(self) -> str:
        snapshot: str = self.node.call("evm_snapshot")
        return snapshot

    def revert(self, snapshot: str) -> None:
        self.node.call("evm_revert", snapshot)

    def set_balance(self, account: str, amount: int) -> None:
        self.node.call("anvil_setBalance", account, hex(amount))

    def block_number(self) -> int:
        return int(self.node.call("eth_blockNumber"), 16)

    def block(self, block: int | str = "latest", *, full: bool = False) -> dict[str, Any]:
        """A block as the node tells it, by number, tag or 32-byte hash."""
        if isinstance(block, str) and len(block) == 66:
            found = self.node.call("eth_getBlockByHash", block, full)
        else:
            tag = hex(block) if isinstance(block, int) else block
            found = self.node.call("eth_getBlockByNumber", tag, full)
        assert isinstance(found, dict), f"the chain has no block {block}"
        return found

    def logs(
        self, from_block: int = 0, to_block: int | str = "latest", address: str | None = None
    ) -> list[dict[str, Any]]:
        """The contract's logs as the node tells them, in chain order."""
        tag = hex(to_block) if isinstance(to_block, int) else to_block
        wanted = {"address": address or self.address, "fromBlock": hex(from_block), "toBlock": tag}
        logs: list[dict[str, Any]] = self.node.call("eth_getLogs", wanted)
        return logs

    def events(self, from_block: int = 0, to_block: int | str = "latest") -> list[Event]:
        """The contract's logs, decoded."""
        return [
            decode(b"".join(map(_bytes, log["topics"])), _bytes(log["data"]))
            for log in self.logs(from_block, to_block)
        ]

    def receipt(self, transaction_hash: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """The receipt of a transaction, waited for. Raises `TransactionFailed` if reverted."""
        deadline = time.monotonic() + seconds
        while (receipt := self.node.call("eth_getTransactionReceipt", transaction_hash)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{transaction_hash} was not mined within {seconds} s")
            time.sleep(0.002)
        assert isinstance(receipt, dict)
        if receipt["status"] != "0x1":
            raise TransactionFailed(f"{transaction_hash} was reverted")
        return receipt

    @staticmethod
    def _checksummed(addresses: list[str]) -> list[str]:
        return [to_checksum_address(address) for address in addresses]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.fixture
def anvil_chain() -> Iterator[AnvilChain]:
    """A fresh chain that mines each transaction at once, with the contract deployed."""
    with AnvilChain() as chain:
        yield chain
