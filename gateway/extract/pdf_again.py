"""A PDF that killed pdfium, by pypdf: slower, in Python, and killed by no file we know.

What it gives is never taken for everything: the file is reported as damaged whatever could be read.
"""

from __future__ import annotations

import io

import pypdf
from pypdf.errors import PyPdfError

from gateway.extract.budget import DamagedError, EncryptedError
from gateway.extract.document import Document, Embedded, Items
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Step


def read_again(document: Document) -> Items:
    """The same file by pypdf, which no known file kills: pages, notes and forms, attachments."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(document.data), strict=False)
        if reader.is_encrypted and not any(reader.decrypt(word) for word in ("", *document.passwords)):
            raise EncryptedError
        for number, page in enumerate(reader.pages, 1):
            document.meter.page()
            place = document.place.inside(Step("page", "", number))
            yield Fragment(place, page.extract_text())
            notes = [
                str(note.get_object().get(key, "")) for note in page.get("/Annots", ()) for key in ("/Contents", "/V")
            ]
            yield Fragment(place.inside(Step("annotation")), "\n".join(filter(None, notes)))
        for name, contents in reader.attachments.items():
            for content in contents:
                yield Embedded(content, (name,))
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise DamagedError from error
    yield Unreadable(document.place, Reason.DAMAGED)
