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
_CONFUSED = {
    "c": "ks",
    "k": "cg",
    "s": "cz",
    "z": "s",
    "y": "iø",
    "i": "ye",
    "e": "æi",
    "æ": "e",
    "ø": "y",
    "å": "o",
} | {
    "o": "åu",
    "u": "o",
    "d": "t",
    "t": "d",
    "b": "p",
    "p": "b",
    "g": "kj",
    "j": "g",
    "v": "f",
    "f": "v",
    "a": "e",
    "m": "n",
    "n": "m",
}
"""Letters that are written for one another: they sound alike or are neighbours."""
_SOUNDS = (("ps", ("sp", "pc")), ("sk", ("sch", "sc", "skz", "kz")), ("ks", ("x",)), ("x", ("ks",)), ("qu", ("kv",)))
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
        if letter in word.lower():
            spellings |= {each.replace(letter, spelled) for each in spellings}
    return {letters(f"{left}{each}{right}".encode()) for each in spellings}


def slips(word: str) -> set[str]:
    """A long word as it is written in haste: a letter left out, twice, or changed places, or another for its sound.

    The first letter is right, for few get it wrong; and what is only the beginning of the word is no slip.
    """
    bare = word.strip("*")
    left, right = word[: len(word) - len(word.lstrip("*"))], word[len(word.rstrip("*")) :]
    found: set[str] = set()
    for at in range(1, len(bare)):
        before, letter, after = bare[:at], bare[at], bare[at + 1 :]
        found.add(before + after)
        found.add(before + letter + letter + after)
        if after:
            found.add(before + after[0] + letter + after[1:])
        found |= {before + other + after for other in _CONFUSED.get(letter, "")}
    for sound, others in _SOUNDS:
        if sound in bare:
            found |= {bare.replace(sound, other, 1) for other in others}
    return {left + slip + right for slip in found if not bare.startswith(slip)}


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
