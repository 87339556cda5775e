"""Pages of a PDF that are pictures: which ones they are, and the page drawn for OCR."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gateway.extract.budget import OverBudgetError
from gateway.extract.document import Document, Embedded, Items
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.place import Place

FEW_CHARS = 30
_OCR_SCALE = 200 / 72
_MUCH_OF_PAGE = 0.4
_SOME_OF_PAGE = 0.03
_SHAPES = 12
_SAMPLED, _BLANK = 997, 0.85
"""One pixel in so many is looked at; of a page of text one in ten is ink."""

_OBJECTS_LOOKED_AT = 30_000
"""A page of more objects is looked at as a picture, whatever they are."""


def is_picture(page: Any, chars: int, may_hold_images: bool) -> bool:
    """Whether what a person reads on the page may not be in its text: a scan, or letters drawn as shapes."""
    if not may_hold_images and chars >= FEW_CHARS:
        return False
    count = raw.FPDFPage_CountObjects(page)
    if count > _OBJECTS_LOOKED_AT:
        return True
    objects = [raw.FPDFPage_GetObject(page, index) for index in range(count)]
    if (
        chars < FEW_CHARS
        and sum(raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_PATH for thing in objects) >= _SHAPES
    ):
        return True
    area = max(1.0, raw.FPDF_GetPageWidthF(page) * raw.FPDF_GetPageHeightF(page))
    wanted = area * (_SOME_OF_PAGE if chars < FEW_CHARS else _MUCH_OF_PAGE)
    covered = [_covered(thing) for thing in objects]
    is_in_strips = sum(covered) >= area * _MUCH_OF_PAGE  # as some scanners send it
    return bool(is_in_strips or max(covered, default=0.0) >= wanted)


def _covered(thing: Any) -> float:
    """How much of the page an image, or a form that may hold one, covers; nothing for any other object."""
    if raw.FPDFPageObj_GetType(thing) not in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM):
        return 0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(thing, left, bottom, right, top):
        return 0
    return abs((right.value - left.value) * (top.value - bottom.value))


def drawn(document: Document, pdf: pdfium.PdfDocument, index: int, place: Place) -> Items:
    """The page as a grey picture for OCR; its size is known before a pixel is drawn."""
    budget = document.meter.budget
    if not budget.ocr:
        yield Unreadable(place, Reason.NO_OCR)
        return
    page = pdf[index]
    try:
        width, height = page.get_width() * _OCR_SCALE, page.get_height() * _OCR_SCALE
        scale = _OCR_SCALE * min(1.0, (min(budget.pixels, 12_000_000) / max(1.0, width * height)) ** 0.5)
        if scale < 0.1:
            raise OverBudgetError
        bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=True)
        rows = bytes(bitmap.buffer)
        lost = _lost(page, budget.pixels, is_blank=_is_nearly_blank(rows))
    finally:
        page.close()
    if lost:
        yield Unreadable(place, lost)
    if bitmap.stride != bitmap.width:
        rows = b"".join(rows[at : at + bitmap.width] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride))
    header = b"P5 %d %d 255\n" % (bitmap.width, bitmap.height)
    yield Embedded(header + rows, (), "", "picture", place.steps[len(document.place.steps) :])


def _is_nearly_blank(rows: bytes) -> bool:
    """Whether one tone covers nearly all of the page: a line above an image that is missing is little ink."""
    sample = rows[::_SAMPLED]
    return max(map(sample.count, set(sample)), default=0) >= _BLANK * len(sample)


def _lost(page: pdfium.PdfPage, pixels: int, *, is_blank: bool) -> Reason | None:
    """Why an image is not on the page that was drawn: pdfium leaves out what it cannot decode, and says nothing.

    Only the largest are asked for, and all of them where next to nothing was drawn.
    """
    for thing in _images(page.raw):
        width, height = ctypes.c_uint(), ctypes.c_uint()
        raw.FPDFImageObj_GetImagePixelSize(thing, width, height)
        is_large = width.value * height.value > pixels
        if is_large or is_blank:
            bitmap = raw.FPDFImageObj_GetBitmap(thing)
            if not bitmap:
                return Reason.OVER_BUDGET if is_large else Reason.DAMAGED
            raw.FPDFBitmap_Destroy(bitmap)
    return None


def _images(page: Any) -> Iterator[Any]:
    """The images of a page and of the forms it is made of, of as many objects as are looked at."""
    left = _OBJECTS_LOOKED_AT
    holders = [(page, raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject)]
    while holders:
        holder, count, get = holders.pop()
        for index in range(min(count(holder), left)):
            left -= 1
            thing = get(holder, index)
            kind = raw.FPDFPageObj_GetType(thing)
            if kind == raw.FPDF_PAGEOBJ_IMAGE:
                yield thing
            elif kind == raw.FPDF_PAGEOBJ_FORM:
                holders.append((thing, raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject))
