"""PDF by pdfium: the text of every page, and what is on none: forms, notes, bookmarks, attachments, properties.

A page that is a picture is drawn and handed on for OCR. pdfium can be made to abort by hostile files, and knows no
threads: it only runs in the sandbox, and pdf_again.py is a second, slower reader for a file that killed it.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gateway.extract import pdf_lines, xmltext
from gateway.extract.budget import DamagedError, EncryptedError, OverBudgetError, UnsupportedError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.pdf_pictures import FEW_CHARS, drawn, is_picture
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Place, Step

_ANNOTATION_KEYS = (b"Contents", b"RC", b"TU", b"DV", b"V", b"T", b"Subj")
_FORM_WIDGET = 20
_OBJECT = re.compile(rb"([0-9]{1,9}\s[0-9]{1,5})\sobj")
_FAR = 4000
"""How far behind the start of the catalogue its type may be named."""

_BOOKMARKS = 5000
_ATTACHMENTS = 500
_CHOICES = 5000
_LARGEST_FORM = 50_000_000
_IMAGE = re.compile(rb"/Image(?![BCI])|/I?m?a?g?#[0-9A-Fa-f]{2}|[\s>]BI[\s/]")
"""An image of its own or one inside a page; a list of what a printer must know (`/ImageB /ImageC`) is none."""

_NAMELESS = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\uffff]")
_GARBLED = 5
"""One character in so many that no text has: a font without its names."""

_ENCRYPTED = frozenset((raw.FPDF_ERR_PASSWORD,))


def read_pdf(document: Document) -> Items:
    """Everything in the file, the pages first."""
    is_mended = False
    try:
        pdf = _opened(document)
    except DamagedError:
        document, is_mended = document._replace(data=_with_trailer(document.data)), True
        pdf = _opened(document)
    try:
        forms = pdf.get_formtype() != raw.FORMTYPE_NONE
        if forms:
            pdf.init_forms()
        yield from _pages(document, pdf)
        yield from _beside(document, pdf)
        yield from _attachments(document, pdf)
    except pdfium.PdfiumError as error:
        raise DamagedError from error
    finally:
        pdf.close()
    if is_mended:
        yield Unreadable(document.place, Reason.DAMAGED)


def _with_trailer(data: bytes) -> bytes:
    """A file that lost its end, with a new one that names its catalogue: pdfium then looks for the objects itself."""
    catalogue = data.rfind(b"/Catalog")
    named = _OBJECT.findall(data, max(0, catalogue - _FAR), catalogue) if catalogue >= 0 else []
    if not named:
        raise DamagedError
    return b"%b\ntrailer<</Root %b R>>\nstartxref\n0\n%%%%EOF\n" % (data, named[-1])


def _opened(document: Document) -> pdfium.PdfDocument:
    """The file, with each word of the mail tried as its password."""
    for password in (None, *document.passwords):
        try:
            pdf = pdfium.PdfDocument(document.data, password=password)
            len(pdf)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == raw.FPDF_ERR_SECURITY:
                raise UnsupportedError from error
            if getattr(error, "err_code", None) not in _ENCRYPTED:
                raise DamagedError from error
        else:
            return pdf
    raise EncryptedError


def _pages(document: Document, pdf: pdfium.PdfDocument) -> Items:
    """The pages in their order, by the bare calls of pdfium: its Python objects cost more than a short page."""
    may_hold_images = _IMAGE.search(document.data) is not None
    for index in range(len(pdf)):
        document.meter.page()
        place = document.place.inside(Step("page", "", index + 1))
        page = raw.FPDF_LoadPage(pdf, index)
        if not page:
            yield Unreadable(place, Reason.DAMAGED)
            continue
        if pdf.formenv:
            raw.FORM_OnAfterLoadPage(page, pdf.formenv)
        try:
            text = _text(page)
            if text:
                yield Fragment(place, text)
            notes = "\n".join(_annotations(pdf, page))
            if notes:
                yield Fragment(place.inside(Step("annotation")), notes)
            yield from _pinned_files(document, pdf, page, place)
            is_looked_at = _is_garbled(text) or is_picture(page, len(text.strip()), may_hold_images)
        finally:
            if pdf.formenv:
                raw.FORM_OnBeforeClosePage(page, pdf.formenv)
            raw.FPDF_ClosePage(page)
        if is_looked_at:
            yield from drawn(document, pdf, index, place)


def _text(page: Any) -> str:
    """What stands on the page, in the order of the file."""
    textpage = raw.FPDFText_LoadPage(page)
    try:
        count = raw.FPDFText_CountChars(textpage)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(textpage, 0, count, buffer)
        text = bytes(memoryview(buffer)[: max(0, written - 1)]).decode("utf-16-le", "replace")
        return f"{text}\n{pdf_lines.put_together(textpage, count)}" if pdf_lines.is_torn(text) else text
    finally:
        raw.FPDFText_ClosePage(textpage)


def _is_garbled(text: str) -> bool:
    """Whether the file does not say which letters its font draws: then the page can only be looked at."""
    if len(text) < FEW_CHARS:
        return False
    nameless = len(_NAMELESS.findall(text))
    return nameless * _GARBLED > len(text)


def _annotations(pdf: pdfium.PdfDocument, page: Any) -> Iterator[str]:
    """The texts of notes and form fields on a page, as they are stored and as they are shown."""
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            for key in _ANNOTATION_KEYS:
                if raw.FPDFAnnot_HasKey(annotation, key):
                    yield _wide(raw.FPDFAnnot_GetStringValue, annotation, key)
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_LINK:
                yield _target(pdf, annotation)
            if pdf.formenv and raw.FPDFAnnot_GetSubtype(annotation) == _FORM_WIDGET:
                yield _wide(raw.FPDFAnnot_GetFormFieldValue, pdf.formenv, annotation)
                yield from _choices(pdf, annotation)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _choices(pdf: pdfium.PdfDocument, annotation: Any) -> Iterator[str]:
    """What a list to choose from offers, chosen or not."""
    offered = raw.FPDFAnnot_GetOptionCount(pdf.formenv, annotation)
    if offered > _CHOICES:
        raise OverBudgetError
    for index in range(offered):
        yield _wide(raw.FPDFAnnot_GetOptionLabel, pdf.formenv, annotation, index)


def _pinned_files(document: Document, pdf: pdfium.PdfDocument, page: Any, place: Place) -> Items:
    """Files that hang on a page like a note; the file's list of attachments does not name them."""
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_FILEATTACHMENT:
                attachment = raw.FPDFAnnot_GetFileAttachment(annotation)
                steps = place.steps[len(document.place.steps) :]
                yield from _file(document, pdfium.PdfAttachment(attachment, pdf) if attachment else None, steps)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _target(pdf: pdfium.PdfDocument, annotation: Any) -> str:
    """Where a link leads, when it leads out of the document."""
    action = raw.FPDFLink_GetAction(raw.FPDFAnnot_GetLink(annotation))
    if not action:
        return ""
    size = raw.FPDFAction_GetURIPath(pdf, action, None, 0)
    buffer = ctypes.create_string_buffer(max(1, size))
    raw.FPDFAction_GetURIPath(pdf, action, buffer, size)
    return buffer.value.decode("utf-8", "replace")


