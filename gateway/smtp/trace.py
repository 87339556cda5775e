"""The two header fields we add on top of a relayed message, and nothing else (promise 4).

`Received:` as rfc5321#4.4 wants it, and a loop field that only this gateway can make: a keyed hash over the message's
body. A copy that comes in with a valid hash has been here before; one with a wrong hash is somebody else's text and
means nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from gateway.mail.envelope import Client
from gateway.mail.message import Message

LOOP_FIELD = b"Postvagt-Passed"
_KNOWN_BY = 8 * 1024
"""Bytes of a body that it is known again by, beside its length; more need not be hashed for that."""

_UNSAFE = re.compile(r"[^!-'*-\[\]-~]")
"""What a word outside a comment may not hold: blanks, control characters, parentheses, backslash, non-ASCII."""
_SEEN = re.compile(rb"\s*id=([A-Z0-9-]{1,40}); mac=([A-Za-z0-9_=-]{1,64})\s*")


@dataclass(frozen=True, slots=True)
class Tracer:
    """Writes and recognises our fields. `key` is the gateway's own secret, at least 16 bytes."""

    hostname: str
    key: bytes

    def fields(self, content: bytes, client: Client, case_id: str, now: datetime, *, utf8: bool = False) -> bytes:
        """The header fields to put on top of the message."""
        helo = _UNSAFE.sub("?", client.helo)[:255] or "unknown"
        literal = f"[IPv6:{client.ip}]" if ":" in client.ip else f"[{client.ip}]"
        received = (
            f"Received: from {helo} ({literal})\r\n"
            f"\tby {self.hostname} (Postvagt) with {protocol(client, utf8=utf8)} id {case_id};\r\n"
            f"\t{_spoken(now.replace(microsecond=0))}\r\n"
        )
        mac = self._mac(case_id.encode("ascii"), content)
        return received.encode("ascii") + LOOP_FIELD + b": id=" + case_id.encode("ascii") + b"; mac=" + mac + b"\r\n"

    def times_seen(self, message: Message) -> int:
        """How many times this very body has passed this gateway before."""
        passed = message.header_values(LOOP_FIELD.decode("ascii"))
        matches = (_SEEN.fullmatch(value) for value in passed)
        return sum(hmac.compare_digest(self._mac(match[1], message.original), match[2]) for match in matches if match)

    def _mac(self, case_id: bytes, content: bytes) -> bytes:
        """Over where the body begins and how long it is: that knows a body again as well as all of it would."""
        start = content.find(b"\r\n\r\n")
        start = start + 4 if start >= 0 else 0
        body = memoryview(content)[start : start + _KNOWN_BY]
        keyed = hashlib.blake2b(case_id, digest_size=24, key=self.key[:64], person=b"postvagt loop")
        keyed.update(b"\n%d\n" % (len(content) - start))
        keyed.update(body)
        return urlsafe_b64encode(keyed.digest())


@lru_cache(maxsize=4)
def _spoken(now: datetime) -> str:
    """The time as rfc5322#3.3 writes it; the same for all messages of a second."""
    return format_datetime(now)


def protocol(client: Client, *, utf8: bool = False) -> str:
    """The word after `with` in Received: (rfc3848, rfc6531#4.3)."""
    if not client.esmtp:
        return "SMTP"
    name = "UTF8SMTP" if utf8 else "ESMTP"
    return name + ("S" if client.tls else "")
