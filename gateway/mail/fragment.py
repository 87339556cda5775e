"""What reading a message gives: texts with where they came from, and what could not be read, with why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.mail.place import Place


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of readable text and where it stands. Its text never shows in a repr.

    A reader that glues (inline tags removed) and one that separates (cells apart) may both give a fragment of the same
    place: every reading is searched, and equal findings count once.
    """

    place: Place
    text: str = field(repr=False)
    marks: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    """Where in the text the cells begin that may hold a number: `B7` of a sheet, `2.B7` of the second table."""


class Reason(StrEnum):
    """Why a part was not, or not fully, read. The notice has words of its own for each."""

    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    UNKNOWN_FORMAT = "unknown format"
    UNSUPPORTED_FORMAT = "unsupported format"
    OVER_BUDGET = "over budget"
    TIMED_OUT = "timed out"
    CRASHED = "crashed"
    EMPTY = "empty though large"
    EXTERNAL = "kept elsewhere"
    NO_OCR = "no OCR"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part that was not fully read: a finding of its own, which policy judges (promise 2)."""

    place: Place
    reason: Reason


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that reading one message gave."""

    fragments: tuple[Fragment, ...]
    unreadable: tuple[Unreadable, ...] = ()
