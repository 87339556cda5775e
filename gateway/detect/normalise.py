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

import re
import unicodedata
from functools import lru_cache

from gateway.detect.engine import Engine, Pattern


def _plain_byte(code: int) -> int:
    if code < 0x80:
        return ord(chr(code).lower()) if chr(code).isalnum() else 0x20
    return code + 0x20 if code < 0x9F else code


_ASCII = bytes(range(128))
_EUROPEAN = bytes([*range(0xC0), 0xC3])
_DASHES = frozenset(
    "\u00ad\u02d7\u058a\u05be\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u23af\u2500\u2796\u2e3a\u2e3b\u30fc"
)
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u0085")
_STROKES = frozenset("\u2215\u2571\u29f8\u29f6\u27cb")
_APOSTROPHES = frozenset("\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u2032\u2035\ua78c\uff07")
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
_FEW = 24
_MANY_SCRIPTS = (
    "\u1200-\u135a\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\ue000-\uf8ff\U00020000-\U0002f7ff"
    "\U0002fa20-\U000dffff\U000e1000-\U0010ffff"
)
"""Scripts of many characters, none of which folds to another: Chinese, Korean, Ethiopic, Yi, private use."""
_MAYBE_DISGUISED = re.compile(f"[^\\x00-\x7f\xc0-\xd6\xd8-\xf6\xf8-\u013e\u0143-\u0148\u014a-\u017e{_MANY_SCRIPTS}]+")
_DISGUISED_RUN = re.compile(f"({_MAYBE_DISGUISED.pattern})")
_HEAP = re.compile(r"([^\w\x00-\x7f]{8})[^\w\x00-\x7f]+")
"""Marks, dashes, invisible characters in a row, cut short: to put a heap of marks in Unicode's order
takes time in the square of its height."""
_STRETCH = 50_000
_DENSE = 2
"""Of so many characters one byte is beyond ASCII: then to look at each is quicker than to look for them."""
_SHORT_RUN = 8
_CODED = (
    (b"%2D", b"-"),
    (b"%2d", b"-"),
    (b"&nbsp;", b" "),
    (b"&#160;", b" "),
    (b"&#45;", b"-"),
    (b"&ndash;", b"-"),
    (b"&#8209;", b"-"),
    (b"&shy;", b""),
)
_SHORT = 2_000
"""Up to this many bytes a plain search is quicker than the engine; beyond, the engine by far."""
_EXOTIC = Engine([Pattern(0, rb"[\xc2\xc4-\xff]")])
_COMPOSING = Engine([Pattern(0, rb"\xcc[\x80-\xbf]|\xcd[\x80-\xaf]")])
"""Marks that make one letter with the one before them (U+0300 to U+036F)."""
_HEAPED = Engine([Pattern(0, rb"[\x80-\xff]{16}")])
"""Eight characters beyond ASCII in a row: among them a heap of marks may be."""
_LONE_CR = Engine([Pattern(0, rb"\r[^\n]")])
_BLANK_AT_LINE_END = Engine([Pattern(0, rb" \n")])


def fold(text: str) -> bytes:
    """The matching copy of a text, in time linear in its length whatever it holds."""
    data = text.encode("utf-8", "replace")
    if not text.isascii() and (data.translate(None, _EUROPEAN) if len(data) < _SHORT else _EXOTIC.occurs(data)):
        data = _fold_exotic(data.decode("utf-8"), data).encode("utf-8")
    if b"\r" in data:
        data = _with_line_ends(data)
    if b" \n" in data if len(data) < _SHORT else _BLANK_AT_LINE_END.occurs(data):
        data = data.replace(b" \n", b"\n")
    if b"%" in data or b"&" in data:
        data = _decoded(data)
    return _unquoted(data) if b">" in data and b"\n>" in data else data


def _decoded(data: bytes) -> bytes:
    """Hyphens and spaces that another program has written as code."""
    for code, plain in _CODED:
        data = data.replace(code, plain)
    return data


def _with_line_ends(data: bytes) -> bytes:
    if len(data) < _SHORT or data.endswith(b"\r") or _LONE_CR.occurs(data):
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.translate(None, b"\r")


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


def _fold_exotic(text: str, data: bytes) -> str:
    """Replaces what lies outside ASCII and the European letters: few kinds one by one, many all at once."""
    kinds = _kinds(text)
    if _COMPOSING.occurs(data):
        text = _composed(text, data)
        kinds |= _kinds(text)
    if len(kinds) > _FEW:
        return _fold_many(text, dense=len(data.translate(None, _ASCII)) * _DENSE > len(text))
    for ch in kinds:
        text = text.replace(ch, fold_char(ch))
    return text


def _composed(text: str, data: bytes) -> str:
    """Letters and the marks that stand behind them as one character, as European letters are written in the policy."""
    if _HEAPED.occurs(data):
        text = _HEAP.sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


def _kinds(text: str) -> set[str]:
    """Each character that may need folding, once; when there are too many for one by one, not all of them."""
    kinds: set[str] = set()
    for start in range(0, len(text), _STRETCH):
        unknown = _without_ascii(text[start : start + _STRETCH])
        for kind in kinds:
            unknown = unknown.replace(kind, "")
        kinds.update(*_MAYBE_DISGUISED.findall(unknown))
        if len(kinds) > _FEW:
            break
    return kinds


def _without_ascii(text: str) -> str:
    return text.encode("utf-8").translate(None, _ASCII).decode("utf-8")


class _Table(dict[int, str]):
    """What each character becomes, learnt as they come."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = fold_char(chr(code)) if _MAYBE_DISGUISED.match(chr(code)) else chr(code)
        return folded


class _Runs(dict[str, str]):
    """What each run of such characters becomes, learnt as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._table = _Table()

    def __missing__(self, run: str) -> str:
        folded = run.translate(self._table)
        if len(run) <= _SHORT_RUN:
            self[run] = folded
        return folded


def _fold_many(text: str, *, dense: bool) -> str:
    """All of it where disguises are many, else in runs; short runs come again, so each is worked out once."""
    if dense:
        return text.translate(_Table())
    pieces = _DISGUISED_RUN.split(text)
    pieces[1::2] = map(_Runs().__getitem__, pieces[1::2])
    return "".join(pieces)


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
    if ch in _STROKES:
        return "/"
    if ch in _APOSTROPHES:
        return "'"
    if ch in _MARKS:
        return "|"
    return _compatible(ch)


def _compatible(ch: str) -> str:
    """NFKC of one character, but a raised or lowered digit stays a footnote mark and joins no number."""
    if unicodedata.decomposition(ch).startswith(("<super>", "<sub>")):
        return ch
    plain = unicodedata.normalize("NFKC", ch).replace("\u2044", "/")
    if plain == ch and ch >= "\u0100" and unicodedata.category(ch)[0] in "PS":
        return "|"  # arrows, boxes, pictures, marks of other scripts
    return "".join(fold_char(each) if each != ch and not each.isascii() else each for each in plain)
