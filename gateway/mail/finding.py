"""A finding: what a detector saw, where, how sure it is and what spoke for it. Never the text itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from gateway.mail.hidden import Hidden
from gateway.mail.place import Place

CATEGORIES = (
    "cpr",
    "health",
    "disability",
    "ethnicity",
    "religion",
    "politics",
    "union",
    "sexuality",
    "offence",
    "social",
    "family",
    "personnel",
    "genetic",
    "unreadable",
)
"""The categories of the contracts, in the order they are shown. Identifiers that do not block have other names."""


BY_WORDING = "wording"
"""The detector that goes by how a sentence is worded. Its category is a guess: recorded, and told to nobody."""


class Confidence(IntEnum):
    """How sure a detector is. `certain` and `likely` block by default, `possible` is recorded (`block_at`)."""

    POSSIBLE = 1
    LIKELY = 2
    CERTAIN = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Confidence:
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one place.

    identity: what makes two findings the same thing (the ten digits of a CPR number, a term): hidden from every print,
    used to count distinct values and, keyed, to recognise them.
    evidence: what spoke for (`+`) and against (`-`) it, in fixed words of our own, never words of the message.
    """

    detector: str
    category: str
    confidence: Confidence
    place: Place
    identity: Hidden
    evidence: tuple[str, ...] = ()


def guessed(found: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Of findings, each as its detector and category, the categories that are a guess only."""
    pairs = set(found)
    known = {category for detector, category in pairs if detector != BY_WORDING}
    return frozenset(category for _, category in pairs if category not in known)
