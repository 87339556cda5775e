"""Command lines of SMTP, parsed on bytes: the verb, the path exactly as it stood, the parameters exactly as they stood.

Nothing is decoded, re-quoted or changed in case, so what the next hop hears is what the client said (rfc5321#4.1.2).
What could end a line or a path early for a peer (control bytes, stray brackets) is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from gateway.mail import reply as replies
from gateway.mail.address import Address
from gateway.mail.envelope import Path

_PATH = re.compile(
    rb"<(?:@[^\x00-\x20\x7f<>,:]+(?:,@[^\x00-\x20\x7f<>,:]+)*:)?"  # a source route is to be ignored, rfc5321#4.1.1.3
    rb'((?:"(?:\\[\x20-\x7e\x80-\xff]|[^\x00-\x1f\x7f"\\])*"|[^\x00-\x20\x7f<>"])*)>'
)
_BARE_ADDRESS = re.compile(rb"[^\x00-\x20\x7f<>\"@]+@[^\x00-\x20\x7f<>\"@]+(?= |\Z)")
_PARAMETERS = re.compile(rb"(?: +[A-Za-z0-9][A-Za-z0-9-]*(?:=[^\x00-\x20\x7f]+)?)* *")


class Command(NamedTuple):
    """A verb in capitals and what followed it, without the blanks between."""

    verb: bytes
    argument: bytes


class Malformed(ValueError):
    """The path of MAIL or RCPT cannot be taken as it is. `reply` says so to the client."""

    reply = replies.BAD_ADDRESS


class BadParameters(Malformed):
    """A parameter stands there twice, and nobody knows which one the next hop would believe (rfc5321#4.1.1.11)."""

    reply = replies.BAD_ARGUMENTS.filled(syntax="each parameter at most once")


def parse_command(line: bytes) -> Command:
    """The verb and argument of a line without its CRLF. Verbs are case-insensitive (rfc5321#2.4)."""
    verb, _, argument = line.partition(b" ")
    return Command(verb.upper(), argument.strip(b" "))


def parse_path(argument: bytes, keyword: bytes) -> Path:
    """The path after `FROM:` or `TO:` with its parameters.

    An address without brackets, which old devices send, is taken when nothing about it is doubtful.
    Raises Malformed otherwise.
    """
    if argument[: len(keyword)].upper() != keyword:
        raise Malformed
    rest = argument[len(keyword) :].lstrip(b" ")
    match = _PATH.match(rest)
    raw = match.group(1) if match else None
    if match is None:
        match = _BARE_ADDRESS.match(rest)
        raw = match.group() if match else None
    if match is None or raw is None or not _PARAMETERS.fullmatch(rest, match.end()):
        raise Malformed
    path = Path(Address(raw), rest[match.end() :].strip(b" "))
    if len(parameters_of(path)) < len(path.parameters.split()):
        raise BadParameters
    return path


def parameters_of(path: Path) -> Mapping[bytes, bytes]:
    """Parameter keywords in capitals with their values as they stood; an empty value where there is none."""
    if not path.parameters:
        return {}
    pairs = (word.partition(b"=") for word in path.parameters.split(b" ") if word)
    return {keyword.upper(): value for keyword, _, value in pairs}
