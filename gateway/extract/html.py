"""HTML to text by substitution: linear in the input whatever it holds, deaf to nesting, dropping nothing people see.

The text is split at its tags once. A tag of a block, item or break becomes a line end, a cell a tab, any other tag
nothing, so that a number in five spans is one number and two cells are two. Comments, hidden text, scripts and the
texts of attributes are read too; only style sheets are not (Outlook's font signatures look like CPR numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.entities import html5

from gateway.extract import dressed as styles
from gateway.extract.tables import joined_in_markup

_OPENS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!?")
"""What may follow the angle of a tag; anything else makes it a mere angle (HTML living standard 13.2.5.6)."""

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:_-]*)")
_COMMENT_OR_STYLE = re.compile(r"<!--|<[sS][tT][yY][lL][eE](?=[\s>])[^<>]*>")
_SAID_BY_STYLE = re.compile(r"""content\s{0,9}:\s{0,9}["']([^"'<>]{4,200})""", re.I)
_STYLE_END = re.compile(r"</[sS][tT][yY][lL][eE]\s*>")
_ENTITY = re.compile(r"&(?:#([0-9]+)|#[xX]([0-9a-fA-F]+)|([a-zA-Z][a-zA-Z0-9]{1,31}));?")
_BLANK_LINES = re.compile(r"\n\s+")
_DIGITS_MEET = re.compile(b"0\x1f+0")
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONE_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[\t\n ]+[0-9](?![0-9])){5,}")
_QUOTED_TAG = re.compile(r"""<[a-zA-Z/!?](?:[^<>"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))*+>?""")
_ATTRIBUTE = re.compile(
    r"""(?<![a-zA-Z-])(?:alt|title|value|placeholder|content|summary|label|name|string|aria-label|data|datetime|href|srcdoc|"""
    r"""aria-description|data-[a-z-]{1,40})\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""",
    re.I,
)
_VALUE = re.compile(r"""(?<![a-zA-Z-])value\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.I)
_NOT_WRITTEN = re.compile(
    r"""(?<![a-zA-Z-])type\s*=\s*["']?(?:hidden|checkbox|radio|submit|button|image|reset)""", re.I
)
_QUOTES = "\"'"
_ROW = "\x0b"
"""A row's mark beside its line end, gone when blank lines are joined."""

_FEW_CELLS, _MANY_CELLS = 4, 6
_HEAD = 3000
"""Where style sheets and comments stand in nearly every mail; the rest of a markup is checked by its tags."""
_DIGITS = (*"0123456789", "&#")
"""How a digit may begin."""

_INLINE = "\x1f"
"""What an inline tag becomes until it is known whether its two readings differ."""

# fmt: off
_LINES = frozenset((
    "p", "br", "div", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "tbody", "thead", "tfoot", "caption",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "address", "section", "article", "aside",
    "header", "footer", "nav", "main", "figure", "figcaption", "form", "fieldset", "legend", "option",
    "optgroup", "select", "textarea", "button", "body", "html", "head", "title", "center", "noscript", "iframe",
    "script", "details", "summary", "input", "video", "audio", "object", "dir", "menu", "v:textbox", "w:p",
    "text:p", "text:h", "paragraph", "text", "row", "item", "entry",
))
# fmt: on
_CELLS = frozenset(("td", "th"))


def readings(html: str) -> list[str]:
    """The text as a person sees it, with what is hidden behind it; more only where programs or styles differ."""
    if "<" not in html:
        return [unescaped(html)]
    found, dressed = _undressed(html), styles.dressed(html)
    return [*found, *_undressed(dressed)] if dressed and dressed != html else found


def _undressed(html: str) -> list[str]:
    """The readings of a markup as it stands, whatever its styles write and turn."""
    comments: list[str] = []
    head = html[:_HEAD]
    if "<!--" in head or "<style" in head:
        html, comments = _without_comments(html, _HEAD)
    pieces = _Pieces(html)
    if "<" in pieces.text or any(map(_opens_hidden, pieces.tags)):
        html, more = _without_comments(html)
        comments += more
        pieces = _Pieces(html)
    beside: list[str] = []
    for tag in pieces.tags:
        if "=" in tag or tag[0] in "!?":
            beside += _attributes(tag)
    for comment in comments:
        beside += readings(comment)
    if _has_angle_in_value(pieces.tags):
        beside += _quoted_reading(html)
    if pieces.digits_may_meet or _INLINE in pieces.text:
        return _told_apart(_Pieces(html, _INLINE).text, beside)
    return _finished(pieces.text, beside)


class _Pieces(dict[str, str]):
    """What each piece of a markup that was split at its `<` gives as text; equal pieces are worked out once.

    inline: what stands for an inline tag. tags: the distinct tags without their angles. digits_may_meet: whether a
    digit stands right behind an inline tag.
    """

    def __init__(self, html: str, inline: str = "") -> None:
        super().__init__()
        self._inline = inline
        self.tags: dict[str, str] = {}
        self.digits_may_meet = False
        first, *pieces = html.split("<")
        self.text = first + "".join(map(self.__getitem__, pieces))

    def __missing__(self, piece: str) -> str:
        tag, closes, text = piece.partition(">")
        if closes and tag[:1] in _OPENS:
            separator = self.tags.get(tag)
            if separator is None:
                separator = self.tags[tag] = _separator(tag)
            if separator == _INLINE:
                separator = self._inline
                self.digits_may_meet = self.digits_may_meet or text.startswith(_DIGITS)
            text = separator + text
        else:
            text = "<" + piece  # an angle that opens no tag is an angle
        self[piece] = text
        return text


def _opens_hidden(tag: str) -> bool:
    """Whether a comment or a style sheet begins with this tag."""
    return (tag[0] == "!" and tag[:8].lower() != "!doctype") or tag[:5].lower() == "style"


def _finished(text: str, beside: list[str]) -> list[str]:
    """The readings of a text without tags."""
    text = unescaped(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    cells = text.count("\t") if "\t" in text else 0
    if cells >= _FEW_CELLS:
        beside = [*beside, *filter(None, [joined_in_markup(text, _ROW)])]
    text = _BLANK_LINES.sub("\n", text)
    found = [text]
    if cells >= _MANY_CELLS and text.count("\t") >= _MANY_CELLS and _LONE_DIGITS.search(text):
        found.append(_LONE_DIGITS.sub(lambda match: "".join(match[0].split()), text))
    if beside:
        found[0] += "\n" + "\n".join(beside)
    return found


def _told_apart(marked: str, beside: list[str]) -> list[str]:
    """The readings of a text whose inline tags are still marked: programs glue what they part, or do not."""
    marked = unescaped(marked)
    if "\r" in marked:
        marked = marked.replace("\r\n", "\n")
    found = _finished(marked.replace(_INLINE, ""), beside)
    if _digits_meet(marked):
        found.insert(1, _BLANK_LINES.sub("\n", marked.replace(_INLINE, " ")))
    return found


def _digits_meet(marked: str) -> bool:
    """Whether inline tags stand between two digits: only then does it matter whether a program glues them."""
    return _DIGITS_MEET.search(marked.encode("utf-8", "replace").translate(_DIGITS_AS_ZERO)) is not None


def _separator(tag: str) -> str:
    """What stands where the tag stood: a line end, a tab, or the mark of an inline tag."""
    match = _NAME.match(tag)
    if not match:
        return _INLINE
    name = match[1].lower()
    if name in _CELLS:
        return "" if tag[0] == "/" else "\t"
    if name == "tr":
        return "\n" + _ROW
    if name == "input":
        return _entered(tag)
    return "\n" if name in _LINES else _INLINE


def _entered(tag: str) -> str:
    """What was written into a form's field, in its line: `<input value="150322"> - <input value="6239">`."""
    value = None if _NOT_WRITTEN.search(tag) else _VALUE.search(tag)
    return f" {value[1].strip(_QUOTES)} " if value else "\n"


def _attributes(tag: str) -> list[str]:
    """The texts of a tag that a program may show: descriptions, values, targets, and what is no real tag."""
    if tag[0] in "!?":
        return [] if tag[:8].lower() == "!doctype" else [unescaped(tag[1:])]
    values = [value.strip(_QUOTES) for value in _ATTRIBUTE.findall(tag)]
    return [unescaped(value) for value in values if value and not value.startswith(("data:", "#"))]


def _has_angle_in_value(tags: Iterable[str]) -> bool:
    """Whether a tag was cut at an angle inside a quoted value: its quotes do not pair."""
    return any(tag.count('"') & 1 or tag.count("'") & 1 for tag in tags)


def _without_comments(html: str, until: int | None = None) -> tuple[str, list[str]]:
    """The markup without its comments and style sheets, and the comments and what style sheets write on the page.

    until: where to stop looking for them.
    A comment that never ends reaches to the end; a style sheet that never ends is kept: nothing hides behind it.
    """
    if "<![" in html:
        html = html.replace("<![CDATA[", "").replace("]]>", " ")
    kept, comments, at = [], [], 0
    until = len(html) if until is None else until
    start = _COMMENT_OR_STYLE.search(html, 0, until)
    while start:
        kept.append(html[at : start.start()])
        if start[0] == "<!--":
            end = html.find("-->", start.start() + 2)
            comments.append(html[start.end() : end if end >= 0 else len(html)].replace("<!--", " "))
            at = end + 3 if end >= 0 else len(html)
        else:
            closing = _STYLE_END.search(html, start.end())
            at = closing.end() if closing else start.end()
            if not closing:
                break
            comments += [said[1] for said in _SAID_BY_STYLE.finditer(html, start.end(), closing.start())]
        start = _COMMENT_OR_STYLE.search(html, at, until)
    kept.append(html[at:])
    return "".join(kept), ["\n".join(comments)] if any(comments) else []


def _quoted_reading(html: str) -> list[str]:
    """The reading of a program that lets `>` stand inside a quoted value; the values themselves are read as well."""
    values = [match[0] for match in _QUOTED_TAG.finditer(html) if "<" in match[0][1:] or ">" in match[0][:-1]]
    parts = _QUOTED_TAG.sub(lambda match: _separator(match[0][1:]) or " ", html)
    return [*_told_apart(parts, []), *map(unescaped, values)]


def unescaped(text: str) -> str:
    """Character references as characters, with the tolerance of browsers: no semicolon needed, zeros may lead."""
    if "&" not in text:
        return text
    text = text.replace("&nbsp;", "\xa0")
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _named(match[0], name)
    digits = (decimal or hexadecimal).lstrip("0")
    if len(digits) > 7:
        return "\ufffd"
    code = int(digits or "0", 10 if decimal else 16)
    if 0x80 <= code <= 0x9F:
        return bytes((code,)).decode("cp1252", "replace")
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def _named(reference: str, name: str) -> str:
    known = html5.get(name + ";") or html5.get(name)
    if known:
        return known
    for length in range(len(name) - 1, 1, -1):
        if name[:length] in html5:
            return html5[name[:length]] + reference[1 + length :]
    return reference
