"""What people do with their pools: which step comes next, and the transactions it takes.

Each step emits at least one event. It follows the population, so that few transactions fail; a
failed one makes it read that pool again. The random numbers are handed in.
"""

import logging
import math
import random
from collections.abc import Callable

from coopsite.devchain.contract import BTC, PoolContract
from coopsite.devchain.names import pool_name
from coopsite.devchain.population import Pool, Population, Status, read_pool, read_population

log = logging.getLogger(__name__)

SMALLEST, LARGEST = BTC // 1000, 2 * BTC
# How often people do what, when it can be done. Pools close rarely, because the node computes its
# state's root anew with every block, from all that was ever stored.
WEIGHTS = {
    "join": 50,
    "withdraw": 13,
    "claim": 13,
    "leave": 10,
    "status": 2,
    "close": 1,
    "create": 10,
    "rare": 3,
}
# The contract-wide things: dealt like cards, so that each has its turn. What upsets people is
# put right after so many rounds.
RARE = ("pause", "emergency", "fee", "collector", "collect", "upgrade", "ownership")
ROUNDS_UNTIL_RIGHT = 3
FEES = (50, 100, 150, 200, 300, 500)


class Traffic:
    """Sends what people do, to be mined together.

    It keeps `wanted_pools` pools open. A new one believes in an empty contract: see `remember`.
    """

    def __init__(
        self,
        contract: PoolContract,
        accounts: tuple[str, ...],
        *,
        pools: int,
        rng: random.Random,
    ) -> None:
        self.contract = contract
        self.population = Population(owner=accounts[0])
        self.rng = rng
        self.wanted_pools = pools
        self._people = accounts[1:50]
        self._founder, self._heir = accounts[0], accounts[59]
        self._collectors = accounts[50:55]
        self._deck: list[str] = []
        self._upset_rounds = 0
        self._sent: list[tuple[str, str, int | None]] = []

    def round(self, steps: int) -> None:
        """So many steps, and before them what must be put right. Raises `LocalNodeError`."""
        self._put_right()
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One thing that somebody does now."""
        chances = dict(WEIGHTS)
        missing = self.wanted_pools - len(self.population.open_pools())
        chances["create"] *= max(0, missing)
        if missing > 0:
            chances["close"] = 0
        kinds = list(chances)
        for kind in self.rng.choices(kinds, [chances[each] for each in kinds], k=20):
            action: Callable[[], bool] = getattr(self, f"_{kind}")
            if action():
                return

    def settle(self) -> None:
        """After the block: reads again the pools of transactions that failed."""
        receipts = self.contract.node.batch(
            [("eth_getTransactionReceipt", [sent]) for sent, _, _ in self._sent]
        )
        for (_, function, pool_id), receipt in zip(self._sent, receipts, strict=True):
            if receipt is None or receipt["status"] != "0x1":
                log.info("%s in pool %s failed", function, pool_id)
                if pool_id is not None:
                    self.population.pools[pool_id] = read_pool(self.contract, pool_id)
        self._sent.clear()
        if self.contract.pool_counter() != len(self.population.pools):
            log.warning("the contract has other pools than ours: reading all of them again")
            self.remember()

    def remember(self) -> None:
        """Forgets what was believed and reads everything from the contract."""
        self._sent.clear()
        self.population = read_population(self.contract)

    def create(self, name: str) -> None:
        """Somebody opens a pool."""
        creator = self.rng.choice(self._people)
        minimum = self.rng.choice((1, 1, 2, 5, 10)) * SMALLEST
        maximum = self.rng.choice((2, 3, 5, 10)) * BTC
        members = self.rng.choice((5, 8, 10, 12, 15, 20, 25, 30, 40))
        self._send(creator, "createPool", name, minimum, maximum, members)
        pool_id = len(self.population.pools) + 1
        self.population.pools[pool_id] = Pool(pool_id, creator, minimum, maximum, members)

    def _send(
        self,
        sender: str,
        function: str,
        *arguments: object,
        pool: Pool | None = None,
        value: int = 0,
    ) -> None:
        sent = self.contract.send(sender, function, *arguments, value=value)
        self._sent.append((sent, function, pool.pool_id if pool else None))

    def _some_pool(self, usable: Callable[[Pool], object]) -> Pool | None:
        """An open pool that allows it; a few are far livelier than the rest, and new ones too."""
        found = [pool for pool in self.population.open_pools() if usable(pool)]
        if not found:
            return None
        weights = [1 / (1 + place) for place in range(len(found))]
        weights[-1] += 0.5
        return self.rng.choices(found, weights)[0]

    @property
    def _quiet(self) -> bool:
        """Whether people cannot move money now."""
        return self.population.paused or self.population.emergency

    # What people do. Each says whether it could be done.

    def _create(self) -> bool:
        if self._quiet:
            return False
        self.create(pool_name(self.rng))
        return True

    def _join(self) -> bool:
        pool = None if self._quiet else self._some_pool(lambda pool: self._joiners(pool))
        if pool is None:
            return False
        member = self.rng.choice(self._joiners(pool))
        room = pool.maximum - pool.members.get(member, 0)
        least = SMALLEST if member in pool.members else pool.minimum
        amount = self._amount(least, min(room, LARGEST))
        self._send(member, "joinPool", pool.pool_id, pool=pool, value=amount)
        if pool.add(member, amount):
            rate = self.rng.randrange(9_400, 10_900, 25)
            self._send(self.population.owner, "setPayoutRate", pool.pool_id, rate, pool=pool)
        return True

    def _joiners(self, pool: Pool) -> list[str]:
        """Who may join: members who add, and others while there is room, those who left first."""
        adding = [each for each, has in pool.members.items() if has + LARGEST < pool.maximum]
        if len(pool.members) >= pool.max_members:
            return adding
        return adding[:3] + pool.former * 2 + [p for p in self._people if p not in pool.members]

    def _withdraw(self) -> bool:
        pool = None if self._quiet else self._some_pool(self._withdrawers)
        if pool is None:
            return False
        member = self.rng.choice(self._withdrawers(pool))
        most = pool.members[member] - pool.minimum
        amount = self._amount(SMALLEST, most)
        self._send(member, "withdrawPartial", pool.pool_id, amount, pool=pool)
        pool.take(member, amount)
        return True

    @staticmethod
    def _withdrawers(pool: Pool) -> list[str]:
        least = pool.minimum + SMALLEST
        return [member for member, has in pool.members.items() if has >= least]

    def _leave(self) -> bool:
        pool = None if self._quiet else self._some_pool(lambda pool: len(pool.members) > 2)
        if pool is None:
            return False
        member = self.rng.choice(list(pool.members))
        self._send(member, "leavePool", pool.pool_id, pool=pool)
        pool.take(member, pool.members[member])
        return True

    def _claim(self) -> bool:
        """The pool earned something, and one member takes the share of it."""
        pool = None if self._quiet else self._some_pool(lambda pool: pool.members)
        if pool is None:
            return False
        member = self.rng.choice(list(pool.members))
        earned = self._amount(pool.total // 500 + 1, pool.total // 50 + 2)
        self._send(self.population.owner, "fundYield", pool.pool_id, pool=pool, value=earned)
        self._send(member, "claimYield", pool.pool_id, pool=pool)
        return True

    def _status(self) -> bool:
        pool = self._some_pool(lambda pool: pool.members)
        if pool is None:
            return False
        pool.status = Status.ACTIVE if pool.status == Status.ACCEPTING else Status.ACCEPTING
        self._send(
            self.population.owner, "setPoolStatus", pool.pool_id, int(pool.status), pool=pool
        )
        return True

    def _close(self) -> bool:
        found = self.population.open_pools()
        if not found:
            return False
        pool = self.rng.choice(found)
        self._send(pool.creator, "closePool", pool.pool_id, pool=pool)
        pool.status = Status.CLOSED
        return True

    def _rare(self) -> bool:
        if self._upset_rounds:
            return False
        if not self._deck:
            self._deck = self.rng.sample(RARE, len(RARE))
        getattr(self, f"_rare_{self._deck.pop()}")()
        return True

    # What happens to the contract as a whole

    def _rare_pause(self) -> None:
        self._send(self.population.owner, "pause")
        self.population.paused = True

    def _rare_emergency(self) -> None:
        self._send(self.population.owner, "setEmergencyMode", True)
        self.population.emergency = True

    def _rare_fee(self) -> None:
        self._send(self.population.owner, "setPerformanceFee", self.rng.choice(FEES))

    def _rare_collector(self) -> None:
        self._send(self.population.owner, "setFeeCollector", self.rng.choice(self._collectors))

    def _rare_collect(self) -> None:
        if self.contract.view("pendingFees"):
            self._send(self.population.owner, "collectFees")

    def _rare_upgrade(self) -> None:
        implementation = f"0x{self.rng.getrandbits(160):040x}"
        self._send(self.population.owner, "upgradeTo", implementation)

    def _rare_ownership(self) -> None:
        self._send(self.population.owner, "transferOwnership", self._heir)
        self.population.owner = self._heir

    def _put_right(self) -> None:
        """Ends a pause, an emergency or a change of owner when it lasted long enough."""
        now = self.population
        if not (now.paused or now.emergency or now.owner != self._founder):
            self._upset_rounds = 0
            return
        self._upset_rounds += 1
        if self._upset_rounds < ROUNDS_UNTIL_RIGHT:
            return
        if now.paused:
            self._send(now.owner, "unpause")
            now.paused = False
        if now.emergency:
            self._send(now.owner, "setEmergencyMode", False)
            now.emergency = False
        if now.owner != self._founder:
            self._send(now.owner, "transferOwnership", self._founder)
            now.owner = self._founder

    def _amount(self, least: int, most: int) -> int:
        """Between the two, in wei: small ones are common, and people like two round digits."""
        drawn = int(math.exp(self.rng.uniform(math.log(least), math.log(max(most, least)))))
        digits: int = 10 ** max(0, len(str(drawn)) - 2)
        return min(max(drawn // digits * digits, least), max(most, least))


def open_first_pools(traffic: Traffic, number: int) -> None:
    for _ in range(number):
        traffic.create(pool_name(traffic.rng))
