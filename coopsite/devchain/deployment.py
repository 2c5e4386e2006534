"""Puts the contract onto a new local chain, or finds it on one that has it.

The owner's first transaction deploys it, so its address is the same on every local chain.
"""

from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from coopsite.devchain.contract import BTC, PoolContract
from coopsite.devchain.keeper import LocalChain
from pools.contracts import artefact

# The first block, and CREATE's address for the first account's first transaction.
START_BLOCK = 1
ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DEPLOYMENT_GAS = 20_000_000
# From it those are paid whose pool gained.
RESERVE = 100_000 * BTC


class NoContract(Exception):
    """A kept chain that does not hold our contract."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The contract where it is, and the accounts that the node signs for."""

    contract: PoolContract
    accounts: tuple[str, ...]
    start_block: int


def deploy(chain: LocalChain, timestamp: int) -> Deployment:
    """Deploys the contract in block 1 of an empty chain and gives it a reserve in block 2."""
    found = _deployment(chain)
    owner = found.accounts[0]
    chain.node.call(
        "eth_sendTransaction",
        {"from": owner, "data": "0x" + artefact().bytecode.hex(), "gas": hex(DEPLOYMENT_GAS)},
    )
    chain.mine(timestamp)
    chain.node.call("eth_sendTransaction", {"from": owner, "to": ADDRESS, "value": hex(RESERVE)})
    chain.mine(timestamp + 1)
    return find(chain)


def find(chain: LocalChain) -> Deployment:
    """The contract on a kept chain. Raises `NoContract`."""
    if chain.node.call("eth_getCode", ADDRESS, "latest") == "0x":
        raise NoContract(f"the chain in {chain.files.path} does not hold the pool contract")
    return _deployment(chain)


def _deployment(chain: LocalChain) -> Deployment:
    accounts = tuple(to_checksum_address(each) for each in chain.node.call("eth_accounts"))
    return Deployment(PoolContract(chain.node, ADDRESS), accounts, START_BLOCK)
