"""How dates are written in folded text, as patterns: the parts of numbers that begin with a birth date."""

from __future__ import annotations

import re

GAP = rb"[^0-9A-Za-z\x80-\xff]{0,6}"
SERIAL_GAP = rb"(?:" + GAP + rb"|[ \-]{0,3}\n {1,40}-? ?| ?- ?\n[\n ]{1,40})"
"""Between date and serial; the rest may stand on the next line, set in, or behind a hyphen some lines below."""
INNER = rb"[^0-9A-Za-z\x80-\xff]{0,3}"
DAY = rb"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
MONTH = rb"(?:0[1-9]|1[0-2])"
YEAR = rb"(?:(?:18|19|20)[0-9][0-9]|[0-9][0-9])"
LOOSE_DAY = rb"(?:0?[1-9]|[12][0-9]|3[01])"
LOOSE_MONTH = rb"(?:0?[1-9]|1[0-2])"
LOOSE_GAP = rb" ?[./\-] ?"
LOOSE_YEAR_GAP = rb"(?: ?[./\-] ?'?| '?)"
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_ENGLISH = {"may": "maj", "oct": "okt"}
MONTH_WORD = rb"(?:jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[kc]t|nov|dec)[a-z]{0,6}"
_TO_MONTH = rb"(?:[. \-]{1,2}|(?:st|nd|rd|th)(?: of)? )"
MONTH_NAMED = _TO_MONTH + MONTH_WORD
LOOSE_DATE = (
    rb"(?P<day>" + LOOSE_DAY + rb")(?:(?P<gap1>" + LOOSE_GAP + rb")(?P<month>" + LOOSE_MONTH + rb")"
    rb"|" + _TO_MONTH + rb"(?P<word>" + MONTH_WORD + rb"))(?P<gap2>" + LOOSE_YEAR_GAP + rb")(?P<year>" + YEAR + rb")"
)
ANY_DATE = re.compile(
    rb"(?<![0-9])(?:(?P<iso>(?:18|19|20)[0-9]{2}(?P<mark>[-./])"
    + MONTH
    + rb"(?P=mark)"
    + DAY
    + rb")|(?P<day>"
    + DAY
    + rb"|[1-9])(?:[-./ ]{0,3}|(?:st|nd|rd|th)(?: of)? )(?:(?P<month>"
    + MONTH
    + rb"|[1-9])|(?P<word>"
    + MONTH_WORD
    + rb"))[-./ ']{0,3}(?P<year>"
    + YEAR
    + rb"))(?![0-9])",
    re.IGNORECASE,
)
"""A date by itself, as exactly or loosely as people write one, or as machines do, from the year on."""
MONTH_FIRST = re.compile(
    rb"(?<![a-z])(?P<word>"
    + MONTH_WORD
    + rb") (?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?,? (?P<year>(?:19|20)[0-9]{2})(?![0-9])",
    re.IGNORECASE,
)
"""As the English write it: `December 13, 2022`."""
EDGE = rb"(?:^|[^0-9])"
WORD_EDGE = rb"(?:^|[^0-9A-Za-z\x80-\xff])"


def date_digits(match: re.Match[bytes]) -> str:
    """DDMMYY of a date matched by `LOOSE_DATE` or its like: groups day, month or word, year."""
    month = match["month"]
    number = int(month) if month else month_number(match["word"])
    return f"{int(match['day']):02}{number:02}{match['year'][-2:].decode('ascii')}"


def any_date_digits(match: re.Match[bytes]) -> str:
    """DDMMYY of a date matched by `ANY_DATE`."""
    iso = match["iso"]
    return (iso[8:10] + iso[5:7] + iso[2:4]).decode("ascii") if iso else date_digits(match)


def month_first(match: re.Match[bytes]) -> str:
    """DDMMYY of a date matched by `MONTH_FIRST`."""
    return f"{int(match['day']):02}{month_number(match['word']):02}{match['year'][-2:].decode('ascii')}"


def month_number(word: bytes) -> int:
    """Which month a word of `MONTH_WORD` is, from 1."""
    month = word[:3].lower().decode("ascii")
    return _MONTHS.index(_ENGLISH.get(month, month)) + 1
