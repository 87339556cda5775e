"""Which faellesmail a sender should write from: his row, his person's dagtilbud, a pattern, his domain's default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.mail.address import Address


@dataclass(frozen=True, slots=True)
class Pattern:
    """`klub-*@example.dk`: a star stands for any letters but `@`."""

    text: str
    expression: re.Pattern[str]
    new: Address

    @classmethod
    def of(cls, text: str, new: Address) -> Pattern:
        parts = (re.escape(part) for part in Address.of(text).key.split("*"))
        return cls(text, re.compile("[^@]*".join(parts) + r"\Z"), new)

    @property
    def rank(self) -> tuple[int, str]:
        """The most literal pattern is tried first; the order in the file never counts."""
        return (-len(self.text.replace("*", "")), self.text)


@dataclass(frozen=True, slots=True)
class Faellesmails:
    """The whole table. Every text key is an Address.key, so spelling, case and NFC do not matter.

    boxes: what a sender without a row may choose from. aliases: another spelling of a mailbox, for example without æ.
    """

    rows: Mapping[str, Address]
    patterns: tuple[Pattern, ...] = ()
    defaults: Mapping[str, Address] = field(default_factory=dict)
    leaders_mailbox: Address | None = None
    leaders_recipients: frozenset[str] = frozenset()
    boxes: tuple[Address, ...] = ()
    aliases: Mapping[bytes, Address] = field(default_factory=dict)

    def of(self, sender: Address) -> Address | None:
        """The mailbox of this sender, or his domain's default, or None."""
        return self.own_row(sender) or self.defaults.get(sender.domain)

    def mailboxes(self) -> set[Address]:
        """Every mailbox the table can name."""
        patterns = (pattern.new for pattern in self.patterns)
        leaders = (self.leaders_mailbox,) if self.leaders_mailbox else ()
        return {*self.rows.values(), *patterns, *self.defaults.values(), *leaders}

    def own_row(self, sender: Address) -> Address | None:
        """The mailbox somebody wrote down for this very sender."""
        key = sender.key
        row = self.rows.get(key)
        if row is None and self.patterns:
            row = next((pattern.new for pattern in self.patterns if pattern.expression.match(key)), None)
        return row


def final(rows: Mapping[str, Address]) -> dict[str, Address]:
    """The rows with every chain followed to its end; load.py has refused cycles before."""
    return {old: _end(rows, old) for old in rows}


def cycles(rows: Mapping[str, Address]) -> Iterable[str]:
    """The old addresses whose chain of moves never ends."""
    for old in rows:
        seen, key = {old}, rows[old].key
        while key in rows:
            if key in seen:
                yield old
                break
            seen.add(key)
            key = rows[key].key


def _end(rows: Mapping[str, Address], old: str) -> Address:
    new = rows[old]
    while new.key in rows:
        new = rows[new.key]
    return new
