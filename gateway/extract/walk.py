"""One walk over a message: every header people see, every part, every reading of it, and what stands inside documents.

Whatever ends a reading early (budget, password, damage, a bug of a reader) becomes an Unreadable beside what was read
until then; nothing is skipped in silence. Risky documents can be put aside for the sandbox instead of being read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.extract import behind, dressed, html, jpeg, plain, sniff
from gateway.extract.budget import Budget, DamagedError, EncryptedError, Meter, OverBudgetError, UnsupportedError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.formats import FORMATS, LOCKABLE, MAY_BE_EMPTY, Reader
from gateway.mail import charset as charsets
from gateway.mail import headers, transfer
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.message import Message, Part
from gateway.mail.place import Place, Step

VISIBLE_FIELDS = (
    "from", "sender", "to", "cc", "bcc", "reply-to", "resent-from", "resent-to", "resent-cc", "comments", "keywords",
    "organization", "thread-topic", "content-description", "x-subject", "list-id", "disposition-notification-to",
    "x-message-flag",
)  # fmt: skip
"""The header fields a mail program shows or answers to. The subject has a place of its own."""

_VISIBLE = tuple((name.encode("ascii"), Step("header", name)) for name in VISIBLE_FIELDS)
_SUBJECT, _TEXT, _HTML, _FILENAME = Step("subject"), Step("text"), Step("html"), Step("filename")
_OF_A_PART = (
    (b"content-description", Step("header", "content-description")),
    (b"content-location", Step("header", "content-location")),
)
_BROKEN_FIELD = Step("header", "broken")
_ROOT = Place(())
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
_WORD = re.compile(r"[^\s<>]{4,64}")
_PASSWORD_WORD = re.compile(
    r"(?:kode|adgang|password|passwd|pw|pin|løsen|login)[a-zæøå]{0,12}[\s:=\"'»«]{0,4}(?:er|is|til)?[\s:=\"'»«]{0,4}"
    r"([^\s<>]{3,64})",
    re.I,
)
_PASSWORDS = 200
_LARGEST_INLINE = 4 * 1024 * 1024
"""A text of more bytes than this is put aside for the sandbox too, so that it delays nobody else."""

_LARGEST_LOOK = 64 * 1024
"""Without OCR no pixel of a larger photo is looked at, so none is handed on."""

_EMPTY_THOUGH_LARGE = 4096
"""A document of more bytes than this that gives nothing at all is not read, whatever its reader says."""

_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (
    (OverBudgetError, Reason.OVER_BUDGET),
    (RecursionError, Reason.OVER_BUDGET),
    (MemoryError, Reason.OVER_BUDGET),
    (EncryptedError, Reason.ENCRYPTED),
    (UnsupportedError, Reason.UNSUPPORTED_FORMAT),
    (DamagedError, Reason.DAMAGED),
)


@dataclass(frozen=True, slots=True)
class Risky:
    """A document that the sandbox reads. Its bytes never show in a repr."""

    place: Place
    format: str
    data: bytes = field(repr=False)
    depth: int = 0


class Walk:
    """What one message gave so far, and what is left of its budget."""

    def __init__(self, budget: Budget, defer: frozenset[str] = frozenset(), passwords: tuple[str, ...] = ()) -> None:
        self.meter = Meter(budget)
        self.fragments: list[Fragment] = []
        self.unreadable: dict[Unreadable, None] = {}
        """Each once, in their order: one archive may have thousands of members with the same fault."""
        self.risky: list[Risky] = []
        self._defer = defer
        self._passwords = passwords

    @property
    def passwords(self) -> tuple[str, ...]:
        """The words of the mail that may open its attachments, likely ones first."""
        if not self._passwords:
            texts = [fragment.text[:20_000] for fragment in self.fragments[:50]]
            likely = [word.strip(".,;:!?\"'()»«") for text in texts for word in _PASSWORD_WORD.findall(text)]
            words = [word.strip(".,;:!?\"'()»«") for text in texts for word in _WORD.findall(text)]
            strong = [word for word in words if any(ch.isdigit() for ch in word)]
            self._passwords = tuple(dict.fromkeys(filter(None, (*likely, *strong, *words))))[:_PASSWORDS]
        return self._passwords

    def message(self, message: Message, at: Place = _ROOT, depth: int = 0) -> None:
        """The headers people see, then the body and the attachments, numbered from 1."""
        self._fields(message.fields, at)
        if message.original is not message.content:
            self._fields(message.other_fields, at)
        _Parts(self, at, depth).read(message, 0)

    def _fields(self, fields: headers.Fields, at: Place) -> None:
        if b"subject" in fields:
            self.text(at.inside(_SUBJECT), "\n".join(map(headers.decoded, fields[b"subject"])))
        for name, step in _VISIBLE:
            if name in fields:
                self.text(at.inside(step), "\n".join(map(headers.decoded, fields[name])))

    def text(self, place: Place, text: str, marks: tuple[tuple[int, str], ...] = ()) -> None:
        if text:
            try:
                self.meter.text(len(text))
            except OverBudgetError:
                self.unread(place, Reason.OVER_BUDGET)
                return
            self.fragments.append(Fragment(place, text, marks))
            if dressed.TURNED in text:
                self.fragments.append(Fragment(place, dressed.turned(text), marks))

    def unread(self, place: Place, reason: Reason) -> None:
        self.unreadable[Unreadable(place, reason)] = None

    def document(self, data: bytes, place: Place, format: str, depth: int, charset: str = "") -> None:
        """Reads a document and everything inside it, or puts it aside for the sandbox."""
        known = FORMATS.get(format)
        if format == "jpg" and not self.meter.budget.ocr and len(data) > _LARGEST_LOOK:
            data = jpeg.head(data)
        if known is None:
            self.unread(place, Reason.UNKNOWN_FORMAT if format == "unknown" else Reason.UNSUPPORTED_FORMAT)
        elif format in self._defer or (self._defer and len(data) > _LARGEST_INLINE):
            self.risky.append(Risky(place, format, data, depth))
        elif depth > self.meter.budget.depth:
            self.unread(place, Reason.OVER_BUDGET)
        else:
            passwords = self.passwords if format in LOCKABLE else ()
            try:
                reader = known.load()
            except ImportError:  # a library that is not installed; `Sandbox.missing` says so at start
                self.unread(place, Reason.UNSUPPORTED_FORMAT)
                return
            self.items(Document(data, place, self.meter, format, charset, passwords, depth), reader)

    def behind(self, data: bytes, place: Place, format: str, depth: int) -> None:
        """The archives that stand behind a file in the same bytes."""
        for number, archive in enumerate(behind.archives(data, format), 1):
            kind = sniff.format_of(archive)
            self.document(archive, place.inside(Step("attachment", kind, number)), kind, depth + 1)

    def nested(self, data: bytes, place: Place, depth: int) -> None:
        """A message inside the message, with its own headers, text and attachments."""
        if depth > self.meter.budget.depth:
            self.unread(place, Reason.OVER_BUDGET)
        else:
            self.message(Message(data.lstrip(b"\r\n")), place, depth)

    def items(self, document: Document, reader: Reader) -> None:
        counts: dict[tuple[object, ...], int] = {}
        before = self._given()
        try:
            for item in reader(document):
                if isinstance(item, Fragment):
                    self.text(item.place, item.text, item.marks)
                elif isinstance(item, Unreadable):
                    self.unreadable[item] = None
                else:
                    self.embedded(item, document, counts)
        except Exception as error:  # any bug of a reader is a part not read, never a message not judged
            self.unread(document.place, reason_of(error))
        if self._given() == before and len(document.data) > _EMPTY_THOUGH_LARGE and document.format not in MAY_BE_EMPTY:
            self.unread(document.place, Reason.EMPTY)

    def _given(self) -> tuple[int, int, int]:
        return len(self.fragments), len(self.unreadable), len(self.risky)

    def embedded(self, item: Embedded, document: Document, counts: dict[tuple[object, ...], int]) -> None:
        """A document found inside a document, under its parent's place and numbered among its like."""
        self.meter.part()
        at = document.place.inside(*item.within)
        for name in filter(None, item.names):
            self.text(at.inside(_FILENAME), name)
        if not item.data:
            return
        format = sniff.format_of(item.data, item.declared, item.names)
        key = (item.kind, item.within)
        counts[key] = counts.get(key, 0) + 1
        place = at.inside(Step(item.kind, format, counts[key]))
        if format == "eml":
            self.nested(item.data, place, document.depth + 1)
        else:
            self.document(item.data, place, format, document.depth + 1)
        self.behind(item.data, place, format, document.depth + 1)


class _Parts:
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


def reason_of(error: BaseException) -> Reason:
    """What an ending by this error means for the part."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.DAMAGED)
