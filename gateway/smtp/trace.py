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

from gateway.mail.envelope import Client

LOOP_FIELD = b"Postvagt-Passed"
_UNSAFE = re.compile(r"[^!-'*-\[\]-~]")
"""What a word outside a comment may not hold: blanks, control characters, parentheses, backslash, non-ASCII."""
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SEEN = re.compile(rb"^Postvagt-Passed: id=([A-Z0-9-]{1,40}); mac=([A-Za-z0-9_=-]{1,64})\r?$", re.MULTILINE)


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
            f"\t{format_datetime(now)}\r\n"
        )
        mac = self._mac(case_id.encode("ascii"), content)
        return received.encode("ascii") + LOOP_FIELD + b": id=" + case_id.encode("ascii") + b"; mac=" + mac + b"\r\n"

    def hops(self, content: bytes) -> int:
        """How many servers the message has passed, by its Received: fields (rfc5321#6.3)."""
        head = content[: content.find(b"\r\n\r\n") + 2]
        return len(_RECEIVED.findall(head))

    def times_seen(self, content: bytes) -> int:
        """How many times this very body has passed this gateway before."""
        if LOOP_FIELD not in content:
            return 0
        head = content.partition(b"\r\n\r\n")[0]
        return sum(hmac.compare_digest(self._mac(case, content), mac) for case, mac in _SEEN.findall(head))

    def _mac(self, case_id: bytes, content: bytes) -> bytes:
        start = content.find(b"\r\n\r\n")
        body = memoryview(content)[start + 4 if start >= 0 else 0 :]
        digest = hashlib.blake2b(body, digest_size=24, key=self.key[:64], person=b"postvagt loop")
        return urlsafe_b64encode(hmac.digest(self.key, case_id + digest.digest(), "sha256")[:24])


def protocol(client: Client, *, utf8: bool = False) -> str:
    """The word after `with` in Received: (rfc3848, rfc6531#4.3)."""
    if not client.esmtp:
        return "SMTP"
    name = "UTF8SMTP" if utf8 else "ESMTP"
    return name + ("S" if client.tls else "")
