"""The PROXY header of a load balancer, versions 1 and 2 (haproxy.org, proxy-protocol.txt): who the client really is.

Read from the socket before anything else talks on it, never a byte too many: TLS or SMTP begins right behind it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct

from gateway.mail.network import plain_address

V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V1_BYTES = 107
_V2_BYTES = 4096
_SHORTEST = 12
"""No header of either version is shorter, so this much can be read before knowing which it is."""

Peer = tuple[str, int]


class BadProxyHeader(ValueError):
    """What came is no PROXY header."""


async def read_header(connection: socket.socket) -> Peer | None:
    """The client behind the balancer; None when the balancer speaks for itself (LOCAL, UNKNOWN)."""
    start = await _exactly(connection, _SHORTEST)
    if start == V2_SIGNATURE:
        rest = await _exactly(connection, 4)
        length = struct.unpack(">H", rest[2:])[0]
        if length > _V2_BYTES:
            raise BadProxyHeader
        return parse_v2(rest[0], rest[1], await _exactly(connection, length))
    while not start.endswith(b"\r\n"):
        if len(start) >= _V1_BYTES or not start.startswith(b"PROXY "):
            raise BadProxyHeader
        start += await _exactly(connection, 1)
    return parse_v1(start)


def parse_v1(line: bytes) -> Peer | None:
    """`PROXY TCP4 source destination port port`."""
    words = line.decode("ascii", "replace").split()
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return None
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6") or not words[4].isdigit():
        raise BadProxyHeader
    return _checked(words[2]), int(words[4])


def parse_v2(version_command: int, family: int, body: bytes) -> Peer | None:
    """Version and command, address family and protocol, then the addresses; what follows them is not for us."""
    if version_command >> 4 != 2 or version_command & 15 > 1:
        raise BadProxyHeader
    if version_command & 15 == 0 or family >> 4 not in (1, 2):
        return None
    size = 4 if family >> 4 == 1 else 16
    if len(body) < 2 * size + 4:
        raise BadProxyHeader
    port = struct.unpack(">H", body[2 * size : 2 * size + 2])[0]
    return str(ipaddress.ip_address(body[:size])), int(port)


def _checked(address: str) -> str:
    try:
        return plain_address(address)
    except ValueError:
        raise BadProxyHeader from None


async def _exactly(connection: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < count:
        piece = await loop.sock_recv(connection, count - len(data))
        if not piece:
            raise BadProxyHeader
        data += piece
    return data
