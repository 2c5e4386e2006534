"""Who is at the other end of a connection, as far as bounds need to tell clients apart. Pure.

An IPv6 client counts by its /56, which is what one line is given (RIPE-690). Where IPv4 is brought
to a server that has none (RFC 6052), the client is the IPv4 address.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Client = IPv4Address | IPv6Network
_NAT64 = IPv6Network("64:ff9b::/96")


def client(peer: str, forwarded: str) -> Client | None:
    """The client by the peer's address and X-Forwarded-For; None for nobody in particular.

    A peer with a public address is the client. Any other is a proxy, or somebody in our own house:
    there the last entry of the header counts, which the proxy itself has added.
    """
    return _public(peer) or _public(forwarded.rpartition(",")[2].strip())


def _public(text: str) -> Client | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        inner = IPv4Address(address.packed[-4:]) if address in _NAT64 else address.ipv4_mapped
        if inner is None:
            return IPv6Network((address, 56), strict=False) if address.is_global else None
        address = inner
    return address if address.is_global else None
