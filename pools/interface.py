"""How the pool contract writes its events: the table of their interface, and an event by its names.

Pure, as are the events themselves (`events`). `decoding` reads logs by this table.
"""

import msgspec

from pools.events import (
    EmergencyModeUpdated,
    Event,
    FeeCollectorUpdated,
    FeesCollected,
    Initialized,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
    PartialWithdrawal,
    Paused,
    PerformanceFeeUpdated,
    PoolClosed,
    PoolCreated,
    PoolStatusUpdated,
    Unpaused,
    Upgraded,
    YieldClaimed,
)
from pools.names import clean_name


class Argument(msgspec.Struct, frozen=True):
    """One argument as the ABI names it; `field` is its attribute on the event's type."""

    name: str
    type: str
    indexed: bool
    field: str


class EventSpec(msgspec.Struct, frozen=True):
    """An event's entry in the contract's interface."""

    event: type[Event]
    arguments: tuple[Argument, ...]
    topic0: bytes

    @property
    def name(self) -> str:
        """The event's name in the contract's interface."""
        return self.event.kind

    @property
    def signature(self) -> str:
        """The canonical signature, whose keccak-256 is `topic0`."""
        return f"{self.name}({','.join(argument.type for argument in self.arguments)})"


def _spec(event: type[Event], types: str, topic0: str) -> EventSpec:
    """One row of the table below: the arguments' types in order, `*` marking an indexed one."""
    arguments = tuple(
        Argument(_camel_case(field), written.rstrip("*"), written.endswith("*"), field)
        for field, written in zip(event.__struct_fields__, types.split(), strict=True)
    )
    return EventSpec(event, arguments, bytes.fromhex(topic0))


def _camel_case(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


_INTERFACE = (
    _spec(
        PoolCreated,
        "uint256* address* string uint256 uint256 uint256",
        "80eb862b1ebf91ef46e8085c1e47b348af9ad8f1248fb18302612a57ad3a2b55",
    ),
    _spec(
        MemberJoined,
        "uint256* address* uint256 uint256 uint256",
        "5b34f4a2a478e6a6c1b8fd6b222014a5074f6cd336b38fb09de1c86da0670e3a",
    ),
    _spec(
        MemberLeft,
        "uint256* address* uint256 uint256 uint256",
        "cee72beb0e6f4a1f6a05d4baeb9e2b59d489fbb1e016cc550ece105cf4a35d13",
    ),
    _spec(
        PartialWithdrawal,
        "uint256* address* uint256 uint256 uint256",
        "8b5e93925ebaf448721942fed98c0e95e18fc3aef217e6478f3b78222c5fb973",
    ),
    _spec(
        YieldClaimed,
        "uint256* address* uint256 uint256 uint256 uint256",
        "5967f9351681addfbe9aced6e0ae2a6d23e30f182e8874546fe4d524544349cc",
    ),
    _spec(
        PoolStatusUpdated,
        "uint256* uint8",
        "f23f81825d004be688e56e2e60f70dfa6e0007947618aa870d4c32693cbedf33",
    ),
    _spec(
        PoolClosed,
        "uint256* uint256",
        "af7faf29a251efa1bcf2b47dab1a72baa0906a2e4ff957e6cb6d4f7c642161ab",
    ),
    _spec(
        Paused,
        "address",
        "62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258",
    ),
    _spec(
        Unpaused,
        "address",
        "5db9ee0a495bf2e6ff9c91a7834c1ba4fdd244a5e8aa4e537bd38aeae4b073aa",
    ),
    _spec(
        EmergencyModeUpdated,
        "bool",
        "2e5a1930def2f974808cd3dd28f6606d8d2cb5d7adb78f6761ea31062ced1a33",
    ),
    _spec(
        PerformanceFeeUpdated,
        "uint256 uint256",
        "607b1c943753982194530bf7133a5972ea2626e028005410efa54ab20035caf8",
    ),
    _spec(
        FeeCollectorUpdated,
        "address address",
        "5d16ad41baeb009cd23eb8f6c7cde5c2e0cd5acf4a33926ab488875c37c37f38",
    ),
    _spec(
        FeesCollected,
        "address* uint256",
        "9dc46f23cfb5ddcad0ae7ea2be38d47fec07bb9382ec7e564efc69e036dd66ce",
    ),
    _spec(
        Upgraded,
        "address*",
        "bc7cd75a20ee27fd9adebab32041f755214dbc6bffa90cc0225b39da2e5c2d3b",
    ),
    _spec(
        Initialized,
        "uint64",
        "c7f505b2f371ae2175ee4913f4499e1f2633a7b5936321eed1cdaeb6115181d2",
    ),
    _spec(
        OwnershipTransferred,
        "address* address*",
        "8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
    ),
)

SPECS: dict[str, EventSpec] = {spec.name: spec for spec in _INTERFACE}
KINDS: dict[str, type[Event]] = {spec.name: spec.event for spec in _INTERFACE}


def event_args(event: Event) -> dict[str, str | bool]:
    """Every argument under its name in the contract's interface.

    Integers as decimal strings (they may exceed what JSON readers keep exact), addresses
    checksummed, bools as they are, a pool's name as cleaned text.
    """
    return {
        argument.name: _presented(getattr(event, argument.field))
        for argument in SPECS[event.kind].arguments
    }


def _presented(value: int | str | bytes) -> str | bool:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, bytes):
        return clean_name(value)
    return str(value)
