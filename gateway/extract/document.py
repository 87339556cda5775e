"""What a format reader is given and what it gives back. A reader is a pure generator: bytes in, items out.

It yields texts, complaints and the documents inside the document; it never opens those itself, and it never catches the
errors of budget.py: whoever called it decides what an ending of that kind means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gateway.extract.budget import Meter
from gateway.mail.fragment import Fragment, Unreadable
from gateway.mail.place import Place, Step


class Document(NamedTuple):
    """The bytes to read, where they stand, and what helps to read them."""

    data: bytes
    place: Place
    meter: Meter
    format: str = ""
    charset: str = ""
    passwords: tuple[str, ...] = ()
    depth: int = 0


class Embedded(NamedTuple):
    """A document inside a document: its bytes and whatever says what it may be.

    names: the names it goes by; they are read as text and never shown. kind: the word of its step (`file`, …).
    """

    data: bytes
    names: tuple[str, ...] = ()
    declared: str = ""
    kind: str = "attachment"
    within: tuple[Step, ...] = ()


Item = Fragment | Unreadable | Embedded
Items = Iterator[Item]
