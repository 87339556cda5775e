"""Where ten digits stand that can be a CPR number, and how they are written. Shapes only; `cpr` judges them.

The engine finds every place with the shape (one linear pass), a precise pattern reads the groups there, the calendar
throws out what is no birth date. A new way of writing a number is one line in `_SHAPES` and one function that reads it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern
from gateway.detect.number import birth_date

BUDGET = 50_000
"""Places with the shape of a number in one text; a text with more of them counts as not fully read."""

_SAID = (
    rb"(?:[ ,]{1,3}(?:og|s\xc3[\xa5\x85]|derefter|efterfulgt|af|plus|samt|med|til|sidste?|slut|slutter|ender"
    rb"|streg|bindestreg|minus|mellemrum|skr\xc3[\xa5\x85]streg|cpr|nr|er|resten)){1,4}[ ,:]{1,3}"
)
"""What people say between the halves: `150322 streg 6239`, `150322 og så 6239`."""
_GAP = rb"[^0-9A-Za-z\x80-\xff]{0,6}"
_INNER = rb"[^0-9A-Za-z\x80-\xff]{0,3}"
_DAY = rb"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = rb"(?:0[1-9]|1[0-2])"
_YEAR = rb"(?:(?:18|19|20)[0-9][0-9]|[0-9][0-9])"
_NOT_DIGIT = re.compile(rb"[^0-9]+")
_LIKE_DIGITS = bytes.maketrans(b"OoIiLl|SsBZz", b"001111155822")
_LIKE_LETTER = rb"[OoIiLl|SsBZz]"
_LIKE = rb"[0-9OoIiLl|SsBZz]"
_LIKE_GAP = rb"[ ./_\-]{0,3}"

_UNITS = ("nul", "en", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni")
_TEENS = ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten")
_TENS = {"tyve": 2, "tredive": 3, "fyrre": 4, "halvtreds": 5, "tres": 6, "halvfjerds": 7, "firs": 8, "halvfems": 9}
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")


def _number_words() -> dict[bytes, str]:
    words = {word: str(value) for value, word in enumerate(_UNITS)}
    words |= {"et": "1", "én": "1", "ét": "1", "nuller": "0"}
    words |= {word: str(10 + value) for value, word in enumerate(_TEENS)}
    for word, ten in _TENS.items():
        words[word] = f"{ten}0"
        words |= {f"{unit}og{word}": f"{ten}{value}" for value, unit in enumerate(_UNITS) if value}
    return {word.encode(): digits for word, digits in words.items()}


_WORDS = _number_words()
_LONGEST_FIRST: list[bytes] = sorted(_WORDS, key=len, reverse=True)
_WORD = b"(?:" + b"|".join(_LONGEST_FIRST) + b")"
_WORD_GAP = rb"[ ,.\-\n]{1,4}"


Match = tuple[int, int, int]
"""A shape's number, and where it was seen."""


class Candidate(NamedTuple):
    """A possible CPR number: where it stands, its ten characters, how it is written."""

    start: int
    end: int
    digits: str
    form: tuple[str, ...]


_IN_ONE_RUN = ("form.plain",)


def _grouped(data: bytes, start: int) -> Candidate | None:
    run = data[start : start + 11]
    if run[:10].isdigit() and not run[10:].isdigit():
        return Candidate(start, start + 10, run[:10].decode("ascii"), _IN_ONE_RUN) if len(run) >= 10 else None
    match = _GROUPED.match(data, start)
    if match is None or (match["gap1"] and _RUNNING_ON.search(data, max(0, start - 2), start)):
        return None
    if b":" in match["serial"]:
        return None  # a time of day
    serial = _NOT_DIGIT.sub(b"", match["serial"])
    digits = (match["day"] + match["month"] + match["year"][-2:] + serial).decode("ascii")
    return Candidate(start, match.end(), digits, tuple(_forms(match)))


def _forms(match: re.Match[bytes]) -> Iterator[str]:
    """How the groups are set: what parts date and serial, then what is unusual about the rest."""
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
    elif len(mark) == 1 and mark not in b".,:_":
        yield "form.stroke"
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


