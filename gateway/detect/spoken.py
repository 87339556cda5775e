"""Numbers that are said: in words, with words between the halves, or in two places ("de sidste fire")."""

from __future__ import annotations

import re

from gateway.detect.dates import (
    DAY,
    EDGE,
    LOOSE_DATE,
    LOOSE_DAY,
    LOOSE_GAP,
    LOOSE_MONTH,
    LOOSE_YEAR_GAP,
    MONTH,
    MONTH_NAMED,
    MONTH_WORD,
    WORD_EDGE,
    YEAR,
    date_digits,
)
from gateway.detect.number import birth_date
from gateway.detect.written import Candidate, Shape

_SAID = (
    rb"(?:[ ,]{1,3}(?:og|s\xc3[\xa5\x85]|derefter|efterfulgt|af|plus|samt|med|til|sidste?|slut|slutter|ender"
    rb"|streg|bindestreg|minus|mellemrum|skr\xc3[\xa5\x85]streg|cpr|nr|er|resten)){1,4}[ ,:]{1,3}"
)
"""What people say between the halves: `150322 streg 6239`, `150322 og så 6239`."""
_UNITS = ("nul", "en", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni")
_TEENS = ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten")
_TENS = {"tyve": 2, "tredive": 3, "fyrre": 4, "halvtreds": 5, "tres": 6, "halvfjerds": 7, "firs": 8, "halvfems": 9}


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
_LOOSE_SAID = re.compile(LOOSE_DATE + _SAID + rb"(?P<serial>[0-9]{4})(?![0-9])", re.IGNORECASE)
_SAID_BETWEEN = re.compile(
    rb"(?P<date>" + DAY + MONTH + rb"[0-9]{2})" + _SAID + rb"(?P<serial>[0-9]{4})(?![0-9])", re.IGNORECASE
)
_SPELLED = re.compile(rb"(?<![A-Za-z\x80-\xff])" + _WORD + rb"(?![a-z\x80-\xff])", re.IGNORECASE)
SPELLED_REACH = 160
_WORD_GAP_ONLY = re.compile(_WORD_GAP)
_SERIAL_HINT = (
    rb"(?:de sidste|sidste (?:fire|4)|(?:fire|4) sidste|l(?:\xc3[\xb8\x98]|oe)be ?(?:nr|nummer)|sidste cifre"
    rb"|slutter p|ender p|endecifre|endelse|kontrolcifre|resten er|de (?:fire|4) cifre|efterf\xc3\xb8lgende (?:fire|4))"
)
_DATE = re.compile(
    rb"(?<![0-9])(?P<day>"
    + DAY
    + rb"|[1-9])[-./ ]{0,3}(?:(?P<month>"
    + MONTH
    + rb"|[1-9])|(?P<word>"
    + MONTH_WORD
    + rb"))[-./ ']{0,3}(?P<year>"
    + YEAR
    + rb")(?![0-9])",
    re.IGNORECASE,
)
_REACH = 300
"""How far from the last four their birth date may stand."""
_LAST_FOUR = re.compile(rb"([0-9]{2})[ .\-]?([0-9]{2})")


def _loose_said(data: bytes, start: int) -> Candidate | None:
    """Such a date, and words such as `streg` before the serial."""
    match = _LOOSE_SAID.match(data, start)
    if match is None:
        return None
    digits = date_digits(match) + match["serial"].decode("ascii")
    return Candidate(start, match.end(), digits, ("form.halves",))


def _said(data: bytes, start: int) -> Candidate | None:
    """Date and serial with words such as `streg` between them."""
    match = _SAID_BETWEEN.match(data, start)
    if match is None:
        return None
    digits = (match["date"] + match["serial"]).decode("ascii")
    return Candidate(start, match.end(), digits, ("form.halves",))


def spelled(data: bytes, start: int) -> Candidate | None:
    """Ten digits in words, one by one or in pairs, around a `nul`: nearly every number has a nought."""
    begin = end = max(0, start - SPELLED_REACH)
    digits = ""
    for match in _SPELLED.finditer(data, begin, start + 2 * SPELLED_REACH):
        if not digits or not _WORD_GAP_ONLY.fullmatch(data, end, match.start()):
            if len(digits) == 10:
                break
            begin, digits = match.start(), ""
        digits += _WORDS[match.group().lower()]
        end = match.end()
    return Candidate(begin, end, digits, ("form.words",)) if len(digits) == 10 else None


def halves(data: bytes, begin: int) -> Candidate | None:
    """Four digits that a phrase calls the last four, perhaps in pairs, and the birth date nearest to them."""
    written = _LAST_FOUR.match(data, begin)
    if written is None:
        return None
    serial = (written[1] + written[2]).decode("ascii")
    before = list(_DATE.finditer(data, max(0, begin - _REACH), begin))
    after = _DATE.search(data, written.end(), written.end() + _REACH)
    for match in (*reversed(before), *([after] if after else [])):
        digits = date_digits(match) + serial
        if digits[:6].isdigit() and birth_date(digits) is not None:
            return Candidate(begin, written.end(), digits, ("form.halves",))
    return None


def start_of_last_four(data: bytes, end: int) -> int:
    """Where the four digits begin that a match of `HINTED` ends with; one character more may belong to the match."""
    last = end if data[end - 1 : end].isdigit() else end - 1
    return last - (4 if data[last - 3 : last].isdigit() else 5)


HINTED: Shape = (
    _SERIAL_HINT + rb"[^0-9]{0,50}[^0-9][0-9]{2}[ .\-]?[0-9]{2}(?:$|[^0-9/\-])",
    halves,
)
"""Matches where the last four end, not where the number begins."""

SPOKEN: list[Shape] = [
    (EDGE + DAY + MONTH + rb"[0-9]{2}" + _SAID + rb"[0-9]{4}(?:$|[^0-9])", _said),
    (WORD_EDGE + rb"nul" + _WORD_GAP + _WORD, spelled),
    (
        EDGE
        + LOOSE_DAY
        + rb"(?:"
        + LOOSE_GAP
        + LOOSE_MONTH
        + rb"|"
        + MONTH_NAMED
        + rb")"
        + LOOSE_YEAR_GAP
        + YEAR
        + _SAID
        + rb"[0-9]{4}(?:$|[^0-9])",
        _loose_said,
    ),
]
