"""Text to findings, pure: which texts of a message hold a CPR number or something sensitive on a person?

Takes fragments and the day's date, gives findings. Knows no file, no clock, no policy but its own words and weights,
and keeps nothing of a message. `normalise` folds disguises away, `cpr` finds numbers, `score` weighs the evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain

from gateway.detect.contexts import Context, Contexts, is_address_field, is_body, is_subject
from gateway.detect.cpr import CprDetector
from gateway.detect.engine import TooManyHits
from gateway.detect.glance import EVERYTHING, IDENTIFIERS, NUMBERS, WORDS, Glance
from gateway.detect.identifiers import IdentifierDetector
from gateway.detect.rules import Rules
from gateway.detect.sensitive import SensitiveDetector
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.hidden import Hidden
from gateway.mail.place import Place

_SHORT = 16_384
"""Texts of up to this many characters are looked at together before they are read one by one."""

_OPENING = 40
_BY_PATTERN = ("+ a pattern of the policy, introduced by its words",)
_OF_AN_OFFICE = "- a field of addresses: it names offices and professions"
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


def _twins(fragments: Sequence[Fragment]) -> dict[int, int]:
    """Texts with the same lines as one before them in the same context, and that one: most mail comes as text and as
    HTML, and is searched once."""
    twins: dict[int, int] = {}
    first: dict[tuple[bool, str], int] = {}
    for at, fragment in enumerate(fragments):
        before = first.setdefault(_opening(fragment), at)
        if before != at and _same_lines(fragments[before].text, fragment.text):
            twins[at] = before
    return twins


def _opening(fragment: Fragment) -> tuple[bool, str]:
    """What two texts that say the same share, at no cost: whether the subject is their context, and how they begin."""
    return is_body(fragment.place), fragment.text[:_OPENING].strip()[: _OPENING // 2]


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
        twins = _twins(fragments)
        short = [at for at, each in enumerate(fragments) if len(each.text) <= _SHORT and at not in twins]
        glance = Glance([fragments[at].text for at in short], (self._cpr, self._sensitive, self._identifiers))
        if glance.finds_nothing and len(short) + len(twins) == len(fragments):
            return ()
        texts = glance.folded()
        folded = dict(zip(short, texts, strict=True))
        wanted = _shared(fragments, dict(zip(short, glance.wanted(texts), strict=True)))
        contexts = Contexts(fragments, folded)
        found: list[list[Finding]] = [[] for _ in fragments]
        for at, fragment in enumerate(fragments):
            if at in twins:
                found[at] = [replace(finding, place=fragment.place) for finding in found[twins[at]]]
                continue
            needed = wanted.get(at, EVERYTHING)
            if needed and not contexts.is_read_with_subject(at):
                for index, finding in self._find_in(contexts.of(at), needed, fragments, today):
                    found[index].append(finding)
        return _distinct(chain.from_iterable(found))

    def _find_in(
        self, context: Context, needed: int, fragments: Sequence[Fragment], today: datetime.date
    ) -> Iterator[tuple[int, Finding]]:
        """What is in a context, with the number of the fragment it is in."""
        data, parts, head = context
        try:
            if needed & NUMBERS:
                for at, digits, confidence, evidence in self._cpr.find(data, context.fragment_at, today):
                    yield at, Finding("cpr", "cpr", confidence, fragments[at].place, Hidden(digits), evidence)
            if needed & WORDS:
                for found in self._sensitive.find(data, context.fragment_at, head):
                    place, confidence, evidence = fragments[found.part].place, found.confidence, found.evidence
                    if is_address_field(place):
                        confidence, evidence = Confidence.POSSIBLE, (*evidence, _OF_AN_OFFICE)
                    finding = Finding(found.detector, found.category, confidence, place, found.identity, evidence)
                    yield found.part, finding
            if needed & IDENTIFIERS:
                for at, span in parts:
                    for which, value in self._identifiers.find(data[span.start : span.end]):
                        identity, place = Hidden(f"{which.name}: {value}"), fragments[at].place
                        yield at, Finding("identifier", which.category, which.confidence, place, identity, _BY_PATTERN)
        except TooManyHits:
            at = parts[-1].fragment
            identity = Hidden("over budget")
            yield at, Finding("budget", "unreadable", Confidence.LIKELY, fragments[at].place, identity, _OVER_BUDGET)


def _shared(fragments: Sequence[Fragment], wanted: dict[int, int]) -> dict[int, int]:
    """What each short text needs: subject and bodies, which lend each other words, all that one of them does."""
    together = [at for at in wanted if is_body(fragments[at].place) or is_subject(fragments[at].place)]
    shared = 0
    for at in together:
        shared |= wanted[at]
    return wanted | dict.fromkeys(together, shared)


def _distinct(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Equal ones (detector, identity, place) once, with their best confidence."""
    best: dict[tuple[str, Hidden, Place], Finding] = {}
    for finding in found:
        key = (finding.detector, finding.identity, finding.place)
        if key not in best or finding.confidence > best[key].confidence:
            best[key] = finding
    return tuple(best.values())


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
