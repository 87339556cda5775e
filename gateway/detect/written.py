"""Numbers written in digits: each shape that the engine looks for, and the function that reads it there.

Shapes only; the calendar and `cpr` judge them. A new way of writing a number is one line in `WRITTEN` and one function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.detect.dates import (
    DAY,
    EDGE,
    GAP,
    INNER,
    LOOSE_DATE,
    LOOSE_DAY,
    LOOSE_GAP,
    LOOSE_MONTH,
    LOOSE_YEAR_GAP,
    MONTH,
    MONTH_NAMED,
    SERIAL_GAP,
    WORD_EDGE,
    YEAR,
    date_digits,
)

_NOT_DIGIT = re.compile(rb"[^0-9]+")
_A_DIGIT = re.compile(rb"[0-9]")
_LIKE_DIGITS = bytes.maketrans(b"OoIiLl|SsBZz", b"001111155822")
_LIKE_BY_LOOKS = rb"[0-9OoIlSBZ]"
_LIKE_LETTER = rb"[OoIiLl|SsBZz]"
_LIKE = rb"[0-9OoIiLl|SsBZz]"
_LIKE_GAP = rb"[ ./_\-]{0,3}"
_IN_ONE_RUN = ("form.plain",)
_LOOSE_SERIAL_GAP = rb"[^0-9A-Za-z\x80-\xff]{1,6}"
_GROUPED = re.compile(
    rb"(?P<day>" + DAY + rb")(?P<gap1>" + GAP + rb")(?P<month>" + MONTH + rb")(?P<gap2>" + GAP + rb")"
    rb"(?P<year>" + YEAR + rb")(?P<gap3>" + SERIAL_GAP + rb")(?P<serial>[0-9][0-9]" + INNER + rb"[0-9][0-9])(?![0-9])"
)
_LOOSE = re.compile(
    LOOSE_DATE + rb"(?P<gap3>" + _LOOSE_SERIAL_GAP + rb")(?P<serial>[0-9][0-9]" + INNER + rb"[0-9][0-9])(?![0-9])",
    re.IGNORECASE,
)
_IN_A_ROW = re.compile(rb"[0-9]{2}[ \t]{1,3}\Z")
"""A row of numbers of two digits each, as of a table, begins before."""
_RUNNING_ON = re.compile(rb"[0-9][-/.:]\Z")
_BY_ITSELF = rb"(?:[^0-9A-Za-z\x80-\xff]{1,3}[0-9])"
_SPACED_GROUPS = _BY_ITSELF + rb"{5}[^0-9A-Za-z\x80-\xff]{1,9}[0-9]" + _BY_ITSELF + rb"{3}"
"""Each digit by itself, in boxes too: `1 5 0 3 2 2 - 6 2 3 9`, `| 2 | 2 | - | 6 |`."""
_SPACED = re.compile(rb"[0-9]" + _SPACED_GROUPS + rb"(?![^0-9A-Za-z\x80-\xff]{0,2}[0-9])")
_THOUSANDS = tuple(
    rb"(?:[0-3]" + mark + rb"[0-9]" + MONTH + rb"|[1-9]" + MONTH + rb")" + mark + rb"[0-9]{3}" + mark + rb"[0-9]{3}"
    for mark in (rb"\.", rb",", rb" ", rb"'")
)
_ODD_SERIAL = (
    DAY + MONTH + rb"[0-9]{2}[^0-9A-Za-z\x80-\xff]{1,6}"
    rb"(?:[0-9](?:[ .\-][0-9]){3}|[0-9][ .\-][0-9]{3}|[0-9]{3}[ .\-][0-9])"
)
_FAR_SERIAL = DAY + MONTH + rb"[0-9]{2}(?: {7,24}| ?[-_.=]{5,24} ?)[0-9]{4}"
_MISPLACED = DAY + MONTH + rb"(?:[ \-][0-9]{6}|[0-9](?:[ \-][0-9]{5}|[0-9]{2}[ \-][0-9]{3}))"
_LETTERS_BETWEEN = DAY + rb"(?:[A-Za-z]" + MONTH + rb"[A-Za-z]|" + MONTH + rb")[0-9]{2}[A-Za-z][0-9]{4}"
_SCATTERED = rb"[0-3](?: ?[0-9]){5} ?- ?[0-9](?: ?[0-9]){3}"
_ODD_GROUPS = (
    rb"(?:[0-9]{3}\)?[ .\-\n][0-9]{3}(?:[ .\-]| - )[0-9]{2} ?[0-9]{2}|"
    + _MISPLACED
    + rb"|"
    + _ODD_SERIAL
    + rb"|"
    + _FAR_SERIAL
    + rb"|"
    + _LETTERS_BETWEEN
    + rb"|"
    + DAY
    + MONTH
    + rb" [0-9]{3} [0-9]{3}|"
    + _SCATTERED
    + rb"|"
    + rb"|".join(_THOUSANDS)
    + rb")"
)
_ODD = re.compile(_ODD_GROUPS + rb"(?!(?!,00(?![0-9]))[.,' ]?[0-9])")
_YEAR_FIRST = re.compile(
    rb"(?:19|20)(?P<year>[0-9]{2})[-./]?(?P<month>"
    + MONTH
    + rb")[-./]?(?P<day>"
    + DAY
    + rb")-(?P<serial>[0-9]{4})(?![0-9-])"
)
_NEXT_MESSAGE = re.compile(
    rb"(?P<date>" + DAY + MONTH + rb"[0-9]{2})[ .,]{0,3}\n(?P<before>[^\n]{0,40}[:>\]=|] {0,2})(?P<serial>[0-9]{4})"
    rb"(?=[ .,]{0,3}(?:\n|\Z))"
)
_LAST_OF_IT = re.compile(
    rb"(?:cpr|person|pnr|kontrol|sidste|slut|l\xc3\xb8be|last)[a-z0-9_. \-]{0,24}[:=] {0,2}\Z", re.IGNORECASE
)
_WIDEST = 200
"""How long a row of a drawn table may be."""
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_SLIP = re.compile(rb"(?P<six>" + DAY + MONTH + rb"[0-9]{2})-(?P<others>[0-9]{3}|[0-9]{5})(?![0-9/-]|[.,][0-9])")
_NINE = re.compile(rb"[1-9]" + MONTH + rb"[0-9]{2}[ -]?[0-9]{4}(?![0-9])")
_LOOKALIKE = re.compile(
    rb"(?P<date>" + _LIKE + rb"{6})[ ./_-]{0,3}(?P<serial>" + _LIKE + rb"{4})(?![0-9A-Za-z\x80-\xff])"
)
_HEALTH = re.compile(rb"(?P<date>[0-9]{6})[ -]{0,3}(?P<serial>[01567][A-Z]{2}[0-9])(?![0-9A-Za-z])")


_AMOUNT = re.compile(
    rb" ?(?:kr\b(?!\.? ?[0-9])|kroner|dkk|eur\b|,-|:-(?![)(DPp])|stk\b|[cmk]m\b|m[23]\b|kwh\b|kg\b|px\b|%)",
    re.IGNORECASE,
)


class Candidate(NamedTuple):
    """A possible CPR number: where it stands, its ten characters, how it is written."""

    start: int
    end: int
    digits: str
    form: tuple[str, ...]


Shape = tuple[bytes, Callable[[bytes, int], Candidate | None]]
"""A pattern for the engine, and what reads the number where it matched."""


def is_amount(data: bytes, end: int) -> bool:
    """Whether what ends here is a sum or a measure: `06.05.21 1200 kr.`"""
    return _AMOUNT.match(data, end) is not None


def grouped(data: bytes, start: int) -> Candidate | None:
    run = data[start : start + 11]
    if run[:10].isdigit() and not run[10:].isdigit():
        return Candidate(start, start + 10, run[:10].decode("ascii"), _IN_ONE_RUN) if len(run) >= 10 else None
    match = _GROUPED.match(data, start)
    if match is None or (match["gap1"] and _RUNNING_ON.search(data, max(0, start - 2), start)):
        return None
    if match["gap1"].isspace() and match["gap2"].isspace() and _IN_A_ROW.search(data, max(0, start - 6), start):
        return None
    if b":" in match["serial"] or (match["gap2"] and is_amount(data, match.end())):
        return None  # a time of day, a sum behind a date
    if _goes_on(match, data):
        return None
    serial = _NOT_DIGIT.sub(b"", match["serial"])
    digits = (match["day"] + match["month"] + match["year"][-2:] + serial).decode("ascii")
    return Candidate(start, match.end(), digits, tuple(_forms(match)))


def _goes_on(match: re.Match[bytes], data: bytes) -> bool:
    """Whether what looks like the serial begins an interval or is the next date: `0830-0900`, `19-03-26`."""
    mark = data[match.end() : match.end() + 1]
    is_range = mark == b"-" and b"\n" in match["gap3"]
    is_date = mark in (b"-", b".", b"/") and match["serial"][2:-2] == mark
    return (is_range or is_date) and data[match.end() + 1 : match.end() + 3].isdigit()


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
    if len(match["serial"]) > 4 and not _in_even_pairs(match):
        yield "form.split"


def _in_even_pairs(match: re.Match[bytes]) -> bool:
    """Whether the whole number is said in pairs, as over the telephone: `15 03 22 62 39`."""
    gap = match["gap3"]
    return bool(gap) and match["gap1"] == gap == match["gap2"] and match["serial"][2:-2] == gap


def _loose(data: bytes, start: int) -> Candidate | None:
    """A date as people write it, day or month without its nought: `5/3-22 6239`."""
    match = _LOOSE.match(data, start)
    if match is None or _RUNNING_ON.search(data, max(0, start - 2), start) or b":" in match["serial"]:
        return None
    if is_amount(data, match.end()) or _goes_on(match, data):
        return None
    digits = date_digits(match) + _NOT_DIGIT.sub(b"", match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, tuple(_forms(match)))


def _spaced(data: bytes, start: int) -> Candidate | None:
    match = _SPACED.match(data, start)
    if match is None:
        return None
    return Candidate(start, match.end(), _NOT_DIGIT.sub(b"", match.group()).decode("ascii"), ("form.spaced",))


def _odd(data: bytes, start: int) -> Candidate | None:
    """Ten digits in groups no date has (`150 322 6239`, `15032-26239`), or nine and thousands marked: `503.226.239`."""
    match = _ODD.match(data, start)
    if match is None:
        return None
    digits = _NOT_DIGIT.sub(b"", match.group()).decode("ascii").rjust(10, "0")
    return Candidate(start, match.end(), digits, ("form.odd",))


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


def _in_two_messages(data: bytes, start: int) -> Candidate | None:
    """The halves at the end of two lines that begin alike, as one person's messages do, or of one form's fields."""
    match = _NEXT_MESSAGE.match(data, start)
    if match is None:
        return None
    first = data[data.rfind(b"\n", max(0, start - 60), start) + 1 : start]
    if not (_begin_alike(first, match["before"]) or _LAST_OF_IT.search(match["before"])):
        return None
    digits = (match["date"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.halves",))


def _in_one_cell(data: bytes, start: int) -> Candidate | None:
    """A number on two lines of one cell of a table that is drawn with bars."""
    row = data.rfind(b"\n", max(0, start - _WIDEST), start) + 1
    end = data.find(b"\n", start, start + _WIDEST)
    cells = data[end + 1 : end + 1 + _WIDEST].split(b"\n", 1)[0].split(b"|") if end >= 0 else []
    column = data.count(b"|", row, start)
    four = cells[column].strip() if column < len(cells) else b""
    if not column or len(four) != 4 or not four.isdigit():
        return None
    digits = (data[start : start + 6] + four).decode("ascii")
    return Candidate(start, start + 7, digits, ("form.hyphen",))


def _begin_alike(one: bytes, other: bytes) -> bool:
    """Whether two lines begin the same, but for the digits of their times."""
    return bool(one.strip()) and one.translate(_DIGITS_ALIKE).strip() == other.translate(_DIGITS_ALIKE).strip()


def _slip(data: bytes, start: int) -> Candidate | None:
    """A digit too few after the hyphen, or one too many: somebody's number all the same, to who knows his birthday."""
    match = _SLIP.match(data, start)
    if match is None:
        return None
    digits = (match["six"] + match["others"]).decode("ascii")
    return Candidate(start, match.end(), digits[:10].ljust(10, "?"), ("form.slip",))


