"""Every kind of event has a sentence of its own, in both languages."""

import pytest
from django.utils import translation
from django.utils.safestring import SafeString

from pools.interface import KINDS
from pools.sentences import UNREADABLE, sentence
from tests.factories import ANA, BEA

POOL = SafeString('<a href="/pools/1/2/">Casa</a>')
ARGS: dict[str, dict[str, object]] = {
    "PoolStatusUpdated": {"newStatus": "1"},
    "PerformanceFeeUpdated": {"oldFee": "1000", "newFee": "1250"},
    "FeeCollectorUpdated": {"newCollector": BEA},
    "FeesCollected": {"collector": BEA},
    "Upgraded": {"implementation": BEA},
    "OwnershipTransferred": {"newOwner": BEA},
    "Initialized": {"version": "1"},
    "EmergencyModeUpdated": {"enabled": True},
}


def told(kind: str, language: str = "en", **args: object) -> str:
    with translation.override(language):
        return sentence(kind=kind, account=ANA, pool=POOL, args=args or ARGS.get(kind, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_told_in_english_and_in_spanish(kind: str) -> None:
    english, spanish = told(kind), told(kind, "es")
    assert english != UNREADABLE
    assert english != spanish
    for text in (english, spanish):
        assert "{" not in text
        assert "%(" not in text


def test_who_did_what_in_which_pool() -> None:
    assert told("MemberJoined") == f"{ANA[:6]}…{ANA[-4:]} joined {POOL}"
    assert told("MemberJoined", "es") == f"{ANA[:6]}…{ANA[-4:]} se unió a {POOL}"


@pytest.mark.parametrize(
    ("status", "words"),
    [("0", "is open to members"), ("1", "is now active"), ("2", "is closed")],
)
def test_a_status_is_told_by_its_meaning(status: str, words: str) -> None:
    assert words in told("PoolStatusUpdated", newStatus=status)


def test_emergency_mode_is_told_with_its_direction() -> None:
    assert told("EmergencyModeUpdated", enabled=True) == "Emergency mode switched on"
    assert told("EmergencyModeUpdated", enabled=False) == "Emergency mode switched off"


def test_a_fee_is_told_in_percent() -> None:
    assert "from 10\u202f% to 12.5\u202f%" in told("PerformanceFeeUpdated")


def test_an_event_that_could_not_be_read_is_told_as_such() -> None:
    assert told("") == UNREADABLE


def test_a_fee_that_is_set_to_what_it_was_is_no_change() -> None:
    told_again = told("PerformanceFeeUpdated", oldFee="100", newFee="100")
    assert told_again == "Performance fee set to 1\u202f%, as it was"
