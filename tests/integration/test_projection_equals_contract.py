"""Folded logs against the contract's own views, on a real node, after whatever people may do."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from coopsite.devchain.rpc import Refused
from pools.decoding import decode
from pools.events import Event
from pools.interface import KINDS
from pools.projection import Ledger
from pools.states import Position
from tests.chain import BTC, AnvilChain, TransactionFailed

POOLS = 2
MEMBERS = 3
MINIMUM = BTC // 1000


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilChain]:
    """One node for the module; each test, and each example, deploys a contract of its own."""
    with AnvilChain(deploy=False) as chain:
        yield chain


class Follower:
    """A ledger that takes in a contract's logs step by step, as the listener does."""

    def __init__(self, chain: AnvilChain) -> None:
        self.chain = chain
        self.ledger = Ledger()
        self.next_block = chain.start_block
        self.kinds: set[str] = set()

    def catch_up(self) -> None:
        head = self.chain.block_number()
        for event, at, time in self._told(head):
            self.kinds.add(event.kind)
            self.ledger.fold(event, at=at, block_time=time)
        self.next_block = head + 1

    def _told(self, head: int) -> Iterator[tuple[Event, Position, int]]:
        for log in self.chain.logs(self.next_block, head):
            topics = b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"])
            at = (int(log["blockNumber"], 16), int(log["logIndex"], 16))
            time = int(self.chain.block(at[0])["timestamp"], 16)
            yield decode(topics, bytes.fromhex(log["data"][2:])), at, time

    def assert_equals_the_views(self) -> None:
        chain, ledger = self.chain, self.ledger
        assert len(ledger.pools) == ledger.contract.pools_total == chain.pool_counter()
        for pool_id, pool in ledger.pools.items():
            info = chain.pool_info(pool_id)
            assert (pool.name, pool.creator) == (info.name, info.creator)
            assert (pool.min_contribution, pool.max_members) == (
                info.min_contribution,
                info.max_members,
            )
            assert (pool.status, pool.created_at) == (info.status, info.created_at)
            assert pool.member_count == info.current_members
            assert pool.total_contributed == info.total_btc_deposited
            self._assert_members_equal(pool_id)
        contract = ledger.contract
        assert contract.members_total == sum(it.member_count for it in ledger.pools.values())
        assert contract.total_contributed == sum(
            it.total_contributed for it in ledger.pools.values()
        )
        assert contract.owner == to_checksum_address(chain.view("owner"))
        assert (contract.paused, contract.emergency_mode) == (
            chain.view("paused"),
            chain.view("emergencyMode"),
        )
        # No event tells the values that the contract starts with.
        if contract.performance_fee is not None:
            assert contract.performance_fee == chain.view("performanceFee")
        if contract.fee_collector is not None:
            assert contract.fee_collector == to_checksum_address(chain.view("feeCollector"))

    def _assert_members_equal(self, pool_id: int) -> None:
        chain = self.chain
        known = {account for of, account in self.ledger.members if of == pool_id}
        assert known == set(chain.pool_members(pool_id))
        for account in known:
            member = self.ledger.members[pool_id, account]
            info = chain.member_info(pool_id, account)
            assert (member.contribution, member.shares) == (info.btc_contributed, info.shares)
            assert (member.joined_at, member.active) == (info.joined_at, info.active)
            assert member.yield_claimed == info.yield_claimed
        shares = sum(self.ledger.members[pool_id, account].shares for account in known)
        assert shares == chain.view("getTotalShares", pool_id)


def deployed(node: AnvilChain) -> Follower:
    """A follower of a fresh contract that can pay out more than was put in."""
    node.deploy()
    node.add_reserve(BTC)
    return Follower(node)


WEIGHTS = {
    "create": 1,
    "join": 30,
    "leave": 8,
    "withdraw": 12,
    "fund": 10,
    "claim": 16,
    "rate": 3,
    "status": 2,
    "close": 1,
    "fee": 1,
    "collector": 1,
    "collect": 1,
    "pause": 4,
    "emergency": 4,
    "transfer": 1,
    "upgrade": 1,
}
"""How often each thing is tried; the contract refuses about half of it."""


