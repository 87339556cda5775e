"""Numbers that are said: in words, with words between the halves, or in two places ("de sidste fire")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detect.dates import (
    ANY_DATE,
    DAY,
    EDGE,
    LOOSE_DATE,
    LOOSE_DAY,
    LOOSE_GAP,
    LOOSE_MONTH,
    LOOSE_YEAR_GAP,
    MONTH,
    MONTH_FIRST,
    MONTH_NAMED,
    WORD_EDGE,
    YEAR,
    any_date_digits,
    date_digits,
    month_first,
)
from gateway.detect.number import birth_date
from gateway.detect.said import COMPOUND_END, ONE_NUMBER, SAID_NUMBERS, TWO_DIGITS, dates_in_words
from gateway.detect.written import Candidate, Shape, is_amount

_APART = rb"[^0-9A-Za-z\x80-\xff]{1,4}"
_JOINING = (
    rb"[ ,.;:\n()\-]{1,3}(?:og|s\xc3[\xa5\x85]|derefter|efterfulgt|efter|af|plus|samt|med|til|sidste?|slut|slutter"
    rb"|ender|(?:en )?(?:binde)?streg(?:en)?|minus|mellemrum|skr\xc3[\xa5\x85]streg|cpr|nr|er|resten|bagefter|kommer"
    rb"|kontrol[a-z]{0,8}|kode|and|then|dash|hyphen)"
)
_SAID = rb"(?:" + _JOINING + rb"){1,4}" + _APART
"""What people say between the halves: `150322 streg 6239`, `150322 og så 6239`."""
_THEN = rb"(?:(?:og )?(?:s\xc3\xa5|derefter|dern\xc3\xa6st|til sidst|(?:en )?(?:binde)?streg|then|dash|hyphen)|og)"
_WORD_GAP = rb"[ ,.\-\n]{1,4}(?:" + _THEN + rb"[ ,.:]{1,3}){0,3}"
_IN_DIGITS = rb"[0-9](?:(?:[ .,\-]{0,3}| og )[0-9]){3}"
_LAST_FOUR = re.compile(rb"[0-9]{4}(?![0-9/\-])|" + _IN_DIGITS + rb"(?![ .,\-]{0,3}[0-9])")
_SPELLED = re.compile(
    rb"(?<![A-Za-z\x80-\xff])(?!en (?:binde)?streg)" + ONE_NUMBER + rb"(?![a-z\x80-\xff])", re.IGNORECASE
)
SPELLED_REACH = 160
_WORD_GAP_ONLY = re.compile(_WORD_GAP, re.IGNORECASE)
_TIME_BEFORE = re.compile(rb"\bkl(?:okken)?\.? ?\Z", re.IGNORECASE)
_CLOSE_GAP = rb"[-./ ]{0,2}"
_CLOSE_DATE = DAY + _CLOSE_GAP + MONTH + _CLOSE_GAP + rb"[0-9]{2}"
_DATE_SAID = re.compile(rb"(?:(?P<close>" + _CLOSE_DATE + rb")|" + LOOSE_DATE + rb")" + _SAID, re.IGNORECASE)
_LAST = rb"(?:sidste|bagerste|sista|siste)"
_FOUR_SAID = rb"(?:fire|fyra|4)"
_NUMERALS = rb"(?:cifre|cifrene|tal|tallene|siffror|siffrorna|sifre|sifrene)"
_NAMED = (
    rb"(?:"
    + _LAST
    + rb" (?:"
    + _FOUR_SAID
    + rb"|"
    + _NUMERALS
    + rb")|"
    + _FOUR_SAID
    + rb" (?:"
    + _LAST
    + rb"|"
    + _NUMERALS
    + rb")"
    rb"|l(?:\xc3[\xb8\x98]|oe)be ?(?:nr|nummer)|endecifre|endetal|firtal|slutcifre|endelse|kontrolcifre|resten"
    rb"|(?:sidste|anden) halvdel|de manglende|de (?:andre|\xc3[\xb8\x98]vrige) (?:fire|4|" + _NUMERALS + rb")"
    rb"|efter (?:binde)?streg|efterf\xc3\xb8lgende (?:fire|4)|(?:last|final)[ _\-]?(?:four|4)"
    rb"|cpr[ _.\-]?(?:suffix|slut|endelse|last|serial))[a-z\x80-\xff]{0,4}"
)
"""Names of the last four: they may come some words later."""
_LEADING = (
    rb"(?:(?:slutter|ender)(?: det| den| nummeret)?"
    rb" (?:p\xc3[\xa5\x85]|med|i)|(?:de sidste|sidste del|slutningen|enden)(?: er)?"
    rb"|end(?:s|ing) (?:in|with))"
)
"""So ends much else: here the last four come at once."""
_HINT_TO_DIGITS = re.compile(
    rb"(?:" + _NAMED + rb"(?:(?![.!]\s+(?-i:[A-Z]))[^0-9]){0,50}[^0-9]|" + _LEADING + _APART + rb")(?=[0-9])",
    re.IGNORECASE,
)
_HINT_TO_WORDS = re.compile(
    _NAMED
    + rb"(?:"
    + _APART
    + rb"(?:er|i|cpr|nummeret|digits|"
    + _NUMERALS
    + rb")){0,3}"
    + _APART
    + rb"(?="
    + ONE_NUMBER
    + rb")",
    re.IGNORECASE,
)
_ASKED = re.compile(rb"[^0-9?]{0,60}\?")
_ANSWER = re.compile(rb"(?:\A|\n)[^0-9\n]{0,24}(?P<four>[0-9]{4})(?![0-9])[^0-9\n]{0,16}\n")
"""A line that says four digits and hardly more: what was asked for in the mail below."""
_NOT_DIGIT = re.compile(rb"[^0-9]+")
_MASKED = DAY + MONTH + rb"[0-9]{2}[ \-]{0,3}[xX*]{4}"
_MASK = re.compile(_MASKED)
_TOLD = re.compile(
    rb"(?:(?P<date>[0-9]{6})|[xX*]{4}|(?i:stjerne|kryds|stars?\b|resten|de fire))[^0-9]{1,30}"
    rb"(?P<four>[0-9]{4})(?![0-9])"
)
_MASK_REACH = 200
_BACKWARDS = rb"(?:bagfra|bagl\xc3\xa6ns|bagvendt|omvendt|spejlvendt|backwards)"
_WRITTEN_BACKWARDS = re.compile(rb"(?<![0-9])[0-9]{4}[^0-9A-Za-z\x80-\xff]{0,3}[0-9]{6}(?![0-9])")
_BACKWARDS_REACH = 120
_MASKED_DATE = rb"(?:[xX*#?_]{6}[ \-]{0,3})"
_LABELLED_FOUR = (
    rb"(?:cpr|person(?:nummer|nr)|pnr)(?:[ \-]?(?:nr|nummer|no))?[.\"'>]{0,2}[ :=]{1,3}[\"']?"
    + _MASKED_DATE
    + rb"?[0-9]{4}"
)
_LAST_OF_LABEL = re.compile(
    rb"[^0-9xX*#?_]{3,24}(?P<mask>" + _MASKED_DATE + rb")?(?P<four>[0-9]{4})(?![0-9]|[/.,-][0-9]|-[a-z])"
)
_REACH = 300
_FAR = 800
"""How far from the last four their birth date may stand; one that is said to be somebody's, farther off."""
_BORN = re.compile(rb"(?:f(?:\xc3[\xb8\x98]|oe)d(?:t|selsdato|selsdag)|\bborn|birth)[^0-9.!?]{0,24}\Z", re.IGNORECASE)