def lookalike(data: bytes, start: int) -> Candidate | None:
    """Letters that look like digits: O for 0, l for 1.

    At least five of the ten are digits, and one of the last four: `070620|Lis` is a date and a name.
    """
    match = _LOOKALIKE.match(data, start)
    if match is None:
        return None
    written = match["date"] + match["serial"]
    if written.isdigit() or sum(byte in b"0123456789" for byte in written) < 5 or not _A_DIGIT.search(match["serial"]):
        return None
    digits = written.translate(_LIKE_DIGITS).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.lookalike",)) if digits.isdigit() else None


def _disguised(data: bytes, start: int) -> Candidate | None:
    """Letters for digits in what is written as a CPR number else, with its hyphen: `llO3O7-O48O`."""
    written = data[start : start + 11]
    digits = written.translate(_LIKE_DIGITS).replace(b"-", b"").decode("ascii", "replace")
    if sum(byte in b"0123456789" for byte in written) < 3 or written[:6].isdigit() or not digits.isdigit():
        return None
    return Candidate(start, start + 11, digits, ("form.disguised",))


def _health(data: bytes, start: int) -> Candidate | None:
    """The health service's replacement number: two letters in the serial."""
    match = _HEALTH.match(data, start)
    if match is None:
        return None
    digits = (match["date"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.health",))


def _mixed() -> bytes:
    """Ten digits and letters like digits, at least one of each among them: the first letter in each place in turn."""
    letter_first = _LIKE_LETTER + rb"[0-9]" + _LIKE * 4 + _LIKE_GAP + _LIKE * 4
    others = (
        b"".join(cells[:6]) + _LIKE_GAP + b"".join(cells[6:])
        for place in range(1, 10)
        for cells in [[rb"[0-9]"] * place + [_LIKE_LETTER] + [_LIKE] * (9 - place)]
    )
    return b"(?:" + b"|".join((letter_first, *others)) + b")"


WRITTEN: list[Shape] = [
    (EDGE + DAY + GAP + MONTH + GAP + YEAR + SERIAL_GAP + rb"[0-9][0-9]" + INNER + rb"[0-9]", grouped),
    (EDGE + rb"[0-36-9]" + _SPACED_GROUPS, _spaced),
    (EDGE + rb"[1-9]" + MONTH + rb"[0-9]{2}[ \-]?[0-9]{4}(?:$|[^0-9])", _nine),
    (WORD_EDGE + _LIKE_BY_LOOKS + rb"{6}-" + _LIKE_BY_LOOKS + rb"{4}(?:$|[^0-9A-Za-z\x80-\xff])", _disguised),
    (WORD_EDGE + _mixed() + rb"(?:$|[^0-9A-Za-z\x80-\xff])", lookalike),
    (EDGE + DAY + MONTH + rb"[0-9]{2}[ \-]{0,3}[01567][A-Z]{2}[0-9](?:$|[^0-9A-Za-z])", _health),
    (
        EDGE
        + rb"(?:[1-9]"
        + LOOSE_GAP
        + LOOSE_MONTH
        + rb"|"
        + LOOSE_DAY
        + rb"(?:"
        + LOOSE_GAP
        + rb"[1-9]|"
        + MONTH_NAMED
        + rb"))"
        + LOOSE_YEAR_GAP
        + YEAR
        + _LOOSE_SERIAL_GAP
        + rb"[0-9][0-9]"
        + INNER
        + rb"[0-9]",
        _loose,
    ),
    (EDGE + _ODD_GROUPS + rb"(?:$|[^0-9])", _odd),
    (EDGE + DAY + MONTH + rb"[0-9]{2}[ .,]{0,3}\n[^\n]{0,40}[:>\]=|] {0,2}[0-9]{4}(?:$|[ .,\n])", _in_two_messages),
    (EDGE + DAY + MONTH + rb"[0-9]{2}- {0,8}\|", _in_one_cell),
    (EDGE + DAY + MONTH + rb"[0-9]{2}-(?:[0-9]{3}|[0-9]{5})(?:$|[^0-9])", _slip),
    (EDGE + rb"(?:19|20)[0-9]{2}[\-./]?" + MONTH + rb"[\-./]?" + DAY + rb"-[0-9]{4}(?:$|[^0-9\-])", _year_first),
]
