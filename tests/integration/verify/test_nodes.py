"""Nodes that lie, forget, decline and limit: a clear error or exactly that mismatch."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from eth_abi.abi import encode

from coopsite.devchain.contract import encode_call, functions
from pools.contract_views import NOBODY
from pools.models import Alert, Membership, Verification
from realtime import comparing
from tests.chain import AnvilChain
from tests.integration.verify.everything import MINIMUM, found, verify
from tests.meddler import Json, Meddler
from tests.storing import store_chain

POOL_INFO = functions()["getPoolInfo"].outputs[0].replace("string", "bytes")

pytestmark = pytest.mark.django_db(transaction=True)


def instead(call: str, value: bytes) -> Callable[[Json, Json], Json]:
    """The node's answers, but for the view whose call data this is."""

    def change(request: Json, answer: Json) -> Json:
        if request["method"] == "eth_call" and request["params"][0]["data"] == call:
            return {**answer, "result": "0x" + value.hex()}
        return answer

    return change


def test_a_node_that_lies_in_one_view_is_that_one_mismatch(
    chain: AnvilChain, meddler: Meddler, stored: int
) -> None:
    ana, bea = chain.accounts[2:4]
    info = chain.pool_info(1)
    told = [getattr(info, name) for name in info.__struct_fields__]
    told[9] += 1  # what the members put in, in all
    lies: list[tuple[str, tuple[Any, ...], bytes, tuple[str | None, str, str, str]]] = [
        (
            "getPoolInfo",
            (1,),
            encode([POOL_INFO], [told]),
            ("1", "total_contributed", str(10 * MINIMUM), str(10 * MINIMUM + 1)),
        ),
        (
            "getTotalShares",
            (1,),
            encode(["uint256"], [7]),
            ("1", "total_shares", str(10 * MINIMUM), "7"),
        ),
        (
            "getMemberInfo",
            (1, bea),
            encode(["(uint128,uint128,uint64,bool,uint256)"], [(7 * MINIMUM,) * 2 + (5, True, 0)]),
            ("1", f"members[{bea}].joined_at", "…", "5"),
        ),
        (
            "getPoolMembers",
            (1,),
            encode(["address[]"], [[ana, bea]]),
            ("1", f"members[{chain.accounts[4]}]", "present", "absent"),
        ),
        ("poolCounter", (), encode(["uint256"], [3]), (None, "pools_total", "4", "3")),
        ("paused", (), encode(["bool"], [True]), (None, "paused", "false", "true")),
        ("performanceFee", (), encode(["uint256"], [1]), (None, "performance_fee", "250", "1")),
    ]
    for function, arguments, lie, expected in lies:
        meddler.change = instead(encode_call(function, *arguments), lie)
        (mismatch,) = found(verify(expect=1))
        if expected[2] == "…":
            mismatch = (*mismatch[:2], "…", mismatch[3])
        assert mismatch == expected, function
    meddler.change = lambda _request, answer: answer
    verify()


