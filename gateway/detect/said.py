"""Numbers and dates in Danish words, digits in English ones too: `nul`, `syvogtyve`, `den tredje maj nulsyv`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.detect.dates import MONTH_WORD, month_number

_UNITS = ("nul", "en", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni")
_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ti", "elleve", "tolv", "tretten", "fjorten", "femten", "seksten", "sytten", "atten", "nitten")
_TENS = {"tyve": 2, "tredive": 3, "fyrre": 4, "halvtreds": 5, "tres": 6, "halvfjerds": 7, "firs": 8, "halvfems": 9}
_ORDINALS = (
    "første", "anden", "tredje", "fjerde", "femte", "sjette", "syvende", "ottende", "niende", "tiende",
    "ellevte", "tolvte", "trettende", "fjortende", "femtende", "sekstende", "syttende", "attende", "nittende",
    "tyvende", "enogtyvende", "toogtyvende", "treogtyvende", "fireogtyvende", "femogtyvende", "seksogtyvende",
    "syvogtyvende", "otteogtyvende", "niogtyvende", "tredivte", "enogtredivte",
)  # fmt: skip


def _number_words() -> dict[bytes, str]:
    words = {word: str(value) for value, word in enumerate(_UNITS)}
    words |= {word: str(value) for value, word in enumerate(_ENGLISH)}
    words |= {"et": "1", "én": "1", "ét": "1", "nuller": "0"}
    words |= {word: str(10 + value) for value, word in enumerate(_TEENS)}
    for word, ten in _TENS.items():
        words[word] = f"{ten}0"
        words |= {f"{unit}og{word}": f"{ten}{value}" for value, unit in enumerate(_UNITS) if value}
    return {word.encode(): digits for word, digits in words.items()}


SAID_NUMBERS = _number_words()
"""What each number word says, as digits: one for those under ten, else two."""


def _any_of(words: Iterable[bytes]) -> bytes:
    """A pattern for one of these words, longer ones first."""
    longest_first: list[bytes] = sorted(words, key=len, reverse=True)
    return b"|".join(longest_first)


ONE_NUMBER = b"(?:" + _any_of(SAID_NUMBERS) + b")"
"""One number word, as a pattern."""
COMPOUND_END = b"og(?:" + _any_of(word.encode() for word in _TENS) + b")"
"""How a number from 21 on ends."""
_LARGER = b"(?:" + _any_of(word for word, said in SAID_NUMBERS.items() if "3" <= said <= "9" and len(said) == 1) + b")"
TWO_DIGITS = _LARGER + b",? " + _LARGER
"""Two digits from three on, one after the other."""

_DAYS = {word.encode(): number for number, word in enumerate(_ORDINALS, 1)}
_CENTURY = rb"(?:(?:nitten ?hundrede?|to ?tusind(?:e|er)?)(?: ?og)? ?)?"
_YEAR_SAID = rb"(?:nul ?)?(?P<year>" + ONE_NUMBER + rb"|(?:19|20)?[0-9]{2})(?![a-z0-9\x80-\xff])"
_FROM_MONTH = re.compile(rb" (?P<month>" + MONTH_WORD + rb")\.? " + _CENTURY + _YEAR_SAID, re.IGNORECASE)
_DAY_BEFORE = re.compile(
    rb"(?<![a-z0-9\x80-\xff])(?:(?P<day>" + _any_of(_DAYS) + rb")|(?P<number>[0-3]?[0-9])\.?)\Z", re.IGNORECASE
)
_LONGEST_DAY = max(map(len, _DAYS)) + 1


def dates_in_words(data: bytes, low: int, high: int) -> Iterator[tuple[int, str]]:
    """Where a date that is said in words stands in this stretch, and its DDMMYY."""
    for match in _FROM_MONTH.finditer(data, low, high):
        before = data[max(low, match.start() - _LONGEST_DAY) : match.start()]
        said = _DAY_BEFORE.search(before)
        if said is None:
            continue
        day = int(said["number"]) if said["number"] else _DAYS[said["day"].lower()]
        year = SAID_NUMBERS.get(match["year"].lower(), match["year"][-2:].decode("ascii")).zfill(2)
        if len(year) == 2 and 1 <= day <= 31:
            yield match.start(), f"{day:02}{month_number(match['month']):02}{year}"
