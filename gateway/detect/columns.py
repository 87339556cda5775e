"""What stands over a number: the head of its column, or the line that introduces its list.

`Columns` finds them in a text that is read from its beginning; `Heads` says what they make of a number, asking the
words once for each head.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.detect.labels import Label, Labels
from gateway.detect.written import Candidate

_MARKS = (b"\t", b";", b"|")
"""What parts columns, and is written for nothing else."""
_DELIMITERS = (*_MARKS, b",")
_ALIGNING = re.compile(rb"(?<=[^ ]) {2,}")
_CELL = re.compile(rb"[^ ]+(?: [^ ]+)*")
"""What stands in a column that is set with spaces: words with one space between."""
_INTRODUCTION = re.compile(rb"(?:\A|\n)([^\n]{3,120}):[ ]?\n[ \n]*\Z")
_HEADING = re.compile(rb"\A([^\n]{3,120})\n[ \n]*\Z")
_IN_A_CELL = re.compile(rb"[ \"']{0,8}(?:[\t;|\n]|\Z| {2})")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{3}")
_DIGIT = re.compile(rb"[0-9]")
_ROW_LONGEST = 2_000
_ABOVE = 130


class Columns:
    """The head of the column a place stands in. Asked for places in rising order, it reads the text only once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._seen = 0
        self._introduction: bytes | None = None
        self._begin_block(0)

    def head_of(self, at: int) -> tuple[bytes, bool]:
        """The first row's cell above this place, or the line above a bare list, and whether it heads a column.

        Empty when there is neither.
        """
        data = self._data
        gap = data.rfind(b"\n\n", self._seen, at)
        if gap >= 0:
            self._begin_block(gap + 2)
        self._seen = at
        row = data.rfind(b"\n", max(self._block, at - _ROW_LONGEST), at) + 1
        if row <= self._block:
            return b"", False
        for delimiter, cells in self._cells:
            column = data.count(delimiter, row, at)
            if column or delimiter in data[at : at + 60].split(b"\n", 1)[0]:
                return (cells[column], delimiter in _MARKS) if column < len(cells) else (b"", False)
        if self._aligned and (_ALIGNING.search(data, row, at) or b"  " in data[at : at + 60].split(b"\n", 1)[0]):
            return self._aligned_with(row, at), True
        return (self._head if not data[row:at].strip() and self._heads_list else b""), False

    def introduction(self) -> bytes:
        """The line that introduces the block of the place asked for last, with a colon: before it, or its first."""
        if self._introduction is None:
            before = _INTRODUCTION.search(self._data, max(0, self._block - _ABOVE), self._block)
            own = self._head.rstrip()
            self._introduction = own[:-1] if own.endswith(b":") else before[1] if before else b""
        return self._introduction

    def heading(self) -> bytes:
        """The subject, or the heading of a text, where the block is what follows it."""
        heading = _HEADING.match(self._data[: self._block]) if self._block <= _ABOVE else None
        return heading[1] if heading else b""

    def _aligned_with(self, row: int, at: int) -> bytes:
        """The head of a column that is set with spaces: the cell of the same number, or the one above where a row has
        fewer cells or more."""
        end = self._data.find(b"\n", at, at + _ROW_LONGEST)
        cells = list(_CELL.finditer(self._data, row, end if end >= 0 else at + _ROW_LONGEST))
        if len(cells) == len(self._aligned):
            return next(
                (head for head, cell in zip(self._aligned.values(), cells, strict=True) if at < cell.end()), b""
            )
        return next((head for span, head in self._aligned.items() if span[0] - 2 <= at - row < span[1] + 2), b"")

    def _begin_block(self, start: int) -> None:
        self._block = start
        self._head = head = self._data[start : start + _ROW_LONGEST].lstrip(b"\n\r").split(b"\n", 1)[0]
        self._cells = [(delimiter, head.split(delimiter)) for delimiter in _DELIMITERS if delimiter in head]
        self._aligned = {cell.span(): cell.group() for cell in _CELL.finditer(head)} if _ALIGNING.search(head) else {}
        self._introduction = None
        self._heads_list = len(head) <= 80 and not _DIGIT.search(head[:3])


class Heads:
    """What stands over the numbers of one text says of them, asked of the words once for each head."""

    def __init__(self, data: bytes, labels: Labels) -> None:
        self._data = data
        self._columns = Columns(data)
        self._labels = labels
        self._known: dict[bytes, Label] = {}

    def over(self, candidate: Candidate) -> Label:
        """What its column's head says, else what introduces its list, else that its column is of something else."""
        head, is_column = self._columns.head_of(candidate.start)
        label = self._of(head, self._labels.of_head)
        if label.cue or label.counter:
            return label
        introduced = self._of(self._columns.introduction(), self._labels.of_introduction)
        if not (introduced.cue or introduced.counter):
            introduced = self._of(self._columns.heading(), self._labels.of_introduction)._replace(cue="")
        if introduced.cue or introduced.counter:
            return introduced
        is_of_something = is_column and not label.person and self._is_alone_under(head, candidate)
        return Label("", "counter.head") if is_of_something else label

    def _is_alone_under(self, head: bytes, candidate: Candidate) -> bool:
        """Whether a head is words only, and the number all that its cell holds."""
        is_head = _WORD.search(head) is not None and _DIGIT.search(head) is None
        return is_head and _IN_A_CELL.match(self._data, candidate.end) is not None

    def _of(self, head: bytes, said: Callable[[bytes], Label]) -> Label:
        key = (said.__name__.encode() + b" ") + head
        if key not in self._known:
            self._known[key] = said(head) if head else Label()
        return self._known[key]
