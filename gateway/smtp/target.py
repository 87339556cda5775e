"""A next hop as values: where it is, how long it may take, what it says it can do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from gateway.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the next hop said in its EHLO reply: keywords in capitals with their parameters (rfc5321#4.1.1.1)."""

    keywords: dict[bytes, bytes]

    def __contains__(self, keyword: bytes) -> bool:
        return keyword in self.keywords

    def parameters(self, keyword: bytes) -> list[bytes]:
        return self.keywords.get(keyword, b"").upper().split()

    @property
    def size(self) -> int:
        """Largest message it takes, in bytes; 0 when it does not say or has no limit (rfc1870#4)."""
        value = self.keywords.get(b"SIZE", b"")
        return int(value) if value.isdigit() else 0

    @classmethod
    def parse(cls, reply: Reply) -> Capabilities:
        words = [line.encode("utf-8", "surrogateescape").split(b" ", 1) for line in reply.text.split("\n")[1:]]
        return cls({word[0].upper(): word[1].strip() if len(word) > 1 else b"" for word in words})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds the next hop has for each phase (rfc5321#4.5.3.2, shortened so that they fit our client's patience)."""

    connect: float = 10.0
    command: float = 60.0
    final_dot: float = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where the next hop is and how we introduce ourselves.

    addresses: host and port, the others tried in turn when one cannot be reached.
    login: user and password for AUTH PLAIN; read from a file, never printed.
    """

    addresses: tuple[tuple[str, int], ...]
    hostname: str
    tls: ssl.SSLContext | None = None
    tls_required: bool = False
    login: tuple[str, str] | None = field(default=None, repr=False)
    xclient: bool = False
    timeouts: Timeouts = Timeouts()

    def __str__(self) -> str:
        return " or ".join(f"{host}:{port}" for host, port in self.addresses)
