"""A long life of the pool contract, made up from a seed, with the totals that follow from it.

A stream: what it keeps does not grow with the number of events, but for a little per pool. It has
a model of the contract of its own, so that a mistake in `pools.projection` cannot hide here.
"""

from collections import Counter, deque
from random import Random

from pools.interface import SPECS
from tests.bench.emitter import record
from tests.bench.history_totals import Totals
from tests.encoding import word

ACCOUNTS = 2_000
EVENTS_PER_POOL = 200
MILLIBTC = 10**15
ACTIVATION = 10 * MILLIBTC
ACCEPTING, ACTIVE, CLOSED = range(3)
# Pools in which most things happen: as many as there are, up to the newest so many.
_LIVELY = 200
_LATE_MEMBERS = 3
_NAMES = (
    *("Mercado Central", "Panadería La Espiga", "Cooperativa de Pescadores del Pacífico Sur"),
    *(
        "School fund",
        "Tanda de la Colonia Roma Norte",
        "Ahorro común",
        "Roof repairs",
        "Los Olivos",
    ),
)

Record = bytes


class _Member:
    __slots__ = ("active", "claimed", "contributed")

    def __init__(self) -> None:
        self.active = False
        self.contributed = 0
        self.claimed = 0


class _Pool:
    __slots__ = ("capacity", "members", "retired", "status", "total", "word")

    def __init__(self, pool_id: int, capacity: int) -> None:
        self.word = word(pool_id)
        self.capacity = capacity
        self.status = ACCEPTING
        self.total = 0
        self.retired = False
        self.members: dict[bytes, _Member] = {}


