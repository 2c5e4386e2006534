"""What must be stored after a history, what is stored, and how the two differ. Pure values."""

import msgspec


class Totals(msgspec.Struct):
    """What follows from a contract's events; amounts in wei, as text: JSON readers lose digits."""

    kinds: dict[str, int]
    pools: int
    closed_pools: int
    memberships: int
    active_members: int
    contributed: str
    shares: str
    yield_claimed: str
    fees_collected: str

    @property
    def events(self) -> int:
        return sum(self.kinds.values())


class Stored(msgspec.Struct):
    """What a database holds of one contract.

    `totals` is what its rows add up to, `told` what the contract's own row says, `blocks` how
    many canonical blocks have a log of it, `counted` the sum of its hourly counts, and `problems`
    the first of what could not be decoded or folded.
    """

    totals: Totals
    told: dict[str, str]
    blocks: int
    counted: int
    problems: list[str]


def differences(held: Stored, expected: Totals, *, blocks: int) -> list[str]:
    """A phrase for each number that is not what the chain says; none where all agree."""
    told = {
        "events_total": str(expected.events),
        "pools_total": str(expected.pools),
        "members_total": str(expected.active_members),
        "total_contributed": expected.contributed,
    }
    pairs = [
        *((f, getattr(held.totals, f), getattr(expected, f)) for f in Totals.__struct_fields__),
        *((f"the contract's {name}", held.told[name], value) for name, value in told.items()),
        ("blocks with logs", held.blocks, blocks),
        ("hourly counts", held.counted, expected.events),
        ("problems", held.problems, []),
    ]
    return [f"{name}: {found}, not {right}" for name, found, right in pairs if found != right]
