"""Number formats of places and literals, as workbooks write them: `000000\\-0000`, `"150322-"0000`, `"150322-"@`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_PIECE = re.compile(r'"([^"]*)"|\\(.)|([_*].|\[[^\]]*\])|(General|[0#?@])|(.)', re.S | re.I)
_OTHER = frozenset(".,%E/")
"""Marks of decimals, thousands, percent, powers and fractions: formats of amounts."""

_FEWEST, _FEWEST_FIGURES = 9, 4
"""Places, or figures in literals, of a format that may show a number of a person."""

_LONGEST = 255


class _Plan(NamedTuple):
    """What a format writes, piece by piece (a place is empty), its places, whether its literals hold figures."""

    pieces: tuple[str, ...]
    kinds: str
    has_figures: bool


def formatted(digits: str, code: str) -> str:
    """The number in such a format; empty when the format is of another kind."""
    plan = _plan(code.partition(";")[0])
    places = len(plan.kinds) if plan else 0
    if not plan or (len(digits) > places and not plan.has_figures):
        return ""
    rest = list(digits.rjust(places))
    first = "".join(rest[: len(rest) - places + 1])
    shown = iter([first, *rest[len(rest) - places + 1 :]])
    kinds = iter(plan.kinds)
    return "".join(piece or _in_place(next(shown), next(kinds), plan.has_figures) for piece in plan.pieces)


def _in_place(figures: str, kind: str, is_optional_empty: bool) -> str:
    empty = "" if kind != "0" and is_optional_empty else "0"
    return figures.replace(" ", empty) if figures.strip() else empty


@lru_cache(maxsize=256)
def around_text(code: str) -> tuple[str, str]:
    """What a format writes before and behind a text, where that holds figures; two times nothing where it does not."""
    if "@" not in code or len(code) > _LONGEST or not any(map(str.isdecimal, code)):
        return "", ""
    pieces = [(match[1] or match[2] or "", match[4]) for match in _PIECE.finditer(code.rpartition(";")[2])]
    at = next((number for number, (_, place) in enumerate(pieces) if place == "@"), len(pieces))
    before, behind = ("".join(text for text, _ in part) for part in (pieces[:at], pieces[at:]))
    return (before, behind) if any(map(str.isdecimal, before + behind)) else ("", "")


@lru_cache(maxsize=256)
def _plan(code: str) -> _Plan | None:
    """The pieces of a format with enough figures or places to be a number of a person; None of any other."""
    if len(code) > _LONGEST:
        return None
    pieces: list[str] = []
    kinds, figures = "", 0
    for match in _PIECE.finditer(code):
        quoted, single, ignored, place, other = match.groups()
        literal = quoted or single or other or ""
        if other and (other in _OTHER or other.isalpha()):
            return None
        figures += sum(map(str.isdecimal, literal))
        if place:
            kinds += "#" if len(place) > 1 else place
        pieces += [""] if place else [literal] if literal and not ignored else []
    return (
        _Plan(tuple(pieces), kinds, figures > 0)
        if kinds and (len(kinds) >= _FEWEST or figures >= _FEWEST_FIGURES)
        else None
    )
