"""The formats that are read: one line each. A new format is one file of this folder and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from gateway.extract.document import Document, Items

Reader = Callable[[Document], Items]


class Format(NamedTuple):
    """Where the reader is (`module:function`), loaded when first needed, and whether it belongs in the sandbox."""

    reader: str
    is_risky: bool

    def load(self) -> Reader:
        module, _, function = self.reader.partition(":")
        reader: Reader = getattr(import_module(f"gateway.extract.{module}"), function)
        return reader


FORMATS: dict[str, Format] = {
    "txt": Format("plain:read_txt", False),
    "csv": Format("plain:read_txt", False),
    "html": Format("plain:read_html", False),
    "xml": Format("plain:read_html", False),
    "svg": Format("plain:read_html", False),
    "json": Format("plain:read_json", False),
    "pgp": Format("plain:read_locked", False),
    "encrypted office": Format("plain:read_locked", False),
    "ics": Format("plain:read_card", False),
    "vcf": Format("plain:read_card", False),
}
