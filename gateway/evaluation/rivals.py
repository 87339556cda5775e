"""Other detectors of CPR numbers, written from their public definitions, to stand beside ours in the same table.

Each gets the same texts. They are what their makers have published, no more: a product may do better with settings of
its own. None of them looks for sensitive text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.detect.number import birth_date, check_digit_holds
from gateway.detect.rules import CprRules

Rival = Callable[[Sequence[str]], bool]

_DIGITS = re.compile(r"[^0-9]")
_TRELLIX = re.compile(r"\b(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-?\d{4}\b")
_PURVIEW = re.compile(r"\b(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[ -]?\d{4}\b")
_PURVIEW_WORDS = re.compile(
    r"cpr|personnummer|personnr|personregister|civilt registreringssystem|sundhedskort|sundhedsforsikringskort"
    r"|sygesikring|rejsesygesikringskort|identifikationsnummer|skattenummer|skat id|\bssn\b|tax id",
    re.IGNORECASE,
)
_PURVIEW_REACH = 300
_OSDATASCANNER = re.compile(r"\b(\d{6})(?:[ \-/.\t]|[ ]-[ ])?(\d{4})\b")
_OSDATASCANNER_STOPS = re.compile(
    r"p-nr|p\.nr|p-nummer|\bpnr\b|customer no|bilagsnummer|licens nr|licensnummer|order number|ordrenummer"
    r"|fakturanummer|faknr|fak-nr|fakturanr|varenummer|varenr|vare-nr|tullstatist|test report no|protocol no\.|dhk:tx",
    re.IGNORECASE,
)
_PRESIDIO = ((re.compile(r"\b\d{6}-\d{4}\b"), 0.5), (re.compile(r"\b\d{10}\b"), 0.3))
_PRESIDIO_WORDS = re.compile(r"cpr|personnummer", re.IGNORECASE)
_PRESIDIO_BEFORE = 40
_PRESIDIO_THRESHOLD = 0.5


def rivals(rules: CprRules) -> dict[str, Rival]:
    """The detectors by name; the exception dates are those of the policy."""
    return {
        "Trellix, bare pattern": lambda texts: any(_TRELLIX.search(text) for text in texts),
        "Purview, low": lambda texts: any(_purview(text, words=False) for text in texts),
        "Purview, medium": lambda texts: any(_purview(text, words=True) for text in texts),
        "OSdatascanner, pattern and stop words": lambda texts: any(_osdatascanner(text, rules) for text in texts),
        "Presidio, proposed patterns": lambda texts: any(_presidio(text) for text in texts),
    }


def _purview(text: str, *, words: bool) -> bool:
    """Check digit required; medium wants a keyword within 300 characters."""
    for match in _PURVIEW.finditer(text):
        digits = _DIGITS.sub("", match.group())
        if len(digits) == 10 and check_digit_holds(digits):
            around = text[max(0, match.start() - _PURVIEW_REACH) : match.end() + _PURVIEW_REACH]
            if not words or _PURVIEW_WORDS.search(around):
                return True
    return False


def _osdatascanner(text: str, rules: CprRules) -> bool:
    """Check digit or exception date; one stop word anywhere silences the whole text."""
    if _OSDATASCANNER_STOPS.search(text):
        return False
    for match in _OSDATASCANNER.finditer(text):
        digits = match[1] + match[2]
        born = birth_date(digits) if digits.isascii() else None
        if born is not None and (check_digit_holds(digits) or born in rules.exception_dates):
            return True
    return False


def _presidio(text: str) -> bool:
    """A possible date; the check digit promotes, a word before adds."""
    for pattern, base in _PRESIDIO:
        for match in pattern.finditer(text):
            digits = _DIGITS.sub("", match.group())
            if len(digits) != 10 or birth_date(digits) is None:
                continue
            score = 1.0 if check_digit_holds(digits) else base
            if _PRESIDIO_WORDS.search(text[max(0, match.start() - _PRESIDIO_BEFORE) : match.start()]):
                score += 0.35
            if score >= _PRESIDIO_THRESHOLD:
                return True
    return False
