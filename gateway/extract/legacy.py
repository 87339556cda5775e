"""Word, Excel and PowerPoint as they were before 2007: streams in an OLE file, read record by record.

Body, notes, headers, comments, text boxes and deleted text of a .doc are one text here; embedded objects are documents.
A chain of sectors that loops gives less text than its size: that is reported, not taken for an empty file.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator

import olefile

from gateway.extract import biff, symbols
from gateway.extract.budget import DamagedError, EncryptedError, OverBudgetError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.ole1 import MARKS, native_package
from gateway.extract.ole_streams import bytes_of, custom_properties
from gateway.mail.fragment import Fragment
from gateway.mail.place import Step

_PROPERTY_STREAMS = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
_PICTURE_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PICTURES = 20
_LONGEST_MARK = 8
_WORD_CHARACTERS = {
    0x07: "\t", 0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x0E: "\n", 0x13: " ", 0x14: " ", 0x15: " ", 0x1E: "-", 0x1F: "",
    0x01: "", 0x02: "", 0x03: "", 0x04: "", 0x05: "", 0x08: "",
    **symbols.PLAIN,
}  # fmt: skip
_STRINGS_8 = re.compile(rb"[\x20-\x7e\xa0-\xff]{5,}")
_STRINGS_16 = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00){5,}")


def read_ole(document: Document) -> Items:
    """Any OLE file: the document its streams make up, then its properties and everything stored in it."""
    try:
        with olefile.OleFileIO(io.BytesIO(document.data)) as ole:
            yield from _read(document, ole)
            if ole.parsing_issues:
                raise DamagedError
    except (OSError, struct.error, IndexError, ValueError, TypeError, KeyError) as error:
        yield Fragment(document.place, strings(document.data))
        raise DamagedError from error


def _read(document: Document, ole: olefile.OleFileIO) -> Items:
    known = 0
    for path in ole.listdir(streams=True, storages=False):
        reader = _READERS.get(path[-1].lower())
        if reader is None:
            continue
        document.meter.part()
        at = document if len(path) == 1 else document._replace(place=document.place.inside(Step("attachment")))
        yield from reader(at, ole, path)
        known += 1
    yield from _properties(document, ole)
    if not known:
        yield from _files(document, ole)
        yield Fragment(document.place, strings(document.data))
    elif ole.parsing_issues:
        yield Fragment(document.place, strings(document.data))


def _files(document: Document, ole: olefile.OleFileIO) -> Items:
    """The streams of an object of an unknown kind that are files as they stand, by their marks."""
    left = len(document.data)
    for path in ole.listdir(streams=True, storages=False):
        left -= ole.get_size(path)
        if left < 0:  # streams that share their bytes, or claim what is not there
            ole.parsing_issues.append((DamagedError, "streams are larger than their file"))
            return
        if ole.openstream(path).read(_LONGEST_MARK).startswith(MARKS):
            document.meter.part()
            yield Embedded(bytes_of(ole, path))


def _properties(document: Document, ole: olefile.OleFileIO) -> Items:
    found: list[str] = []
    for name in _PROPERTY_STREAMS:
        if ole.exists(name):
            values = ole.getproperties(name, convert_time=False, no_conversion=None).values()
            for value in values:
                found += [_property_text(each) for each in (value if isinstance(value, list) else [value])]
            found += custom_properties(bytes_of(ole, [name]))
    yield Fragment(document.place.inside(Step("properties")), "\n".join(filter(None, found)))


def _property_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("cp1252", "replace").strip("\0")
    return value.strip("\0") if isinstance(value, str) else ""


def _word(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Items:
    """The piece table of a Word file: every character of body, notes, headers, comments and boxes (MS-DOC 2.4.1)."""
    main = bytes_of(ole, path)
    flags = struct.unpack_from("<H", main, 0x0A)[0]
    if flags & 0x0100:
        raise EncryptedError
    if struct.unpack_from("<H", main, 2)[0] < 0xC1:
        start, end = struct.unpack_from("<II", main, 0x18)
        yield Fragment(document.place, _word_text(main[start:end].decode("cp1252", "replace")))
        return
    table = bytes_of(ole, [*path[:-1], "1Table" if flags & 0x0200 else "0Table"])
    offset, size = struct.unpack_from("<II", main, 0x01A2)
    text = "".join(_pieces(main, table[offset : offset + size]))
    yield Fragment(document.place, _word_text(text))
    yield from _pictures(document, ole, [*path[:-1], "Data"])


def _pieces(main: bytes, clx: bytes) -> Iterator[str]:
    at = 0
    while at < len(clx) and clx[at] == 1:
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at >= len(clx) or clx[at] != 2:
        raise DamagedError
    size = struct.unpack_from("<I", clx, at + 1)[0]
    plan = clx[at + 5 : at + 5 + size]
    count = (len(plan) - 4) // 12
    limits = struct.unpack_from(f"<{count + 1}I", plan)
    for index in range(count):
        where = struct.unpack_from("<I", plan, 4 * (count + 1) + 8 * index + 2)[0]
        length = limits[index + 1] - limits[index]
        if not 0 <= length <= len(main):
            raise DamagedError
        if where & 0x40000000:
            start = (where & 0x3FFFFFFF) // 2
            yield main[start : start + length].decode("cp1252", "replace")
        else:
            yield main[where : where + 2 * length].decode("utf-16-le", "replace")


def _word_text(text: str) -> str:
    return text.translate(_WORD_CHARACTERS)


def _workbook(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Items:
    stream = bytes_of(ole, path)
    yield from biff.read(stream, document.place)
    yield from _carved(stream)


def _slides(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Items:
    """Every text atom of a presentation, in the file's order (MS-PPT 2.9): slides, notes, comments, deleted ones."""
    stream, texts, at = bytes_of(ole, path), [], 0
    while at + 8 <= len(stream):
        version, kind, size = struct.unpack_from("<HHI", stream, at)
        body = at + 8
        if kind == 0x2F14:
            raise EncryptedError
        if kind in (0x0FA0, 0x0FBA):
            texts.append(stream[body : body + size].decode("utf-16-le", "replace"))
        elif kind == 0x0FA8:
            texts.append(stream[body : body + size].decode("latin-1"))
        elif kind == 0x1011:
            yield _stored_object(document, stream[body : body + size], bool(version >> 4))
        at = body if version & 0xF == 0xF else body + size
    yield Fragment(document.place, "\n".join(texts).replace("\r", "\n").replace("\x0b", "\n"))
    yield from _pictures(document, ole, [*path[:-1], "Pictures"])


