"""Where sentences begin and end in folded text, and which parts of a mail name people without speaking of them.

The greeting names the reader, the sign-off the writer, the head of a quotation both: a name there is nobody's data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern

_LONGEST = 480
_BOUNDARY = re.compile(
    rb"[.!?:\n](?:"
    rb"(?<=[.!?])[.!?]*[)\"']*[ \t]+(?=[\"(]?(?:[A-Z]|\xc3[\x80-\x9e]))"  # a full stop and a capital
    rb"|(?<=[.!?:])[.!?:]*[)\"']*[ \t]*\n[ \t\n]*"  # a full stop at the end of a line
    rb"|(?<=\n)[ \t]*\n[ \t\n]*"  # an empty line
    rb"|(?<=\n)(?=[ \t]*(?:[-*|]|[0-9]{1,2}[.)])[ \t])"  # an item of a list
    rb"|(?<=[^a-z,]\n)(?=[^\n]{0,60}\n)"  # a line that does not end as a sentence running on
    rb")"
)
_LINE_START = rb"(?:^|\n)[ \t*]{0,4}"
_GREETINGS = rb"(?:hej|hejsa|hall\xc3\xb8j|k(?:\xc3[\xa6\x86]|ae)re|hi|hello|dear|god ?morgen|goddag)"
_SIGN_OFFS = (
    rb"(?:(?:med )?(?:venlige?|k\xc3[\xa6\x86]rlige?|mange|bedste|de bedste|de|hjertelig) hils(?:en|ner|ener)"
    rb"|hilsen|hilsner|mvh|m\.v\.h\.|vh|v\.h\.|kh|k\.h\.|knus|dbh|(?:mange )?tak og hilsen|(?:best |kind )?regards)"
)
_HEADS = rb"(?:(?:fra|til|cc|bcc|from|to|sendt|sent|dato|date):|organizer|attendee)"
_CAPITAL = rb"(?-i:(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]+)"
_OPENINGS = [
    (_LINE_START + _GREETINGS + rb"[ \t,!.:\n]", re.compile(rb"[^\n.!,:?]{0,56}")),
    (
        rb"(?:^|\n|[.!?)] )[ \t]{0,4}" + _SIGN_OFFS + rb"[^a-z]",
        re.compile(
            rb"[^\n]{0,80}(?:\n(?![ \t]*(?:-{3,}|ps\b|p\.s\.|>|fra:|from:|den ))[^\n]{0,110}){0,7}", re.IGNORECASE
        ),
    ),
    (_LINE_START + _HEADS, re.compile(rb"[^\n]{0,400}(?:\n[ \t][^\n]{0,100}){0,6}")),
    (
        _LINE_START + rb"(?:den|on) ",
        re.compile(rb"[^\n]{0,160}(?:\n[^\n]{0,80})?(?:skrev|wrote)[^\n]{0,200}:", re.IGNORECASE),
    ),
    (
        rb"\n[ \t]*\n[ \t/\-]*(?:[A-Z]|\xc3[\x80-\x9e])",
        re.compile(
            rb"[/\-\s]{0,6}" + _CAPITAL + rb"(?:[ \-]" + _CAPITAL + rb"|[ ](?:[A-Z]|\xc3[\x80-\x9e])\.?){0,3}"
            rb"(?:,[^\n.!?:]{2,60})?[ \t]*"
            rb"(?:\n(?![ \t]*\n)[^\n:!?]{2,70}(?<![.!?,])){0,5}[ \t\n]*(?=\Z|\n[ \t]*(?:fra|from|den|on|-{3,}))",
            re.IGNORECASE | re.ASCII,
        ),
    ),
    (
        rb"(?:^|\n)[ \t]{0,4}[^\n<>@]{1,60}<[0-9a-z]",
        re.compile(rb"(?![^\n<>]{0,60} (?:har|er|fik|skal|der|som) )[^\n<>.!?]{1,64}(?=<[^ \n<>]{1,64}@)"),
    ),
    (rb"[0-9a-z]@[0-9a-z]", re.compile(rb"[^ \t\n<>]{0,140}")),
    (rb"https?://", re.compile(rb"[^\s<>\"]{0,400}")),
]
"""Where what only names people begins, and how far it reaches: greetings, sign-offs with the lines of the signature, a
signature without a sign-off at the end of a mail, heads of quotations and calendars, mail addresses, links."""
_LAST_REACH = 90
_INITIAL = rb"(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]*\.?"
_LAST_NAME = re.compile(rb"(?:(?<=\n)|(?<=[.!?)] ))" + _INITIAL + rb"(?:[ ]" + _INITIAL + rb"){0,2}[ \t\n]*\Z")
"""A name alone at the end of a mail."""
_ENGINE = Engine([Pattern(number, start) for number, (start, _) in enumerate(_OPENINGS)])
_BLANKED = bytes(code if code == 0x0A else 0x20 for code in range(256))


_QUOTED = re.compile(
    rb"\"(?:[A-Z]|\xc3[\x80-\x9e])(?:[^\"\n .]{0,30} [^\"\n]{1,70}\"|[^\"\n]{1,70}\"(?= af (?:[A-Z]|\xc3[\x80-\x9e])))"
)
_SPEECH_REACH = 24
_SAYS = (
    rb"(?:sagde|siger|sige|skrev|skriver|svarede|svarer|r\xc3\xa5bte|r\xc3\xa5ber|fortalte|fort\xc3\xa6ller|spurgte|sp\xc3\xb8rger"
    rb"|hviskede|mener|kald[a-z]*|diagnosen?|st\xc3\xa5r|stod|lyder|l\xc3\xb8d|konkluder[a-z]*|citat|journal[a-z]*)"
)
_SPEECH = re.compile(
    rb"\b" + _SAYS + rb"\b[^.\"]*\Z|[a-z] ?(?<!sang)(?<!bog)(?<!film)(?<!titel)(?<!kursus)(?<!tema)(?<!emne): ?\Z", re.I
)
_SPEECH_AFTER = re.compile(rb"[,.]? ?" + _SAYS + rb"\b", re.I)


class Span(NamedTuple):
    """From where to where, in bytes."""

    start: int
    end: int


def ends_of_sentences(data: bytes) -> list[int]:
    """Where each sentence, list item or short line ends and the next one begins; none longer than a long paragraph."""
    ends: list[int] = []
    start = 0
    for end in (*[match.end() for match in _BOUNDARY.finditer(data)], len(data)):
        while end - start > _LONGEST:
            start += _LONGEST
            ends.append(start)
        if end > start:
            ends.append(end)
            start = end
    return ends


def without_formalities(data: bytes) -> bytes:
    """The text with greetings, sign-offs, heads of quotations and addresses blanked; as long as it was."""
    pieces: list[bytes] = []
    done = 0
    for start, number in sorted({(start, number) for number, start, _ in _ENGINE.matches(data)}):
        begin = start + _leading(data, start)
        if begin < done:
            continue
        reach = _OPENINGS[number][1].match(data, begin)
        if reach is not None and reach.end() > begin:
            pieces += (data[done:begin], reach.group().translate(_BLANKED))
            done = reach.end()
    last = _LAST_NAME.search(data, max(done, len(data) - _LAST_REACH))
    if last is not None:
        pieces += (data[done : last.start()], last.group().translate(_BLANKED))
        done = len(data)
    return b"".join((*pieces, data[done:])) if pieces else data


def quoted_titles(data: bytes) -> list[Span]:
    """Where titles of books, films and courses stand in quotation marks: a capital, two words, and nobody says it."""
    titles: list[Span] = []
    for match in _QUOTED.finditer(data):
        before = data[max(0, match.start() - _SPEECH_REACH) : match.start()]
        after = data[match.end() : match.end() + _SPEECH_REACH]
        if not (_SPEECH.search(before) or _SPEECH_AFTER.match(after)):
            titles.append(Span(match.start(), match.end()))
    return titles


def blanked(data: bytes, spans: Sequence[Span]) -> bytes:
    """The text with these stretches blanked; as long as it was."""
    pieces: list[bytes] = []
    done = 0
    for start, end in spans:
        pieces += (data[done:start], data[start:end].translate(_BLANKED))
        done = end
    return b"".join((*pieces, data[done:])) if pieces else data


def _leading(data: bytes, start: int) -> int:
    """How many bytes of a match belong to what stands before it: a line end, a full stop and a space."""
    if data[start : start + 1] == b"\n":
        return 1
    return 2 if data[start : start + 2] in (b". ", b"! ", b"? ", b") ") else 0
