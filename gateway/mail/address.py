"""Mail addresses: opaque bytes on the wire, one comparable form for policy, two safe forms for people.

The wire form is never rewritten (rfc5321#4.1.2): what came between `<` and `>` is what goes to the next hop.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import idna

LONGEST = 1000
"""Characters beyond which nothing is an address: rfc5321#4.5.3.1 allows 256 bytes, programs some more."""

_DIGIT = re.compile(r"\d")
_LONG_NUMBER = re.compile(r"\d(?:[\s._/–-]*\d){5,}")


def composed(text: str, form: Literal["NFC", "NFKC", "NFKD"] = "NFC") -> str:
    """The text in a normal form; one that is longer than any address stays as it is, because heaps of combining marks
    take the square of their height."""
    return unicodedata.normalize(form, text) if len(text) <= LONGEST else text


@lru_cache(maxsize=4096)
def a_label(domain: str) -> str:
    """The one form of a domain that is compared: A-labels, lower case, no trailing dot (rfc5890#2.3.2.1).

    What is no valid IDN keeps its own lower-case spelling, so that it can equal nothing but itself.
    """
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    domain = composed(domain)
    try:
        return idna.encode(domain, uts46=True).decode("ascii") if len(domain) <= LONGEST else domain
    except idna.IDNAError:
        return domain


@dataclass(frozen=True, slots=True)
class Address:
    """A reverse-path, forward-path or header address.

    raw: the bytes between the angle brackets; empty for the null reverse-path (rfc5321#4.5.5).
    """

    raw: bytes

    @classmethod
    def of(cls, text: str) -> Address:
        """The address a person wrote in a setting, a policy or a header."""
        return cls(composed(text.strip()).encode("utf-8", "surrogateescape"))

    @property
    def is_null(self) -> bool:
        return not self.raw

    @property
    def is_ascii(self) -> bool:
        """False when the address needs SMTPUTF8 on its way (rfc6531#3.2)."""
        return self.raw.isascii()

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "surrogateescape")

    @property
    def local(self) -> str:
        local, at, domain = self.text.rpartition("@")
        return local if at else domain

    @property
    def domain(self) -> str:
        """A-label, lower case; empty when the address has none (`<postmaster>`)."""
        _, at, domain = self.text.rpartition("@")
        return a_label(domain) if at else ""

    @property
    def key(self) -> str:
        """What two spellings of one mailbox share: NFC, case-insensitive, domain as A-label."""
        local = composed(self.local).casefold()
        if len(local) > 2 and local.startswith('"') and local.endswith('"'):
            local = local[1:-1]
        return f"{local}@{self.domain}"

    @property
    def shown(self) -> str:
        """For the notice: as the sender wrote it, but a long number in it (it may be a CPR number) becomes dots."""
        text = self.text.encode("utf-8", "replace").decode("utf-8")
        if not text.isprintable():
            text = "".join(ch if ch.isprintable() else "?" for ch in text)
        local, at, domain = text.rpartition("@")
        return masked_numbers(local) + at + masked_numbers(domain) if at else masked_numbers(text)

    @property
    def masked(self) -> str:
        """For the record: first letter and domain, `f…@example.org`; the domain's own long numbers masked too."""
        if self.is_null:
            return "<>"
        local, domain = self.local, self.domain
        first = local[:1] if local[:1].isalpha() else "…"
        return f"{first}{'…' if first != '…' else ''}@{masked_numbers(domain)}" if domain else f"{first}…"


def masked_numbers(text: str) -> str:
    """The text with every run of six or more digits (one separator between them allowed) as dots.

    What is longer than any address is not repeated at all: `…`.
    """
    if len(text) > LONGEST:
        return "…"
    folded = composed(text, "NFKC")
    if not _DIGIT.search(folded):
        return text
    return _LONG_NUMBER.sub(lambda m: "•" * len(m.group()), folded)