def _stored_object(document: Document, data: bytes, is_compressed: bool) -> Embedded:
    if not is_compressed:
        return Embedded(data)
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data[4:], max(1, document.meter.expanded))
    except zlib.error as error:
        raise DamagedError from error
    document.meter.expand(len(found))
    if inflater.unconsumed_tail:
        raise OverBudgetError
    return Embedded(found)


def _package(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Items:
    data = bytes_of(ole, path)
    yield (native_package(data) if path[-1].lower() == "\x01ole10native" else None) or Embedded(data)


def _contents(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Items:
    """What Acrobat and others keep as it stands; drawings of other programs have the name too, and are none of it."""
    data = bytes_of(ole, path)
    if data.startswith(MARKS):
        yield Embedded(data)


def _pictures(document: Document, ole: olefile.OleFileIO, path: list[str]) -> Iterator[Embedded]:
    if ole.exists(path):
        yield from _carved(bytes_of(ole, path))


def _carved(stream: bytes) -> Iterator[Embedded]:
    """Pictures by their marks inside a stream of drawings; a decoder stops where the picture does."""
    starts = sorted(match.start() for mark in _PICTURE_MARKS for match in re.finditer(re.escape(mark), stream))
    starts = [start for number, start in enumerate(starts) if not number or start - starts[number - 1] > 200]
    for start in starts[:_PICTURES]:
        yield Embedded(stream[start:], (), "", "picture")


_READERS: dict[str, Callable[[Document, olefile.OleFileIO, list[str]], Items]] = {
    "worddocument": _word,
    "workbook": _workbook,
    "book": _workbook,
    "powerpoint document": _slides,
    "package": _package,
    "package_stream": _package,
    "embeddedodf": _package,
    "contents": _contents,
    "\x01ole10native": _package,
}
"""By the names of their streams in small letters: OLE files tell no other apart (MS-CFB 2.6.4)."""


def read_strings(document: Document) -> Items:
    """Formats nobody gives a library for (drawings, old layouts): the texts that stand in their bytes."""
    yield Fragment(document.place, strings(document.data))


def strings(data: bytes) -> str:
    """Every run of printable characters, of one byte or of two."""
    narrow = [run.decode("cp1252", "replace") for run in _STRINGS_8.findall(data)]
    wide = [run.decode("utf-16-le", "replace") for run in _STRINGS_16.findall(data)]
    return "\n".join(narrow + wide)
