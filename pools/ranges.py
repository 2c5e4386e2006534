"""Arithmetic on closed block ranges, `(first, last)`, both included.

Pure. A list of ranges that comes out is ascending, without overlap and without neighbours that
could be one; what goes in may be in any order and overlap.
"""

from collections.abc import Iterable

Range = tuple[int, int]


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same blocks in the fewest ranges. Raises ValueError where a range ends too early."""
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if last < first:
            raise ValueError(f"the range {first}..{last} ends before it begins")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def subtract(whole: Iterable[Range], covered: Iterable[Range]) -> list[Range]:
    """The blocks of `whole` that `covered` leaves out."""
    away = merge(covered)
    left: list[Range] = []
    at = 0
    for first, last in merge(whole):
        while at < len(away) and away[at][1] < first:
            at += 1
        following = at
        while following < len(away) and away[following][0] <= last:
            if first < away[following][0]:
                left.append((first, away[following][0] - 1))
            first = away[following][1] + 1
            following += 1
        if first <= last:
            left.append((first, last))
    return left


def gaps(first: int, last: int, covered: Iterable[Range]) -> list[Range]:
    """The blocks from `first` to `last` that are not covered; none if `last` is below `first`."""
    return subtract([(first, last)], covered) if first <= last else []


def total(ranges: Iterable[Range]) -> int:
    """How many blocks there are, each counted once."""
    return sum(last - first + 1 for first, last in merge(ranges))
