"""The table of the contract's interface, and how events are presented."""

import re
from pathlib import Path

import pytest
from eth_utils.crypto import keccak
from hypothesis import given

from pools import contracts
from pools.events import (
    EmergencyModeUpdated,
    Event,
    FeesCollected,
    MemberLeft,
    PoolCreated,
    PoolStatusUpdated,
    account_of,
    pool_id_of,
)
from pools.interface import KINDS, SPECS, EventSpec, event_args
from tests.strategies import any_event

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
EVERY_KIND = pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))


@EVERY_KIND
def test_the_first_topic_is_the_keccak_of_the_signature(spec: EventSpec) -> None:
    assert spec.topic0 == keccak(text=spec.signature)


@EVERY_KIND
def test_each_kind_has_the_arguments_of_the_contracts_abi(spec: EventSpec) -> None:
    (entry,) = [
        entry
        for entry in contracts.artefact().abi
        if entry["type"] == "event" and entry["name"] == spec.name
    ]
    in_the_abi = [(it["name"], it["type"], it["indexed"]) for it in entry["inputs"]]
    assert [(it.name, it.type, it.indexed) for it in spec.arguments] == in_the_abi


def test_every_event_of_the_contract_has_a_kind() -> None:
    source = Path(contracts.__file__).with_name("CooperativePool.sol").read_text()
    assert set(re.findall(r"^\s*event (\w+)\(", source, re.MULTILINE)) == set(KINDS)


def test_arguments_carry_the_names_of_the_interface_and_integers_as_decimal_strings() -> None:
    event = PoolCreated(
        pool_id=2**255,
        creator=ALICE,
        name=b"Mercado\x00 Central\xff",
        min_contribution=10**30,
        max_members=20,
        timestamp=1_700_000_000,
    )
    assert event_args(event) == {
        "poolId": str(2**255),
        "creator": ALICE,
        "name": "Mercado Central\ufffd",
        "minContribution": "1" + 30 * "0",
        "maxMembers": "20",
        "timestamp": "1700000000",
    }


def test_a_truth_value_stays_one() -> None:
    assert event_args(EmergencyModeUpdated(enabled=True)) == {"enabled": True}


@given(any_event())
def test_arguments_are_those_of_the_interface_in_its_order(event: Event) -> None:
    names = [argument.name for argument in SPECS[event.kind].arguments]
    assert list(event_args(event)) == names


def test_an_event_names_its_pool_and_its_creator_or_member() -> None:
    left = MemberLeft(
        pool_id=3, member=ALICE, btc_amount=1, yield_amount=0, timestamp=1_700_000_000
    )
    created = PoolCreated(
        pool_id=4, creator=ALICE, name=b"", min_contribution=0, max_members=0, timestamp=0
    )
    assert (pool_id_of(left), account_of(left)) == (3, ALICE)
    assert (pool_id_of(created), account_of(created)) == (4, ALICE)


def test_an_event_about_the_contract_names_neither() -> None:
    collected = FeesCollected(collector=ALICE, amount=1)
    assert (pool_id_of(collected), account_of(collected)) == (None, None)
    assert account_of(PoolStatusUpdated(pool_id=3, new_status=1)) is None
