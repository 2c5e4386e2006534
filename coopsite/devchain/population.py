"""What the people of the local chain remember of their pools, so that they do sensible things.

A copy of the contract's state that follows what was sent. It can be read from the contract's
views at any time, which is what a restart and a failed transaction do.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from eth_utils.address import to_checksum_address

from coopsite.devchain.contract import BTC, PoolContract

ACTIVATION_THRESHOLD = BTC // 100


class Status(IntEnum):
    """A pool's status as the contract numbers it."""

    ACCEPTING = 0
    ACTIVE = 1
    CLOSED = 2


@dataclass(slots=True)
class Pool:
    """One pool; `members` maps accounts to contributions in wei, `former` holds those who left."""

    pool_id: int
    creator: str
    minimum: int
    maximum: int
    max_members: int
    status: int = Status.ACCEPTING
    members: dict[str, int] = field(default_factory=dict)
    former: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.members.values())

    @property
    def is_open(self) -> bool:
        return self.status != Status.CLOSED

    def add(self, account: str, amount: int) -> bool:
        """Puts in, and says whether this made the pool active."""
        self.members[account] = self.members.get(account, 0) + amount
        if account in self.former:
            self.former.remove(account)
        if self.status == Status.ACCEPTING and self.total >= ACTIVATION_THRESHOLD:
            self.status = Status.ACTIVE
            return True
        return False

    def take(self, account: str, amount: int) -> None:
        """Takes a part out, or all of it, which is leaving."""
        self.members[account] -= amount
        if self.members[account] == 0:
            del self.members[account]
            self.former.append(account)


@dataclass(slots=True)
class Population:
    """All pools, and the facts about the contract as a whole that decide what is allowed."""

    pools: dict[int, Pool] = field(default_factory=dict)
    owner: str = ""
    paused: bool = False
    emergency: bool = False

    def open_pools(self) -> list[Pool]:
        return [pool for pool in self.pools.values() if pool.is_open]


def read_population(contract: PoolContract) -> Population:
    """Everything from the contract's views, at the latest block."""
    pools = {}
    for pool_id in range(1, contract.pool_counter() + 1):
        pools[pool_id] = read_pool(contract, pool_id)
    return Population(
        pools=pools,
        owner=to_checksum_address(contract.view("owner")),
        paused=bool(contract.view("paused")),
        emergency=bool(contract.view("emergencyMode")),
    )


def read_pool(contract: PoolContract, pool_id: int) -> Pool:
    """One pool from the contract's views. Nobody reads the members of closed ones."""
    info = contract.pool_info(pool_id)
    pool = Pool(
        pool_id=pool_id,
        creator=info.creator,
        minimum=info.min_contribution,
        maximum=info.max_contribution,
        max_members=info.max_members,
        status=info.status,
    )
    if pool.is_open:
        for account in dict.fromkeys(contract.pool_members(pool_id)):
            member = contract.member_info(pool_id, account)
            if member.active:
                pool.members[account] = member.btc_contributed
            else:
                pool.former.append(account)
    return pool
