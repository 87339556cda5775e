"""Word, Excel, PowerPoint and OpenDocument files: every XML part of the zip, and whatever is embedded in it.

Body, tables, headers, footers, notes, comments, deleted text, text boxes, hidden rows and slides are all just parts or
elements here, so none can be forgotten. Parts that only describe looks are left out by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.extract import biff12, cells, grid, locked_odf, names, odf_values, plain, sheets, shown, xmltext, zips
from gateway.extract.budget import DamagedError, EncryptedError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.html import unescaped
from gateway.extract.tables import joined_in_document, joined_numbers, rows_of_tables
from gateway.mail import transfer
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_LOOKS = re.compile(
    r"(?:^|/)(?:styles(?:WithEffects)?|fontTable|webSettings|theme\d*|themeOverride\d*|colors\d*|style\d+|presProps|viewProps|"
    r"tableStyles|calcChain|itemProps\d+|\[Content_Types\]|layout-cache|keymap|directory|thumbnail)"
    r"\.(?:xml|jpe?g|png|wmf|emf)$|(?:^|/)Thumbnails/|printerSettings|\.odttf$|\.fntdata$|vba(?:Project|Data)|/Configurations2/"
    r"|^Configurations2/|(?:^|/)META-INF/|^mimetype$|^manifest\.rdf$|layout-cache$|activeX\d*\.bin$|/media/hdphoto"
)
"""Parts that hold looks, fonts, printers, macros' bytes and signatures: nothing that a reader of the document sees."""

_LONGEST_CELL = 10_000
_XML_NAMES = (".xml", ".rels", ".vml", ".rdf")
_NUMBERED = re.compile(r"(\d+)\.[^.]+$")
_OOXML_STEPS = (
    (re.compile(r"/header\d*\.xml$"), "header"),
    (re.compile(r"/footer\d*\.xml$"), "footer"),
    (re.compile(r"/(?:foot|end)notes\.xml$"), "note"),
    (re.compile(r"omments[^/]*(?:/[^/]*)?\.xml$|/persons/"), "comment"),
    (re.compile(r"^docProps/|^meta\.xml$|^customXml/"), "properties"),
    (re.compile(r"/slides/slide\d+\.xml$"), "slide"),
    (re.compile(r"/notesSlides/notesSlide\d+\.xml$"), "slide note"),
)
_APART_PARTS = re.compile(
    r"^docProps/|^meta\.xml$|^customXml/|\.rels$|/charts/|externalLinks|workbook\.xml$|settings\.xml$"
)
_FLAT_FILE = re.compile(rb"<office:binary-data>([^<]*)</office:binary-data>")
_ODF_PIECES = {"ods": ("<table:table ", "sheet"), "odp": ("<draw:page ", "slide")}
_PIVOT_VALUE = re.compile(r'<(?:s|n|d|x) v="([^"]*)"')
_RELATION = re.compile(r'Target="([^"]+)"[^<>]*TargetMode="External"|TargetMode="External"[^<>]*Target="([^"]+)"')


def read_docx(document: Document) -> Items:
    yield from _read_parts(document)


def read_pptx(document: Document) -> Items:
    yield from _read_parts(document)


def read_odf(document: Document) -> Items:
    """Also one that a word of the mail opens, and one that is a single XML file (fodt, fods, fodp)."""
    if not document.data.startswith(b"PK"):
        yield from _flat_odf(document)
        return
    unlocked = locked_odf.opened(document)
    yield from _read_parts(document if unlocked is None else document._replace(data=unlocked))


def _flat_odf(document: Document) -> Items:
    """All parts in one XML, files and pictures as base64."""
    files = _FLAT_FILE.findall(document.data)
    yield from _xml_part(document, "content.xml", _FLAT_FILE.sub(b"", document.data))
    for spelled in files:
        data = transfer.base64(spelled)
        document.meter.expand(len(data))
        yield Embedded(data, (), "", "picture")


def read_xlsx(document: Document) -> Items:
    """A workbook: its sheets as rows of cells, everything else as any office file."""
    yield from _read_parts(document)


def _read_parts(document: Document) -> Items:
    """Every part of the file that holds something people may see, in the file's order, then the workbook's cells."""
    workbook, binary = sheets.Workbook(), biff12.Binary()
    ending: Exception | None = None
    try:
        yield from _parts(document, workbook, binary)
    except (EncryptedError, DamagedError) as error:
        ending = error
    yield from workbook.read(document.place)
    yield from binary.read(document.place)
    if ending:
        raise ending


