"""How much one message may cost to read, and the meter that counts it. Every limit is a setting with a default."""

from __future__ import annotations

from dataclasses import dataclass


class OverBudgetError(Exception):
    """A limit of the budget is reached; what was read until then stays read."""


class EncryptedError(Exception):
    """The document needs a password that the mail does not give."""


class DamagedError(Exception):
    """The document breaks the rules of its own format."""


class UnsupportedError(Exception):
    """The document uses a variant that no reader here knows."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one message, all its attachments together."""

    depth: int = 8
    """Containers inside containers: a mail in a zip in a mail is two."""
    parts: int = 2_000
    """MIME parts, archive members, embedded objects."""
    expanded_bytes: int = 256 * 1024 * 1024
    """What all decompression together may give."""
    text_chars: int = 32 * 1024 * 1024
    """What all readers together may give as text."""
    pages: int = 2_000
    """PDF pages."""
    pixels: int = 60_000_000
    """The largest picture that is opened."""
    ocr: bool = True
    """Whether pictures and scanned pages are read at all; without the OCR extra they never are."""
    ocr_pages: int = 20
    """Pictures and scanned pages read by OCR."""


class Meter:
    """What is left of a budget while one message is read."""

    __slots__ = ("budget", "expanded", "ocr_pages", "pages", "parts", "text_chars")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.parts = budget.parts
        self.expanded = budget.expanded_bytes
        self.text_chars = budget.text_chars
        self.pages = budget.pages
        self.ocr_pages = budget.ocr_pages

    def part(self) -> None:
        self.parts -= 1
        if self.parts < 0:
            raise OverBudgetError

    def expand(self, size: int) -> None:
        self.expanded -= size
        if self.expanded < 0:
            raise OverBudgetError

    def text(self, chars: int) -> None:
        self.text_chars -= chars
        if self.text_chars < 0:
            raise OverBudgetError

    def page(self) -> None:
        self.pages -= 1
        if self.pages < 0:
            raise OverBudgetError

    def ocr_page(self) -> None:
        self.ocr_pages -= 1
        if self.ocr_pages < 0:
            raise OverBudgetError
