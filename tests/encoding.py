"""Events to the topics and data of their logs, as the contract would write them.

The inverse of `pools.decoding`, written from the ABI's rules and not from the decoder.
"""

from pools.events import Event
from pools.interface import SPECS


def word(value: int) -> bytes:
    """32 bytes, big-endian."""
    return value.to_bytes(32, "big")


def encode(event: Event) -> tuple[bytes, bytes]:
    """The (topics one after the other, data) of an event's log."""
    spec = SPECS[event.kind]
    topics = [spec.topic0]
    head: list[bytes] = []
    tail = b""
    head_size = 32 * sum(not argument.indexed for argument in spec.arguments)
    for argument in spec.arguments:
        value = getattr(event, argument.field)
        if argument.type == "string":
            head.append(word(head_size + len(tail)))
            tail += word(len(value)) + value + bytes(-len(value) % 32)
        else:
            number = int(value, 16) if argument.type == "address" else int(value)
            (topics if argument.indexed else head).append(word(number))
    return b"".join(topics), b"".join(head) + tail
