"""A copy of a text made for matching: disguises folded away, letters and their case kept.

Every detector reads this copy and nothing else, context included, so no offset ever has to be carried back. It is
UTF-8, because the engine reads bytes. Nothing here judges; a fold only makes two spellings of the same thing equal:

- digits of every script become 0-9, full-width and mathematical letters become plain ones (NFKC, superscripts kept);
- every dash becomes `-`, every space ` `, middle dots and bullets `|`;
- format characters (zero width, soft hyphen, bidi marks) and stray combining marks go away;
- line ends are `\n`, and the marks of quoted mail at the start of a line go away, so that what is broken over two lines
  of a quotation is whole.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def _plain_byte(code: int) -> int:
    if code < 0x80:
        return ord(chr(code).lower()) if chr(code).isalnum() else 0x20
    return code + 0x20 if code < 0x9F else code


_ASCII = bytes(range(128))
_EUROPEAN = bytes([*range(0xC0), 0xC3])
_PLAIN = frozenset(chr(code) for code in range(0xC0, 0x180) if chr(code) not in "×÷ĿŀŁłŉſ")
_DASHES = frozenset(
    "\u00ad\u02d7\u058a\u05be\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u23af\u2500\u2796\u2e3a\u2e3b\u30fc"
)
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u0085")
_MARKS = frozenset("\u00b7\u2022\u2023\u2027\u2219\u22c5\u25aa\u25cf\u30fb\u2502\u2503\u00a6")
_LOOKALIKES = dict(
    zip(
        "АВЕЅІЈКМНОРСТХУаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABESIJKMHOPCTXYaesijopcyxABEZHIKMNOPTYXo",
        strict=True,
    )
)
_DEEPEST_QUOTE = 16
_LETTERS = bytes(_plain_byte(code) for code in range(256))
_FEW = 48


def fold(text: str) -> bytes:
    """The matching copy of a text, in time linear in its length whatever it holds."""
    data = text.encode("utf-8", "replace")
    if data.translate(None, _EUROPEAN):
        data = _fold_exotic(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b" \n" in data:
        data = data.replace(b" \n", b"\n")
    return _unquoted(data) if b"\n>" in data else data


def _unquoted(data: bytes) -> bytes:
    """Without the marks of quoted mail, as deep as people quote."""
    for _ in range(_DEEPEST_QUOTE):
        mark = b"\n> " if b"\n> " in data else b"\n>"
        if mark not in data:
            break
        data = data.replace(mark, b"\n")
    return data


def letters(data: bytes) -> bytes:
    """The folded copy with letters in lower case and everything else a space; as long as it was, so offsets are shared.

    The second bytes of Æ, Ø, Å and their kind become those of æ, ø, å. Where such a byte belongs to another script it
    is spoiled, which costs nothing: no word of the policy is written in one.
    """
    return data.translate(_LETTERS)


def _fold_exotic(data: bytes) -> bytes:
    """Replaces what lies outside ASCII and the European letters, each kind of character in one pass."""
    exotic = set(data.translate(None, _ASCII).decode("utf-8")) - _PLAIN
    if any(unicodedata.combining(ch) for ch in exotic):
        data = unicodedata.normalize("NFC", data.decode("utf-8")).encode("utf-8")
        exotic = set(data.translate(None, _ASCII).decode("utf-8")) - _PLAIN
    changed = {ch: folded for ch in exotic if (folded := fold_char(ch)) != ch}
    if len(changed) > _FEW:
        text = data.decode("utf-8")
        return "".join(map(changed.get, text, text)).encode("utf-8")
    for ch, folded in changed.items():
        data = data.replace(ch.encode("utf-8"), folded.encode("utf-8"))
    return data


@lru_cache(maxsize=4096)
def fold_char(ch: str) -> str:
    """What one character outside ASCII and the European letters becomes; itself when it is no disguise."""
    category = unicodedata.category(ch)
    if ch in _LOOKALIKES:
        return _LOOKALIKES[ch]
    if category == "Cf" or category.startswith("M"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(ch))
    if category == "Pd" or ch in _DASHES:
        return "-"
    if category == "Zs" or ch in _BLANKS:
        return " "
    if category in ("Pi", "Pf") or ch == "\u201e":
        return '"'
    if category in ("Zl", "Zp"):
        return "\n"
    if ch in _MARKS:
        return "|"
    return _compatible(ch)


def _compatible(ch: str) -> str:
    """NFKC of one character, but a raised or lowered digit stays a footnote mark and joins no number."""
    if unicodedata.decomposition(ch).startswith(("<super>", "<sub>")):
        return ch
    plain = unicodedata.normalize("NFKC", ch).replace("\u2044", "/")
    return "".join(fold_char(each) if each != ch and not each.isascii() else each for each in plain)
