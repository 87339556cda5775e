"""The cheap look at a picture before OCR: whether there is anything in it that could be a row of letters.

Ink is what is darker or lighter than what is around it, touching ink is one shape, and shapes of a letter's size side
by side are a row. Photos have thousands of shapes and seldom four of a size in a row, so most of them never reach OCR,
at a tenth of a second instead of four. What cannot be told goes to OCR: a wrong yes costs time, a wrong no a
number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from PIL import Image, ImageChops, ImageFilter

LOOKED_AT = 1400
"""No more pixels of the longer side are looked at; letters of eight points on a page are nine high then."""

_SMALLEST_SIDE, _SMALLEST_AREA = 12, 900
_SURROUNDINGS = 10
_CONTRAST = 18
_NOISES, _MOST_CONTRAST = 5, 60
"""Ink must differ from its surroundings by more than noise does; real letters differ by a hundred."""

_NOT_ALONE = [0] * 84 + [255] * 172
"""A pixel of ink stays when three of the nine around it are ink: a thin stroke is, the noise of a sensor is not."""

_RUN = re.compile(b"\xff+")
_MOST_RUNS = 200_000
_SMALLEST_LETTER, _LARGEST_LETTER = 5, 400
_LONGEST = 14
"""How much longer than high a shape may be: a word whose letters touch is one shape."""

_LEAST_INK = 0.12
_ROW, _CLEAR_ROW = 4, 8
_BAND = 300
_CELL = 24

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def may_hold_text(page: Image.Image) -> bool:
    """Whether a grey picture may hold a row of letters, in any direction, dark on light or light on dark."""
    if min(page.size) < _SMALLEST_SIDE or page.width * page.height < _SMALLEST_AREA:
        return False
    masks = list(_masks(page.reduce(max(1, -(-max(page.size) // LOOKED_AT)))))
    return any(map(_has_clear_row, masks)) or any(map(_has_row, masks))


def _masks(look: Image.Image) -> Iterator[Image.Image]:
    """What is darker than its surroundings, then what is lighter; the last column is empty, so that rows end."""
    around = look.filter(ImageFilter.BoxBlur(_SURROUNDINGS))
    contrast = min(_MOST_CONTRAST, max(_CONTRAST, _NOISES * _noise(look)))
    is_ink = [0] * contrast + [255] * (256 - contrast)
    for ink in (ImageChops.subtract(around, look), ImageChops.subtract(look, around)):
        mask = ink.point(is_ink)
        mask = ImageChops.darker(mask, mask.filter(ImageFilter.BoxBlur(1)).point(_NOT_ALONE))
        mask.paste(0, (mask.width - 1, 0, mask.width, mask.height))
        yield mask


def _noise(look: Image.Image) -> int:
    """How much half of the pixels differ from the nine around them: nothing on paper, the grain of a sensor, grass."""
    counts = ImageChops.difference(look, look.filter(ImageFilter.BoxBlur(1))).histogram()
    half = look.width * look.height // 2
    return next(level for level, seen in enumerate(accumulate(counts)) if seen >= half)


def _has_clear_row(mask: Image.Image) -> bool:
    """The quick answer for pages: a long row in a band a third down."""
    top = mask.height // 3
    shapes = _shapes(mask.crop((0, top, mask.width, min(mask.height, top + _BAND))))
    return shapes is None or _longest_row(_letters(shapes)) >= _CLEAR_ROW


def _has_row(mask: Image.Image) -> bool:
    shapes = _shapes(mask)
    if shapes is None:
        return True
    letters = _letters(shapes)
    turned = [(top, left, bottom, right) for left, top, right, bottom in letters]
    return _longest_row(letters) >= _ROW or _longest_row(turned) >= _ROW


class _Shape:
    """Ink that touches: the box around it and how much of it there is."""

    __slots__ = ("area", "bottom", "left", "merged_into", "right", "top")

    def __init__(self, left: int, top: int, right: int) -> None:
        self.left, self.top, self.right, self.bottom = left, top, right, top + 1
        self.area = right - left
        self.merged_into: _Shape | None = None

    def grow(self, left: int, right: int, row: int) -> None:
        if left < self.left:
            self.left = left
        if right > self.right:
            self.right = right
        self.bottom = row + 1
        self.area += right - left

    def take(self, other: _Shape) -> None:
        self.left, self.top = min(self.left, other.left), min(self.top, other.top)
        self.right, self.bottom = max(self.right, other.right), max(self.bottom, other.bottom)
        self.area += other.area
        other.merged_into = self

    def whole(self) -> _Shape:
        """The shape this one is a part of by now."""
        shape = self
        while shape.merged_into is not None:
            shape = shape.merged_into
        if shape is not self:
            self.merged_into = shape
        return shape


def _shapes(mask: Image.Image) -> list[_Shape] | None:
    """The shapes of a mask, by the runs of ink in each row and those above it; None when there are too many."""
    width, shapes = mask.width, list[_Shape]()
    above: list[tuple[int, int, _Shape]] = []
    here: list[tuple[int, int, _Shape]] = []
    last_row, first = -1, 0
    for number, match in enumerate(_RUN.finditer(mask.tobytes())):
        if number > _MOST_RUNS:
            return None
        row, left = divmod(match.start(), width)
        right = left + match.end() - match.start()
        if row != last_row:
            above, here, first = (here if row == last_row + 1 else []), [], 0
            last_row = row
        while first < len(above) and above[first][1] < left:
            first += 1
        shape, at = None, first
        while at < len(above) and above[at][0] <= right:
            found = above[at][2].whole()
            if shape is None:
                shape = found
            elif found is not shape:
                shape.take(found)
            at += 1
        if shape is None:
            shape = _Shape(left, row, right)
            shapes.append(shape)
        else:
            shape.grow(left, right, row)
        here.append((left, right, shape))
    return [shape for shape in shapes if shape.merged_into is None]


def _letters(shapes: list[_Shape]) -> list[Box]:
    """The boxes of shapes that have the size and the ink of a letter, or of a word whose letters touch."""
    found = []
    for shape in shapes:
        width, height = shape.right - shape.left, shape.bottom - shape.top
        has_size = max(width, height) >= _SMALLEST_LETTER and min(width, height) <= _LARGEST_LETTER
        is_long = width > _LONGEST * height or height > _LONGEST * width
        if has_size and not is_long and shape.area >= _LEAST_INK * width * height:
            found.append((shape.left, shape.top, shape.right, shape.bottom))
    return found


def _longest_row(letters: list[Box]) -> int:
    """How many letters stand in the longest row: side by side, of about one height."""
    rows: list[int] = []
    cells: dict[int, list[int]] = {}
    letters = sorted(box for box in letters if _SMALLEST_LETTER <= box[3] - box[1] <= _LARGEST_LETTER)
    for index, (left, top, _, bottom) in enumerate(letters):
        height, middle, longest = bottom - top, (top + bottom) / 2, 1
        for cell in range(int(middle - height) // _CELL, int(middle + height) // _CELL + 1):
            for before in reversed(cells.get(cell, ())):
                if rows[before] >= longest and _is_beside(letters[before], left, height, middle):
                    longest = rows[before] + 1
                    if longest >= _CLEAR_ROW:
                        return longest
                if left - letters[before][0] > _LONGEST * 2 * height + _CELL:
                    break
        rows.append(longest)
        cells.setdefault(int(middle) // _CELL, []).append(index)
    return max(rows, default=0)


def _is_beside(before: Box, left: int, height: int, middle: float) -> bool:
    """Whether a letter of that height, whose left edge and middle these are, comes next to this one in a row."""
    height_before = before[3] - before[1]
    larger = max(height, height_before)
    is_near = -0.3 * larger <= left - before[2] <= larger
    is_level = abs(middle - (before[1] + before[3]) / 2) <= 0.45 * larger
    return is_near and is_level and 1.7 * min(height, height_before) >= larger
