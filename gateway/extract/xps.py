"""XPS and OpenXPS, what Windows prints into a file: pages of runs of glyphs, each with the characters it draws.

A number may be drawn in several runs, so the runs of a line are read with spaces between them and, where figures meet,
without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.extract import shown, xmltext, zips
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.html import unescaped
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Place, Step

_LOOKS = re.compile(
    r"\.(?:odttf|ttf|otf|ttc|rels|fdseq|fdoc|frag|icc|icm)$|_PT\.xml$|^\[Content_Types\]|(?:^|/)thumbnail", re.I
)
_PIECE = re.compile(r"(.*)/\[(\d{1,6})\](?:\.last)?\.piece$", re.I)
"""A part in pieces, as a printer that cannot go back writes it (ECMA-376-2 9.2.4)."""

_PAGE = re.compile(r"\.(?:fpage|dict)$", re.I)
_PAGE_NUMBER = re.compile(r"(\d{1,6})\.fpage$", re.I)
_TAG = re.compile(r"<(/?)(?:\w{1,20}:)?(Glyphs|Canvas)(?=[\s/>])([^<]*)")
_TEXT = re.compile(r'\sUnicodeString="([^"]*)"')
_HEIGHT = re.compile(r'\sOriginY="([^"]{1,40})"')
_SAID = re.compile(r'\s(?:FixedPage\.NavigateUri|AutomationProperties\.(?:Name|HelpText)|Description)="([^"]*)"')
_FIGURES_MEET = re.compile(r"[0-9-]\x1f[0-9-]")
_RUN = "\x1f"
_SPACED = re.compile(r"(?<=\s)\x1f|\x1f(?=\s)")


def read_xps(document: Document) -> Items:
    """The pages, then what else people see: outlines, descriptions, properties and pictures."""
    pieces: dict[str, dict[int, bytes]] = {}
    for name, data, failure in zips.members(document.data, document.meter, document.passwords, _is_wanted):
        piece = _PIECE.match(name)
        if failure is not None:
            yield zips.told(failure, document.place)
            if not data:
                continue
        if piece:
            pieces.setdefault(piece[1], {})[int(piece[2])] = data
        else:
            yield from _part(document.place, name, data)
    for name, parts in pieces.items():
        if _is_wanted(name):
            yield from _part(document.place, name, b"".join(data for _, data in sorted(parts.items())))


def _is_wanted(name: str) -> bool:
    return not _LOOKS.search(name)


def _part(place: Place, name: str, data: bytes) -> Items:
    if _PAGE.search(name):
        number = _PAGE_NUMBER.search(name)
        yield from _page(place.inside(Step("page", "", int(number[1]))) if number else place, xmltext.decoded(data))
    elif name.lower().endswith((".xml", ".struct")):
        xml = xmltext.decoded(data)
        yield Fragment(place.inside(Step("properties")), xmltext.text(xml, xmltext.APART).strip())
        yield Fragment(place, _said(xml))
    elif data:
        is_picture = name.lower().endswith((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".wdp"))
        yield Embedded(data, (), "", "picture" if is_picture else "attachment")


def _page(place: Place, xml: str) -> Items:
    lines = "\n".join(_lines(xml))
    text = _SPACED.sub("", lines).replace(_RUN, " ")
    yield Fragment(place, text)
    if _FIGURES_MEET.search(lines):
        yield Fragment(place, shown.changed_lines(text, lines.replace(_RUN, "")))
    yield Fragment(place, _said(xml))
    if any(tag[2] == "Glyphs" and not tag[1] and not _TEXT.search(tag[3]) for tag in _TAG.finditer(xml)):
        yield Unreadable(place, Reason.UNSUPPORTED_FORMAT)


def _lines(xml: str) -> Iterator[str]:
    """The runs of each line with a mark between them: a line is what stands at one height of one canvas."""
    line: list[str] = []
    height = ""
    for tag in _TAG.finditer(xml):
        if tag[2] == "Canvas":
            height = ""
            continue
        text, at = _TEXT.search(tag[3]), _HEIGHT.search(tag[3])
        if tag[1] or not text:
            continue
        if not at or at[1] != height:
            yield _RUN.join(line)
            line, height = [], at[1] if at else ""
        line.append(unescaped(text[1]).removeprefix("{}"))
    yield _RUN.join(line)


def _said(xml: str) -> str:
    """Links, outlines and descriptions."""
    return unescaped("\n".join(dict.fromkeys(_SAID.findall(xml))))
