"""A message as its original bytes, seen through its MIME tree. Never re-serialised, cheap to make, read when asked.

A part is two offsets into the content; only leaves are ever copied. Where mail programs differ on what a part is (two
Content-Types, two boundaries), every value is given and the reader follows them all. Nothing here raises.
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import unquote_to_bytes

from gateway.mail import charset as charsets
from gateway.mail import headers, transfer
from gateway.mail.address import Address

_MOST_PARTS = 20_000
"""Delimiters beyond this stay text of the last part: taking them apart would cost more than reading them."""

_NOBODY = Address(b"(no address)")
_AUTHOR_FIELDS = (b"from", b"sender")
_BARE_CR = re.compile(rb"\r[^\n]")
_LONE_CR = re.compile(rb"\r(?!\r*\n)")
_ODD_LINE_END = re.compile(rb"\r+\n|\r")
_COMMENT = re.compile(rb"\([^()]*\)")
_SPACED_LINE = re.compile(rb"\n[ \t]+\r?\n")
"""A line of spaces in a header: a folded nothing to the letter (rfc5322#3.2.2), the end of the header to many."""

_LATE_FIELD = re.compile(rb"(?:[^\r\n]{1,998}\r?\n){1,20}?(?=content-(?:type|transfer-encoding)[ \t]{0,9}:)", re.I)
"""Lines that are no field before the first that is one: some programs leave them out."""

_LOOSE_DELIMITER = re.compile(rb"(?:\A|(?<=[\r\n]))--[^\r\n]{1,200}\r?\n(?=[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-)")


class Part:
    """One MIME entity: a header block and a body, as offsets into the message's content."""

    __slots__ = ("_types", "body_end", "body_start", "broken", "content", "fields", "start")

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self.content = content
        self.start = start
        self.body_end = end
        header_end, self.body_start = _header_end(content, start, end)
        self.fields, self.broken = headers.parse(content[start:header_end]) if header_end > start else ({}, [])
        self._types: dict[str, list[bytes]] | None = None

    @property
    def body(self) -> bytes:
        """The body as it stands, transfer encoding and all."""
        return self.content[self.body_start : self.body_end]

    @property
    def content_types(self) -> list[str]:
        """Every distinct declared type, lower case; empty when none is declared."""
        values = self.fields.get(b"content-type")
        return _distinct_tokens(values) if values else []

    @property
    def transfer_encodings(self) -> list[str]:
        """Every distinct encoding that a program may take the declared ones for, `` for none."""
        values = self.fields.get(b"content-transfer-encoding")
        if not values:
            return []
        tokens = _distinct_tokens(values)
        if len(tokens) == 1:
            return list(transfer.kinds(tokens[0]))
        return list(dict.fromkeys(kind for token in tokens for kind in transfer.kinds(token)))

    @property
    def parameters(self) -> dict[str, list[bytes]]:
        """The distinct values of every parameter of every Content-Type and Content-Disposition."""
        if self._types is None:
            self._types = {}
            for field in (b"content-type", b"content-disposition"):
                for value in self.fields.get(field, ()):
                    for name, text in headers.parameters(value) if b";" in value else ():
                        values = self._types.setdefault(name, [])
                        if text not in values:
                            values.append(text)
        return self._types

    @property
    def charset(self) -> str:
        charsets_declared = self.parameters.get("charset")
        return charsets_declared[0].decode("latin-1").strip().lower() if charsets_declared else ""

    @property
    def names(self) -> list[str]:
        """Every file name the part goes by, decoded."""
        values = self.parameters.get("filename", []) + self.parameters.get("name", [])
        if not values:
            return []
        values += [unquote_to_bytes(value) for value in values if b"%" in value]
        return list(dict.fromkeys(filter(None, map(headers.decoded, values))))

    @property
    def is_attached(self) -> bool:
        """Whether any of its fields says that the part is a file of its own."""
        for value in self.fields.get(b"content-disposition", ()):
            if value[:10].lower() == b"attachment":
                return True
        return "filename" in self.parameters or "name" in self.parameters

    @property
    def other_charsets(self) -> list[str]:
        """The charsets beside the first one in which digits are other bytes than in ASCII."""
        declared = self.parameters.get("charset")
        if not declared or len(declared) < 2:
            return []
        return [name for name in (value.decode("latin-1") for value in declared[1:]) if charsets.hides_digits(name)]

    def text_of(self, data: bytes) -> str:
        """The bytes as text in the part's declared charset."""
        return charsets.decode(data, self.charset)

    def decoded(self) -> list[bytes]:
        """The body with its transfer encoding undone: one reading per distinct encoding declared (usually one)."""
        body = self.body
        return [transfer.decode(body, encoding) for encoding in self.transfer_encodings] or [body]

    def children(self, boundaries: list[bytes]) -> tuple[list[Part], list[tuple[int, int]]]:
        """The parts between the boundaries, and the stretches outside them (preamble, epilogue, empty when none)."""
        for boundary in boundaries:
            marks = list(_delimiters(self.content, boundary, self.body_start, self.body_end))
            if marks:
                return self._between(marks)
        return [], [(self.body_start, self.body_end)]

    def loose_children(self) -> tuple[list[Part], list[tuple[int, int]]]:
        """The parts told apart only by lines that look like delimiters: for a missing or wrong boundary."""
        marks = [
            (match.start(), match.end(), False)
            for match in islice(_LOOSE_DELIMITER.finditer(self.content, self.body_start, self.body_end), _MOST_PARTS)
        ]
        return self._between(marks) if marks else ([], [(self.body_start, self.body_end)])

    def other_ends(self) -> list[Part]:
        """The part as programs have it for which its header begins or ends elsewhere; nearly always none."""
        content, start, body = self.content, self.start, self.body_start
        spaced = _SPACED_LINE.search(content, start, body)
        if spaced:
            return [_part_of(content[start : spaced.start() + 1], b"\n", content[spaced.end() : self.body_end])]
        if body == start:
            late = _LATE_FIELD.match(content, start, self.body_end)
            return [Part(content, late.end(), self.body_end)] if late else []
        return []

    def _between(self, marks: list[tuple[int, int, bool]]) -> tuple[list[Part], list[tuple[int, int]]]:
        parts, outside = [], [(self.body_start, marks[0][0])]
        for index, (_, after, closes) in enumerate(marks):
            until = marks[index + 1][0] if index + 1 < len(marks) else self.body_end
            if closes:
                outside.append((after, until))
            else:
                parts.append(Part(self.content, after, until))
        return parts, outside


class Message(Part):
    """A message: the dot-unstuffed bytes that came, and what its header says.

    original: the bytes as they came. `content` is what is read: the same bytes, unless a line ends in something else
    than CRLF or LF. Mail programs take such ends for line ends too, so whoever does not is blind for what they show.
    """

    __slots__ = ("original",)

    def __init__(self, content: bytes) -> None:
        self.original = content
        content = _with_plain_line_ends(content)
        super().__init__(content, 0, len(content))

    @property
    def other_fields(self) -> headers.Fields:
        """The fields as programs have them to which a bare CR is a space; the same for nearly all messages."""
        return headers.parse(_LONE_CR.sub(b" ", self.original[: self.body_start]))[0]

    def header_values(self, name: str) -> list[bytes]:
        """The unfolded bytes of every field of that name, in their order."""
        return self.fields.get(name.lower().encode("ascii"), [])

    @property
    def subject(self) -> str:
        """Every Subject field, decoded; more than one stand on lines of their own."""
        return "\n".join(map(headers.decoded, self.fields.get(b"subject", ())))

    @property
    def authors(self) -> tuple[Address, ...]:
        """Every address in every From and Sender field; empty when there is no such field.

        A field that says something and names no address gives an address without a domain: nobody we could trust.
        """
        values = [value for name in _AUTHOR_FIELDS for value in self.fields.get(name, ()) if value.strip()]
        named = (address for value in values for address in headers.addresses(value) or (_NOBODY,))
        return tuple(dict.fromkeys(named))

    @property
    def received_count(self) -> int:
        """How many hops have stamped it (rfc5321#6.3)."""
        return len(self.fields.get(b"received", ()))

    @property
    def message_id(self) -> bytes:
        return next(iter(self.fields.get(b"message-id", ())), b"")

    def __repr__(self) -> str:
        return f"<Message of {len(self.content)} bytes>"


def header_fits(content: bytes, limit: int) -> bool:
    """Whether the header block of a message takes at most so many bytes; parses nothing of it."""
    if len(content) <= limit:
        return True
    head = _with_plain_line_ends(content[: limit + 4])
    return _header_end(head, 0, len(head))[0] < len(head)


def _with_plain_line_ends(content: bytes) -> bytes:
    """CR CR LF, and CR alone, as CRLF; content without them as it is."""
    if not _BARE_CR.search(content):
        return content
    content = content.replace(b"\r\r\n", b"\r\n")
    return _ODD_LINE_END.sub(b"\r\n", content) if _BARE_CR.search(content) else content


def _part_of(*pieces: bytes) -> Part:
    content = b"".join(pieces)
    return Part(content, 0, len(content))


def _header_end(content: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block ends and the body starts; a block that opens with no field is all body."""
    if content.startswith((b"\r\n", b"\n"), start, end):
        return start, start + (2 if content.startswith(b"\r", start) else 1)
    if not headers.is_field(content, start) and not content.startswith((b"From ", b">From "), start, end):
        return start, start
    found = content.find(b"\n\r\n", start, end)
    bare = content.find(b"\n\n", start, found if found >= 0 else end)
    if bare >= 0:
        return bare, bare + 2
    if found >= 0:
        return found, found + 3
    return end, end


def _delimiters(content: bytes, boundary: bytes, start: int, end: int) -> list[tuple[int, int, bool]]:
    """Every delimiter line: where it starts, where the line after it starts, whether it closes (rfc2046#5.1.1)."""
    delimiter = b"--" + boundary
    marks = []
    at = content.find(delimiter, start, end)
    while at >= 0:
        after = at + len(delimiter)
        if at == start or content[at - 1] in b"\r\n":
            closes = content.startswith(b"--", after, end)
            line_end = content.find(b"\n", after, end)
            line_end = end if line_end < 0 else line_end + 1
            if not content[after + 2 * closes : line_end].strip():
                marks.append((at, line_end, closes))
                after = line_end
                if len(marks) >= _MOST_PARTS:
                    break
        at = content.find(delimiter, after, end)
    return marks


def _distinct_tokens(values: list[bytes]) -> list[str]:
    found: list[str] = []
    for value in values:
        if b"(" in value:
            value = _COMMENT.sub(b" ", value)
        words = value.partition(b";")[0].split(None, 1)
        word = words[0].decode("latin-1").lower().strip("\"'") if words else ""
        if word and word not in found:
            found.append(word)
    return found
