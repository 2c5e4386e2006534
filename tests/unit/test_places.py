"""How many live connections one client may hold, and who that client is."""

from typing import Any

import pytest

from realtime.places import Places, client_of


def client(peer: str | None, *forwarded: str) -> str | None:
    scope: dict[str, Any] = {
        "client": [peer, 40_000] if peer else None,
        "headers": [(b"origin", b"x"), *((b"x-forwarded-for", f.encode()) for f in forwarded)],
    }
    found = client_of(scope)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("8.8.4.4", (), "8.8.4.4"),
        ("8.8.4.4", ("1.1.1.1",), "8.8.4.4"),  # what a stranger says of itself
        ("127.0.0.1", ("1.1.1.1",), "1.1.1.1"),
        ("127.0.0.1", ("9.9.9.9, 1.1.1.1",), "1.1.1.1"),  # the first was said by the stranger
        ("127.0.0.1", ("9.9.9.9", "1.1.1.1"), "1.1.1.1"),
        ("10.0.0.7", ("1.1.1.1",), "1.1.1.1"),
        (None, ("1.1.1.1",), "1.1.1.1"),  # a socket in the file system
        ("::1", ("2606:4700:1:2:3:4:5:6",), "2606:4700:1::/56"),
        ("2606:4700:1:2::9", (), "2606:4700:1::/56"),
        ("2606:4700:1:102::9", (), "2606:4700:1:100::/56"),
        ("64:ff9b::808:404", (), "8.8.4.4"),
        ("::ffff:8.8.4.4", (), "8.8.4.4"),
        ("127.0.0.1", (), None),
        ("192.168.1.9", (), None),
        ("127.0.0.1", ("192.168.1.9",), None),
        ("127.0.0.1", ("unknown",), None),
        ("fe80::1%eth0", (), None),
        (None, (), None),
    ],
)
def test_a_client_is_the_public_address_that_our_own_side_saw(
    peer: str | None, forwarded: tuple[str, ...], found: str | None
) -> None:
    assert client(peer, *forwarded) == found


def test_a_client_gets_a_place_again_when_it_has_given_one_back() -> None:
    places = Places()
    ana = client_of({"client": ["8.8.4.4", 1], "headers": []})
    bea = client_of({"client": ["1.1.1.1", 1], "headers": []})
    with places.taken_by(ana, most=2) as first, places.taken_by(ana, most=2) as second:
        with places.taken_by(ana, most=2) as third, places.taken_by(bea, most=2) as other:
            assert (first, second, third, other) == (True, True, False, True)
        with places.taken_by(ana, most=2) as still:
            assert not still
    with places.taken_by(ana, most=2) as again:
        assert again


def test_nobody_in_particular_and_no_bound_are_let_in_always() -> None:
    places = Places()
    ana = client_of({"client": ["8.8.4.4", 1], "headers": []})
    for who, most in ((None, 1), (ana, 0)):
        with places.taken_by(who, most=most) as first, places.taken_by(who, most=most) as second:
            assert first
            assert second
