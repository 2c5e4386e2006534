"""An answer is taken whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pools.events import Paused, Unpaused
from realtime import evidence
from realtime.errors import Refused
from realtime.wire import Block, LogJson
from tests.node import bloom_of, log_json
from tests.scripted_chain import CONTRACT, ScriptedBlock, ScriptedChain, account

OTHER = account(77)


def chain() -> ScriptedChain:
    """Block 1 with two logs, 2 empty, 3 with one."""
    scripted = ScriptedChain()
    scripted.mine(Paused(account(1)), Unpaused(account(1)))
    scripted.mine()
    scripted.mine(Paused(account(2)))
    return scripted


def block(scripted: ScriptedBlock, *, bloom: bytes | None = None) -> Block:
    filled = bloom_of(scripted.logs) if bloom is None else bloom
    return Block(scripted.header, filled)


def entries(scripted: ScriptedChain) -> list[LogJson]:
    return [
        LogJson(
            address=json["address"],
            topics=tuple(json["topics"]),
            data=json["data"],
            block_number=json["blockNumber"],
            block_hash=json["blockHash"],
            transaction_hash=json["transactionHash"],
            transaction_index=json["transactionIndex"],
            log_index=json["logIndex"],
        )
        for json in (log_json(log) for found in scripted.blocks for log in found.logs)
    ]


def test_logs_come_out_in_chain_order_whatever_order_they_came_in() -> None:
    scripted = chain()
    logs = evidence.read_logs(
        entries(scripted)[::-1], from_block=0, to_block=3, addresses={CONTRACT}
    )
    assert [(log.block_number, log.log_index) for log in logs] == [(1, 0), (1, 1), (3, 0)]


def test_a_log_outside_the_question_refuses_all() -> None:
    with pytest.raises(Refused, match="block 3, which was not asked for"):
        evidence.read_logs(entries(chain()), from_block=0, to_block=2, addresses={CONTRACT})
    with pytest.raises(Refused, match="of 0x5FbDB2315678afecb367f032d93F642f64180aa3"):
        evidence.read_logs(entries(chain()), from_block=0, to_block=3, addresses={OTHER})


def test_the_same_index_twice_refuses_all() -> None:
    doubled = entries(chain()) + entries(chain())[:1]
    with pytest.raises(Refused, match="index 0 of block 1 twice"):
        evidence.read_logs(doubled, from_block=0, to_block=3, addresses={CONTRACT})


def test_headers_link_where_they_are_neighbours() -> None:
    headers = [found.header for found in chain().blocks]
    evidence.check_links(headers)
    evidence.check_links([headers[0], headers[2]])
    other = ScriptedChain()
    other.drop(1)
    other.mine()
    with pytest.raises(Refused, match="block 1 does not link to block 0"):
        evidence.check_links([other.blocks[0].header, headers[1]])


def test_a_log_must_name_its_blocks_hash() -> None:
    scripted = chain()
    logs = scripted.blocks[3].logs
    evidence.check_hashes(logs, {3: block(scripted.blocks[3])})
    with pytest.raises(Refused, match="names another block hash"):
        evidence.check_hashes(logs, {3: block(scripted.blocks[2])})


def test_a_bloom_that_shows_more_or_less_than_the_logs_is_a_doubt() -> None:
    scripted = chain()
    first, empty = scripted.blocks[1], scripted.blocks[2]
    agreeing = [block(first), block(empty)]
    assert evidence.blooms_disagree(agreeing, first.logs, {CONTRACT}) == []
    assert evidence.blooms_disagree(agreeing, (), {CONTRACT}) == [agreeing[0]]
    without = block(first, bloom=bloom_of((replace(first.logs[0], address=OTHER),)))
    assert evidence.blooms_disagree([without], first.logs, {CONTRACT}) == [without]


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=30),
    st.integers(1, 8),
    st.data(),
)
def test_a_range_is_cut_into_parts_that_tile_it_and_hold_few_logs(
    counts: list[int], most: int, data: st.DataObject
) -> None:
    scripted = ScriptedChain()
    for count in counts:
        scripted.mine(*[Paused(account(1))] * count)
    last = data.draw(st.integers(1, scripted.head))
    first = data.draw(st.integers(1, last))
    logs = [log for block in scripted.blocks[first : last + 1] for log in block.logs]
    ends = evidence.cuts(logs, first=first, last=last, most=most)
    starts = [first, *(end + 1 for end in ends[:-1])]
    assert ends[-1] == last
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    for start, end in zip(starts, ends, strict=True):
        assert start == end or sum(start <= log.block_number <= end for log in logs) <= most
    # As few as can be, for those that are not a single full block.
    full = sum(count > most for count in counts[first - 1 : last])
    assert len(ends) <= 2 * full + 2 * len(logs) // most + 1


def test_blooms_speak_where_one_is_filled_in_and_none_that_should_be_is_empty() -> None:
    scripted = chain()
    full, empty = block(scripted.blocks[1]), block(scripted.blocks[2])
    silent = block(scripted.blocks[3], bloom=b"\0" * 256)
    logs = (*scripted.blocks[1].logs, *scripted.blocks[3].logs)
    assert evidence.blooms_speak([full, empty], scripted.blocks[1].logs)
    assert not evidence.blooms_speak([full, empty, silent], logs)
    assert not evidence.blooms_speak([empty], ())


def test_a_bloom_of_zeros_says_nothing() -> None:
    scripted = chain()
    silent = block(scripted.blocks[1], bloom=b"\0" * 256)
    assert evidence.blooms_disagree([silent], scripted.blocks[1].logs, {CONTRACT}) == []
    assert evidence.blooms_disagree([silent], (), {CONTRACT}) == []
