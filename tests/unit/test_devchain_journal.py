"""What the local chain keeps on disk survives being cut off at any moment."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from coopsite.devchain.journal import BrokenState, MinedBlock, StateFiles, StateInUse


def block(number: int) -> MinedBlock:
    return MinedBlock(number, f"0x{number:064x}", 1_700_000_000 + number, ("0x02aa", "0x02bb"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "chain"


def test_blocks_come_back_in_order(path: Path) -> None:
    files = StateFiles(path)
    for number in (1, 2, 3):
        files.append(block(number))
    files.close()

    again = StateFiles(path)
    assert again.blocks_after(0) == [block(1), block(2), block(3)]
    again.close()


def test_a_line_that_a_crash_cut_off_is_left_out_at_every_length(path: Path) -> None:
    files = StateFiles(path)
    files.append(block(1))
    files.append(block(2))
    journal = path.with_name("chain.journal")
    whole = journal.read_bytes()
    first = whole.index(b"\n") + 1

    for length in range(first, len(whole) - 1):
        journal.write_bytes(whole[:length])
        assert files.blocks_after(0) == [block(1)]
    files.close()


def test_blocks_that_the_checkpoint_already_has_are_left_out(path: Path) -> None:
    files = StateFiles(path)
    for number in (7, 8, 9):
        files.append(block(number))

    assert files.blocks_after(8) == [block(9)]
    assert files.blocks_after(9) == []
    assert files.blocks_after(5) == [], "block 6 is missing, so nothing can follow"
    files.close()


def test_a_checkpoint_begins_an_empty_journal(path: Path) -> None:
    files = StateFiles(path)
    files.append(block(1))
    files.write_checkpoint(gzip.compress(b"{}"))
    files.append(block(2))

    assert files.blocks_after(0) == []
    assert files.blocks_after(1) == [block(2)]
    files.close()


def test_the_checkpoint_is_unpacked_for_loading_and_tidied_away(path: Path) -> None:
    files = StateFiles(path)
    assert files.checkpoint_for_loading() is None
    files.write_checkpoint(gzip.compress(b'{"blocks": []}'))

    loading = files.checkpoint_for_loading()

    assert loading is not None
    assert json.loads(loading.read_bytes()) == {"blocks": []}
    files.loaded()
    assert not loading.exists()
    files.close()


def dumped(number: int, timestamp: int) -> dict[str, Any]:
    return {"header": {"number": hex(number), "timestamp": hex(timestamp)}, "transactions": []}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_first_block_of_a_node_that_loaded_the_chain_is_no_part_of_it(
    path: Path, order: tuple[int, ...]
) -> None:
    first, second, stray = dumped(0, 1_700_000_000), dumped(1, 1_700_000_001), dumped(0, 1)
    blocks = [(first, second, stray)[place] for place in order]
    files = StateFiles(path)
    files.write_checkpoint(gzip.compress(json.dumps({"blocks": blocks, "best": "0x1"}).encode()))

    loading = files.checkpoint_for_loading()

    assert loading is not None
    ours = [each for each in blocks if each is not stray]
    assert json.loads(loading.read_bytes()) == {"blocks": ours, "best": "0x1"}
    files.close()


@pytest.mark.parametrize("broken", [b"[]", b'{"blocks": [{}]}', b'{"blocks'])
def test_a_checkpoint_that_anvil_did_not_write_is_named(path: Path, broken: bytes) -> None:
    files = StateFiles(path)
    files.write_checkpoint(gzip.compress(broken))
    with pytest.raises(BrokenState, match=str(path)):
        files.checkpoint_for_loading()
    files.close()


def test_a_file_that_is_no_checkpoint_is_named(path: Path) -> None:
    files = StateFiles(path)
    path.write_text("something else")
    with pytest.raises(BrokenState, match=str(path)):
        files.checkpoint_for_loading()
    files.close()


def test_a_chain_has_one_keeper_at_a_time(path: Path) -> None:
    files = StateFiles(path)
    with pytest.raises(StateInUse):
        StateFiles(path)
    files.close()
    StateFiles(path).close()


def test_the_node_that_ran_last_is_remembered(path: Path) -> None:
    files = StateFiles(path)
    assert files.node_pid is None
    files.note_node(123456)
    files.note_node(77)
    files.close()

    again = StateFiles(path)
    assert again.node_pid == 77
    again.close()
