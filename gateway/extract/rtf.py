"""RTF to text with a tokenizer of its own: every destination people can see, hidden and deleted text, notes.

Only destinations that hold tables of looks are left out. Groups are a list, not a recursion; lengths are never believed
beyond the end of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.extract import html as markup
from gateway.extract import shown, symbols
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
    "qmspace": " ", "header": "\n", "footer": "\n", "headerl": "\n",
    "headerr": "\n", "footerl": "\n", "footerr": "\n", "shptxt": "\n", "pntext": "", "title": "\n",
    "subject": "\n", "author": "\n", "keywords": "\n", "doccomm": "\n", "operator": "\n", "company": "\n",
    "manager": "\n", "category": "\n", "fldinst": "\n", "fldrslt": " ", "atnauthor": "\n", "sp": "\n",
    "propname": "\n", "staticval": ": ",
}
_SYMBOLS = {"~": "\xa0", "_": "-", "-": "", "\n": "\n", "\r": "\n", "\t": "\t", "{": "{", "}": "}", "\\": "\\"}
# fmt: on
_PICTURES, _OBJECTS, _BOOKMARK = "pict", "objdata", "bkmkstart"
_ASIDE = frozenset(("footnote", "annotation"))
"""What stands in the source amid a line and on the page somewhere else."""
_NOT_SHOWN = frozenset(("v", "deleted"))


class _Group:
    """What a group inherits and may change: how it is read, whether it is shown, how many characters stand for one
    beyond ANSI.
    """

    __slots__ = ("destination", "html_only", "is_aside", "is_hidden", "skip")

    def __init__(self, parent: _Group | None = None) -> None:
        self.destination: str = parent.destination if parent else ""
        self.skip: int = parent.skip if parent else 1
        self.html_only: bool = parent.html_only if parent else False
        self.is_aside: bool = parent.is_aside if parent else False
        self.is_hidden: bool = parent.is_hidden if parent else False


def read_rtf(document: Document) -> Items:
    yield from of_rtf(document.data, document)


def of_rtf(data: bytes, document: Document) -> Iterator[Fragment | Embedded]:
    """The text, the HTML it may wrap, and the pictures and objects inside."""
    reader = _Reader(data.decode("latin-1"))
    reader.run()
    text = reader.text()
    yield Fragment(document.place, text)
    yield Fragment(document.place, shown.changed_lines(text, reader.shown_text()))
    yield Fragment(document.place, reader.bookmarks())
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


def _whole(text: str) -> str:
    """The text with its characters of two halves put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Reader:
    """One pass over the tokens."""

    def __init__(self, source: str) -> None:
        self.pictures: list[list[str]] = []
        self.objects: list[list[str]] = []
        self.html: list[str] = []
        self._source = source
        self._out: list[str] = []
        self._shown: list[str] | None = None
        self._bookmarks: list[str] = []
        self._pending = bytearray()
        self._codepage = "cp1252"
        self._is_html = "\\fromhtml" in source[:2000]
        self._groups = [_Group()]
        self._to_skip = 0

    def text(self) -> str:
        self._flush()
        return _whole("".join(self._out))

    def shown_text(self) -> str:
        """The text without what is hidden, deleted or stands aside; empty where there is nothing of the kind."""
        return _whole("".join(self._shown or ()))

    def bookmarks(self) -> str:
        """The names people gave to places, where they hold figures; programs' own begin with a line."""
        names = [name for name in self._bookmarks if name[:1] != "_" and any(map(str.isdecimal, name))]
        return "\n".join(names).replace("_", " ")

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
                at += self._control(word, number, at)
            elif byte is not None:
                self._byte(int(byte, 16))
            elif brace is not None:
                self._brace(brace)
            elif symbol == "*":
                self._groups[-1].is_aside = True
            elif symbol is not None:
                self._emit(_SYMBOLS.get(symbol, symbol))

    def _brace(self, brace: str) -> None:
        group = self._groups[-1]
        if brace == "{":
            self._groups.append(_Group(group))
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
        elif group.destination == _BOOKMARK:
            self._bookmarks.append(text)
        elif not group.destination:
            self._written(text, is_shown=not (group.is_aside or group.is_hidden))
            if self._is_html and not group.html_only:
                self.html.append(text)

    def _written(self, text: str, is_shown: bool) -> None:
        """Keeps a text; what is shown is kept apart from the first text on that is not."""
        if self._shown is None and not is_shown:
            self._shown = self._out.copy()
        self._out.append(text)
        if self._shown is not None and is_shown:
            self._shown.append(text)

    def _raw(self, size: int, at: int) -> int:
        """The raw bytes of a picture or object; a size beyond the end is not believed, so it hides nothing."""
        if not 0 < size <= len(self._source) - at:
            return 0
        if self._groups[-1].destination in (_PICTURES, _OBJECTS):
            self._append(self._source[at : at + size].encode("latin-1").hex())
        return size

    def _control(self, word: str, number: str | None, at: int) -> int:
        """Obeys a control word that ends here; gives how many characters of raw data follow it."""
        self._flush()
        group = self._groups[-1]
        if word == "u" and number:
            self._append(symbols.plain(chr(int(number) % 65536)))
            self._to_skip = group.skip
        elif word == "uc" and number:
            group.skip = min(abs(int(number)), 16)
        elif word == "bin" and number:
            return self._raw(int(number), at)
        elif word == "mac":
            self._codepage = "mac_roman"
        elif word == "ansicpg" and number:
            self._codepage = charsets.canonical(f"cp{number}") or "cp1252"
        elif word in (_PICTURES, _OBJECTS):
            group.destination = word
            (self.pictures if word == _PICTURES else self.objects).append([])
        elif word in _LOOKS:
            group.destination = word
        elif word in _ASIDE:
            group.is_aside = True
            self._append("\n")
        elif word in _NOT_SHOWN:
            group.is_hidden = number != "0"
        elif word == "plain":
            group.is_hidden = False
        elif word == "htmlrtf":
            group.html_only = number != "0"
        elif word in _CHARACTERS:
            self._append(_CHARACTERS[word])
        return 0
