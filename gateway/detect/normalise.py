"""A copy of a text made for matching: disguises folded away, letters and their case kept.

Every detector reads this copy and nothing else, context included, so no offset ever has to be carried back. It is
UTF-8, because the engine reads bytes. Nothing here judges; a fold only makes two spellings of the same thing equal:

- digits of every script become 0-9, full-width and mathematical letters become plain ones (NFKC, superscripts kept);
- every dash becomes `-`, every space ` `, middle dots and bullets `|`;
- format characters (zero width, soft hyphen, bidi marks) and stray combining marks go away;
- line ends are `\n`, and the marks of quoted mail at the start of a line go away, so that what is broken over two lines
  of a quotation is whole.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

from gateway.detect.disguises import DISGUISED, MARKS, fold_all, fold_char
from gateway.detect.engine import Engine, Pattern
from gateway.detect.escapes import decoded
from gateway.detect.mojibake import SIGNS, read_again


def _plain_byte(code: int) -> int:
    if code < 0x80:
        return ord(chr(code).lower()) if chr(code).isalnum() else 0x20
    return code + 0x20 if code < 0x9F else code


_ASCII = bytes(range(128))
_EUROPEAN = bytes([*range(0xC0), 0xC3])
_DEEPEST_QUOTE = 16
_LETTERS = bytes(_plain_byte(code) for code in range(256))
_FEW = 24
_HEAP = re.compile(r"([^\w\x00-\x7f]{8})[^\w\x00-\x7f]+")
"""Marks, dashes, invisible characters in a row, cut short: to put a heap of marks in Unicode's order
takes time in the square of its height."""
_RAISED = re.compile(
    "(?<=[0-9]{6})[-\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{4,5}(?![0-9\u00b9\u00b2\u00b3\u2070\u2074-\u2079])"
)
"""Raised digits are footnotes and powers, but not four of them behind six others."""
_LAYERS = 4
"""So often letters may have been read in the wrong charset, one reading over the other."""
_STRETCH = 50_000
_DENSE = 4
"""Of so many characters one byte is beyond ASCII: then to look at each is quicker than to look for them."""
_RARE = 32
"""Where one character of so many is a mark, all are composed; to look at each mark would take longer."""
_SHORT = 2_000
"""Up to this many bytes a plain search is quicker than the engine; beyond, the engine by far."""
_EXOTIC = Engine([Pattern(0, rb"[\xc2\xc4-\xff]")])
_COMPOSING = Engine([Pattern(0, rb"\xcc[\x80-\xbf]|\xcd[\x80-\xaf]")])
"""Marks that make one letter with the one before them (U+0300 to U+036F)."""
_HEAPED = Engine([Pattern(0, rb"[\x80-\xff]{16}")])
"""Eight characters beyond ASCII in a row: among them a heap of marks may be."""
_LONE_CR = Engine([Pattern(0, rb"\r[^\n]")])
_BLANK_AT_LINE_END = Engine([Pattern(0, rb" \n")])


def fold(text: str) -> bytes:
    """The matching copy of a text, in time linear in its length whatever it holds."""
    data = _folded(text)
    for _ in range(_LAYERS if _may_be_spoiled(text) else 0):
        again = _folded(data.decode())
        if again == data:
            break
        data = again
    return data


def _may_be_spoiled(text: str) -> bool:
    """Whether letters may have been read in the wrong charset: each of them begins with one of these then."""
    return not text.isascii() and any(sign in text for sign in SIGNS)


def _folded(text: str) -> bytes:
    if _may_be_spoiled(text):
        text = read_again(text)
    data = text.encode("utf-8", "replace")
    if not text.isascii() and (data.translate(None, _EUROPEAN) if len(data) < _SHORT else _EXOTIC.occurs(data)):
        data = _fold_exotic(data.decode("utf-8"), data).encode("utf-8")
    if b"\r" in data:
        data = _with_line_ends(data)
    if b" \n" in data if len(data) < _SHORT else _BLANK_AT_LINE_END.occurs(data):
        data = data.replace(b" \n", b"\n")
    data = decoded(data)
    return _unquoted(data) if b">" in data and b"\n>" in data else data


def _with_line_ends(data: bytes) -> bytes:
    if len(data) < _SHORT or data.endswith(b"\r") or _LONE_CR.occurs(data):
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.translate(None, b"\r")


def _unquoted(data: bytes) -> bytes:
    """Without the marks of quoted mail, as deep as people quote."""
    for _ in range(_DEEPEST_QUOTE):
        mark = b"\n> " if b"\n> " in data else b"\n>"
        if mark not in data:
            break
        data = data.replace(mark, b"\n")
    return data


def letters(data: bytes) -> bytes:
    """The folded copy with letters in lower case and everything else a space; as long as it was, so offsets are shared.

    The second bytes of Æ, Ø, Å and their kind become those of æ, ø, å. Where such a byte belongs to another script it
    is spoiled, which costs nothing: no word of the policy is written in one.
    """
    return data.translate(_LETTERS)


def _fold_exotic(text: str, data: bytes) -> str:
    """Replaces what lies outside ASCII and the European letters: few kinds one by one, many all at once."""
    if _COMPOSING.occurs(data):
        text = _composed(text, data)
    text = _RAISED.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)
    kinds = _kinds(text)
    if len(kinds) > _FEW:
        return fold_all(text, dense=len(data.translate(None, _ASCII)) * _DENSE > len(text))
    for ch in kinds:
        text = text.replace(ch, fold_char(ch))
    return text


def _composed(text: str, data: bytes) -> str:
    """Letters and the marks that stand behind them as one character, as European letters are written in the policy.

    Where marks are few only they are looked at, each run with the letter before it.
    """
    if _HEAPED.occurs(data):
        text = _HEAP.sub(r"\1", text)
    few = len(text) // _RARE + 1
    runs = list(islice(MARKS.finditer(text), few))
    if len(runs) == few:
        return unicodedata.normalize("NFC", text)
    pieces: list[str] = []
    done = 0
    for run in runs:
        begin = max(run.start() - 1, 0)
        pieces += (text[done:begin], unicodedata.normalize("NFC", text[begin : run.end()]))
        done = run.end()
    return "".join((*pieces, text[done:]))


def _kinds(text: str) -> set[str]:
    """Each character that may need folding, once; when there are too many for one by one, not all of them."""
    kinds: set[str] = set()
    for start in range(0, len(text), _STRETCH):
        unknown = _without_ascii(text[start : start + _STRETCH])
        for kind in kinds:
            unknown = unknown.replace(kind, "")
        kinds.update(*DISGUISED.findall(unknown))
        if len(kinds) > _FEW:
            break
    return kinds


def _without_ascii(text: str) -> str:
    return text.encode("utf-8").translate(None, _ASCII).decode("utf-8")