def _said(data: bytes, start: int) -> Candidate | None:
    """A date with words such as `streg` before the serial."""
    date = _DATE_SAID.match(data, start)
    four = _four(data, date.end()) if date else None
    if date is None or four is None:
        return None
    serial, end = four
    day = _NOT_DIGIT.sub(b"", date["close"]).decode("ascii") if date["close"] else date_digits(date)
    return Candidate(start, end, day + serial, ("form.halves",))


def _four(data: bytes, at: int) -> tuple[str, int] | None:
    """The last four that begin here, and where they end; no amount and no time of day."""
    written = _LAST_FOUR.match(data, at)
    if written is None:
        said, end = _in_words(data, at, 4)
        return (said, end) if len(said) == 4 else None
    if is_amount(data, written.end()) or _TIME_BEFORE.search(data, max(0, at - 10), at):
        return None
    return _NOT_DIGIT.sub(b"", written.group()).decode("ascii"), written.end()


def _in_words(data: bytes, at: int, digits: int) -> tuple[str, int]:
    """The digits that number words say from here on, at most so many, and where the last word ends."""
    said, end = "", at
    word = _SPELLED.match(data, at)
    while word is not None and len(said) < digits:
        said, end = said + SAID_NUMBERS[word.group().lower()], word.end()
        gap = _WORD_GAP_ONLY.match(data, end)
        word = _SPELLED.match(data, gap.end()) if gap else None
    return said, end


