"""Text to findings, pure: which texts of a message hold a CPR number or something sensitive on a person?

Takes fragments and the day's date, gives findings. Knows no file, no clock, no policy but its own words and weights,
and keeps nothing of a message. `normalise` folds disguises away, `cpr` finds numbers, `score` weighs the evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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

_SHORT = 8_192
"""Up to this many bytes of text a message is looked at as one before its texts are read one by one."""

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


class Detectors:
    """All detectors, built once from the rules; holds nothing of any message."""

    def __init__(self, rules: Rules) -> None:
        with ThreadPoolExecutor() as beside:  # compiling is most of a start, and two can compile at once
            cpr = beside.submit(CprDetector, rules.cpr)
            identifiers = beside.submit(IdentifierDetector, rules.words.identifiers)
            self._sensitive = SensitiveDetector(rules.words)
            self._cpr, self._identifiers = cpr.result(), identifiers.result()

    def find(self, fragments: Sequence[Fragment], *, today: datetime.date) -> tuple[Finding, ...]:
        """Every finding of a message, equal ones (detector, identity, place) once, with their best confidence."""
        folded = [(fragment.place, fold(fragment.text)) for fragment in fragments]
        wanted = self._look([data for _, data in folded])
        if not any(wanted):
            return ()
        subject = next((data for place, data in folded if _is_subject(place)), b"")
        best: dict[tuple[str, Hidden, str], Finding] = {}
        for place, data in folded:
            for finding in self._find_in(place, data, subject, today, wanted):
                key = (finding.detector, finding.identity, str(finding.place))
                if key not in best or finding.confidence > best[key].confidence:
                    best[key] = finding
        return tuple(best.values())

    def _look(self, texts: list[bytes]) -> Wanted:
        """One cheap look at all of a short message at once, which ends most of them: what is there to judge?"""
        everything = b"\n\n".join(texts)
        if len(everything) > _SHORT:
            return Wanted(True, True, True)
        try:
            return Wanted(
                self._cpr.matters(everything),
                self._sensitive.matters(everything),
                self._identifiers.matters(everything),
            )
        except TooManyHits:
            return Wanted(True, True, True)

    def _find_in(
        self, place: Place, data: bytes, subject: bytes, today: datetime.date, wanted: Wanted
    ) -> Iterator[Finding]:
        whole, focus = _in_context(place, data, subject)
        try:
            if wanted.numbers:
                for start, digits, confidence, evidence in self._cpr.find(whole, today):
                    if start >= focus.start:
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


def _in_context(place: Place, data: bytes, subject: bytes) -> tuple[bytes, Span]:
    """A body is read with the subject before it, for who and what is spoken of; only its own sentences are judged."""
    if place.outermost.kind not in ("text", "html") or not subject:
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
