"""What a head means, held against whole chains: any order of heads ends on the node's chain."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.reorg import (
    AlreadyKnown,
    Append,
    AskBelow,
    BrokenBranch,
    FetchGap,
    Header,
    RollBack,
    TooDeep,
    Window,
    common_ancestor,
    judge,
    linked,
)


def header(number: int, branch: str = "a", parent: str = "a") -> Header:
    """Block `number` of a branch; its parent is one of `parent`."""
    return Header(number, f"{branch}{number}", f"{parent}{number - 1}", number)


# Blocks a5 to a9.
HELD = Window(5, ("a5", "a6", "a7", "a8", "a9"))


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        pytest.param(header(10), Append(), id="on our last block"),
        pytest.param(header(9), AlreadyKnown(), id="our last block again"),
        pytest.param(header(6), AlreadyKnown(), id="an older one of ours: a late node"),
        pytest.param(header(3), AlreadyKnown(), id="older than anything we hold"),
        pytest.param(header(3, "b", "b"), AlreadyKnown(), id="older, whatever its hash"),
        pytest.param(header(11), FetchGap(10, 11), id="one block is missing"),
        pytest.param(header(99, "b", "b"), FetchGap(10, 99), id="many are, on whatever branch"),
        pytest.param(header(9, "b", "a"), RollBack(8), id="another last block"),
        pytest.param(header(6, "b", "a"), RollBack(5), id="another block at the window's end"),
        pytest.param(header(10, "b", "b"), AskBelow(9), id="next, with another parent"),
        pytest.param(header(8, "b", "b"), AskBelow(7), id="in the middle of another branch"),
        pytest.param(header(5, "b", "b"), TooDeep(5), id="nothing below it is held"),
    ],
)
def test_the_cases_of_a_new_head(head: Header, verdict: object) -> None:
    assert judge(head, HELD) == verdict


def test_where_nothing_is_held_the_wanted_block_is_the_first() -> None:
    empty = Window(5, ())
    assert judge(header(5), empty) == Append()
    assert judge(header(7), empty) == FetchGap(5, 7)
    assert judge(header(4), empty) == AlreadyKnown()


def test_a_branch_is_followed_down_to_the_block_that_both_share() -> None:
    branch = [header(10, "b", "b")]
    assert common_ancestor(branch, HELD) == AskBelow(9)
    branch.append(header(9, "b", "b"))
    assert common_ancestor(branch, HELD) == AskBelow(8)
    branch.append(header(8, "b", "a"))
    assert common_ancestor(branch, HELD) == RollBack(7)
    branch.append(header(7))
    assert common_ancestor(branch, HELD) == RollBack(7)


def test_a_branch_that_parts_below_the_window_is_too_deep() -> None:
    branch = [header(number, "b", "b") for number in range(10, 4, -1)]
    assert common_ancestor(branch, HELD) == TooDeep(5)


def test_headers_of_two_views_are_no_branch() -> None:
    with pytest.raises(BrokenBranch, match="10 down to 9"):
        common_ancestor([header(10, "b", "b"), header(9, "c", "c")], HELD)


@pytest.mark.parametrize(("branch", "window"), [([], HELD), ([header(5)], Window(5, ()))])
def test_nothing_can_be_compared_with_nothing(branch: list[Header], window: Window) -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        common_ancestor(branch, window)


def test_a_window_is_the_unbroken_run_up_to_the_cursor() -> None:
    hashes = {1: "a1", 3: "a3", 4: "a4", 5: "a5", 9: "a9"}
    assert Window.ending_at(5, hashes, limit=10) == Window(3, ("a3", "a4", "a5"))
    assert Window.ending_at(5, hashes, limit=2) == Window(4, ("a4", "a5"))
    assert Window.ending_at(7, hashes, limit=2) == Window(8, ())


def test_a_window_forgets_its_oldest_blocks() -> None:
    assert HELD.append(header(10), limit=3) == Window(8, ("a8", "a9", "a10"))
    assert HELD.roll_back(6) == Window(5, ("a5", "a6"))


def test_a_window_takes_only_the_next_block_and_rolls_back_only_to_its_own() -> None:
    with pytest.raises(ValueError, match="11 does not follow block 9"):
        HELD.append(header(11), limit=9)
    with pytest.raises(ValueError, match=r"4 is outside of 5\.\.9"):
        HELD.roll_back(4)


def test_linked_headers_are_each_the_parent_of_the_next() -> None:
    assert linked([])
    assert linked([header(4), header(5)])
    assert not linked([header(4), header(6)])
    assert not linked([header(4), header(5, "b", "b")])


LIMIT = 6


@dataclass
class Tree:
    """Every block a node has ever shown, and the tip of the chain it follows now."""

    blocks: dict[str, Header] = field(default_factory=dict)
    tip: str = ""

    def mine(self) -> None:
        parent = self.blocks.get(self.tip)
        number = parent.number + 1 if parent else 0
        mined = Header(number, f"{number}#{len(self.blocks)}", self.tip, number)
        self.blocks[mined.hash] = mined
        self.tip = mined.hash

    def wind_back(self, depth: int) -> None:
        self.tip = self.chain(self.tip)[-1 - depth].hash

    def chain(self, tip: str) -> list[Header]:
        """From the first block to `tip`."""
        down = []
        while tip:
            down.append(self.blocks[tip])
            tip = self.blocks[tip].parent_hash
        return down[::-1]


def follow(head: Header, window: Window, tree: Tree) -> Window | TooDeep:
    """What a listener does with a verdict, with a node that answers by the head's own branch."""
    chain = tree.chain(head.hash)
    verdict = judge(head, window)
    if isinstance(verdict, AlreadyKnown):
        return window
    if isinstance(verdict, FetchGap):
        assert verdict.to_block == head.number
        below = follow(chain[verdict.from_block], window, tree)
        if isinstance(below, TooDeep):
            return below
        window = below
    else:
        branch = [head]
        while isinstance(verdict, AskBelow):
            branch.append(chain[verdict.number])
            verdict = common_ancestor(branch, window)
        if isinstance(verdict, TooDeep):
            return verdict
        if isinstance(verdict, RollBack):
            window = window.roll_back(verdict.to_number)
    for block in chain[window.last + 1 : head.number + 1]:
        window = window.append(block, limit=LIMIT)
    return window