def spelled(data: bytes, start: int) -> Candidate | None:
    """Ten digits in words, one by one or in pairs, around a `nul` or two digits from three to nine.

    Nearly every number has one of them. The last four may be digits again: `fireogtyve, nul seks, tyve, og 5-2-4-1`.
    """
    begin = end = max(0, start - SPELLED_REACH)
    digits = ""
    for match in _SPELLED.finditer(data, begin, start + 2 * SPELLED_REACH):
        if not digits or not _WORD_GAP_ONLY.fullmatch(data, end, match.start()):
            if len(digits) == 10:
                break
            begin, digits = match.start(), ""
        digits += SAID_NUMBERS[match.group().lower()]
        end = match.end()
    if len(digits) == 6:
        gap = _WORD_GAP_ONLY.match(data, end)
        serial, end = (_four(data, gap.end()) if gap else None) or ("", end)
        digits += serial
    return Candidate(begin, end, digits, ("form.words",)) if len(digits) == 10 else None


def halves(data: bytes, start: int) -> Candidate | None:
    """Four digits that a phrase calls the last four, or that answer it from above, and the nearest birth date."""
    hint = _HINT_TO_DIGITS.match(data, start) or _HINT_TO_WORDS.match(data, start)
    four = _four(data, hint.end()) if hint else None
    if hint is not None and four is not None:
        begin, (serial, end) = hint.end(), four
        low, high = begin, end
    elif not _ASKED.match(data, start):
        return None
    else:
        answers = list(_ANSWER.finditer(data, max(0, start - _REACH), start))
        if not answers:
            return None
        begin, end, serial = *answers[-1].span("four"), answers[-1]["four"].decode("ascii")
        low = high = start
    for date in _dates_around(data, low, high):
        digits = date + serial
        if digits[:6].isdigit() and birth_date(digits) is not None and date != _read_as_date(serial):
            return Candidate(begin, end, digits, ("form.halves",))
    return None


def _read_as_date(four: str) -> str:
    """What four digits are as a date without its noughts: `1430` as 1 April 1930, which is no date beside itself."""
    return f"0{four[0]}0{four[1]}{four[2:]}"


def _labelled(data: bytes, start: int) -> Candidate | None:
    """Four digits under the name of the whole, `cpr 6239`, and a date that is said to be somebody's birth.

    Where the six before them are masked, `cpr ******-6239`, any date will do.
    """
    match = _LAST_OF_LABEL.match(data, start)
    if match is None:
        return None
    begin, end = match.span("four")
    serial = match["four"].decode("ascii")
    dates = _dates_around(data, start, end) if match["mask"] else _births_around(data, start, end)
    digits = next((date + serial for date in dates if birth_date(date + serial) is not None), "")
    return Candidate(begin, end, digits, ("form.halves",)) if digits else None


