"""One walk over a message: every header people see, every part, every reading of it, and what stands inside documents.

Whatever ends a reading early (budget, password, damage, a bug of a reader) becomes an Unreadable beside what was read
until then; nothing is skipped in silence. Risky documents can be put aside for the sandbox instead of being read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.extract import behind, dressed, jpeg, sniff
from gateway.extract.budget import Budget, DamagedError, EncryptedError, Meter, OverBudgetError, UnsupportedError
from gateway.extract.document import Document, Embedded
from gateway.extract.formats import FORMATS, LOCKABLE, MAY_BE_EMPTY, Reader
from gateway.extract.parts import Parts
from gateway.mail import headers
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.message import Message
from gateway.mail.place import Place, Step

VISIBLE_FIELDS = (
    "from", "sender", "to", "cc", "bcc", "reply-to", "resent-from", "resent-to", "resent-cc", "comments", "keywords",
    "organization", "thread-topic", "content-description", "x-subject", "list-id", "disposition-notification-to",
    "x-message-flag",
)  # fmt: skip
"""The header fields a mail program shows or answers to. The subject has a place of its own."""

_VISIBLE = tuple((name.encode("ascii"), Step("header", name)) for name in VISIBLE_FIELDS)
_SUBJECT = Step("subject")
_FILENAME = Step("filename")
_ROOT = Place(())
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
        Parts(self, at, depth).read(message, 0)

    def _fields(self, fields: headers.Fields, at: Place) -> None:
        if b"subject" in fields:
            self.text(at.inside(_SUBJECT), "\n".join(map(headers.decoded, fields[b"subject"])))
        for name, step in _VISIBLE:
            if name in fields:
                self.text(at.inside(step), "\n".join(map(headers.decoded, fields[name])))

    def text(self, place: Place, text: str, marks: tuple[tuple[int, str], ...] = ()) -> None:
        """Keeps a text and, where marks in it turn a stretch, how it is shown; as far as the budget reaches."""
        readings = [text, dressed.turned(text)] if dressed.TURNED in text else [text]
        for reading in filter(None, readings):
            try:
                self.meter.text(len(reading))
            except OverBudgetError:
                self.unread(place, Reason.OVER_BUDGET)
                return
            self.fragments.append(Fragment(place, reading, marks))

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


def reason_of(error: BaseException) -> Reason:
    """What an ending by this error means for the part."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.DAMAGED)
