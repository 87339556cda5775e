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


PICTURES = ("png", "jpg", "gif", "tiff", "webp", "bmp", "heic", "jp2", "ico", "pgm")
"""Pictures, and `pgm` for the pages we draw ourselves. They are read by OCR, in a queue of their own."""

FORMATS: dict[str, Format] = {
    "txt": Format("plain:read_txt", False),
    "csv": Format("plain:read_txt", False),
    "html": Format("plain:read_html", False),
    "xml": Format("plain:read_xml", False),
    "svg": Format("plain:read_html", False),
    "json": Format("plain:read_json", False),
    **dict.fromkeys(("docx", "vsdx"), Format("office:read_docx", True)),
    **dict.fromkeys(("xlsx", "xlsb"), Format("office:read_xlsx", True)),
    "pptx": Format("office:read_pptx", True),
    **dict.fromkeys(("odt", "ods", "odp", "odg"), Format("office:read_odf", True)),
    **dict.fromkeys(("zip", "epub"), Format("archive:read_zip", True)),
    "xps": Format("xps:read_xps", True),
    **dict.fromkeys(
        ("7z", "rar", "tar", "gz", "bz2", "xz", "lzma", "zst", "lz4", "lz", "z", "cab", "ar", "self-extracting"),
        Format("archive:read_archive", True),
    ),
    **dict.fromkeys(PICTURES, Format("pictures:read_picture", True)),
    "pdf": Format("pdf:read_pdf", True),
    "pdf again": Format("pdf_again:read_again", True),
    "rtf": Format("rtf:read_rtf", True),
    "msg": Format("mapi:read_msg", True),
    "winmail.dat": Format("mapi:read_tnef", True),
    **dict.fromkeys(("doc", "xls", "ppt", "ole"), Format("legacy:read_ole", True)),
    "emf": Format("emf:read_emf", True),
    **dict.fromkeys(("wmf", "svm", "vsd", "pub", "ps"), Format("legacy:read_strings", True)),
    "p7m": Format("smime:read_cms", True),
    "hqx": Format("apple:read_binhex", True),
    "plist": Format("apple:read_plist", True),
    "mbox": Format("plain:read_mbox", False),
    "pgp": Format("plain:read_locked", False),
    "encrypted office": Format("locked_office:read_locked_office", True),
    "ics": Format("plain:read_card", False),
    "vcf": Format("plain:read_card", False),
}

_ODF = ("odt", "ods", "odp", "odg")
LOCKABLE = frozenset(("zip", "7z", "rar", "self-extracting", "pdf", "pdf again", "encrypted office", *_ODF))
"""Formats that may need a password, which may stand in the mail."""

MAY_BE_EMPTY = frozenset((*PICTURES, "p7m"))
"""Formats that may honestly hold no text: a photo, a signature."""

RISKY = frozenset(name for name, format in FORMATS.items() if format.is_risky)
"""Formats whose readers run in the sandbox."""
