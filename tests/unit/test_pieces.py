"""A long range comes out in order and whole, however its pieces are cut and whenever they end."""

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.pieces import Cut, Effort, Piece, Pieces

Blocks = tuple[int, int]


class Work:
    """Takes a while for each piece, cuts some, and counts how many were held at once."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.begun: list[Blocks] = []
        self.under_way = 0
        self.most_under_way = 0

    async def __call__(self, piece: Piece[Blocks]) -> Blocks | Cut:
        self.begun.append((piece.first, piece.last))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        if piece.blocks > 1 and self.random.random() < 0.4:
            return Cut(
                self.random.randint(1, piece.blocks - 1), in_doubt=self.random.random() < 0.5
            )
        return piece.first, piece.last


async def taken(pieces: Pieces[Blocks], *, places: int, blocks: int) -> list[Blocks]:
    found = []
    while pieces:
        pieces.start(places, blocks=blocks)
        if result := await pieces.next():
            found.append(result[1])
    return found


@given(
    st.integers(0, 100), st.integers(0, 200), st.integers(1, 6), st.integers(1, 50), st.integers()
)
def test_pieces_tile_the_range_in_order(
    first: int, length: int, places: int, blocks: int, seed: int
) -> None:
    async def run() -> None:
        work = Work(seed)
        pieces = Pieces(first, first + length - 1, work)
        found = await taken(pieces, places=places, blocks=blocks)
        covered = [number for start, end in found for number in range(start, end + 1)]
        assert covered == list(range(first, first + length))
        assert all(end - start < blocks for start, end in found)
        assert work.most_under_way <= places

    asyncio.run(run())


async def test_no_more_are_begun_while_so_many_wait_to_be_taken() -> None:
    work = Work(seed=1)
    work.random = Random()
    work.random.random = lambda: 1.0  # type: ignore[method-assign] - nothing is cut
    pieces = Pieces(1, 100, work)
    for _ in range(20):
        pieces.start(3, blocks=10)
        await asyncio.sleep(0.001)
    assert work.begun == [(1, 10), (11, 20), (21, 30)]
    await pieces.next()
    pieces.start(3, blocks=10)
    await asyncio.sleep(0.001)
    assert work.begun[3:] == [(31, 40)]
    await pieces.stop()


async def test_the_first_piece_is_begun_even_when_there_is_room_for_fewer_than_before() -> None:
    async def work(piece: Piece[Blocks]) -> Blocks | Cut:
        if piece.blocks == 10 and piece.first == 1:
            await asyncio.sleep(0.01)
            return Cut(5)
        return piece.first, piece.last

    pieces = Pieces(1, 40, work)
    pieces.start(4, blocks=10)
    await asyncio.sleep(0.02)
    found = await taken(pieces, places=1, blocks=10)
    assert found == [(1, 5), (6, 10), (11, 20), (21, 30), (31, 40)]


async def test_what_one_piece_raises_waits_for_its_turn() -> None:
    async def work(piece: Piece[Blocks]) -> Blocks | Cut:
        if piece.first == 11:
            raise LookupError
        return piece.first, piece.last

    pieces = Pieces(1, 30, work)
    pieces.start(3, blocks=10)
    await asyncio.sleep(0)
    result = await pieces.next()
    assert result is not None
    assert result[1] == (1, 10)
    with pytest.raises(LookupError):
        await pieces.next()
    assert pieces.first == 11
    await pieces.stop()


async def test_parts_of_a_piece_in_doubt_share_its_effort_and_others_have_their_own() -> None:
    efforts: dict[Blocks, Effort] = {}

    async def work(piece: Piece[Blocks]) -> Blocks | Cut:
        efforts[piece.first, piece.last] = piece.effort
        if (piece.first, piece.last) in ((1, 10), (11, 20)):
            return Cut(5, in_doubt=piece.first == 1)
        return piece.first, piece.last

    await taken(Pieces(1, 20, work), places=2, blocks=10)
    assert efforts[1, 5] is efforts[6, 10] is efforts[1, 10]
    assert efforts[11, 15] is not efforts[16, 20]
    assert efforts[11, 15] is not efforts[11, 20]


async def test_stopping_waits_until_all_has_ended() -> None:
    ended = 0

    async def work(piece: Piece[Blocks]) -> Blocks | Cut:
        nonlocal ended
        try:
            await asyncio.sleep(60)
        finally:
            ended += 1
        return piece.first, piece.last

    pieces = Pieces(1, 30, work)
    pieces.start(3, blocks=10)
    await asyncio.sleep(0)
    await pieces.stop()
    assert ended == 3
    assert not pieces


def test_an_effort_is_bounded_and_enough_to_find_one_block_by_halving() -> None:
    effort = Effort.for_blocks(2_000)
    tries = 1
    while effort.fail():
        tries += 1
    assert 2 * 11 < tries < 2 * 11 + 10
    assert effort.wait(60)
    assert effort.wait(60)
    assert not effort.wait(1)
