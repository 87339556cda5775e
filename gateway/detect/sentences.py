"""Where sentences begin and end in folded text, and which parts of a mail name people without speaking of them.

The greeting names the reader, the sign-off the writer, the head of a quotation both: a name there is nobody's data.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LONGEST = 480
_BOUNDARY = re.compile(
    rb"[.!?]+[)\"']*[ \t]+(?=[\"(]?(?:[A-Z]|\xc3[\x80-\x9e]))"  # a full stop and a capital
    rb"|[.!?:;]?[ \t]*\n(?:[ \t]*\n)+"  # an empty line
    rb"|[.!?:]+[)\"']*[ \t]*\n"  # a full stop at the end of a line
    rb"|\n(?=[ \t]*(?:[-*|]|[0-9]{1,2}[.)])[ \t])"  # an item of a list
    rb"|\n(?=[^\n]{0,60}\n)(?<![a-z,]\n)"  # a line that ends in no word of a sentence
)
_WORD_START = rb"(?:^|\n)[ \t]*"
_GREETING = re.compile(
    _WORD_START + rb"(?:hej|hejsa|hall\xc3\xb8j|k(?:\xc3[\xa6\x86]|ae)re|hi|hello|dear|til|att\.?|god ?morgen|goddag)"
    rb"(?:[ \t]+(?:alle|begge|igen)?[^\n.!,:?]{0,48})?(?=[\n.!,:?]|$)",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    rb"(?:(?<=\n)|(?<=[.!?)] )|^)[ \t]*"
    rb"(?:(?:med )?(?:venlige?|k\xc3\xa6rlige?|mange|bedste|de bedste|de|hjertelig) hils(?:en|ner|ener)"
    rb"|hilsen|hilsner|mvh|m\.v\.h\.|vh|v\.h\.|kh|k\.h\.|knus|dbh|(?:mange )?tak og hilsen|(?:best |kind )?regards)"
    rb"\b[,.!]?"
    rb"[^\n]{0,60}(?:\n(?![ \t]*(?:-{3,}|ps\b|p\.s\.|>|fra:|from:|den ))[^\n]{0,110}){0,7}",  # the signature's lines
    re.IGNORECASE,
)
_HEAD = re.compile(
    rb"(?:(?<=\n)|^)[ \t*]*(?:(?:fra|til|cc|bcc|from|to|sendt|sent|dato|date):[^\n]{0,300}"
    rb"|den [^\n]{0,120}(?:\n[^\n]{0,80})?skrev[^\n]{0,200}:|on [^\n]{0,160}wrote:)",
    re.IGNORECASE,
)
_ATTENDEES = re.compile(rb"(?:(?<=\n)|^)(?:ORGANIZER|ATTENDEE)[^\n]{0,400}(?:\n[ \t][^\n]{0,100}){0,6}")
_MAILBOX = re.compile(rb"[0-9A-Za-z._%+-]{1,64}@[0-9A-Za-z.-]{1,80}|https?://[^\s<>\"]{1,400}|<[^<>\n]{1,100}>")


class Span(NamedTuple):
    """From where to where, in bytes."""

    start: int
    end: int


def sentences(data: bytes) -> list[Span]:
    """The text cut into sentences, list items and short lines; none longer than a long paragraph."""
    found: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(data):
        _cut(found, start, match.end())
        start = match.end()
    _cut(found, start, len(data))
    return found


def _cut(found: list[Span], start: int, end: int) -> None:
    while end - start > _LONGEST:
        found.append(Span(start, start + _LONGEST))
        start += _LONGEST
    if end > start:
        found.append(Span(start, end))


def without_formalities(data: bytes) -> bytes:
    """The text with greetings, sign-offs, heads of quotations and addresses blanked; as long as it was."""
    for pattern in (_ATTENDEES, _MAILBOX, _HEAD, _GREETING, _SIGN_OFF):
        data = pattern.sub(_blank, data)
    return data


def _blank(match: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\n]", b" ", match.group())