def _births_around(data: bytes, begin: int, end: int) -> Iterator[str]:
    """The dates around a place that are said to be somebody's birth, as DDMMYY."""
    for date in ANY_DATE.finditer(data, max(0, begin - _REACH), end + _REACH):
        if _BORN.search(data, max(0, date.start() - 40), date.start()):
            yield any_date_digits(date)


def _dates_around(data: bytes, begin: int, end: int) -> Iterator[str]:
    """The dates before and after a place as DDMMYY: the nearest before it first, then those after it."""
    low, high = max(0, begin - _REACH), end + _REACH
    before = [(match.start(), any_date_digits(match)) for match in ANY_DATE.finditer(data, low, begin)]
    yield from (date for _, date in sorted([*before, *dates_in_words(data, low, begin)], reverse=True))
    far = list(ANY_DATE.finditer(data, max(0, begin - _FAR), low))
    yield from (
        any_date_digits(each) for each in reversed(far) if _BORN.search(data, max(0, each.start() - 40), each.start())
    )
    after = ANY_DATE.search(data, end, high)
    if after:
        yield any_date_digits(after)
    yield from (month_first(date) for date in MONTH_FIRST.finditer(data, low, high))
    yield from (date for _, date in dates_in_words(data, end, high))
    yield from _dates_spelled(data, low, begin)


def _dates_spelled(data: bytes, low: int, high: int) -> Iterator[str]:
    """Six digits that are said in words in this stretch, no more and no fewer: `en-seks nul-seks nul-seks`."""
    end, digits = low, ""
    for word in _SPELLED.finditer(data, low, high):
        if digits and not _WORD_GAP_ONLY.fullmatch(data, end, word.start()):
            if len(digits) == 6:
                yield digits
            digits = ""
        digits += SAID_NUMBERS[word.group().lower()]
        end = word.end()
    if len(digits) == 6:
        yield digits


def masked(data: bytes, start: int) -> Candidate | None:
    """A number that is masked first and told afterwards: `150322-xxxx … 150322 og så 6239`, `hvor xxxx er 6239`."""
    mask = _MASK.match(data, start)
    if mask is None:
        return None
    date = _NOT_DIGIT.sub(b"", mask.group())
    for told in _TOLD.finditer(data, mask.end(), mask.end() + _MASK_REACH):
        if told["date"] in (None, date) and not is_amount(data, told.end()):
            digits = (date + told["four"]).decode("ascii")
            return Candidate(told.start("four"), told.end(), digits, ("form.masked",))
    return None


def backwards(data: bytes, start: int) -> Candidate | None:
    """A number that is to be read from its end, as a word says: `læs det bagfra: 9326-223051`."""
    low, high = max(0, start - _BACKWARDS_REACH), start + _BACKWARDS_REACH
    for match in _WRITTEN_BACKWARDS.finditer(data, low, high):
        digits = _NOT_DIGIT.sub(b"", match.group()).decode("ascii")[::-1]
        if birth_date(digits) is not None:
            return Candidate(match.start(), match.end(), digits, ("form.backwards",))
    return None


HINTED: list[Shape] = [
    (_NAMED, halves),
    (_LEADING + _APART + rb"[0-9]", halves),
    (_LABELLED_FOUR, _labelled),
    (_BACKWARDS, backwards),
    (_MASKED, masked),
]
"""These begin with the phrase, wherever that stands."""

SPOKEN: list[Shape] = [
    (EDGE + _CLOSE_DATE + _JOINING, _said),
    (WORD_EDGE + rb"(?:nul|zero)" + _WORD_GAP + ONE_NUMBER, spelled),
    (WORD_EDGE + TWO_DIGITS + rb"[ ,.]", spelled),
    (COMPOUND_END + rb"[ ,.]{1,2}" + ONE_NUMBER, spelled),
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
        + _JOINING,
        _said,
    ),
]
