"""The real client behind a proxy: XFORWARD and XCLIENT as Postfix speaks them, in both directions.

Attribute values are xtext (rfc1891#5, Postfix XFORWARD_README); what is not known is `[UNAVAILABLE]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from gateway.mail.envelope import Client
from gateway.mail.network import plain_address

XFORWARD_ATTRIBUTES = b"NAME ADDR PORT PROTO HELO IDENT SOURCE"
"""What we take from a trusted client."""

_COMMAND_BYTES = 500
"""An XFORWARD command stays under 512 bytes; what does not fit goes into the next one."""
_VALUE_BYTES = 255
_PLUS = re.compile(rb"\+([0-9A-F]{2})")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_UNAVAILABLE = (b"[UNAVAILABLE]", b"[TEMPUNAVAIL]")


class BadAttribute(ValueError):
    """An attribute that we do not know or cannot read."""


def encoded(value: str) -> bytes:
    """A value as xtext: everything but plain printable ASCII as `+XX`."""
    raw = value.encode("utf-8", "surrogateescape")
    text = b"".join(bytes([byte]) if 33 <= byte <= 126 and byte not in b"+=" else b"+%02X" % byte for byte in raw)
    return text[:_VALUE_BYTES] if text else b"[UNAVAILABLE]"


def decoded(value: bytes) -> str:
    """The value of an xtext; empty for what is not available."""
    if value.upper() in _UNAVAILABLE:
        return ""
    return _PLUS.sub(lambda match: bytes([int(match[1], 16)]), value).decode("utf-8", "replace")


def _attributes(client: Client) -> dict[bytes, bytes]:
    address = f"IPV6:{client.ip}" if ":" in client.ip else client.ip
    return {
        b"NAME": encoded(client.name),
        b"ADDR": encoded(address),
        b"PORT": encoded(str(client.port) if client.port else ""),
        b"PROTO": b"ESMTP" if client.esmtp else b"SMTP",
        b"HELO": encoded(client.helo),
        b"SOURCE": b"REMOTE",
    }


def xforward_commands(client: Client, case_id: str, offered: bytes) -> tuple[bytes, ...]:
    """The commands that present the client, with the attributes the next hop offers.

    IDENT is the message's id on our side: Postfix logs it as `orig_queue_id`, so both logs can be laid side by side.
    """
    commands = _presentation(client, offered)
    if not case_id or b"IDENT" not in offered.upper().split():
        return commands
    ident = b" IDENT=" + encoded(case_id)
    if not commands or len(commands[-1]) + len(ident) > _COMMAND_BYTES:
        return (*commands, b"XFORWARD" + ident)
    return (*commands[:-1], commands[-1] + ident)


@lru_cache(maxsize=1024)
def _presentation(client: Client, offered: bytes) -> tuple[bytes, ...]:
    """What is the same for all messages of a client."""
    names = offered.upper().split()
    wanted = [name + b"=" + value for name, value in _attributes(client).items() if name in names]
    commands = [b"XFORWARD"]
    for word in wanted:
        if len(commands[-1]) + 1 + len(word) > _COMMAND_BYTES:
            commands.append(b"XFORWARD")
        commands[-1] += b" " + word
    return tuple(command for command in commands if command != b"XFORWARD")


def xclient_command(client: Client, offered: Iterable[bytes]) -> bytes:
    """One command; ADDR last, because it changes what we may do (Postfix XCLIENT_README)."""
    attributes = _attributes(client)
    names = [name for name in (b"NAME", b"PORT", b"PROTO", b"HELO", b"ADDR") if name in offered]
    return b" ".join([b"XCLIENT", *(name + b"=" + attributes[name] for name in names)])


def taken(client: Client, argument: bytes) -> Client:
    """The client that a trusted one names by XFORWARD. Raises BadAttribute."""
    values = {}
    for word in argument.split():
        name, equals, value = word.partition(b"=")
        if not equals or name.upper() not in XFORWARD_ATTRIBUTES.split() or len(value) > _VALUE_BYTES:
            raise BadAttribute
        values[name.upper()] = decoded(value)
    ip = _address(values[b"ADDR"]) if values.get(b"ADDR") else client.ip
    port = values.get(b"PORT", "")
    return replace(
        client,
        ip=ip,
        port=int(port) if port.isdigit() and len(port) < 6 else client.port,
        helo=values.get(b"HELO", "") or client.helo,
        name=_host_name(values.get(b"NAME", "")) or client.name,
    )


def _host_name(value: str) -> str:
    """A name as DNS has it, or nothing: no next hop need hear anything else."""
    return value if _HOST_NAME.fullmatch(value) else ""


def _address(value: str) -> str:
    """An IP address and nothing else: it goes into header fields and into the record."""
    try:
        return plain_address(value[5:] if value[:5].upper() == "IPV6:" else value)
    except ValueError:
        raise BadAttribute from None
