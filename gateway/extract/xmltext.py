"""XML of office files to text by substitution: no tree, no entities, no nesting, linear whatever the input.

A run that is split in five is one number; paragraphs, cells and breaks are apart. A document type is never obeyed, so
neither a billion laughs nor an external entity can be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.extract import symbols
from gateway.extract.html import unescaped
from gateway.mail import charset as charsets

_TAG = re.compile(r"<([^<>]*)>")
_NAME = re.compile(r"[/?!]?[^\s<>/]*")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}encoding=["']([A-Za-z0-9_-]{2,40})""")
_SHOWN_ATTRIBUTES = (
    "descr", "title", "alt", "string-value", "displayText", "tooltip", "prompt", "promptTitle", "error", "caption",
    "display", "Target", "href", "instr", "string", "label", "screentip", "supertip", "description", "current-value",
)  # fmt: skip
"""Attributes whose value a person may be shown. Not all of them: ids look like CPR numbers."""

_FORM_FIELD = re.compile(r"(?<=>)\s*FORMTEXT\s*(?=<)")
"""The command of a form's field in Word, beside what was written into it."""

_ATTRIBUTES = tuple((f'{name}="', re.compile(f'(?<=[ :]){name}="([^"<>]+)"')) for name in _SHOWN_ATTRIBUTES)
_CHUNK = 1 << 20
_SYMBOL = "w:sym"
_SYMBOL_CODE = re.compile(r'char="([0-9A-Fa-f]{4})"')
_OF_PICTURES = re.compile(r"dings", re.I)
"""Fonts whose letters are pictures: Wingdings, Webdings, Dingbats."""

# fmt: off
BREAKS: Mapping[str, str] = {
    **dict.fromkeys((
        "p", "h", "tr", "table-row", "row", "si", "br", "cr", "line-break", "list-item", "txbxContent", "comment",
        "footnote", "endnote", "sp", "table", "tbl", "annotation", "text-box", "frame", "note", "v", "pt", "text",
        "sdt", "fldSimple", "creator", "date", "page", "notes", "docPartBody", "title", "desc", "lastModifiedBy",
    ), "\n"),
    **dict.fromkeys(("tc", "table-cell", "covered-table-cell", "tab", "ptab", "c"), "\t"),
    "noBreakHyphen": "-", "s": " ",
}
"""What stands in for a tag of a text document, by its local name; every other tag is nothing, so runs are joined."""
# fmt: on


TABLE = "\x1d"
WITH_TABLES: Mapping[str, str] = {**BREAKS, "tbl": TABLE, "table": TABLE}
"""The same with a mark where a table begins and ends, for whoever puts its rows together."""


class _Apart(dict[str, str]):
    """A line end for every tag: for properties and settings, where each element is a value of its own."""

    def __missing__(self, key: str) -> str:
        return "\n"


APART: Mapping[str, str] = _Apart()
DRAWN: Mapping[str, str] = _Apart(dict.fromkeys(("font", "span", "b", "i", "u", "s", "strong", "em", "sub", "sup"), ""))
"""What stands in for a tag of an old drawing: its boxes hold a little HTML, and settings beside it."""


def decoded(data: bytes) -> str:
    """The XML as text, in the encoding it declares."""
    declared = _ENCODING.match(data[:200])
    text = charsets.decode(data, declared[1].decode("ascii").lower() if declared else "")
    return symbols.plain(text) if symbols.IN_UTF_8 in data else text


def text(xml: str, breaks: Mapping[str, str] = BREAKS) -> str:
    """The character data with separators where a person sees things apart."""
    return text_and_tags(xml, breaks)[0]


def read(xml: str, breaks: Mapping[str, str] = BREAKS) -> tuple[str, str]:
    """The character data, and the values of attributes people may be shown, each on a line."""
    joined, tags = text_and_tags(xml, breaks)
    return joined, shown_attributes(tags)


def text_and_tags(xml: str, breaks: Mapping[str, str] = BREAKS) -> tuple[str, str]:
    """The character data, and every distinct tag on a line, without angles: a part of many elements has few."""
    if "<!" in xml:
        xml = xml.replace("<![CDATA[", "").replace("]]>", "").replace("<!--", "").replace("-->", "")
    if "FORMTEXT" in xml:
        xml = _FORM_FIELD.sub("", xml)
    if "posOffset" in xml:
        xml = _without(xml, "posOffset")
    tags: dict[str, str] = {}
    joined = "".join(_chunk_text(chunk, breaks, tags) for chunk in chunks(xml))
    return joined, "\n".join(tags)


def shown_attributes(xml: str) -> str:
    """The values of attributes people may be shown, each on a line."""
    values = [value for mark, pattern in _ATTRIBUTES if mark in xml for value in pattern.findall(xml)]
    return unescaped("\n".join(dict.fromkeys(values)))


def chunks(xml: str) -> Iterator[str]:
    """The XML in stretches that cut no tag, so that a large part never stands in memory as a million pieces."""
    at = 0
    while len(xml) - at > _CHUNK:
        end = xml.rfind("<", at + 1, at + _CHUNK)
        end = end if end > at else at + _CHUNK
        yield xml[at:end]
        at = end
    yield xml[at:]


def _chunk_text(xml: str, breaks: Mapping[str, str], tags: dict[str, str]) -> str:
    """The text of a stretch; `tags` remembers what each distinct tag gives, for whatever comes after."""
    parts = xml.replace("<", ">").split(">")
    found = parts[1::2]
    if len(parts) != 2 * xml.count("<") + 1 or not _know(found, breaks, tags):
        parts = _TAG.split(xml)  # angles stand in texts or values: they put the halves of the quick split out of step
        found = parts[1::2]
        _know(found, breaks, tags, may_be_nameless=True)
    parts[1::2] = map(tags.__getitem__, found)
    return unescaped("".join(parts))


def _know(found: list[str], breaks: Mapping[str, str], tags: dict[str, str], may_be_nameless: bool = False) -> bool:
    """Learns what each distinct tag gives; False at the first that has no name and must have one."""
    for tag in dict.fromkeys(found):
        if tag not in tags:
            name = _NAME.match(tag)[0]  # type: ignore[index]  # it matches anything
            if not name and not may_be_nameless:
                return False
            tags[tag] = _separator(name, breaks) if name != _SYMBOL else _symbol(tag)
    return True


def _symbol(tag: str) -> str:
    """The character that Word inserted from a symbol font."""
    code = _SYMBOL_CODE.search(tag)
    return symbols.character(int(code[1], 16)) if code and not _OF_PICTURES.search(tag) else ""


def _separator(name: str, breaks: Mapping[str, str]) -> str:
    if name[:1] in "?!":
        return ""
    local = name.lstrip("/").rpartition(":")[2]
    if isinstance(breaks, _Apart):
        return breaks[local]
    separator = breaks.get(local, "")
    return "" if name.startswith("/") and separator not in ("\n", TABLE) else separator


def _without(xml: str, local: str) -> str:
    """The XML without the character data of these elements."""
    return re.sub(rf"{local}>[^<]*<", f"{local}><", xml)