def act(chain: AnvilChain, random: Random) -> None:
    """Do something; what the contract refuses is refused, and tells nothing."""
    (kind,) = random.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
    pool_id, much = random.randint(1, chain.pool_counter()), random.randrange(100)
    account = chain.accounts[random.randint(1, MEMBERS)]
    owner = to_checksum_address(chain.view("owner"))
    calls: dict[str, tuple[str, str, list[Any], int]] = {
        "create": (
            account,
            "createPool",
            [bytes([much, 0xFF, 0]), MINIMUM, BTC // 5, 1 + much % 5],
            0,
        ),
        "join": (account, "joinPool", [pool_id], MINIMUM * (1 + much % 12)),
        "leave": (account, "leavePool", [pool_id], 0),
        "withdraw": (account, "withdrawPartial", [pool_id, MINIMUM * much // 50 + 1], 0),
        "claim": (account, "claimYield", [pool_id], 0),
        "close": (owner, "closePool", [pool_id], 0),
        "fund": (owner, "fundYield", [pool_id], MINIMUM * much),
        "rate": (owner, "setPayoutRate", [pool_id, 9_500 + 10 * much], 0),
        "status": (owner, "setPoolStatus", [pool_id, much % 2], 0),
        "fee": (owner, "setPerformanceFee", [much * 10], 0),
        "collector": (owner, "setFeeCollector", [account], 0),
        "collect": (owner, "collectFees", [], 0),
        "pause": (owner, "pause" if much < 20 else "unpause", [], 0),
        "emergency": (owner, "setEmergencyMode", [much < 20], 0),
        "transfer": (owner, "transferOwnership", [account], 0),
        "upgrade": (owner, "upgradeTo", [account], 0),
    }
    sender, function, arguments, value = calls[kind]
    try:
        chain.send(function, *arguments, sender=sender, value=value)
    except (TransactionFailed, Refused):
        pass


@pytest.mark.parametrize("seed", range(5))
def test_folded_states_equal_the_views_after_random_actions(node: AnvilChain, seed: int) -> None:
    random = Random(seed)
    follower = deployed(node)
    for _ in range(POOLS):
        node.create_pool(max_members=3)
    for _ in range(10):
        for _ in range(random.randint(1, 40)):
            act(node, random)
        follower.catch_up()
        follower.assert_equals_the_views()
    usual = {"MemberJoined", "MemberLeft", "PartialWithdrawal", "YieldClaimed", "PoolClosed"}
    assert follower.kinds > usual


def test_folded_states_equal_the_views_when_everything_has_happened(node: AnvilChain) -> None:
    """Every kind of event, and each way in which a naive reading goes wrong."""
    follower = deployed(node)

    def step() -> None:
        follower.catch_up()
        follower.assert_equals_the_views()

    owner, alice, bob, carol = node.accounts[:4]
    pool = node.create_pool(b"\xff\x00 <b>\xe2\x80\xae", creator=alice)
    node.join(pool, alice, 4 * MINIMUM)
    step()
    assert follower.ledger.pools[pool].status == 0
    node.join(pool, bob, 8 * MINIMUM)
    step()
    assert follower.ledger.pools[pool].status == 1
    node.join(pool, bob, MINIMUM)
    node.fund_yield(pool, MINIMUM)
    node.claim(pool, alice)
    node.claim(pool, bob)
    step()
    node.set_payout_rate(pool, 10_300)
    node.withdraw(pool, bob, MINIMUM // 3)
    node.set_payout_rate(pool, 9_700)
    node.leave(pool, alice)
    step()
    assert follower.ledger.members[pool, alice].yield_claimed > 0
    node.join(pool, alice, 2 * MINIMUM)
    step()
    assert follower.ledger.members[pool, alice].yield_claimed == 0
    node.set_pool_status(pool, 0)
    step()
    node.set_performance_fee(250)
    node.set_fee_collector(carol)
    node.collect_fees()
    node.pause()
    step()
    node.set_emergency_mode(True)
    node.leave(pool, bob)
    node.set_emergency_mode(False)
    node.unpause()
    node.close_pool(pool, sender=alice)
    step()
    node.leave(pool, alice)
    node.upgrade_to(carol)
    node.transfer_ownership(bob)
    step()
    assert follower.ledger.contract.owner == bob != owner
    assert follower.kinds == set(KINDS)
