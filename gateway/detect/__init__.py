"""Text to findings, pure: which texts of a message hold a CPR number or something sensitive on a person?

Takes fragments and the day's date, gives findings. Knows no file, no clock, no policy but its own words and weights,
and keeps nothing of a message. `normalise` folds disguises away, `cpr` finds numbers, `score` weighs the evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from gateway.detect.cpr import CprDetector
from gateway.detect.engine import TooManyHits
from gateway.detect.identifiers import IdentifierDetector
from gateway.detect.normalise import fold
from gateway.detect.rules import Rules
from gateway.detect.sensitive import SensitiveDetector
from gateway.detect.sentences import Span
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.hidden import Hidden
from gateway.mail.place import Place

_SHORT = 4_096
"""Texts of up to this many bytes are looked at together before they are read one by one."""

_OPENING = 40
_HEADED = 300
"""So much of the first body is read with the subject."""

_BY_PATTERN = ("+ a pattern of the policy, introduced by its words",)
_OVER_BUDGET = ("+ more to look at than can be judged one by one",)

__all__ = ["Detectors", "Row", "Rules", "summarise"]


@dataclass(frozen=True, slots=True)
class Row:
    """Findings of one kind in one place, as `scan --json` and the audit record show them."""

    detector: str
    category: str
    confidence: Confidence
    where: str
    count: int


class Wanted(NamedTuple):
    """Which detectors a message needs."""

    numbers: bool
    words: bool
    identifiers: bool


class Heading(NamedTuple):
    """What texts of a message lend each other for context: its subject, and how its first body begins."""

    subject: bytes
    opening: bytes


_EVERYTHING = Wanted(True, True, True)


class _Read:
    """What was found in the texts so far, for those that say the same again: most mail comes as text and as HTML."""

    def __init__(self) -> None:
        self._texts: dict[tuple[bool, str], tuple[str, list[Finding]]] = {}

    def before(self, fragment: Fragment) -> list[Finding] | None:
        """The findings of a text with the same lines in the same context, as findings of this place."""
        alike, found = self._texts.get(_opening(fragment), ("", []))
        if not alike or not _same_lines(alike, fragment.text):
            return None
        return [replace(finding, place=fragment.place) for finding in found]

    def now(self, fragment: Fragment, found: list[Finding]) -> None:
        self._texts[_opening(fragment)] = (fragment.text, found)


def _opening(fragment: Fragment) -> tuple[bool, str]:
    """What two texts that say the same share, at no cost: whether the subject is their context, and how they begin."""
    return _is_body(fragment.place), fragment.text[:_OPENING].strip()[: _OPENING // 2]


def _same_lines(one: str, other: str) -> bool:
    """Whether two texts differ in line ends and empty lines only."""
    return list(filter(None, one.splitlines())) == list(filter(None, other.splitlines()))


class Detectors:
    """All detectors, built once from the rules; holds nothing of any message."""

    def __init__(self, rules: Rules) -> None:
        with ThreadPoolExecutor() as beside:  # compiling is most of a start, and two can compile at once
            cpr = beside.submit(CprDetector, rules.cpr, rules.words.persons.names)
            identifiers = beside.submit(IdentifierDetector, rules.words.identifiers)
            self._sensitive = SensitiveDetector(rules.words)
            self._cpr, self._identifiers = cpr.result(), identifiers.result()

    def find(self, fragments: Sequence[Fragment], *, today: datetime.date) -> tuple[Finding, ...]:
        """Every finding of a message, equal ones (detector, identity, place) once, with their best confidence."""
        short = {at: fold(each.text) for at, each in enumerate(fragments) if len(each.text) <= _SHORT}
        subject = next((data for at, data in short.items() if _is_subject(fragments[at].place)), b"")
        wanted = self._look(list(short.values()))
        if not any(wanted) and len(short) == len(fragments):
            return ()
        opening = next((fold(each.text[:_HEADED]) for each in fragments if subject and _is_body(each.place)), b"")
        heading = Heading(subject, opening)
        read = _Read()
        found: list[Finding] = []
        for at, fragment in enumerate(fragments):
            data, needed = (short[at], wanted) if at in short else (None, _EVERYTHING)
            if any(needed):
                found += self._find_once(fragment, data, read, heading, today, needed)
        return _distinct(found)

    def _find_once(
        self,
        fragment: Fragment,
        data: bytes | None,
        read: _Read,
        heading: Heading,
        today: datetime.date,
        wanted: Wanted,
    ) -> list[Finding]:
        """What was found in a text that said the same, or what is found in this one (folded already, or not yet)."""
        found = read.before(fragment)
        if found is None:
            folded = fold(fragment.text) if data is None else data
            found = list(self._find_in(fragment.place, folded, heading, today, wanted))
            read.now(fragment, found)
        return found

    def _look(self, texts: list[bytes]) -> Wanted:
        """One cheap look at all short texts at once, which ends most of them: what is there to judge?"""
        together = b"\n\n".join(texts)
        try:
            return Wanted(
                self._cpr.matters(together),
                self._sensitive.matters(together),
                self._identifiers.matters(together),
            )
        except TooManyHits:
            return _EVERYTHING

    def _find_in(
        self, place: Place, data: bytes, heading: Heading, today: datetime.date, wanted: Wanted
    ) -> Iterator[Finding]:
        whole, focus = _in_context(place, data, *heading)
        try:
            if wanted.numbers:
                for start, digits, confidence, evidence in self._cpr.find(whole, today):
                    if focus.start <= start < focus.end:
                        yield Finding("cpr", "cpr", confidence, place, Hidden(digits), evidence)
            if wanted.words:
                for category, word, confidence, evidence in self._sensitive.find(whole, focus):
                    yield Finding("sensitive", category, confidence, place, Hidden(f"{category}: {word}"), evidence)
            if wanted.identifiers:
                for identifier, value in self._identifiers.find(data):
                    hidden = Hidden(f"{identifier.name}: {value}")
                    yield Finding("identifier", identifier.category, identifier.confidence, place, hidden, _BY_PATTERN)
        except TooManyHits:
            yield Finding("budget", "unreadable", Confidence.LIKELY, place, Hidden("over budget"), _OVER_BUDGET)


def _is_subject(place: Place) -> bool:
    return len(place.steps) == 1 and place.outermost.kind == "subject"


def _is_body(place: Place) -> bool:
    return place.outermost.kind in ("text", "html")


def _distinct(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Equal ones (detector, identity, place) once, with their best confidence."""
    best: dict[tuple[str, Hidden, Place], Finding] = {}
    for finding in found:
        key = (finding.detector, finding.identity, finding.place)
        if key not in best or finding.confidence > best[key].confidence:
            best[key] = finding
    return tuple(best.values())


def _in_context(place: Place, data: bytes, subject: bytes, opening: bytes) -> tuple[bytes, Span]:
    """A body is read with the subject before it, the subject with a body's opening after it, for who and what is spoken
    of; only the text's own sentences are judged.
    """
    if _is_subject(place) and opening:
        return data + b"\n\n" + opening, Span(0, len(data))
    if not _is_body(place) or not subject:
        return data, Span(0, len(data))
    head = subject + b"\n\n"
    return head + data, Span(len(head), len(head) + len(data))


def summarise(findings: Sequence[Finding]) -> tuple[Row, ...]:
    """Findings by detector, category and place: the best confidence and the number of distinct identities."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.detector, finding.category, str(finding.place)), []).append(finding)
    return tuple(
        Row(
            detector,
            category,
            max(finding.confidence for finding in group),
            where,
            len({finding.identity for finding in group}),
        )
        for (detector, category, where), group in groups.items()
    )
