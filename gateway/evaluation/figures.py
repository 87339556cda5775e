"""From labels and what was found to figures: recall, precision, false blocks, by category, tier and case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAME = {"family": "social", "personnel": "employment"}
"""Categories of the design and the names under which labels know them."""


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody said of one message."""

    file: str
    label: str
    why: tuple[str, ...]
    case: str
    note: str

    @property
    def has_cpr(self) -> bool:
        return "cpr" in self.why

    @property
    def tier(self) -> str:
        """`picture` when only character recognition can read it, `hard` when the label says so, otherwise `plain`."""
        if "OCR" in self.note:
            return "picture"
        return "hard" if "hard:" in self.note else "plain"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message, what was found in it and whether it was blocked."""

    label: Label
    categories: frozenset[str]
    blocked: bool

    @property
    def is_miss(self) -> bool:
        return self.label.label == "block" and not self.blocked

    @property
    def is_false_block(self) -> bool:
        return self.label.label == "allow" and self.blocked


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        return 100 * self.part / self.whole if self.whole else 100.0

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.part} of {self.whole})" if self.whole else "none"


def read_labels(text: str) -> list[Label]:
    """The lines of labels.jsonl. Raises ValueError with the line's number."""
    labels = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            why = tuple(data.get("why", ()))
            labels.append(Label(data["file"], data["label"], why, data.get("case", ""), data.get("note", "")))
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"line {number} is no label: a JSON object with file and label was expected") from None
    return labels


def cpr_recall(outcomes: Iterable[Outcome], *, pictures: bool = True) -> Share:
    """Of the messages with a CPR number, those where one was found and blocked."""
    wanted = [each for each in outcomes if each.label.label == "block" and each.label.has_cpr]
    wanted = [each for each in wanted if pictures or each.label.tier != "picture"]
    return Share(sum(each.blocked and "cpr" in each.categories for each in wanted), len(wanted))


def sensitive_recall(outcomes: Iterable[Outcome], *, pictures: bool = True) -> Share:
    """Of the messages with sensitive text and no CPR number, those that were blocked."""
    wanted = [each for each in outcomes if each.label.label == "block" and not each.label.has_cpr]
    wanted = [each for each in wanted if pictures or each.label.tier != "picture"]
    return Share(sum(each.blocked for each in wanted), len(wanted))


def false_blocks(outcomes: Iterable[Outcome]) -> Share:
    allowed = [each for each in outcomes if each.label.label == "allow"]
    return Share(sum(each.blocked for each in allowed), len(allowed))


def precision(outcomes: Iterable[Outcome]) -> Share:
    """Of the messages that were blocked, those that should be."""
    blocked = [each for each in outcomes if each.blocked and each.label.label != "gray"]
    return Share(sum(each.label.label == "block" for each in blocked), len(blocked))


def by(outcomes: Sequence[Outcome], what: str) -> dict[str, Share]:
    """Share of blocked messages among those that should be, by `category`, `tier` or `case`."""
    groups: dict[str, list[bool]] = {}
    for each in outcomes:
        if each.label.label != "block":
            continue
        keys = each.label.why if what == "category" else (getattr(each.label, what),)
        for key in keys:
            groups.setdefault(key, []).append(each.blocked)
    return {key: Share(sum(values), len(values)) for key, values in sorted(groups.items())}


def category_recall(outcomes: Sequence[Outcome]) -> dict[str, Share]:
    """Of the messages labelled with a category, those where a finding has just this category."""
    groups: dict[str, list[bool]] = {}
    for each in outcomes:
        found = each.categories | {SAME.get(category, category) for category in each.categories}
        for category in each.label.why if each.label.label == "block" else ():
            groups.setdefault(category, []).append(category in found)
    return {key: Share(sum(values), len(values)) for key, values in sorted(groups.items())}
