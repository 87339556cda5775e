"""CPR numbers: groups DD MM YY SSSS however they are written, judged by what they are and what stands around them.

Three steps, each linear. The engine finds every place that is shaped like a number (a cheap pass over harmless text).
A precise pattern reads the groups there and the calendar decides whether it can be a birth date. Then evidence is
gathered (form, check digit, words before and after, neighbours) and `score` weighs it. The check digit is evidence,
never a gate. A label such as `faktura` beside the number lowers it and never outweighs a word for CPR numbers there.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from gateway.detect.engine import Engine, Pattern
from gateway.detect.number import birth_date, check_digit_holds, is_replacement
from gateway.detect.rules import CprRules
from gateway.detect.score import Score
from gateway.detect.words import expression
from gateway.mail.finding import Confidence

BUDGET = 50_000
"""Candidates judged in one text; a text with more of them than this counts as not fully read."""

_GAP = rb"[^0-9A-Za-z\x80-\xff]{0,6}"
_INNER = rb"[^0-9A-Za-z\x80-\xff]{0,3}"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = rb"(?:0[1-9]|1[0-2])"
_YEAR = rb"(?:(?:18|19|20)[0-9][0-9]|[0-9][0-9])"
_GROUPED, _SPACED = 1, 2
_LOOK = [
    Pattern(
        _GROUPED,
        rb"(?:^|[^0-9])" + _DAY + _GAP + _MONTH + _GAP + _YEAR + _GAP + rb"[0-9][0-9]" + _INNER + rb"[0-9]",
    ),
    Pattern(_SPACED, rb"(?:^|[^0-9])[0-36-9](?:[^0-9A-Za-z\x80-\xff]{1,3}[0-9]){9}"),
]
_READ = {
    _GROUPED: re.compile(
        rb"(?P<day>" + _DAY + rb")(?P<gap1>" + _GAP + rb")(?P<month>" + _MONTH + rb")(?P<gap2>" + _GAP + rb")"
        rb"(?P<year>" + _YEAR + rb")(?P<gap3>" + _GAP + rb")(?P<serial>[0-9][0-9]" + _INNER + rb"[0-9][0-9])(?![0-9])"
    ),
    _SPACED: re.compile(rb"(?P<run>[0-9](?:[^0-9A-Za-z\x80-\xff]{1,3}[0-9]){9})(?![^0-9A-Za-z\x80-\xff]{0,2}[0-9])"),
}
_NOT_DIGIT = re.compile(rb"[^0-9]+")

_CUE, _COUNTER = 1, 2
_BEFORE, _AFTER = 240, 240
_NEAR = 90
_BESIDE = 28
_SENTENCE_END = re.compile(rb"[.!?]+[)\"' ]*\s+(?=[A-Z]|\xc3[\x80-\x9e])|\n\s*\n|\r\n\s*\r\n")
_LINE_END = re.compile(rb"[\r\n;]")
_NAME = rb"(?:[A-Z]|\xc3[\x80-\x9e])(?:[a-z]|\xc3[\xa0-\xbf]){1,20}"
_NAME_BEFORE = re.compile(_NAME + rb"(?:[ _-]" + _NAME + rb"){1,3}[ \t_:,;()|-]{1,12}$")
_NAME_AFTER = re.compile(rb"[ \t_:,;()|-]{1,8}" + _NAME + rb"(?:[ _-]" + _NAME + rb"){1,3}")
_TOWN_AFTER = re.compile(rb" {1,2}" + _NAME)
_LINK = re.compile(rb"(?:https?://|www\.)[^\s<>\"]{0,400}$", re.IGNORECASE)
_ADDRESS_AFTER = re.compile(rb"[0-9A-Za-z._%+-]{0,60}@[0-9A-Za-z-]")
_TOKEN_BEFORE = re.compile(rb"[0-9A-Za-z+/=_-]{0,40}$")
_TOKEN_AFTER = re.compile(rb"[0-9A-Za-z+/=_-]{0,40}")
_UPPER_PREFIX = re.compile(rb"(?:^|[^0-9A-Za-z\x80-\xff])[A-Za-z]{0,8}[0-9]*[A-Z]{1,8}$")


class TooManyNumbers(Exception):
    """The text holds more candidates than the budget; what was found before is kept."""


class Candidate:
    """Ten digits that can be a CPR number, where they stand and how they are written."""

    __slots__ = ("digits", "end", "form", "start")

    def __init__(self, start: int, end: int, digits: str, form: tuple[str, ...]) -> None:
        self.start = start
        self.end = end
        self.digits = digits
        self.form = form


class CprDetector:
    """Finds CPR numbers in folded text."""

    name = "cpr"

    def __init__(self, rules: CprRules) -> None:
        self._rules = rules
        self._score = Score(rules.weights, rules.thresholds)
        self._shapes = Engine(_LOOK)
        self._words = Engine(
            [Pattern(_CUE, expression(word)) for word in rules.cues]
            + [Pattern(_COUNTER, expression(word)) for word in rules.counter_cues]
        )

    def find(self, data: bytes, today: datetime.date) -> Iterator[tuple[str, Confidence, tuple[str, ...]]]:
        """Digits, confidence and explained evidence of each number that reaches the lowest threshold."""
        for candidate in self._candidates(data, today):
            evidence = [*candidate.form, *self._facts(candidate.digits), *self._context(data, candidate, today)]
            confidence = self._score.confidence(evidence)
            if confidence is not None:
                yield candidate.digits, confidence, self._score.explained(evidence)

    def _candidates(self, data: bytes, today: datetime.date) -> Iterator[Candidate]:
        starts = {(hit.start, hit.pattern) for hit in self._shapes.hits(data)}
        if len(starts) > BUDGET:
            raise TooManyNumbers
        done = 0
        for start, pattern in sorted(starts):
            begin = start if data[start : start + 1].isdigit() else start + 1
            if begin < done or (match := _READ[pattern].match(data, begin)) is None:
                continue
            candidate = _read_spaced(match) if pattern == _SPACED else _read_grouped(match)
            born = birth_date(candidate.digits)
            if born is None or born > today or candidate.digits in self._rules.allow or candidate.digits[6:] == "0000":
                continue
            done = candidate.end
            yield candidate

    def _facts(self, digits: str) -> Iterator[str]:
        if is_replacement(digits):
            yield "replacement"
        if check_digit_holds(digits):
            yield "check.valid"
        elif birth_date(digits) in self._rules.exception_dates:
            yield "check.exception"

    def _context(self, data: bytes, candidate: Candidate, today: datetime.date) -> Iterator[str]:
        before = data[max(0, candidate.start - _BEFORE) : candidate.start]
        after = data[candidate.end : candidate.end + _AFTER]
        cue, counter = self._labels(before, after)
        if cue:
            yield cue
        if counter:
            yield "counter.softened" if cue == "cue.near" else "counter.near"
        if _NAME_BEFORE.search(before[-60:]) or _NAME_AFTER.match(after):
            yield "person.near"
        if cue != "cue.near":
            yield from _neighbours(before, after, candidate, today)

    def _labels(self, before: bytes, after: bytes) -> tuple[str, str]:
        """The strongest cue around the number, and whether another label stands beside it."""
        sentence = _start_of_sentence(before)
        cue = counter = ""
        for hit in self._words.hits(before):
            gap = len(before) - hit.end
            if hit.pattern == _CUE:
                cue = "cue.near" if cue == "cue.near" or (hit.start >= sentence - 1 and gap <= _NEAR) else "cue.far"
            elif gap <= _BESIDE and not _LINE_END.search(before, hit.end - 1):
                counter = "counter"
        sentence = _end_of_sentence(after)
        for hit in self._words.hits(after):
            if hit.pattern == _CUE:
                cue = "cue.near" if cue == "cue.near" or (hit.end <= sentence + 1 and hit.start <= _NEAR) else "cue.far"
            elif hit.start <= 3 and not _LINE_END.search(after, 0, hit.start + 1):
                counter = "counter"
        return cue, counter


def _read_grouped(match: re.Match[bytes]) -> Candidate:
    year = match["year"][-2:]
    serial = _NOT_DIGIT.sub(b"", match["serial"])
    digits = (match["day"] + match["month"] + year + serial).decode("ascii")
    return Candidate(match.start(), match.end(), digits, tuple(_forms(match)))


def _read_spaced(match: re.Match[bytes]) -> Candidate:
    digits = _NOT_DIGIT.sub(b"", match["run"]).decode("ascii")
    return Candidate(match.start(), match.end(), digits, ("form.spaced",))


def _forms(match: re.Match[bytes]) -> Iterator[str]:
    """How the number is written: what parts date and serial, then what is unusual about the rest."""
    gap = match["gap3"]
    mark = gap.strip(b" \r\n") if b"-" in gap else gap.strip(b" ")
    if not gap:
        yield "form.plain"
    elif not mark:
        yield "form.space"
    elif set(mark) == set(b"-"):
        yield "form.hyphen"
    elif set(mark) & set(b"\t\r\n|;"):
        yield "form.line"
    else:
        yield "form.mark"
    if match["gap1"] and match["gap2"]:
        yield "form.pairs"
    elif match["gap1"] or match["gap2"]:
        yield "form.uneven"
    if len(match["year"]) == 4:
        yield "form.full_year"
    if len(match["serial"]) > 4:
        yield "form.split"


def _neighbours(before: bytes, after: bytes, candidate: Candidate, today: datetime.date) -> Iterator[str]:
    """What around the digits speaks for something else: a link, a code, a joined number, a town, a time of day."""
    form = candidate.form[0]
    if _LINK.search(before) or _ADDRESS_AFTER.match(after):
        yield "in_link"
    elif _is_code(before, after):
        yield "in_token"
    elif _is_joined(before, after):
        yield "joined"
    if form in ("form.space", "form.line", "form.mark") and _TOWN_AFTER.match(after) and "form.pairs" in candidate.form:
        yield "address.near"
    if _is_moment(candidate.digits, today):
        yield "moment"


def _is_code(before: bytes, after: bytes) -> bool:
    """Digits in the middle of hex, base64, a UUID, a licence key: a long run that mixes letters and digits."""
    left = _TOKEN_BEFORE.search(before)
    right = _TOKEN_AFTER.match(after)
    token = (left.group() if left else b"") + b"." + (right.group() if right else b"")
    sides = token.partition(b".")
    mixed = any(re.search(rb"[0-9]", side) and re.search(rb"[A-Za-z]", side) for side in sides)
    return mixed and len(token) >= 9


def _is_joined(before: bytes, after: bytes) -> bool:
    """A digit and a single mark, or a capital prefix, right before it; a mark and a letter or digit right after it."""
    if re.search(rb"[0-9][-/.,_:]$", before) or re.match(rb"[-/.,:][0-9]", after) or re.match(rb"[-][A-Za-z]", after):
        return True
    return bool(_UPPER_PREFIX.search(before) or re.search(rb"[A-Za-z0-9][-#=/]$|#$", before[-12:]))


def _is_moment(digits: str, today: datetime.date) -> bool:
    """Date and time as machines write them: a day of the last fifteen years, then hours and minutes."""
    year = 2000 + int(digits[4:6])
    hours, minutes = int(digits[6:8]), int(digits[8:10])
    return today.year - 15 <= year <= today.year and hours < 24 and minutes < 60


def _start_of_sentence(before: bytes) -> int:
    start = 0
    for match in _SENTENCE_END.finditer(before):
        start = match.end()
    return start


def _end_of_sentence(after: bytes) -> int:
    match = _SENTENCE_END.search(after)
    return match.start() if match else len(after)