@pytest.mark.parametrize(
    "answer",
    ["0x", "0x" + "ff" * 32, "0x" + "00" * 31, "zz", None, 7, ["0x00"], {"hash": "0x00"}],
)
def test_an_answer_out_of_form_is_an_error_and_no_mismatch(
    meddler: Meddler, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr("realtime.viewing.PAUSE", 0.01)
    call = encode_call("getPoolInfo", 2)

    def change(request: Json, honest: Json) -> Json:
        if request["method"] == "eth_call" and request["params"][0]["data"] == call:
            return {**honest, "result": answer}
        return honest

    meddler.change = change
    with pytest.raises(CommandError, match="eth_call"):
        verify()
    assert not Alert.objects.exists()
    assert "eth_call" in Verification.objects.get().error


@pytest.mark.parametrize("block", [None, "cursor"])
def test_a_pool_that_the_node_denies_is_one_mismatch(
    meddler: Meddler, stored: int, block: str | None
) -> None:
    nothing = encode([POOL_INFO], [(0, 0, 0, 0, 0, 0, False, NOBODY, b"", 0, 0, 0)])
    meddler.change = instead(encode_call("getPoolInfo", 1), nothing)
    answer = verify(expect=1, block=stored if block else None)
    assert found(answer) == [("1", "pool", "present", "absent")]
    assert answer["members_checked"] == 2  # those of the other pools


def test_what_a_node_says_of_its_trouble_is_kept_without_what_could_do_harm(
    meddler: Meddler,
) -> None:
    def refuse(request: Json, answer: Json) -> Json:
        if request["method"] == "eth_call":
            error = {"code": -32000, "message": "gone\x00\x1b[31m\u202e\nfor good"}
            return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
        return answer

    meddler.change = refuse
    with pytest.raises(CommandError, match=r"gone\[31m for good"):
        verify()
    for row in Verification.objects.all():
        assert row.error.isprintable()


def test_where_nearly_everything_differs_nobody_reads_on(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_MISMATCHES", 3)
    monkeypatch.setattr(comparing, "POOLS_AT_ONCE", 1)
    Membership.objects.update(yield_claimed=10**6, joined_at=timezone.now())
    out = StringIO()
    with pytest.raises(CommandError, match="more than 3 fields differ: broken off"):
        call_command("verify", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["pools_checked"] == 1
    assert len(answer["mismatches"]) == 6


def test_a_counter_without_bound_ends_and_is_a_mismatch(meddler: Meddler) -> None:
    lie = 2**255
    meddler.change = instead(encode_call("poolCounter"), encode(["uint256"], [lie]))
    out = StringIO()
    with pytest.raises(CommandError, match="more than 1000 pools are missing"):
        call_command("verify", "--json", stdout=out)
    assert found(json.loads(out.getvalue())) == [(None, "pools_total", "4", str(lie))]


def test_a_node_without_the_state_is_an_error_and_no_mismatch(
    chain: AnvilChain, stored: int
) -> None:
    chain.mine(200)  # anvil keeps 128 states here
    with pytest.raises(CommandError, match=r"answers no view at block \d+ .*last blocks only"):
        verify()
    assert Verification.objects.count() == 2  # tried once more
    assert not Alert.objects.exists()
    store_chain(chain)
    verify()


def test_a_listener_that_has_gone_on_meanwhile_is_met_at_the_newer_block(
    chain: AnvilChain, meddler: Meddler, stored: int
) -> None:
    def forget(_requests: list[Json]) -> None:
        meddler.before = lambda _: None
        chain.mine(200)
        store_chain(chain)

    meddler.before = forget
    assert verify()["block"] == stored + 200


def test_a_node_that_takes_no_hashes_is_told_numbers(meddler: Meddler) -> None:
    def refuse(request: Json, answer: Json) -> Json:
        if request["method"] == "eth_call" and isinstance(request["params"][1], dict):
            error = {"code": -32602, "message": "invalid argument 1: hex string without 0x prefix"}
            return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
        return answer

    meddler.change = refuse
    assert verify()["members_checked"] == 5


def test_no_request_carries_more_than_a_hundred_calls(chain: AnvilChain, meddler: Meddler) -> None:
    for number in range(150):
        chain.create_pool(f"Pool {number}")
    store_chain(chain)
    assert verify()["pools_checked"] == 154
    assert meddler.largest == 100
    assert meddler.methods["eth_call"] < 3 * 154 + 30


def test_a_node_that_takes_few_calls_at_once_gets_few(meddler: Meddler) -> None:
    def cap(request: Json, answer: Json) -> Json:
        if len(asked) > 5:
            error = {"code": -32600, "message": "batch too large"}
            return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
        return answer

    asked: list[Json] = []

    def note(requests: list[Json]) -> None:
        asked[:] = requests

    meddler.before, meddler.change = note, cap
    assert verify()["members_checked"] == 5


def test_a_pause_that_the_node_asks_for_is_kept(meddler: Meddler) -> None:
    refusals = iter([(429, {"Retry-After": "1"})])
    meddler.status = lambda: next(refusals, None) if meddler.methods["eth_call"] > 2 else None
    started = timezone.now()
    verify()
    assert timezone.now() - started > timedelta(seconds=0.9)


def test_another_node_goes_on_where_the_first_falls_silent(
    chain: AnvilChain, meddler: Meddler, point_at: Callable[..., None]
) -> None:
    point_at(meddler.url, chain.http_url)
    meddler.status = lambda: (502, {}) if meddler.methods["eth_call"] > 6 else None
    assert verify()["members_checked"] == 5
    assert meddler.methods["eth_call"] > 6


def test_another_node_answers_where_the_first_has_no_state(
    chain: AnvilChain, meddler: Meddler, point_at: Callable[..., None]
) -> None:
    def forget(request: Json, answer: Json) -> Json:
        if request["method"] == "eth_call":
            error = {"code": -32000, "message": "missing trie node 00ff"}
            return {"jsonrpc": "2.0", "id": answer["id"], "error": error}
        return answer

    point_at(meddler.url, chain.http_url)
    meddler.change = forget
    assert verify()["members_checked"] == 5
    assert Verification.objects.get().error == ""


def test_a_list_that_the_node_declines_is_told_of_and_its_members_still_compared(
    chain: AnvilChain, meddler: Meddler
) -> None:
    call = encode_call("getPoolMembers", 1)

    def decline(request: Json, answer: Json) -> Json:
        if request["method"] == "eth_call" and request["params"][0]["data"] == call:
            return {"jsonrpc": "2.0", "id": answer["id"], "error": {"code": 3, "message": "gas"}}
        return answer

    meddler.change = decline
    Membership.objects.filter(account=chain.accounts[3]).update(contribution=1)
    out = StringIO()
    with pytest.raises(CommandError, match=r"members of pool 1: .*gas"):
        call_command("verify", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["members_checked"] == 5
    assert found(answer) == [
        ("1", f"members[{chain.accounts[3]}].contribution", "1", str(7 * MINIMUM))
    ]