class History:
    """Call `block` again and again for the records of one block after the other."""

    def __init__(self, *, seed: int = 1) -> None:
        self._chance = Random(seed)
        self._accounts = [bytes(12) + self._chance.randbytes(20) for _ in range(ACCOUNTS)]
        self._kinds: Counter[str] = Counter()
        self._pools: list[_Pool] = []
        self._lively: deque[_Pool] = deque()
        self._next_pool = 2
        self._count = 0
        self._paused = False
        self._fee = 0
        self._fees = 0
        # Of members that nothing will happen to any more.
        self._settled = {"memberships": 0, "active": 0, "contributed": 0, "claimed": 0}
        self._records: list[Record] = []
        self._time = b""

    def block(self, time: int, events: int) -> list[Record]:
        """The records of the next block, exactly so many (2 or more); `time` in seconds."""
        self._time = word(time)
        self._records = []
        if not self._count:
            owner = self._accounts[0]
            self._tell("Initialized", (), word(1))
            self._tell("OwnershipTransferred", (bytes(32), owner), b"")
        while len(self._records) < events:
            if self._count >= self._next_pool:
                self._create()
            else:
                self._happen(room=events - len(self._records))
        return self._records

    def totals(self) -> Totals:
        """What must be stored after the blocks so far."""
        sums = Counter(self._settled)
        for pool in self._pools:
            for member in pool.members.values():
                sums.update(_sums(member))
        return Totals(
            kinds=dict(self._kinds),
            pools=len(self._pools),
            closed_pools=sum(pool.status == CLOSED for pool in self._pools),
            memberships=sums["memberships"],
            active_members=sums["active"],
            contributed=str(sums["contributed"]),
            shares=str(sums["contributed"]),
            yield_claimed=str(sums["claimed"]),
            fees_collected=str(self._fees),
        )

    def _tell(self, kind: str, indexed: tuple[bytes, ...], data: bytes) -> None:
        self._records.append(record(SPECS[kind].topic0 + b"".join(indexed), data))
        self._kinds[kind] += 1
        self._count += 1

    def _happen(self, *, room: int) -> None:
        chance = self._chance
        # Now and then something happens in a pool that has long been quiet.
        pool = chance.choice(self._pools if chance.random() < 0.02 else self._lively)
        what = chance.random()
        if what < 0.001:
            self._about_the_contract()
        elif what < 0.72:
            self._join(pool, room)
        elif what < 0.98:
            self._act(pool, what, room)
        elif what < 0.988 and pool.status != CLOSED:
            pool.status = chance.choice((ACCEPTING, ACTIVE))
            self._tell("PoolStatusUpdated", (pool.word,), word(pool.status))
        elif what > 0.996 and pool.status != CLOSED:
            pool.status = CLOSED
            self._tell("PoolClosed", (pool.word,), word(pool.total))
        else:
            self._join(self._lively[-1], room)

    def _create(self) -> None:
        chance = self._chance
        pool = _Pool(len(self._pools) + 1, capacity=chance.choice((50, 100, 200, 500)))
        self._pools.append(pool)
        self._lively.append(pool)
        self._next_pool += chance.randint(EVENTS_PER_POOL // 2, EVENTS_PER_POOL * 3 // 2)
        name = f"{chance.choice(_NAMES)} {len(self._pools)}".encode()
        head = word(128) + word(MILLIBTC) + word(pool.capacity) + self._time
        tail = word(len(name)) + name + bytes(-len(name) % 32)
        self._tell("PoolCreated", (pool.word, chance.choice(self._accounts)), head + tail)
        if len(self._lively) > _LIVELY:
            self._retire(self._lively.popleft())

    def _join(self, pool: _Pool, room: int) -> None:
        chance = self._chance
        if pool.status == CLOSED or (pool.retired and not pool.members):
            pool = self._lively[-1]
            if pool.status == CLOSED:
                self._create()
                return
        known = pool.members
        full = len(known) >= pool.capacity
        amount = MILLIBTC + int(999 * chance.random() ** 3) * MILLIBTC
        if pool.status == ACCEPTING and pool.total + amount >= ACTIVATION:
            if room < 2:  # the contract tells both in one transaction
                self._collect_fees()
                return
            pool.status = ACTIVE
            self._tell("PoolStatusUpdated", (pool.word,), word(ACTIVE))
        if known and (full or pool.retired or chance.random() < 0.25):
            account = chance.choice(list(known))
        else:
            account = chance.choice(self._accounts)
        member = known.get(account)
        if member is None:
            member = known[account] = _Member()
        if not member.active:
            member.active = True
            member.claimed = 0
        member.contributed += amount
        pool.total += amount
        data = word(amount) + word(member.contributed) + self._time
        self._tell("MemberJoined", (pool.word, account), data)

    def _act(self, pool: _Pool, what: float, room: int) -> None:
        """What a member does who is in already; where there is none, somebody joins."""
        chance = self._chance
        account = chance.choice(list(pool.members)) if pool.members else b""
        member = pool.members.get(account)
        if member is None or not member.active:
            self._join(pool, room)
            return
        topics = (pool.word, account)
        share = chance.randint(1, 100)
        if what < 0.80:
            pool.total -= member.contributed
            paid = word(member.contributed * 99 // 100)
            member.active = False
            member.contributed = 0
            self._tell("MemberLeft", topics, paid + word(share) + self._time)
        elif what < 0.88:
            taken = member.contributed * share // 200
            member.contributed -= taken
            pool.total -= taken
            data = word(taken * 98 // 100) + word(member.contributed) + self._time
            self._tell("PartialWithdrawal", topics, data)
        else:
            gross = share * MILLIBTC // 10
            fee = gross // 100
            member.claimed += gross
            data = word(gross) + word(fee) + word(gross - fee) + self._time
            self._tell("YieldClaimed", topics, data)

    def _about_the_contract(self) -> None:
        owner = self._accounts[0]
        match self._chance.randint(0, 2):
            case 0:
                self._paused = not self._paused
                self._tell("Paused" if self._paused else "Unpaused", (), owner)
            case 1:
                before, self._fee = self._fee, self._chance.randint(0, 1000)
                self._tell("PerformanceFeeUpdated", (), word(before) + word(self._fee))
            case _:
                self._collect_fees()

    def _collect_fees(self) -> None:
        amount = self._chance.randint(1, 1000) * MILLIBTC // 1000
        self._fees += amount
        self._tell("FeesCollected", (self._accounts[1],), word(amount))

    def _retire(self, pool: _Pool) -> None:
        """Keep few members, so that memory does not grow; only those may act from now on."""
        pool.retired = True
        active = [account for account, member in pool.members.items() if member.active]
        late = set(active[:_LATE_MEMBERS])
        for account in pool.members.keys() - late:
            member = pool.members.pop(account)
            for name, value in _sums(member).items():
                self._settled[name] += value


def _sums(member: _Member) -> dict[str, int]:
    return {
        "memberships": 1,
        "active": int(member.active),
        "contributed": member.contributed,
        "claimed": member.claimed,
    }