def _loose(data: bytes, start: int) -> Candidate | None:
    """A date as people write it, day or month without its nought: `5/3-22 6239`."""
    match = _LOOSE.match(data, start)
    if match is None or _RUNNING_ON.search(data, max(0, start - 2), start) or b":" in match["serial"]:
        return None
    digits = _date_digits(match) + _NOT_DIGIT.sub(b"", match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, tuple(_forms(match)))


def _loose_said(data: bytes, start: int) -> Candidate | None:
    """Such a date, and words such as `streg` before the serial."""
    match = _LOOSE_SAID.match(data, start)
    if match is None:
        return None
    digits = _date_digits(match) + match["serial"].decode("ascii")
    return Candidate(start, match.end(), digits, ("form.halves",))


def _spaced(data: bytes, start: int) -> Candidate | None:
    match = _SPACED.match(data, start)
    if match is None:
        return None
    return Candidate(start, match.end(), _NOT_DIGIT.sub(b"", match.group()).decode("ascii"), ("form.spaced",))


def _odd(data: bytes, start: int) -> Candidate | None:
    """Ten digits in groups that no date has: `150 322 6239`."""
    match = _ODD.match(data, start)
    if match is None:
        return None
    return Candidate(start, match.end(), _NOT_DIGIT.sub(b"", match.group()).decode("ascii"), ("form.odd",))


