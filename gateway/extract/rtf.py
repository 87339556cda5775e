"""RTF to text with a tokenizer of its own: every destination people can see, hidden and deleted text, notes.

Only destinations that hold tables of looks are left out. Groups are a list, not a recursion; lengths are never believed
beyond the end of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.extract import html as markup
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.ole1 import embedded_object
from gateway.mail import charset as charsets
from gateway.mail.fragment import Fragment

_TOKEN = re.compile(r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.S)
_HEX = re.compile(r"[^0-9a-fA-F]+")

# fmt: off
_LOOKS = frozenset((
    "fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "rsidtbl", "themedata",
    "colorschememapping", "datastore", "latentstyles", "xmlnstbl", "generator", "filetbl", "revtbl", "mmathPr",
    "pgptbl", "fontemb", "panose", "falt", "blipuid", "listpicture", "objclass", "objname", "bkmkstart",
    "bkmkend", "pnseclvl", "wgrffmtfilter", "passwordhash", "oldcprops", "oldpprops", "oldsprops", "oldtprops",
    "template", "ftnsep", "ftnsepc", "aftnsep", "htmltag", "mhtmltag", "sn",
))
_CHARACTERS = {
    "par": "\n", "line": "\n", "row": "\n", "nestrow": "\n", "sect": "\n", "page": "\n", "column": "\n",
    "softline": "\n", "cell": "\t", "nestcell": "\t", "tab": "\t", "emdash": "—", "endash": "–", "lquote": "‘",
    "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ",
    "qmspace": " ", "footnote": "\n", "annotation": "\n", "header": "\n", "footer": "\n", "headerl": "\n",
    "headerr": "\n", "footerl": "\n", "footerr": "\n", "shptxt": "\n", "pntext": "", "title": "\n",
    "subject": "\n", "author": "\n", "keywords": "\n", "doccomm": "\n", "operator": "\n", "company": "\n",
    "manager": "\n", "category": "\n", "fldinst": "\n", "fldrslt": " ", "atnauthor": "\n", "sp": "\n",
}
_SYMBOLS = {"~": "\xa0", "_": "-", "-": "", "\n": "\n", "\r": "\n", "\t": "\t", "{": "{", "}": "}", "\\": "\\", "*": ""}
# fmt: on
_PICTURES, _OBJECTS = "pict", "objdata"


class _Group:
    """What a group inherits and may change: how it is read, and how many characters stand for one beyond ANSI."""

    __slots__ = ("destination", "html_only", "skip")

    def __init__(self, destination: str = "", skip: int = 1, html_only: bool = False) -> None:
        self.destination, self.skip, self.html_only = destination, skip, html_only


def read_rtf(document: Document) -> Items:
    yield from of_rtf(document.data, document)


def of_rtf(data: bytes, document: Document) -> Iterator[Fragment | Embedded]:
    """The text, the HTML it may wrap, and the pictures and objects inside."""
    reader = _Reader(data.decode("latin-1"))
    reader.run()
    yield Fragment(document.place, reader.text())
    if reader.html:
        for reading in markup.readings("".join(reader.html)):
            yield Fragment(document.place, reading)
    for pieces in reader.pictures:
        yield Embedded(_bytes(pieces), (), "", "picture")
    for pieces in reader.objects:
        yield embedded_object(_bytes(pieces))


def _bytes(pieces: list[str]) -> bytes:
    digits = _HEX.sub("", "".join(pieces))
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


class _Reader:
    """One pass over the tokens."""

    def __init__(self, source: str) -> None:
        self.pictures: list[list[str]] = []
        self.objects: list[list[str]] = []
        self.html: list[str] = []
        self._source = source
        self._out: list[str] = []
        self._pending = bytearray()
        self._codepage = "cp1252"
        self._is_html = "\\fromhtml" in source[:2000]
        self._groups = [_Group()]
        self._to_skip = 0

    def text(self) -> str:
        self._flush()
        joined = "".join(self._out)
        return joined.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def run(self) -> None:
        at = 0
        while at < len(self._source):
            match = _TOKEN.match(self._source, at)
            if not match:
                at += 1
                continue
            at = match.end()
            word, number, byte, symbol, brace, plain = match.groups()
            if plain is not None:
                self._plain(plain)
            elif word is not None:
                at += self._control(word, number)
            elif byte is not None:
                self._byte(int(byte, 16))
            elif brace is not None:
                self._brace(brace)
            elif symbol is not None:
                self._emit(_SYMBOLS.get(symbol, symbol))

    def _brace(self, brace: str) -> None:
        group = self._groups[-1]
        if brace == "{":
            self._groups.append(_Group(group.destination, group.skip, group.html_only))
        elif len(self._groups) > 1:
            self._groups.pop()

    def _plain(self, text: str) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if not text.isascii():
            self._pending += text.encode("latin-1")
            self._flush()
        elif text:
            self._emit(text)

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        self._pending.append(value)

    def _flush(self) -> None:
        if self._pending:
            text = charsets.decode(bytes(self._pending), self._codepage)
            self._pending.clear()
            self._append(text)

    def _emit(self, text: str) -> None:
        self._flush()
        self._append(text)

    def _append(self, text: str) -> None:
        group = self._groups[-1]
        if group.destination == _PICTURES:
            self.pictures[-1].append(text)
        elif group.destination == _OBJECTS:
            self.objects[-1].append(text)
        elif group.destination == "htmltag":
            self.html.append(text)
        elif not group.destination:
            self._out.append(text)
            if self._is_html and not group.html_only:
                self.html.append(text)

    def _control(self, word: str, number: str | None) -> int:
        """Obeys a control word; gives how many characters of raw data follow it."""
        self._flush()
        group = self._groups[-1]
        if word == "u" and number:
            self._append(chr(int(number) % 65536))
            self._to_skip = group.skip
        elif word == "uc" and number:
            group.skip = min(abs(int(number)), 16)
        elif word == "bin" and number:
            return max(0, int(number))
        elif word == "mac":
            self._codepage = "mac_roman"
        elif word == "ansicpg" and number:
            self._codepage = charsets.canonical(f"cp{number}") or "cp1252"
        elif word in (_PICTURES, _OBJECTS):
            group.destination = word
            (self.pictures if word == _PICTURES else self.objects).append([])
        elif word in _LOOKS:
            group.destination = word
        elif word == "htmlrtf":
            group.html_only = number != "0"
        elif word in _CHARACTERS:
            self._append(_CHARACTERS[word])
        return 0
