"""Disguises, character by character: what each one outside ASCII and the European letters stands for.

Which characters of the first plane are changed is worked out once, as a pattern that finds them and a table that
replaces them; those beyond it are looked up as they come.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

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
_MANY_SCRIPTS = (
    "\u1200-\u135a\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\ue000-\uf8ff\U00020000-\U0002f7ff"
    "\U0002fa20-\U000dffff\U000e1000-\U0010ffff"
)
"""Scripts of many characters, none of which folds to another: Chinese, Korean, Ethiopic, Yi, private use."""
_MAYBE = re.compile(f"[^\\x00-\x7f\xc0-\xd6\xd8-\xf6\xf8-\u013e\u0143-\u0148\u014a-\u017e{_MANY_SCRIPTS}]+")
_PLANE = (*range(0x80, 0xD800), *range(0xE000, 0x10000))
_SHORT_RUN = 8


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


def _changed() -> dict[int, str]:
    """What every character of the first plane becomes that does not stay as it is."""
    plane = "".join(map(chr, _PLANE))
    folded = {ord(ch): fold_char(ch) for run in _MAYBE.findall(plane) for ch in run}
    return {code: plain for code, plain in folded.items() if plain != chr(code)}


_CHANGED = _changed()


def _character_class(codes: list[int]) -> str:
    """The inside of a pattern's brackets for these characters, in order."""
    ends = [at for at, (one, other) in enumerate(pairwise(codes), 1) if other != one + 1]
    spans = zip([0, *ends], [*ends, len(codes)], strict=True)
    return "".join(f"{re.escape(chr(codes[low]))}-{re.escape(chr(codes[high - 1]))}" for low, high in spans)


DISGUISED = re.compile(
    f"([{_character_class(list(_CHANGED))}\U00010000-\U0001ffff\U0002f800-\U0002fa1f\U000e0000-\U000e0fff]+)"
)
"""Characters in a row that fold to something else; beyond the first plane, that may."""


MARKS = re.compile(f"[{_character_class([code for code in _CHANGED if unicodedata.combining(chr(code))])}]+")
"""Marks in a row that belong to the letter before them."""


class _Table(dict[int, str]):
    """What each character becomes, the rare ones learnt as they come."""

    def __init__(self) -> None:
        super().__init__(_CHANGED)

    def __missing__(self, code: int) -> str:
        folded = self[code] = fold_char(chr(code)) if code > 0xFFFF and _MAYBE.match(chr(code)) else chr(code)
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


def fold_all(text: str, *, dense: bool) -> str:
    """All of a text where disguises are many, else in runs; short runs come again, so each is worked out once."""
    if dense:
        return text.translate(_Table())
    pieces = DISGUISED.split(text)
    pieces[1::2] = map(_Runs().__getitem__, pieces[1::2])
    return "".join(pieces)
