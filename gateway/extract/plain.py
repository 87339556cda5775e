"""Readable text of any kind: plain, flowed, CSV, JSON, XML, calendars and cards, and files spelled out inside text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.extract import html, json_leaves, sniff
from gateway.extract.document import Document, Embedded, Item
from gateway.extract.tables import joined_numbers
from gateway.mail import charset as charsets
from gateway.mail import transfer
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Place

_FLOWED_END = re.compile(r"(?<!\n--) \r?\n(?:>+ ?)?")
_FOLD = re.compile(r"\r?\n[ \t]")
_QP_FOLD = re.compile(r"=[ \t]*\r?\n[ \t]?")
_QP_ESCAPE = re.compile(r"=[0-9A-Fa-f]{2}")
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrtbf])")
_INLINE = re.compile(
    r"^([A-Z][A-Z0-9.-]{0,40})(?=;)[^:\r\n]{0,300}?(?:ENCODING=\"?B|;BASE64)[^:\r\n]{0,300}:[ ]?([A-Za-z0-9+/=]{4,})",
    re.M | re.I,
)
_LARGEST_TREE = 2 * 1024 * 1024
"""Characters of the largest JSON that is also taken apart."""

_LONGEST_FIELD, _SMALLEST_FILE = 10_000, 48
_DATA_URI = re.compile(r"""data:([a-z0-9.+/-]{3,80})[^,"'<>]{0,80};base64,([A-Za-z0-9+/=\s%]+)""", re.I)
_CODED_VALUE = re.compile(r"^[A-Za-z][A-Za-z0-9;.-]{0,60}::[ ]*([A-Za-z0-9+/=]{4,}(?:\r?\n [A-Za-z0-9+/=]+)*)", re.M)
_MAIL_SOURCE = re.compile(
    rb"\n\r?\n(?=(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){1,60}?"
    rb"content-transfer-encoding:[ \t]*(?:quoted-printable|base64))",
    re.IGNORECASE,
)
_TAG_WITH_ATTRIBUTES = re.compile(
    r"""<([A-Za-z_][\w:.-]{0,80})((?:\s+[\w:.-]{1,80}\s*=\s*(?:"[^"<]*"|'[^'<]*'))+)\s*/?>"""
)
_LEAF = re.compile(r"<([A-Za-z_][\w:.-]{0,80})(?:\s[^<>]{0,500})?>([^<>]{1,200})</\1\s*>")
_TAG_NAME = re.compile(r"\A[\w.-]*:")
_ATTRIBUTE = re.compile(r"""\s+([\w:.-]{1,80})\s*=\s*("[^"<]*"|'[^'<]*')""")
_MBOX_LINE = re.compile(rb"(?:\A|(?<=\n))From [^\r\n]+\r?\n(?=[A-Za-z>])")
PGP_START = "-----BEGIN PGP MESSAGE-----"


def flowed(text: str, delete_space: bool) -> str:
    """format=flowed with its soft line ends joined (rfc3676#4)."""
    return _FLOWED_END.sub("" if delete_space else " ", text)


def read_txt(document: Document) -> Iterator[Item]:
    text = charsets.decode(document.data, document.charset)
    yield from of_text(text, document.place)
    if document.format == "csv":
        yield Fragment(document.place, joined_numbers(text))
    if text.startswith(("dn:", "version:")):
        yield from _coded_values(text, document.place)
    yield from files_inside(document.data)


def _coded_values(text: str, place: Place) -> Iterator[Fragment]:
    """What an address book (LDIF) has in base64, for it is not plain ASCII (rfc2849)."""
    values = [transfer.base64("".join(value.split()).encode()) for value in _CODED_VALUE.findall(text)]
    if values:
        yield Fragment(place, "\n".join(map(charsets.decode, values)))


def read_locked(document: Document) -> Iterator[Item]:
    """A format that is nothing but encryption."""
    yield Unreadable(document.place, Reason.ENCRYPTED)


def of_text(text: str, place: Place) -> Iterator[Item]:
    """Plain text, and that it is encrypted where it says so itself."""
    yield Fragment(place, text)
    if PGP_START in text:
        yield Unreadable(place, Reason.ENCRYPTED)


def files_inside(data: bytes) -> Iterator[Embedded]:
    """Files spelled out in a text: uuencode and yEnc."""
    if b"begin" in data:
        for name, content in (*transfer.uuencoded(data), *transfer.yencoded(data)):
            yield Embedded(content, (charsets.decode(name),))


