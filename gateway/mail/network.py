"""Whether a client's address lies in a network, IPv4 in IPv6 clothes included."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_in(ip: str, networks: Iterable[Network]) -> bool:
    """False for what is no address at all (a local socket, an unknown peer)."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    client = mapped or address
    return any(client.version == network.version and client in network for network in networks)


def plain_address(text: str) -> str:
    """An IP address in its usual spelling. Raises ValueError; also for one with a zone, which may hold any letters."""
    if "%" in text:
        raise ValueError("a zone")
    return str(ipaddress.ip_address(text))