steps = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(1, 4)),
        st.tuples(st.just("wind back"), st.integers(1, LIMIT + 2)),
        st.tuples(st.just("head"), st.integers(0, 200)),
        st.tuples(st.just("newest"), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
def test_any_order_of_heads_and_reorganisations_ends_on_the_nodes_chain(
    actions: list[tuple[str, int]],
) -> None:
    """Heads come early, late, twice, in any order and from branches long given up."""
    tree = Tree()
    tree.mine()
    window = Window(0, ())

    def hear(head: Header) -> None:
        nonlocal window
        before, chain = window, [block.hash for block in tree.chain(head.hash)]
        after = follow(head, window, tree)
        if isinstance(after, TooDeep):
            held = range(before.first, before.last + 1)
            assert not any(n < len(chain) and before.hash_of(n) == chain[n] for n in held)
            assert after.depth == len(held)
            # An operator's business: begin again from what the node says.
            window = Window(max(0, len(chain) - LIMIT), tuple(chain[-LIMIT:]))
            return
        window = after
        assert len(window.hashes) <= LIMIT
        if after != before:
            assert window.last == head.number
            assert list(window.hashes) == chain[window.first :]

    for action, amount in actions:
        if action == "mine":
            for _ in range(amount):
                tree.mine()
        elif action == "wind back":
            tree.wind_back(min(amount, tree.blocks[tree.tip].number))
        elif action == "head":
            seen = list(tree.blocks.values())
            hear(seen[amount % len(seen)])
        else:
            hear(tree.blocks[tree.tip])

    # A chain that was wound back shows it with its next block above the window's first.
    while tree.blocks[tree.tip].number < window.first:
        tree.mine()
    tree.mine()
    hear(tree.blocks[tree.tip])
    chain = [block.hash for block in tree.chain(tree.tip)]
    assert list(window.hashes) == chain[window.first :]


@given(st.integers(1, LIMIT), st.integers(1, 4), st.integers(0, LIMIT + 1))
def test_a_reorganisation_is_repaired_up_to_the_windows_end(
    held: int, mined: int, depth: int
) -> None:
    """With `held` blocks in the window, `held - 1` can be taken back, and not one more."""
    tree = Tree()
    for _ in range(20):
        tree.mine()
    ours = tree.chain(tree.tip)
    window = Window(20 - held, tuple(block.hash for block in ours[20 - held :]))
    tree.wind_back(depth)
    # The new branch reaches at least as high as ours.
    for _ in range(depth + mined):
        tree.mine()
    after = follow(tree.blocks[tree.tip], window, tree)
    if depth < held:
        assert not isinstance(after, TooDeep)
        chain = [block.hash for block in tree.chain(tree.tip)]
        assert list(after.hashes) == chain[after.first :]
        assert after.last == 19 + mined
    else:
        assert after == TooDeep(held)