def _wide(call: Any, *arguments: Any) -> str:
    """What a call of pdfium writes as UTF-16 into a buffer of the size it asks for."""
    size = call(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _beside(document: Document, pdf: pdfium.PdfDocument) -> Items:
    """Properties, bookmarks and dynamic forms."""
    properties = [value for value in pdf.get_metadata_dict(skip_empty=True).values() if value]
    start = document.data.find(b"<x:xmpmeta")
    if start >= 0:
        end = document.data.find(b"</x:xmpmeta>", start)
        properties.append(xmltext.text(xmltext.decoded(document.data[start:end]), xmltext.APART) if end > 0 else "")
    yield Fragment(document.place.inside(Step("properties")), "\n".join(properties))
    titles = []
    for number, bookmark in enumerate(pdf.get_toc(max_depth=12)):
        if number >= _BOOKMARKS:
            raise OverBudgetError
        titles.append(bookmark.get_title())
    yield Fragment(document.place.inside(Step("bookmark")), "\n".join(titles))
    scripts = "\n".join(_scripts(pdf))
    if scripts:
        yield Fragment(document.place.inside(Step("hidden")), scripts)
    if b"/XFA" in document.data:
        yield Fragment(document.place.inside(Step("form")), "\n".join(_dynamic_forms(pdf)))


def _scripts(pdf: pdfium.PdfDocument) -> Iterator[str]:
    """What runs when the file is opened, and may fill in or show a text."""
    for index in range(_within(raw.FPDFDoc_GetJavaScriptActionCount(pdf))):
        action = raw.FPDFDoc_GetJavaScriptAction(pdf, index)
        if action:
            yield _wide(raw.FPDFJavaScriptAction_GetScript, action)
            raw.FPDFDoc_CloseJavaScriptAction(action)


def _within(count: int) -> int:
    """A number of attachments or scripts that are all read."""
    if count > _ATTACHMENTS:
        raise OverBudgetError
    return max(0, count)


def _dynamic_forms(pdf: pdfium.PdfDocument) -> Iterator[str]:
    """The XML of an XFA form, whose fields are on no page."""
    for index in range(max(0, raw.FPDF_GetXFAPacketCount(pdf))):
        size = ctypes.c_ulong()
        if raw.FPDF_GetXFAPacketContent(pdf, index, None, 0, size) and size.value:
            if size.value > _LARGEST_FORM:
                raise OverBudgetError
            buffer = ctypes.create_string_buffer(size.value)
            raw.FPDF_GetXFAPacketContent(pdf, index, buffer, size.value, size)
            yield xmltext.text(xmltext.decoded(buffer.raw), xmltext.APART)


def _attachments(document: Document, pdf: pdfium.PdfDocument) -> Items:
    for index in range(_within(pdf.count_attachments())):
        yield from _file(document, pdf.get_attachment(index), ())


def _file(document: Document, attachment: pdfium.PdfAttachment | None, within: tuple[Step, ...]) -> Items:
    try:
        data = bytes(attachment.get_data()) if attachment else None
    except pdfium.PdfiumError:
        data = None
    if data is None or attachment is None:
        yield Unreadable(document.place.inside(*within, Step("attachment")), Reason.DAMAGED)
        return
    document.meter.expand(len(data))
    yield Embedded(data, (attachment.get_name(),), within=within)
