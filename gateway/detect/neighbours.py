"""What stands around a candidate: the word it is joined to, a link, a code, a town, a time, the head of its column.

Each question looks at a bounded stretch of text, so that a text full of candidates costs no more than its length.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from gateway.detect.houses import HOUSE
from gateway.detect.written import is_amount

_CAPITAL = rb"(?:[A-Z]|\xc3[\x80-\x9e])"
_NAME = _CAPITAL + rb"(?:[a-z]|\xc3[\xa0-\xbf]){1,20}"
_NAME_BEFORE = re.compile(
    _NAME
    + rb"(?:[ _-](?:"
    + _NAME
    + rb"|[A-Z]\.?)){1,3}(?:[ ,:.]{1,2}(?:[a-z]|\xc3[\xa0-\xbf]){1,10}\.?){0,2}[ \t\n_:,;()|-]{1,12}\Z"
)
_NAMED_NUMBER = re.compile(
    rb"(?P<name>" + _NAME + rb"(?: (?:" + _NAME + rb"|[A-Z]\.?)){0,3}),? (?:nr|nummer)\.?:? {0,2}\Z"
)
_NAME_AFTER = re.compile(rb"[ \t_:,;()|-]{1,8}" + _NAME + rb"(?:[ _-](?:" + _NAME + rb"|[A-Z]\.)){1,3}")
_HOUSE = re.compile(HOUSE.encode() + rb"\b", re.IGNORECASE)
_BOOK_BEFORE = re.compile(rb"isbn(?:-1[03])?[: ]{1,3}[0-9\- ]{0,4}\Z", re.IGNORECASE)
_SENTENCE_START = re.compile(rb"[.!?] (?=" + _CAPITAL + rb")|\n[ \t]*\n")
_IN_SENTENCE = 140
_TIME = re.compile(rb"(?<![0-9.:])([0-2][0-9])[.:]([0-5][0-9])(?![0-9:])")
_TIME_REACH = 120
_TOWN_AFTER = re.compile(rb" {1,2}" + _NAME)
_LINK_BEFORE = re.compile(rb"://|^\W*www\.|[a-z0-9]\.[a-z]{2,10}/", re.IGNORECASE)
_CUE_IN_LINK = re.compile(rb"(?:cpr|personn|ssn)[a-z_-]{0,16}(?:=|%3d|-3d|:|/)\Z", re.IGNORECASE)
_MAYBE_CUE_IN_LINK = re.compile(
    rb"(?:[?&]p_?nr(?:=|%3d)|/(?:personale|medarbejdere?|ansatte?|b\xc3\xb8rn|boern|barn|elev(?:er)?|borgere?"
    rb"|patient(?:er)?|persons?|people)/)\Z",
    re.IGNORECASE,
)
_LINK_MADE_OF_IT = re.compile(rb"\A ?[<(\[]tel:[^<>()\[\]\s]{1,40}[>)\]]", re.IGNORECASE)
_DECIMALS = re.compile(rb"\A[.,]00?(?![0-9])")
_ABOUT = re.compile(
    rb"\b(?:for|om|til|p\xc3\xa5|vedr\.?|vedr\xc3\xb8rende|ang\.?|ang\xc3\xa5ende)[ :]{1,2}\Z", re.IGNORECASE
)
_BRANCH_BEFORE = re.compile(rb"(?<![0-9])[0-9]{4}[ -]{1,2}\Z")
_LINE = re.compile(rb"[\n;]")
_CLAUSE_END = re.compile(rb"[\n;]|[.!?] ")
_DAY_OF_MONTH = re.compile(rb"[0-9]\.? ?\Z")
_CAPITALISED = re.compile(rb"(?<![A-Za-z\x80-\xff])" + _NAME + rb"(?![A-Za-z\x80-\xff])")
_WHOLE_NAME = re.compile(rb"(?<=[a-z,:] )" + _NAME + rb" " + _NAME + rb"(?![A-Za-z\x80-\xff])")
_GIVEN = re.compile(_NAME + rb"|(?:[a-z]|\xc3[\xa0-\xbf]){4,20}")
"""A word that may be a given name; people in a hurry write them small."""
_HALF_A_YEAR = datetime.timedelta(days=183)
_BESIDE = 32
_ADDRESS_AFTER = re.compile(rb"[0-9A-Za-z._%+-]{0,60}@[0-9A-Za-z-]")
_CAPITAL_CODE = re.compile(rb"(?:^|[^0-9A-Za-z\x80-\xff])[A-Z]{1,8}\Z")
_COUNTRY = re.compile(rb"(?:^|[^0-9A-Za-z])(?:DK|dk)-\Z")
_JOINED_BEFORE = re.compile(rb"(?:[0-9][-/.,_:]|[A-Za-z0-9][-#=/]|#)\Z")
_JOINED_AFTER = re.compile(rb"[-/.,:][0-9]|-[A-Za-z]")
_PART = re.compile(rb"[_\\]")
_LETTER = re.compile(rb"[A-Za-z]")
_DIGIT = re.compile(rb"[0-9]")


def person_beside(before: bytes, after: bytes) -> bool:
    """Two capitalised words, as a person's name, right before or right after; a house has a name of the same kind."""
    beside = (_NAME_BEFORE.search(before[-60:]), _NAME_AFTER.match(after))
    return any(name is not None and not _HOUSE.search(name.group()) for name in beside)


