"""Comparing what we folded with what the contract's views say, field by field.

Pure: both sides are handed in. No view tells `closed_at`, `left_at`, `last_event_at`, the counts of
events, the place and transaction of a creation, the category, `fees_collected`, `owner`,
`fee_collector`, `implementation` or `initialized_version` (the last four may, under names that
differ between deployments): rebuilding from the logs is what checks those.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from pools.contract_views import MemberInfo, PoolInfo
from pools.names import clean_name
from pools.states import ContractState, MemberState, PoolState

TOTALS = ("members_total", "total_contributed")  # what follows from all pools together
PRESENT = "present"
ABSENT = "absent"

Fact = str | bytes | int | bool


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One fact that we tell otherwise than the chain: about a pool, or a contract as a whole.

    `field` is named as in the records, with `members[ACCOUNT].` before it for a member's. Numbers
    are decimal, times seconds since 1970, raw bytes hexadecimal; a whole pool or member that one
    side lacks is "present" and "absent".
    """

    contract: str
    pool_id: int | None
    field: str
    stored: str
    onchain: str

    @property
    def account(self) -> str | None:
        """The member whom it is about, if it is about one."""
        if not self.field.startswith("members["):
            return None
        return self.field.removeprefix("members[").partition("]")[0]


class ContractFacts(msgspec.Struct, frozen=True):
    """What the contract's views say of it as a whole."""

    pool_counter: int
    paused: bool
    emergency_mode: bool
    performance_fee: int


class HeldPool(msgspec.Struct, frozen=True):
    """A pool as we hold it: its folded state, its name as shown, and its key in the records."""

    key: int
    state: PoolState
    name: str


@dataclass(slots=True)
class Sums:
    """What the pools seen so far amount to: ours, and the chain's."""

    pools: int = 0
    members: int = 0
    contributed: int = 0
    members_onchain: int = 0
    contributed_onchain: int = 0

    def add(self, held: PoolState | None, info: PoolInfo) -> None:
        if held is not None:
            self.pools += 1
            self.members += held.member_count
            self.contributed += held.total_contributed
        self.members_onchain += info.current_members
        self.contributed_onchain += info.total_btc_deposited


@dataclass(slots=True)
class Roll:
    """The members of one pool, checked off one by one.

    `listed` are the accounts in the contract's list; None where it would not tell. `complete`
    until somebody is left out.
    """

    contract: str
    pool_id: int
    listed: set[str] | None
    shares: int = 0
    complete: bool = True
    unseen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.unseen = set(self.listed or ())

    def lacks(self, account: str) -> bool:
        """Whether the contract's list is without this account."""
        return self.listed is not None and account not in self.listed

    def check_off(self, member: MemberState) -> None:
        self.shares += member.shares
        self.unseen.discard(member.account)

    def mismatches(self, total_shares: int) -> Iterator[Mismatch]:
        """What the whole of it shows, when every member that we hold has been checked off."""
        yield from _differing(
            self.contract, self.pool_id, "", [("total_shares", self.shares, total_shares)]
        )
        for account in sorted(self.unseen):
            yield Mismatch(self.contract, self.pool_id, f"members[{account}]", ABSENT, PRESENT)


def compare_pool(contract: str, held: HeldPool, info: PoolInfo) -> Iterator[Mismatch]:
    """Where a pool of ours differs from `getPoolInfo`."""
    pool_id = held.state.pool_id
    if not info.exists:
        yield Mismatch(contract, pool_id, "pool", PRESENT, ABSENT)
        return
    state = held.state
    # A name that differs is told in its bytes; what is shown of it only where it alone is wrong.
    shown = held.name if state.name != info.name else clean_name(info.name)
    yield from _differing(
        contract,
        pool_id,
        "",
        [
            ("name_raw", state.name, info.name),
            ("name", held.name, shown),
            ("creator", state.creator, info.creator),
            ("status", state.status, info.status),
            ("min_contribution", state.min_contribution, info.min_contribution),
            ("max_members", state.max_members, info.max_members),
            ("member_count", state.member_count, info.current_members),
            ("total_contributed", state.total_contributed, info.total_btc_deposited),
            ("created_at", state.created_at, info.created_at),
        ],
    )


def missing_pool(contract: str, pool_id: int, info: PoolInfo) -> Iterator[Mismatch]:
    """The same where we hold no such pool."""
    if info.exists:
        yield Mismatch(contract, pool_id, "pool", ABSENT, PRESENT)


def compare_member(contract: str, held: MemberState, info: MemberInfo) -> Iterator[Mismatch]:
    """Where a membership of ours differs from `getMemberInfo`."""
    yield from _differing(
        contract,
        held.pool_id,
        f"members[{held.account}].",
        [
            ("contribution", held.contribution, info.btc_contributed),
            ("shares", held.shares, info.shares),
            ("active", held.active, info.active),
            ("joined_at", held.joined_at, info.joined_at),
            ("yield_claimed", held.yield_claimed, info.yield_claimed),
        ],
    )


def unlisted_member(contract: str, held: MemberState) -> Mismatch:
    """A member of ours whom the contract's list lacks."""
    return Mismatch(contract, held.pool_id, f"members[{held.account}]", PRESENT, ABSENT)


def compare_contract(
    contract: str, state: ContractState, facts: ContractFacts
) -> Iterator[Mismatch]:
    """Where our record of the contract as a whole differs from its views.

    No event tells the fee that a contract began with: unknown to us, it is not compared.
    """
    fee = facts.performance_fee if state.performance_fee is None else state.performance_fee
    yield from _differing(
        contract,
        None,
        "",
        [
            ("pools_total", state.pools_total, facts.pool_counter),
            ("paused", state.paused, facts.paused),
            ("emergency_mode", state.emergency_mode, facts.emergency_mode),
            ("performance_fee", fee, facts.performance_fee),
        ],
    )


def compare_totals(contract: str, state: ContractState, sums: Sums) -> Iterator[Mismatch]:
    """Where our totals are neither those of our pools nor those of the chain's.

    A total that agrees with either is wrong, if at all, by a pool that is told of already.
    """
    told = (
        (state.members_total, sums.members, sums.members_onchain),
        (state.total_contributed, sums.contributed, sums.contributed_onchain),
    )
    for name, (total, ours, onchain) in zip(TOTALS, told, strict=True):
        if total not in (ours, onchain):
            yield Mismatch(contract, None, name, str(total), str(onchain))


def missing_ids(held: Iterable[int], *, first: int, up_to: int, most: int) -> list[int]:
    """The numbers from `first` to `up_to` that are not among `held`, which ascend; the lowest
    `most` of them.
    """
    missing: list[int] = []
    expected = first
    for pool_id in (*held, up_to + 1):
        end = min(pool_id, up_to + 1, expected + most - len(missing))
        missing += range(expected, end)
        expected = max(expected, pool_id + 1)
    return missing


def _differing(
    contract: str, pool_id: int | None, prefix: str, facts: Iterable[tuple[str, Fact, Fact]]
) -> Iterator[Mismatch]:
    for name, stored, onchain in facts:
        if stored != onchain:
            yield Mismatch(contract, pool_id, prefix + name, _text(stored), _text(onchain))


def _text(value: Fact) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