def source_inside(data: bytes) -> bytes:
    """The source of a message copied into a text, as some mail servers return it; empty where there is none."""
    if b"ransfer-" not in data and b"TRANSFER-" not in data:
        return b""
    start = _MAIL_SOURCE.search(data)
    return data[start.end() :] if start else b""


def read_html(document: Document) -> Iterator[Item]:
    yield from of_html(charsets.decode(document.data, document.charset or meta_charset(document.data)), document.place)


def read_xml(document: Document) -> Iterator[Item]:
    """Data in XML: its texts, and with their names its elements and attributes, a tag a line."""
    text = charsets.decode(document.data, document.charset or meta_charset(document.data))
    yield from of_html(text, document.place)
    told = (
        _TAG_NAME.sub("", name) + _ATTRIBUTE.sub(_as_told, rest) for name, rest in _TAG_WITH_ATTRIBUTES.findall(text)
    )
    yield Fragment(document.place, html.unescaped("\n".join(dict.fromkeys((*leaves(text), *told)))))


def leaves(xml: str) -> Iterator[str]:
    """The elements that hold nothing but a text, with their names."""
    return (f"{_TAG_NAME.sub('', name)}: {text}" for name, text in _LEAF.findall(xml))


def _as_told(attribute: re.Match[str]) -> str:
    name, value = attribute[1], attribute[2].strip("\"'")
    return "" if name.startswith(("xmlns", "xsi:")) else f" {name}: {value}"


def of_html(text: str, place: Place) -> Iterator[Item]:
    """Every reading of a markup text, and the pictures that stand in it as data."""
    for reading in html.readings(text):
        yield Fragment(place, reading)
    if ";base64," in text:
        yield from pictures_inside(text)


def pictures_inside(text: str) -> Iterator[Embedded]:
    """Pictures and files that stand in a markup as `data:` (rfc2397)."""
    for match in _DATA_URI.finditer(text):
        yield Embedded(transfer.base64(match[2].encode()), (), declared=match[1].lower(), kind="picture")


def meta_charset(data: bytes) -> str:
    """The charset that a markup names in its head."""
    match = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", data[:2048])
    return match[1].decode("ascii").lower() if match else ""


def read_mbox(document: Document) -> Iterator[Item]:
    """A mailbox: every message of it is one."""
    starts = [match.start() for match in _MBOX_LINE.finditer(document.data)]
    for start, end in zip(starts, [*starts[1:], len(document.data)], strict=True):
        yield Embedded(document.data[start:end].partition(b"\n")[2], (), "message/rfc822")


def read_json(document: Document) -> Iterator[Item]:
    """JSON as it stands, where it escapes characters with them as characters, and its values with their names."""
    text = charsets.decode(document.data, document.charset)
    yield Fragment(document.place, text)
    if len(text) <= _LARGEST_TREE:
        yield Fragment(document.place, "\n".join(json_leaves.leaves(text)))
    if "\\" in text:
        yield Fragment(document.place, _JSON_ESCAPE.sub(_json_character, text))


def _json_character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)).encode("utf-8", "replace").decode() if match[1] else " "


def read_card(document: Document) -> Iterator[Item]:
    """Calendars and cards: folds joined, quoted-printable undone, files in them read (rfc5545#3.1, rfc6350#3.2)."""
    text = charsets.decode(document.data, document.charset)
    if _QP_ESCAPE.search(text) or "=\n" in text or "=\r\n" in text:
        joined = _FOLD.sub("", _QP_FOLD.sub("", text))
        yield Fragment(document.place, charsets.decode(transfer.quoted_printable(joined.encode("utf-8", "replace"))))
    unfolded = _FOLD.sub("", text)
    if "<" in unfolded and ("X-ALT-DESC" in unfolded or "text/html" in unfolded):
        for reading in html.readings(unfolded):
            yield Fragment(document.place, reading)
    yield Fragment(document.place, _JSON_ESCAPE.sub(" ", unfolded).replace("\\,", ",").replace("\\;", ";"))
    if ";base64," in unfolded:
        yield from pictures_inside(unfolded)
    for match in _INLINE.finditer(unfolded):
        yield from _inline(match[1], transfer.base64(match[2].encode()), document.place)


def _inline(name: str, value: bytes, place: Place) -> Iterator[Item]:
    """What a field holds in base64: a text, with the field's name, or a file."""
    if len(value) <= _LONGEST_FIELD and sniff.format_of(value) == "txt":
        yield Fragment(place, f"{name}: {charsets.decode(value)}")
    elif len(value) >= _SMALLEST_FILE:
        yield Embedded(value)