def _year_first(data: bytes, start: int) -> Candidate | None:
    """The date from the year on, as other countries and machines write it: `2022-03-15-6239`."""
    match = _YEAR_FIRST.match(data, start)
    if match is None:
        return None
    digits = (match["day"] + match["month"] + match["year"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.year_first",))


def _nine(data: bytes, start: int) -> Candidate | None:
    """Nine digits: a spreadsheet took the leading zero."""
    match = _NINE.match(data, start)
    if match is None:
        return None
    return Candidate(start, match.end(), "0" + _NOT_DIGIT.sub(b"", match.group()).decode("ascii"), ("form.nine",))


def _lookalike(data: bytes, start: int) -> Candidate | None:
    """Letters that look like digits: O for 0, l for 1. At least six of the ten are digits."""
    match = _LOOKALIKE.match(data, start)
    if match is None:
        return None
    written = match["date"] + match["serial"]
    if written.isdigit() or sum(byte in b"0123456789" for byte in written) < 5:
        return None
    digits = written.translate(_LIKE_DIGITS).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.lookalike",)) if digits.isdigit() else None


def _health(data: bytes, start: int) -> Candidate | None:
    """The health service's replacement number: two letters in the serial."""
    match = _HEALTH.match(data, start)
    if match is None:
        return None
    digits = (match["date"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.health",))


def _said(data: bytes, start: int) -> Candidate | None:
    """Date and serial with words such as `streg` between them."""
    match = _SAID_BETWEEN.match(data, start)
    if match is None:
        return None
    digits = (match["date"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.halves",))


def _spelled(data: bytes, start: int) -> Candidate | None:
    """Ten digits in words, one by one or in pairs, around a `nul`: nearly every number has a nought."""
    begin = end = max(0, start - _SPELLED_REACH)
    digits = ""
    for match in _SPELLED.finditer(data, begin, start + 2 * _SPELLED_REACH):
        if not digits or not _WORD_GAP_ONLY.fullmatch(data, end, match.start()):
            if len(digits) == 10:
                break
            begin, digits = match.start(), ""
        digits += _WORDS[match.group().lower()]
        end = match.end()
    return Candidate(begin, end, digits, ("form.words",)) if len(digits) == 10 else None


_GROUPED = re.compile(
    rb"(?P<day>" + _DAY + rb")(?P<gap1>" + _GAP + rb")(?P<month>" + _MONTH + rb")(?P<gap2>" + _GAP + rb")"
    rb"(?P<year>" + _YEAR + rb")(?P<gap3>" + _GAP + rb")(?P<serial>[0-9][0-9]" + _INNER + rb"[0-9][0-9])(?![0-9])"
)
_LOOSE_DAY = rb"(?:0?[1-9]|[12][0-9]|3[01])"
_LOOSE_MONTH = rb"(?:0?[1-9]|1[0-2])"
_LOOSE_GAP = rb" ?[./\-] ?"
_LOOSE_YEAR_GAP = rb"(?: ?[./\-] ?'?| '?)"
_LOOSE_SERIAL_GAP = rb"[^0-9A-Za-z\x80-\xff]{1,6}"
_MONTH_WORD = rb"(?:jan|feb|mar|apr|maj|jun|jul|aug|sep|okt|nov|dec)[a-z]{0,6}"
_MONTH_NAMED = rb"[. ]{1,2}" + _MONTH_WORD
_LOOSE_DATE = (
    rb"(?P<day>" + _LOOSE_DAY + rb")(?:(?P<gap1>" + _LOOSE_GAP + rb")(?P<month>" + _LOOSE_MONTH + rb")"
    rb"|[. ]{1,2}(?P<word>" + _MONTH_WORD + rb"))(?P<gap2>" + _LOOSE_YEAR_GAP + rb")(?P<year>" + _YEAR + rb")"
)
_LOOSE = re.compile(
    _LOOSE_DATE + rb"(?P<gap3>" + _LOOSE_SERIAL_GAP + rb")(?P<serial>[0-9][0-9]" + _INNER + rb"[0-9][0-9])(?![0-9])",
    re.IGNORECASE,
)
_LOOSE_SAID = re.compile(_LOOSE_DATE + _SAID + rb"(?P<serial>[0-9]{4})(?![0-9])", re.IGNORECASE)
_RUNNING_ON = re.compile(rb"[0-9][-/.:]\Z")
_SAID_BETWEEN = re.compile(
    rb"(?P<date>" + _DAY + _MONTH + rb"[0-9]{2})" + _SAID + rb"(?P<serial>[0-9]{4})(?![0-9])", re.IGNORECASE
)
_SPACED = re.compile(rb"[0-9](?:[^0-9A-Za-z\x80-\xff]{1,3}[0-9]){9}(?![^0-9A-Za-z\x80-\xff]{0,2}[0-9])")
_ODD = re.compile(rb"[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{2} ?[0-9]{2}(?![0-9])")
_YEAR_FIRST = re.compile(
    rb"(?:19|20)(?P<year>[0-9]{2})-?(?P<month>" + _MONTH + rb")-?(?P<day>" + _DAY + rb")-(?P<serial>[0-9]{4})(?![0-9-])"
)
_NINE = re.compile(rb"[1-9]" + _MONTH + rb"[0-9]{2}[ -]?[0-9]{4}(?![0-9])")
_LOOKALIKE = re.compile(
    rb"(?P<date>" + _LIKE + rb"{6})[ ./_-]{0,3}(?P<serial>" + _LIKE + rb"{4})(?![0-9A-Za-z\x80-\xff])"
)
_HEALTH = re.compile(rb"(?P<date>[0-9]{6})[ -]{0,3}(?P<serial>[01567][A-Z]{2}[0-9])(?![0-9A-Za-z])")
_SPELLED = re.compile(rb"(?<![A-Za-z\x80-\xff])" + _WORD + rb"(?![a-z\x80-\xff])", re.IGNORECASE)
_SPELLED_REACH = 160
_WORD_GAP_ONLY = re.compile(_WORD_GAP)


def _mixed() -> bytes:
    """Ten digits and letters like digits, at least one of each among them: the first letter in each place in turn."""
    letter_first = _LIKE_LETTER + rb"[0-9]" + _LIKE * 4 + _LIKE_GAP + _LIKE * 4
    others = (
        b"".join(cells[:6]) + _LIKE_GAP + b"".join(cells[6:])
        for place in range(1, 10)
        for cells in [[rb"[0-9]"] * place + [_LIKE_LETTER] + [_LIKE] * (9 - place)]
    )
    return b"(?:" + b"|".join((letter_first, *others)) + b")"


_EDGE = rb"(?:^|[^0-9])"
_WORD_EDGE = rb"(?:^|[^0-9A-Za-z\x80-\xff])"
_SHAPES = [
    (_EDGE + _DAY + _GAP + _MONTH + _GAP + _YEAR + _GAP + rb"[0-9][0-9]" + _INNER + rb"[0-9]", _grouped),
    (_EDGE + rb"[0-36-9](?:[^0-9A-Za-z\x80-\xff]{1,3}[0-9]){9}", _spaced),
    (_EDGE + rb"[1-9]" + _MONTH + rb"[0-9]{2}[ \-]?[0-9]{4}(?:$|[^0-9])", _nine),
    (_WORD_EDGE + _mixed() + rb"(?:$|[^0-9A-Za-z\x80-\xff])", _lookalike),
    (_EDGE + _DAY + _MONTH + rb"[0-9]{2}[ \-]{0,3}[01567][A-Z]{2}[0-9](?:$|[^0-9A-Za-z])", _health),
    (_EDGE + _DAY + _MONTH + rb"[0-9]{2}" + _SAID + rb"[0-9]{4}(?:$|[^0-9])", _said),
    (_WORD_EDGE + rb"nul" + _WORD_GAP + _WORD, _spelled),
    (
        _EDGE
        + rb"(?:[1-9]"
        + _LOOSE_GAP
        + _LOOSE_MONTH
        + rb"|"
        + _LOOSE_DAY
        + rb"(?:"
        + _LOOSE_GAP
        + rb"[1-9]|"
        + _MONTH_NAMED
        + rb"))"
        + _LOOSE_YEAR_GAP
        + _YEAR
        + _LOOSE_SERIAL_GAP
        + rb"[0-9][0-9]"
        + _INNER
        + rb"[0-9]",
        _loose,
    ),
    (_EDGE + rb"[0-9]{3}[ .\-][0-9]{3}[ .\-][0-9]{2} ?[0-9]{2}(?:$|[^0-9])", _odd),
    (_EDGE + rb"(?:19|20)[0-9]{2}-?" + _MONTH + rb"-?" + _DAY + rb"-[0-9]{4}(?:$|[^0-9\-])", _year_first),
    (
        _EDGE
        + _LOOSE_DAY
        + rb"(?:"
        + _LOOSE_GAP
        + _LOOSE_MONTH
        + rb"|"
        + _MONTH_NAMED
        + rb")"
        + _LOOSE_YEAR_GAP
        + _YEAR
        + _SAID
        + rb"[0-9]{4}(?:$|[^0-9])",
        _loose_said,
    ),
]

_IN_GROUPS = next(number for number, (_, read_it) in enumerate(_SHAPES) if read_it is _grouped)
_LOOKING_ALIKE = next(number for number, (_, read_it) in enumerate(_SHAPES) if read_it is _lookalike)
_IN_WORDS = next(number for number, (_, read_it) in enumerate(_SHAPES) if read_it is _spelled)

_GROUPS = [[0, 1, 2, 4, 7, 8, 9], [5, 6, 10, 11]]
"""Shapes that cost less when searched together, measured: numbers, and what is said in words."""

_SERIAL_HINT = (
    rb"(?:de sidste|sidste (?:fire|4)|(?:fire|4) sidste|l(?:\xc3[\xb8\x98]|oe)be ?(?:nr|nummer)|sidste cifre"
    rb"|slutter p|ender p|endecifre|endelse|kontrolcifre|resten er|de (?:fire|4) cifre|efterf\xc3\xb8lgende (?:fire|4))"
)
_HINTED = Pattern(len(_SHAPES), _SERIAL_HINT + rb"[^0-9]{0,50}[^0-9][0-9]{4}(?:$|[^0-9/\-])")
_LAST_FOUR = re.compile(rb"[0-9]{4}$")
_DATE = re.compile(
    rb"(?<![0-9])(?P<day>"
    + _DAY
    + rb"|[1-9])[-./ ]{0,3}(?:(?P<month>"
    + _MONTH
    + rb"|[1-9])|(?P<word>"
    + _MONTH_WORD
    + rb"))[-./ ']{0,3}(?P<year>"
    + _YEAR
    + rb")(?![0-9])",
    re.IGNORECASE,
)
_REACH = 300


class Shapes:
    """Finds candidates in folded text."""

    def __init__(self) -> None:
        shapes = [Pattern(number, shape) for number, (shape, _) in enumerate(_SHAPES)] + [_HINTED]
        self._engines = [Engine([shapes[number] for number in group]) for group in _GROUPS]
        self._others = Engine([shape for shape in shapes if shape.number != _LOOKING_ALIKE])
        self._mixed = Engine([shapes[_LOOKING_ALIKE]])
        self._mixed_occur = Engine([shapes[_LOOKING_ALIKE]], starts=False)

    def occur(self, data: bytes) -> bool:
        """Whether any shape is there at all, in as few scans as short texts want."""
        return self._others.occurs(data) or self._mixed_occur.occurs(data)

    def matches(self, data: bytes) -> list[Match]:
        """Every place with a shape. Raises TooManyHits on a text full of them."""
        found = [match for engine in self._engines for match in engine.matches(data, BUDGET)]
        if self._mixed_occur.occurs(data):
            found += self._mixed.matches(data, BUDGET)
        return found

    def find(self, data: bytes, today: datetime.date) -> list[Candidate]:
        """Every possible birth number, in order, none overlapping."""
        return read(data, self.matches(data), today)


def read(data: bytes, matches: list[Match], today: datetime.date) -> list[Candidate]:
    """The birth numbers in these places, in order, none overlapping."""
    found: list[Candidate] = []
    done = looked = 0
    for begin, number in _places(data, matches):
        if begin < done or (number == _IN_WORDS and begin < looked):
            continue
        if number == _IN_WORDS:
            looked = begin + _SPELLED_REACH  # one look reads that far
        candidate = _halves(data, begin) if number == _HINTED.number else _SHAPES[number][1](data, begin)
        if candidate is not None and _is_possible(candidate.digits, today):
            found.append(candidate)
            done = candidate.end
    return found


def run_of(data: bytes, match: Match) -> bytes:
    """The ten digits of a place where they stand in one run; nothing where they do not."""
    number, _, end = match
    run = data[end - 9 : end + 1]
    return run if number == _IN_GROUPS and run.isdigit() and len(run) == 10 else b""


def _places(data: bytes, matches: list[Match]) -> list[tuple[int, int]]:
    """Where each shape begins (halves: where it ends), once each. The edge before a number belongs to the match."""
    places: set[tuple[int, int]] = set()
    for pattern, start, end in matches:
        if pattern == _HINTED.number:
            places.add(((end if data[end - 1 : end].isdigit() else end - 1) - 4, pattern))
            continue
        first = data[start : start + 1]
        begin = start if first.isdigit() or (start == 0 and first.isalnum()) else start + 1
        places.add((begin, pattern))
    return sorted(places)


def _halves(data: bytes, begin: int) -> Candidate | None:
    """Four digits that a phrase calls the last four, and the birth date nearest to them."""
    serial = data[begin : begin + 4].decode("ascii")
    before = list(_DATE.finditer(data, max(0, begin - _REACH), begin))
    after = _DATE.search(data, begin + 4, begin + 4 + _REACH)
    for match in (*reversed(before), *([after] if after else [])):
        digits = _date_digits(match) + serial
        if digits[:6].isdigit() and birth_date(digits) is not None:
            return Candidate(begin, begin + 4, digits, ("form.halves",))
    return None


def _date_digits(match: re.Match[bytes]) -> str:
    month = match["month"]
    number = int(month) if month else _MONTHS.index(match["word"][:3].lower().decode("ascii")) + 1
    return f"{int(match['day']):02}{number:02}{match['year'][-2:].decode('ascii')}"


def _is_possible(digits: str, today: datetime.date) -> bool:
    if digits[6:] == "0000":
        return False
    born = birth_date(digits)
    return born is not None and born <= today
