"""The parts of one message in their order, in every reading that their declared types allow.

What holds other parts is taken apart, a text that a mail program shows at once is read as such, all else is a file of
its own. Where mail programs differ on what a part is, each of their readings is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.extract import html, plain, sniff
from gateway.extract.budget import OverBudgetError
from gateway.extract.document import Document, Items
from gateway.mail import charset as charsets
from gateway.mail import headers, transfer
from gateway.mail.fragment import Reason
from gateway.mail.message import Part
from gateway.mail.place import Place, Step

if TYPE_CHECKING:
    from gateway.extract.walk import Walk

_TEXT, _HTML, _FILENAME = Step("text"), Step("html"), Step("filename")
_OF_A_PART = (
    (b"content-description", Step("header", "content-description")),
    (b"content-location", Step("header", "content-location")),
)
_BROKEN_FIELD = Step("header", "broken")
_BODY_HTML = frozenset(("text/html", "text/x-amp-html", "text/enriched", "text/richtext", "application/xhtml+xml"))
_ENRICHED = frozenset(("text/enriched", "text/richtext"))
_PARAMETER = re.compile(r"<param>[^<>]{0,200}</param>", re.I)
"""What a command of enriched text is told, a colour; it is not shown (rfc1896), so the text is read without it too."""
_TAG_END = re.compile(
    rb"</(?:html|body|p|div|span|table|t[drh]|b|i|u|em|strong|font|a|li|h[1-6]|sub|sup|small|big|code)\s*>", re.I
)
_MARKUP_START = re.compile(rb"\s{0,190}<(?:html|!doctype)", re.I)
"""What tells that a text is markup, whatever it was declared: some programs show it as such."""
_BODY_TEXT = frozenset(("text/plain", "text", "", "text/x-markdown", "text/markdown", "text/x-aol"))
_NESTED = frozenset(("message/rfc822", "message/global", "message/news"))
_ELSEWHERE = frozenset(("message/partial", "message/external-body"))
_SIGNATURES = frozenset(("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"))
_LARGEST_SIGNATURE = 16 * 1024
"""A signature beside what it signs is shown by no program; a larger one is a file."""

_DECODED = frozenset(("base64", "quoted-printable"))
_MULTIPART_DEPTH = 40
_MOST_TYPES = 8


class Parts:
    """The parts of one message, in their order; holds the number of the attachment it is at."""

    def __init__(self, walk: Walk, at: Place, depth: int) -> None:
        self._walk = walk
        self._at = at
        self._depth = depth
        self._number = 0
        self._is_signed = False

    def read(self, part: Part, level: int, default: str = "") -> None:
        """A part in every reading its declared types allow."""
        try:
            self._walk.meter.part()
        except OverBudgetError:
            self._rest(part)
            return
        if part.broken:
            self._broken(part)
        for other in part.other_ends() if level < _MULTIPART_DEPTH else ():
            self.read(other, level + 1, default)
        multipart_read = False
        for declared in part.content_types[:_MOST_TYPES] or [default]:
            if declared.startswith("multipart/"):
                if not multipart_read:
                    self._multipart(part, level)
                multipart_read = True
            elif declared in _NESTED:
                self._message(part)
            elif declared in _ELSEWHERE:
                self._walk.unread(self._attachment("eml"), Reason.EXTERNAL)
                self._outside(part, part.body_start, part.body_end, level)
            else:
                self._leaf(part, declared, level)

    def _rest(self, part: Part) -> None:
        """What the budget leaves no room to take apart: the raw text is read, and that it is not all is said."""
        place = self._at.inside(_TEXT)
        self._walk.unread(place, Reason.OVER_BUDGET)
        self._walk.text(place, part.text_of(part.body))

    def _broken(self, part: Part) -> None:
        lines = [line for line in part.broken if not line.startswith((b"From ", b">From "))]
        if lines:
            self._walk.text(self._at.inside(_BROKEN_FIELD), headers.decoded(b"\n".join(lines)))

    def _attachment(self, format: str) -> Place:
        self._number += 1
        return self._at.inside(Step("attachment", format, self._number))

    def _multipart(self, part: Part, level: int) -> None:
        if level >= _MULTIPART_DEPTH:
            self._rest(part)
            return
        children, outside = part.children(part.parameters.get("boundary", []))
        if not children:
            children, outside = part.loose_children()
        if not children and not self._encoded_multipart(part, level):
            self._loss(part)
        self._is_signed = self._is_signed or "multipart/signed" in part.content_types
        default = "message/rfc822" if "multipart/digest" in part.content_types else ""
        self._each(part, children, level, default)
        for start, end in outside:
            self._outside(part, start, end, level)

    def _each(self, part: Part, children: list[Part], level: int, default: str = "") -> None:
        """The parts one by one; when the budget ends, what is left of them is one raw text."""
        for child in children:
            if self._walk.meter.parts <= 0:
                self._rest(Part(part.content, child.body_start, part.body_end))
                return
            self.read(child, level + 1, default)

    def _loss(self, part: Part) -> None:
        """A multipart without any part: what it holds is read as text, and that its parts are missing is said."""
        if part.body.strip():
            self._walk.unread(self._at.inside(_TEXT), Reason.DAMAGED)

    def _encoded_multipart(self, part: Part, level: int) -> bool:
        """A multipart under a transfer encoding: forbidden (rfc2045#6.4), yet some programs decode it."""
        for data in part.decoded():
            if data != part.body and b"--" in data:
                header = part.content[part.start : part.body_start].replace(b"ransfer-", b"-")
                self.read(Part(header + data, 0, len(header) + len(data)), level + 1)
                return True
        return False

    def _outside(self, part: Part, start: int, end: int, level: int) -> None:
        """Text before, after or between the parts: some programs show it, so it is read."""
        if end - start <= 2 or not part.content[start:end].strip(b" \t\r\n-"):
            return
        stretch = part.content[start:end]
        self._walk.text(self._at.inside(_TEXT), part.text_of(stretch))
        self._hidden_parts(stretch, level)

    def _hidden_parts(self, data: bytes, level: int) -> None:
        """MIME parts inside what was declared a simple text."""
        if b"\n--" not in data and not data.startswith(b"--"):
            return
        if b"ontent-" not in data and b"ONTENT-" not in data:
            return
        if level >= _MULTIPART_DEPTH or self._walk.meter.parts <= 0:
            return
        whole = Part(b"\n" + data, 0, len(data) + 1)
        self._each(whole, whole.loose_children()[0], level)

    def _message(self, part: Part) -> None:
        self._names(part)
        for data in part.decoded():
            self._walk.nested(data, self._attachment("eml"), self._depth + 1)

    def _names(self, part: Part) -> None:
        for name in part.names:
            self._walk.text(self._at.inside(_FILENAME), name)

    def _leaf(self, part: Part, declared: str, level: int) -> None:
        is_body = (declared in _BODY_TEXT or declared in _BODY_HTML) and not part.is_attached
        body = part.body
        for name, step in _OF_A_PART if level else ():
            if name in part.fields:
                self._walk.text(self._at.inside(step), "\n".join(map(headers.decoded, part.fields[name])))
        encodings = part.transfer_encodings or [""]
        if not _DECODED.intersection(encodings) and transfer.looks_like_base64(body):
            encodings = [*encodings, "base64"]
        for encoding in encodings:
            data, beside = transfer.decoded_and_beside(body, encoding)
            if is_body and (sniff.is_plainly_text(data) or sniff.is_text(data)):
                self._body(part, declared, data, level)
                if not sniff.is_plainly_text(data) and sniff.binary_format(data):
                    self._file(part, declared, data, level)
            else:
                self._file(part, declared, data, level)
            if beside:
                self._walk.text(self._at.inside(_TEXT), part.text_of(beside))
                self._hidden_parts(body, level)
            if encoding == "base64" and is_body:
                for other in transfer.other_base64(body):
                    self._walk.text(self._at.inside(_TEXT), part.text_of(other))

    def _body(self, part: Part, declared: str, data: bytes, level: int) -> None:
        """A text the mail program shows at once."""
        charset = part.charset or (plain.meta_charset(data) if declared in _BODY_HTML else "")
        text = charsets.decode(data, charset)
        for other in part.other_charsets:
            self._walk.text(self._at.inside(_TEXT), charsets.decode(data, other))
        if declared in _ENRICHED and _PARAMETER.search(text):
            self._markup(_PARAMETER.sub("", text), self._at.inside(_HTML), data)
        if declared in _BODY_HTML:
            self._markup(text, self._at.inside(_HTML), data)
        else:
            place = self._at.inside(_TEXT)
            self._walk.text(place, self._unflowed(part, text) if "format" in part.parameters else text)
            if b"begin" in data:
                self._items(plain.files_inside(data), place, data)
            if b"<" in data and (_MARKUP_START.match(data) or _TAG_END.search(data)):
                self._markup(text, place, data)
            source = plain.source_inside(data)
            if source:
                self._walk.nested(source, place, self._depth + 1)
        if b"--" in data:
            self._hidden_parts(data, level)
            if plain.PGP_START in text:
                self._walk.unread(self._at.inside(_TEXT), Reason.ENCRYPTED)

    def _markup(self, text: str, place: Place, data: bytes) -> None:
        for reading in html.readings(text):
            self._walk.text(place, reading)
        if ";base64," in text:
            self._items(plain.pictures_inside(text), place, data)

    def _items(self, items: Items, place: Place, data: bytes) -> None:
        self._walk.items(Document(data[:0], place, self._walk.meter, depth=self._depth), lambda _: items)

    @staticmethod
    def _unflowed(part: Part, text: str) -> str:
        formats = part.parameters.get("format")
        if not formats or formats[0].strip().lower() != b"flowed":
            return text
        return plain.flowed(text, any(value.strip().lower() == b"yes" for value in part.parameters.get("delsp", ())))

    def _file(self, part: Part, declared: str, data: bytes, level: int) -> None:
        """A part that is a file of its own."""
        self._names(part)
        if not data or data.isspace():
            return
        format = sniff.format_of(data, declared, part.names)
        if self._is_signed and declared in _SIGNATURES and format == "unknown" and len(data) <= _LARGEST_SIGNATURE:
            return
        place = self._attachment(format)
        if format == "eml":
            self._walk.nested(data, place, self._depth + 1)
        else:
            self._walk.document(data, place, format, self._depth, part.charset)
        self._walk.behind(data, place, format, self._depth)
        if format in ("txt", "html", "csv"):
            self._hidden_parts(data, level)
