"""Text to findings, pure: which texts of a message hold a CPR number or something sensitive on a person?

Takes fragments and the day's date, gives findings. Knows no file, no clock, no policy but its own words and weights,
and keeps nothing of a message. `normalise` folds disguises away, `cpr` finds numbers, `score` weighs the evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.detect.cpr import CprDetector, TooManyNumbers
from gateway.detect.normalise import fold
from gateway.detect.rules import Rules
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.hidden import Hidden

__all__ = ["Detectors", "Row", "Rules", "summarise"]


@dataclass(frozen=True, slots=True)
class Row:
    """Findings of one kind in one place, as `scan --json` and the audit record show them."""

    detector: str
    category: str
    confidence: Confidence
    where: str
    count: int


class Detectors:
    """All detectors, built once from the rules; holds nothing of any message."""

    def __init__(self, rules: Rules) -> None:
        self._cpr = CprDetector(rules.cpr)

    def find(self, fragments: Sequence[Fragment], *, today: datetime.date) -> tuple[Finding, ...]:
        """Every finding of a message, equal ones (detector, identity, place) once, with their best confidence."""
        best: dict[tuple[str, Hidden, str], Finding] = {}
        for fragment in fragments:
            for finding in self._find_in(fragment, today):
                key = (finding.detector, finding.identity, str(finding.place))
                if key not in best or finding.confidence > best[key].confidence:
                    best[key] = finding
        return tuple(best.values())

    def _find_in(self, fragment: Fragment, today: datetime.date) -> Iterator[Finding]:
        data = fold(fragment.text)
        try:
            for digits, confidence, evidence in self._cpr.find(data, today):
                yield Finding("cpr", "cpr", confidence, fragment.place, Hidden(digits), evidence)
        except TooManyNumbers:
            evidence = ("+ more numbers than can be judged one by one",)
            yield Finding("cpr", "unreadable", Confidence.LIKELY, fragment.place, Hidden("too many numbers"), evidence)


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
