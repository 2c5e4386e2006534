"""Hypothesis strategies for what the chain may say."""

from eth_utils.address import to_checksum_address
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pools.events import Event
from pools.interface import SPECS, Argument, EventSpec

uint256 = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 2**128, 2**256 - 1]))
addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
raw_names = st.one_of(st.binary(max_size=200), st.text().map(lambda text: text.encode("utf-8")))


def events_of(spec: EventSpec) -> SearchStrategy[Event]:
    """Any event of one kind."""
    fields = {argument.field: _values_of(argument) for argument in spec.arguments}
    return st.builds(spec.event, **fields)


def any_event() -> SearchStrategy[Event]:
    """Any event of any kind."""
    return st.one_of([events_of(spec) for spec in SPECS.values()])


def _values_of(argument: Argument) -> SearchStrategy[object]:
    by_type: dict[str, SearchStrategy[object]] = {
        "uint256": uint256,
        "uint64": st.integers(0, 2**64 - 1),
        "uint8": st.integers(0, 2),
        "address": addresses,
        "bool": st.booleans(),
        "string": raw_names,
    }
    return by_type[argument.type]
