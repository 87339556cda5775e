"""How a word of the policy becomes byte patterns: `*` any letters, `+` at least one, a space any small gap.

`cpr*` finds `cpr-nr` and `CPRnummer`; `*cpr*` finds it inside a word too; `person nr` finds `personnr.`, `person-nr`
and `Person Nr`. A word without `*` stands alone. æ, ø and å are found in either case and in their two-letter spellings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.detect.normalise import letters

WORD_BYTE = rb"[0-9A-Za-z\x80-\xff]"
EDGE_LEFT = rb"(?:^|[^0-9A-Za-z\x80-\xff])"
EDGE_RIGHT = rb"(?:$|[^0-9A-Za-z\x80-\xff])"
_VARIANTS = (("æ", "ae"), ("ø", "oe"), ("å", "aa"))
_GAP = rb"[ .,/_\-\t\r\n]{0,3}"
_OUTSIDE = {"*": b"", "+": WORD_BYTE}
_SPELLINGS = {"æ": ("æ", "Æ", "ae"), "ø": ("ø", "Ø", "oe"), "å": ("å", "Å", "aa"), "é": ("é", "É", "e")}


def expression(word: str) -> bytes:
    """The byte pattern of one word or phrase of the policy."""
    bare = word.strip("*+")
    left = _OUTSIDE.get(word[0], EDGE_LEFT)
    right = _OUTSIDE.get(word[-1], EDGE_RIGHT)
    return left + b"".join(_piece(ch) for ch in bare) + right


def literals(word: str) -> set[bytes]:
    """The spellings of a word in the letters copy (normalise.letters), its edges as spaces; no `*` or `+` inside."""
    left = "" if word[0] in "*+" else " "
    right = "" if word[-1] in "*+" else " "
    spellings = {word.strip("*+").lower()}
    for letter, spelled in _VARIANTS:
        spellings |= {each.replace(letter, spelled) for each in spellings}
    return {letters(f"{left}{each}{right}".encode()) for each in spellings}


def compound_heads(words: Iterable[str]) -> re.Pattern[bytes]:
    """How a compound ends that is about something and no such thing itself: `fængselsmuseet`, `autisme-foreningen`."""
    heads = b"|".join(sorted(literal.strip() for word in words for literal in literals(word)))
    return re.compile(
        rb"[a-z\x80-\xff]{0,20}?(?:"
        + (heads or rb"\0")
        + rb")(?:s|[a-z]?(?:en|et|er|erne|ene)s?|n|r|rne|ne)?(?![0-9a-z\x80-\xff])"
    )


def _piece(ch: str) -> bytes:
    if ch == " ":
        return _GAP
    if ch == "*":
        return WORD_BYTE + b"{0,24}"
    if ch in _SPELLINGS:
        return b"(?:" + b"|".join(each.encode() for each in _SPELLINGS[ch]) + b")"
    if ch.isascii() and ch.isalnum():
        return ch.encode()
    if ch.isascii():
        return b"\\" + ch.encode()
    both = {ch.lower(), ch.upper()}
    return b"(?:" + b"|".join(sorted(each.encode() for each in both)) + b")"


_CONSONANTS, _VOWELS = "bdfgklmnprst", "aeiouyæøå"
_HEARD_AS = {"e": "iæ", "i": "e", "æ": "e", "y": "i"}
_DOUBLED_FROM, _HEARD_FROM = 8, 9
"""Letters a word must have for such slips to be made of it: in short ones they would be other words."""


def slips(word: str) -> set[str]:
    """A long word as people misspell it: a consonant doubled or not (`sklerrose`), a vowel for its like (`epelepsi`).

    A dictionary of 313 000 words holds ten of those that are made of the policy's words; they are stops there.
    """
    bare = word.strip("*+").lower()
    if not bare.isalpha() or len(bare) < _DOUBLED_FROM:
        return set()
    made = {f"{bare[:at]}{bare[at + 1 :]}" for at in range(1, len(bare)) if _is_doubled(bare, at)}
    made |= {f"{bare[:at]}{bare[at]}{bare[at:]}" for at in range(1, len(bare) - 1) if _is_between_vowels(bare, at)}
    if len(bare) >= _HEARD_FROM:
        for at, letter in enumerate(bare[1:], 1):
            made |= {f"{bare[:at]}{heard}{bare[at + 1 :]}" for heard in _HEARD_AS.get(letter, "")}
    return {word.lower().replace(bare, each) for each in made}


def _is_doubled(word: str, at: int) -> bool:
    return word[at] == word[at - 1] and word[at] in _CONSONANTS


def _is_between_vowels(word: str, at: int) -> bool:
    return word[at] in _CONSONANTS and word[at - 1] in _VOWELS and word[at + 1] in _VOWELS
