"""Histories that the pool contract could have written, with the numbers its views would give.

A model of the contract in plain dictionaries, kept apart from `pools.projection` on purpose.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pools import events
from pools.events import Event
from pools.states import Position

ACCOUNTS = tuple(f"0x{digit * 40}" for digit in "12345")
ACTIVATION = 10**16

Told = tuple[Event, Position, int]
"""An event, its position and its block's time."""


@dataclass
class Member:
    contributed: int
    joined_at: int
    active: bool = True
    yield_claimed: int = 0
    left_at: int | None = None


@dataclass
class Pool:
    status: int = 0
    total: int = 0
    members: dict[str, Member] = field(default_factory=dict)


@dataclass
class ContractModel:
    """Takes actions and keeps what it told; an action that the contract would refuse tells nothing.

    `blocks_from` is the number of its first block; three events stand in each.
    """

    blocks_from: int = 0
    pools: dict[int, Pool] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def act(self, action: str, pool_id: int, account: str, amount: int) -> None:
        """One call of the contract."""
        if action == "create":
            self._create(account, amount)
        elif action == "contract":
            self._tell(_contract_wide(account, amount))
        elif pool := self.pools.get(pool_id):
            getattr(self, f"_{action}")(pool_id, pool, account, amount)

    @property
    def now(self) -> int:
        """The time of the block that the next event will be in."""
        return 1_700_000_000 + 2 * (self.blocks_from + len(self.told) // 3)

    def _tell(self, event: Event) -> None:
        count = len(self.told)
        at = (self.blocks_from + count // 3, count % 3)
        self.told.append((event, at, self.now))

    def _create(self, account: str, amount: int) -> None:
        pool_id = len(self.pools) + 1
        self.pools[pool_id] = Pool()
        name = f"Pool {pool_id}".encode()
        self._tell(events.PoolCreated(pool_id, account, name, 1, 1 + amount % 50, self.now))

    def _join(self, pool_id: int, pool: Pool, account: str, amount: int) -> None:
        if pool.status == 2:
            return
        if pool.status == 0 and pool.total + amount >= ACTIVATION:
            pool.status = 1
            self._tell(events.PoolStatusUpdated(pool_id, 1))
        member = pool.members.get(account)
        if member is None or not member.active:
            member = pool.members[account] = Member(0, joined_at=self.now)
        member.contributed += amount
        pool.total += amount
        self._tell(events.MemberJoined(pool_id, account, amount, member.contributed, self.now))

    def _leave(self, pool_id: int, pool: Pool, account: str, amount: int) -> None:
        member = pool.members.get(account)
        if member is None or not member.active:
            return
        pool.total -= member.contributed
        member.contributed = 0
        member.active = False
        member.left_at = self.now
        self._tell(events.MemberLeft(pool_id, account, amount, amount // 10, self.now))

    def _withdraw(self, pool_id: int, pool: Pool, account: str, amount: int) -> None:
        member = pool.members.get(account)
        if member is None or not member.active or member.contributed <= amount:
            return
        member.contributed -= amount
        pool.total -= amount
        paid = amount * 98 // 100
        left = member.contributed
        self._tell(events.PartialWithdrawal(pool_id, account, paid, left, self.now))

    def _claim(self, pool_id: int, pool: Pool, account: str, amount: int) -> None:
        member = pool.members.get(account)
        if member is None or not member.active:
            return
        member.yield_claimed += amount
        fee = amount // 100
        self._tell(events.YieldClaimed(pool_id, account, amount, fee, amount - fee, self.now))

    def _status(self, pool_id: int, pool: Pool, _account: str, amount: int) -> None:
        if pool.status == 2:
            return
        pool.status = amount % 2
        self._tell(events.PoolStatusUpdated(pool_id, pool.status))

    def _close(self, pool_id: int, pool: Pool, _account: str, amount: int) -> None:
        if pool.status == 2:
            return
        pool.status = 2
        self._tell(events.PoolClosed(pool_id, amount))


def _contract_wide(account: str, amount: int) -> Event:
    some: tuple[Event, ...] = (
        events.Paused(account),
        events.Unpaused(account),
        events.EmergencyModeUpdated(amount % 3 == 0),
        events.PerformanceFeeUpdated(amount // 2, amount),
        events.FeeCollectorUpdated(ACCOUNTS[0], account),
        events.FeesCollected(account, amount),
        events.Upgraded(account),
        events.Initialized(amount % 2**64),
        events.OwnershipTransferred(ACCOUNTS[0], account),
    )
    return some[amount % len(some)]


Action = tuple[str, int, str, int]

_ACTIONS = ("create", "join", "join", "leave", "withdraw", "claim", "status", "close", "contract")


def actions(max_size: int = 40) -> SearchStrategy[list[Action]]:
    """Random actions on a few pools by a few accounts, the first of them creating a pool."""
    one = st.tuples(
        st.sampled_from(_ACTIONS),
        st.integers(1, 3),
        st.sampled_from(ACCOUNTS),
        st.one_of(st.integers(1, 20), st.integers(1, 2 * ACTIVATION), st.integers(1, 2**120)),
    )
    first = st.just([("create", 0, ACCOUNTS[0], 10)])
    return st.tuples(first, st.lists(one, max_size=max_size)).map(lambda it: it[0] + it[1])


def history(some: list[Action], *, of: ContractModel | None = None) -> ContractModel:
    """The model after all these actions."""
    model = of or ContractModel()
    for action in some:
        model.act(*action)
    return model
