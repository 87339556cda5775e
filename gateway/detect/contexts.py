"""Which texts of a message are read together, so that one says of whom the other speaks.

A body is read with the subject before it, and the subject with the first body after it; every other text by itself.
Only the texts' own sentences and numbers are judged, each in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.detect.normalise import fold
from gateway.detect.sentences import Span
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place

_HEADED = 300
"""So much of a long first body is read with the subject."""
_BETWEEN = b"\n\n"
_ADDRESS_FIELDS = frozenset(
    (
        "from",
        "sender",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "resent-from",
        "resent-to",
        "resent-cc",
        "organization",
        "list-id",
    )
)


class Part(NamedTuple):
    """A text that is judged: which fragment it is, and where it stands in what is read."""

    fragment: int
    span: Span


class Context(NamedTuple):
    """What is read at once, and which parts of it are judged."""

    data: bytes
    parts: tuple[Part, ...]
    head: int = 0
    """So many bytes of it are the subject."""

    def fragment_at(self, start: int) -> int | None:
        """The text to which something belongs that begins here; None where nothing is judged."""
        for fragment, span in self.parts:
            if span.start <= start < span.end:
                return fragment
        return None


class Contexts:
    """The contexts of one message's texts; short ones are folded already."""

    def __init__(self, fragments: Sequence[Fragment], folded: dict[int, bytes]) -> None:
        self._fragments = fragments
        self._folded = folded
        self._subject = next((at for at in folded if folded[at] and is_subject(fragments[at].place)), None)
        self._body = next((at for at, each in enumerate(fragments) if is_body(each.place)), None)

    def is_read_with_subject(self, at: int) -> bool:
        """Whether this is a short first body, which is read at once with the subject."""
        return at == self._body and self._subject is not None and at in self._folded

    def of(self, at: int) -> Context:
        """The context a text is read in; that of a subject judges a short body, too."""
        data = self._folded[at] if at in self._folded else fold(self._fragments[at].text)
        own = Part(at, Span(0, len(data)))
        place = self._fragments[at].place
        if self._subject is not None and is_body(place):
            return self._after_subject(at, data, self._folded[self._subject])
        if self._body is None or not is_subject(place):
            return Context(data, (own,))
        if at == self._subject and self.is_read_with_subject(self._body):
            whole, parts, head = self._after_subject(self._body, self._folded[self._body], data)
            return Context(whole, (own, *parts), head)
        return Context(data + _BETWEEN + fold(self._fragments[self._body].text[:_HEADED]), (own,), len(data))

    def _after_subject(self, at: int, body: bytes, subject: bytes) -> Context:
        head = subject + _BETWEEN
        part = Part(at, Span(len(head), len(head) + len(body)))
        return Context(head + body, (part,), len(subject))


def is_subject(place: Place) -> bool:
    return len(place.steps) == 1 and place.outermost.kind == "subject"


def is_body(place: Place) -> bool:
    return place.outermost.kind in ("text", "html")


def is_address_field(place: Place) -> bool:
    """Whether offices and people are named there, with what they do (`Ergoterapeut Mona`) and not what ails them."""
    step = place.steps[-1]
    return step.kind == "header" and step.format in _ADDRESS_FIELDS
