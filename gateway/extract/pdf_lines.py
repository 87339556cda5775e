"""Lines of a PDF page by where its characters stand: for text that is turned, which pdfium gives a character a line."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from math import cos, sin
from typing import Any, NamedTuple

import pypdfium2.raw as raw

_FEWEST_LINES, _SHORT = 8, 4
"""So many lines, so short on the average, are none that anybody wrote."""

_MOST_CHARS = 20_000
_SAME_LINE, _SPACE = 0.5, 0.3
"""In heights of a character: how far from each other the characters of a line stand, and how wide a space is."""


def is_torn(text: str) -> bool:
    """Whether most lines hold a character or two."""
    lines = text.split("\n")
    return len(lines) >= _FEWEST_LINES and len(text) < _SHORT * len(lines)


class _Character(NamedTuple):
    """Where it begins and ends along its line, and the size of its font, in points."""

    start: float
    end: float
    size: float
    text: str


def put_together(textpage: Any, count: int) -> str:
    """The characters of a page in lines, each direction of writing by itself."""
    lines: dict[tuple[int, int], list[_Character]] = defaultdict(list)
    for index in range(min(count, _MOST_CHARS)):
        text = chr(raw.FPDFText_GetUnicode(textpage, index))
        if text.isprintable() and text != " ":
            line, character = _placed(textpage, index, text)
            lines[line].append(character)
    return "\n".join(_line(lines[key]) for key in sorted(lines, key=lambda each: (each[0], -each[1])))


def _placed(textpage: Any, index: int, text: str) -> tuple[tuple[int, int], _Character]:
    """A character, and its line: the direction and the distance from the corner of the page."""
    x, y, left, right, bottom, top = (ctypes.c_double() for _ in range(6))
    raw.FPDFText_GetCharOrigin(textpage, index, x, y)
    raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    angle = raw.FPDFText_GetCharAngle(textpage, index)
    size = max(1.0, raw.FPDFText_GetFontSize(textpage, index))
    along = x.value * cos(angle) - y.value * sin(angle)
    across = x.value * sin(angle) + y.value * cos(angle)
    width = (right.value - left.value) * abs(cos(angle)) + (top.value - bottom.value) * abs(sin(angle))
    line = round(angle * 10), round(across / (size * _SAME_LINE))
    return line, _Character(along, along + width, size, text)


def _line(characters: list[_Character]) -> str:
    pieces: list[str] = []
    end = None
    for character in sorted(characters):
        if end is not None and character.start - end > _SPACE * character.size:
            pieces.append(" ")
        pieces.append(character.text)
        end = character.end
    return "".join(pieces)