def name_in_sentence(before: bytes, names: frozenset[str]) -> bool:
    """Whether the sentence that comes to the number names somebody: a given name of the policy, or a whole name."""
    sentence = _SENTENCE_START.split(before[-_IN_SENTENCE:])[-1]
    whole = _WHOLE_NAME.search(sentence)
    if whole is not None and not _HOUSE.search(whole.group()):
        return True
    return any(word.decode("utf-8", "replace") in names for word in _CAPITALISED.findall(sentence))


def is_book_number(before: bytes) -> bool:
    """Whether the digits are the number of a book, whatever its title holds: `ISBN-10 0607916587`."""
    return _BOOK_BEFORE.search(before[-24:]) is not None


def is_told_as_time(digits: str, before: bytes, after: bytes) -> bool:
    """Whether the last four are told again as a time of day: `120326-1700 …, altså kl. 17.00`."""
    around = before[-_TIME_REACH:] + b" " + after[:_TIME_REACH]
    return digits[6:10].encode("ascii") in [hour + minute for hour, minute in _TIME.findall(around)]


def given_name_beside(before: bytes, after: bytes, names: frozenset[str]) -> bool:
    """A given name of the policy on the same line, a few words away at most."""
    left = _LINE.split(before[-_BESIDE:])[-1]
    right = _CLAUSE_END.split(after[:_BESIDE], maxsplit=1)[0]
    return any(
        word.group().decode("utf-8").capitalize() in names and not _DAY_OF_MONTH.search(side, 0, word.start())
        for side in (left, right)
        for word in _GIVEN.finditer(side)
    )


def is_named_number(before: bytes, names: frozenset[str]) -> bool:
    """Whether the number is called no more than somebody's: `Farida Noori, nr. 1503226239`."""
    match = _NAMED_NUMBER.search(before[-80:])
    return match is not None and any(word.decode("utf-8", "replace") in names for word in match["name"].split())


def is_about(before: bytes) -> bool:
    """Whether the number is what something is about: `kvittering for 150322 6239` is no receipt's number."""
    return bool(_ABOUT.search(before[-16:]))


def in_link(before: bytes, after: bytes) -> bool:
    """Whether the digits are part of a link or an address that does not itself say that they are a CPR number."""
    left, right = _token(before, after)
    return bool(_LINK_BEFORE.search(left) or _ADDRESS_AFTER.match(right)) and not _CUE_IN_LINK.search(left)


def is_told_by_link(before: bytes) -> bool:
    """Whether a link calls the number `pnr`, or has it under its persons: one that is divided is somebody's then."""
    return _MAYBE_CUE_IN_LINK.search(before[-20:]) is not None


def without_link(after: bytes) -> bytes:
    """What stands after a number, without the link that a mail program made of it: `150322-6239<tel:1503226239>`."""
    return _LINK_MADE_OF_IT.sub(b"", after)


def without_decimals(after: bytes) -> bytes:
    """What stands after a number, without the decimals that a spreadsheet gave it: `1503226239,00`."""
    return _DECIMALS.sub(b"", after)


def speaking_against(before: bytes, after: bytes, form: tuple[str, ...], named: bool) -> Iterator[str]:
    """Evidence that the digits belong to something else."""
    left, right = _token(before, after)
    if _is_code(left[-40:], right[:40]):
        yield "in_token"
    elif (
        (_JOINED_BEFORE.search(left) and not _COUNTRY.search(left))
        or _JOINED_AFTER.match(right)
        or _CAPITAL_CODE.search(left)
        or (form[0] == "form.plain" and _BRANCH_BEFORE.search(before[-8:]))
    ):
        yield "joined"
    if not named and "form.pairs" in form and form[0] != "form.hyphen" and _TOWN_AFTER.match(after):
        yield "address.near"
    if is_amount(after, 0):
        yield "measured"


def _token(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """What is written together with the digits, to the left and to the right."""
    left = before.rsplit(None, 1)[-1] if before[-1:].strip() else b""
    right = after.split(None, 1)[0] if after[:1].strip() else b""
    return left, right


def is_moment(digits: str, today: datetime.date) -> bool:
    """Date and time as machines write them: a day of the last fifteen years, then hours and minutes."""
    if not digits.isdigit():
        return False
    year = 2000 + int(digits[4:6])
    hours, minutes = int(digits[6:8]), int(digits[8:10])
    return today.year - 15 <= year <= today.year and hours < 24 and minutes < 60


def is_interval(digits: str) -> bool:
    """Whether the last four are a day within half a year of the first six: `070725-0108`, from 7 July to 1 August."""
    try:
        year = 2000 + int(digits[4:6])
        first = datetime.date(year, int(digits[2:4]), int(digits[:2]))
        return first < datetime.date(year, int(digits[8:10]), int(digits[6:8])) <= first + _HALF_A_YEAR
    except ValueError:
        return False


_FREE = (b"", b" ", b"\n", b"\t", b"|", b"(", b")", b",", b".", b";", b":", b"?", b"!")


def stands_free(before: bytes, after: bytes) -> bool:
    """Whether a number is a word of its own, as in a sentence or a cell, and no piece of a file's name."""
    ends = after[:1] in _FREE and (after[:1] != b"." or after[1:2] in _FREE)
    return before[-1:] in _FREE and ends


def _is_code(left: bytes, right: bytes) -> bool:
    """Digits inside hex, base64, a UUID, a licence key: a run that mixes letters and digits on one of the sides.

    Underscores part the words of a file's name, backslashes its folders: only what stands next to the number counts.
    """
    sides = (_PART.split(left.rstrip(b"_\\"))[-1], _PART.split(right.lstrip(b"_\\"), maxsplit=1)[0])
    return len(left) + len(right) >= 8 and any(_LETTER.search(side) and _DIGIT.search(side) for side in sides)
