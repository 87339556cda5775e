"""Every SMTP reply we ever send of our own accord, in one table; the next hop's replies pass as they are.

Texts are read by strangers: they say what, never how we know (rfc5321#4.2, rfc3463). ASCII only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE_LINE = re.compile(rb"([2-5][0-9][0-9])(?: ([\x09\x20-\x7e]*))?\r?\n?")
"""Nearly every reply there is."""
_REPLY_LINE = re.compile(rb"[2-5][0-9][0-9](?:[ -]|\Z)")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Reply(NamedTuple):
    """A reply: three digits, enhanced code (empty where the RFC forbids one), text lines."""

    code: int
    enhanced: str
    text: str

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_negative(self) -> bool:
        return 400 <= self.code < 600

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500

    def encode(self) -> bytes:
        """The bytes on the wire; a text of several lines becomes a multi-line reply (rfc5321#4.2.1)."""
        prefix = f"{self.enhanced} " if self.enhanced else ""
        if "\n" not in self.text:
            return f"{self.code} {prefix}{self.text}\r\n".encode("utf-8", "surrogateescape")
        *first, last = self.text.split("\n")
        wire = "".join(f"{self.code}-{prefix}{line}\r\n" for line in first) + f"{self.code} {prefix}{last}\r\n"
        return wire.encode("utf-8", "surrogateescape")

    def filled(self, **values: object) -> Reply:
        """The same reply with its `{names}` filled in."""
        return self._replace(text=self.text.format(**values))

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.enhanced, self.text.replace("\n", " "))))

    @classmethod
    def parse(cls, wire: bytes) -> Reply:
        """A peer's complete reply, one or more lines; encoding it again gives the same bytes, but for characters that
        no reply may hold (rfc5321#4.2): they become `?`.

        Its enhanced code stays in the text, where it stood: peers repeat it on each line, on one, or not at all.
        Raises ValueError when it is none, or says two things at once (rfc5321#4.2.1).
        """
        if one := _ONE_LINE.fullmatch(wire):
            return cls(int(one[1]), "", (one[2] or b"").decode("ascii"))
        lines = [line.rstrip(b"\r") for line in wire.split(b"\n")]
        lines = lines[:-1] if len(lines) > 1 and not lines[-1] else lines
        code = lines[0][:3]
        if not all(_REPLY_LINE.match(line) and line[:3] == code for line in lines):
            raise ValueError("not a reply")
        texts = [_UNPRINTABLE.sub("?", line[4:].decode("utf-8", "surrogateescape")) for line in lines]
        return cls(int(code), "", "\n".join(texts))


GREETING = Reply(220, "", "{hostname} ESMTP Postvagt")
HELLO = Reply(250, "", "{hostname}")
BYE = Reply(221, "2.0.0", "Bye")
OK = Reply(250, "2.0.0", "OK")
ACCEPTED = Reply(250, "2.0.0", "Message accepted")
STOPPED = Reply(250, "2.0.0", "Message stopped, the sender has been told. Case {case_id}")
CANNOT_VERIFY = Reply(252, "2.5.2", "Cannot verify a mailbox here; send a message and see")
HELP = Reply(214, "2.0.0", "See rfc5321; this is a relay")
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")
GO_AHEAD = Reply(354, "", "End data with <CR><LF>.<CR><LF>")

SHUTTING_DOWN = Reply(421, "4.3.2", "Closing down, please try again soon")
TOO_SLOW = Reply(421, "4.4.2", "The message took too long to arrive, goodbye")
IDLE_TOO_LONG = Reply(421, "4.4.2", "Idle too long, goodbye")
TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "Too many connections, please try again soon")
TOO_MANY_FROM_YOU = Reply(421, "4.7.0", "Too many connections from your address, please try again soon")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands and no message, goodbye")
TOO_MANY_BAD_COMMANDS = Reply(421, "4.7.0", "Too many bad commands, goodbye")
NEXT_HOP_DOWN = Reply(421, "4.4.1", "The next hop does not answer, please try again later")
NEXT_HOP_UNREACHABLE = Reply(451, "4.4.1", "The next hop does not answer, please try again")
NEXT_HOP_AMBIGUOUS = Reply(451, "4.4.2", "The next hop vanished before it answered, please try again")
LATER = Reply(451, "4.3.0", "Temporary problem here, please try again")
NOT_INSPECTED = Reply(451, "4.7.1", "The message could not be checked in time, please try again")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients, send the rest in another message")
LOGGED_IN = Reply(235, "2.7.0", "Authentication successful")
LOGIN_NOT_CHECKED = Reply(454, "4.7.0", "The password cannot be checked now, please try again")
TLS_NOT_AVAILABLE = Reply(454, "4.7.0", "TLS is not available here")

BAD_SYNTAX = Reply(500, "5.5.2", "Command not recognised")
LINE_TOO_LONG = Reply(500, "5.5.6", "Command line too long")
BAD_ARGUMENTS = Reply(501, "5.5.4", "Syntax: {syntax}")
BAD_ADDRESS = Reply(501, "5.1.3", "Malformed address; write it between < and >")
REFUSED = Reply(550, "5.7.1", "Message refused by content policy")  # rfc3463#3.8
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
BAD_CREDENTIALS_FORM = Reply(501, "5.5.2", "Credentials cannot be read, or were withdrawn")
UNKNOWN_MECHANISM = Reply(504, "5.5.4", "Only AUTH PLAIN and AUTH LOGIN are spoken here")
LOGIN_FIRST = Reply(530, "5.7.0", "Authentication required")
BAD_CREDENTIALS = Reply(535, "5.7.8", "Authentication credentials invalid")
TLS_FIRST = Reply(538, "5.7.11", "STARTTLS first")
BAD_SEQUENCE = Reply(503, "5.5.1", "{what} first")
NOT_TRUSTED = Reply(554, "5.7.1", "This listener serves only the networks it was told to trust")
BARE_LINE_END = Reply(550, "5.6.11", "A line holding only a dot ends in a bare CR or LF; send CRLF")
TOO_MANY_HOPS = Reply(554, "5.4.6", "Too many hops, this message is in a loop")
HEADER_TOO_BIG = Reply(552, "5.3.4", "The header is larger than {limit} bytes")
TOO_BIG = Reply(552, "5.3.4", "The message is larger than {limit} bytes")
BAD_PARAMETER = Reply(555, "5.5.4", "Parameter not supported")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "The next hop does not take addresses with letters outside ASCII")