def _parts(document: Document, workbook: sheets.Workbook, binary: biff12.Binary) -> Items:
    def is_wanted(name: str) -> bool:
        return not _only_looks(document, name)

    for name, data, failure in zips.members(document.data, document.meter, document.passwords, is_wanted):
        if failure is not None:
            yield zips.told(failure, document.place)
            if not data:
                continue
        if workbook.takes(name, data) or binary.takes(name, data):
            continue
        if b"<" in data[:200] and (name.lower().endswith(_XML_NAMES) or data.startswith(b"<?xml")):
            yield from _xml_part(document, name, data)
        elif data:
            yield _embedded(name, data)


def _only_looks(document: Document, name: str) -> bool:
    """OpenDocument keeps headers and footers among its styles; everyone else keeps nothing there that people read."""
    if name == "xl/styles.xml" or (name.endswith("styles.xml") and document.format.startswith("od")):
        return False
    return bool(_LOOKS.search(name))


def _xml_part(document: Document, name: str, data: bytes) -> Items:
    xml = xmltext.decoded(data)
    place = _place(document.place, name)
    if "<!ENTITY" in xml:
        yield Fragment(place, xml)
        raise DamagedError
    if name.endswith(".rels"):
        targets = [first or second for first, second in _RELATION.findall(xml)]
        yield Fragment(place, unescaped("\n".join(targets)))
        return
    if document.format == "ods" and name.endswith("content.xml"):
        xml = odf_values.with_texts(xml)
    for at, piece in _pieces(document.format, name, xml, place):
        yield from _xml_text(document.format, name, piece, at)


def _pieces(format: str, name: str, xml: str, place: Place) -> Iterator[tuple[Place, str]]:
    """The sheets or slides of an OpenDocument file, which are one part; any other part is one piece."""
    mark, kind = _ODF_PIECES.get(format, ("", ""))
    if not mark or not name.endswith("content.xml") or mark not in xml:
        yield place, xml
        return
    head, *pieces = xml.split(mark)
    yield place, head
    for number, piece in enumerate(pieces, 1):
        yield place.inside(Step(kind, "", number)), mark + piece


def _xml_text(format: str, name: str, xml: str, place: Place) -> Items:
    is_sheet = format == "ods" and name.endswith("content.xml")
    text, tags = xmltext.text_and_tags(xml, _breaks(name))
    if xmltext.TABLE in text:
        pieces = text.strip().split(xmltext.TABLE)
        text = "\n".join(pieces)
        told = text if is_sheet else rows_of_tables(pieces)
    else:
        told = text = text.strip()
    yield Fragment(place, told, _marks(xml, told, is_sheet))
    beside = [xmltext.shown_attributes(tags), *names.beside(name, xml, tags)]
    if "pivotCache" in name:
        beside += _PIVOT_VALUE.findall(xml)
    elif name.startswith("word/"):
        beside += shown.other_readings(xml, text, tags)
    elif name.startswith("customXml/"):
        beside += plain.leaves(xml)
    if is_sheet:
        yield Fragment(place, *grid.lost_zeros(xml))
        beside.append(joined_numbers(text.replace("\n\t", "\t")))
    else:
        beside.append(joined_in_document(told))
    yield Fragment(place, "\n".join(filter(None, beside)))


def _breaks(name: str) -> Mapping[str, str]:
    if name.endswith(".vml"):
        return xmltext.DRAWN
    return xmltext.APART if _APART_PARTS.search(name) else xmltext.WITH_TABLES


def _marks(xml: str, text: str, is_sheet: bool) -> grid.Marks:
    """The cells of the part's tables; most parts have none, or no number that is a birth date and four digits."""
    has_table = "<table:table" in xml or "tbl>" in xml or "tbl " in xml
    if not has_table or not cells.may_hold_cpr(text[max(0, text.find("\t")) : text.rfind("\t") + _LONGEST_CELL]):
        return ()
    return grid.marks(xml, text, of_sheet=is_sheet)


def _place(place: Place, name: str) -> Place:
    """Where the part stands, in the words people have for it."""
    for pattern, kind in _OOXML_STEPS:
        if pattern.search(name):
            number = _NUMBERED.search(name)
            if kind == "slide":
                return place.inside(Step("slide", "", int(number[1][:6]) if number else 0))
            if kind == "slide note":
                return place.inside(Step("slide", "", int(number[1][:6]) if number else 0), Step("note"))
            return place.inside(Step(kind))
    return place


def _embedded(name: str, data: bytes) -> Embedded:
    """A picture or a file that lies in the document; its name inside the zip is no text that people see."""
    is_picture = bool(re.search(r"(?:^|/)(?:media|Pictures)/", name))
    return Embedded(data, (), "", "picture" if is_picture else "attachment")
