"""A letter: headings, paragraphs and lists, written once in a small markup, printed as text and as HTML.

The markup of the templates, line by line; an empty line ends a block:

    # heading, ## heading, ### heading      the first kind is the main message
    - a point                               1. a step (numbers are counted for you)
    | name | value                          a row of a small table
    anything else                           a paragraph; a `\\` at the end of a line keeps the line break

Inside a line `**strong**` is strong. A value put in by a template is never read as markup: it travels between two marks
that no value can hold, so a subject or an address can neither add a heading nor a link.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import NamedTuple

from markupsafe import Markup

_VALUE, _HREF, _LABEL, _END = "\ue000", "\ue001", "\ue002", "\ue003"
_TOKENS = re.compile(
    f"(?P<strong>\\*\\*)|{_VALUE}(?P<value>[^{_END}]*){_END}|{_HREF}(?P<href>[^{_LABEL}]*){_LABEL}(?P<label>[^{_END}]*){_END}"
)
_HEADING = re.compile(r"(#{1,3}) +(.*)")
_STEP = re.compile(r"\d+\. +(.*)")
_BREAK = "\n"
WIDTH = 72


class Run(NamedTuple):
    """A stretch of text in one look; `href` makes it a link."""

    text: str
    strong: bool = False
    href: str = ""


class Rule(NamedTuple):
    """What stands before a block of text, under its words, and after it."""

    before: str
    under: str
    after: str


_RULES = {
    0: Rule("", "", "\n\n"),
    1: Rule("", "-", "\n\n"),
    2: Rule("\n", "-", "\n\n"),
    3: Rule("", "", "\n"),
}
"""By level of heading; 0 is everything that is none."""


class Block(NamedTuple):
    """`heading` (level 1 to 3), `paragraph`, `points`, `steps` or `table` (two items make a row)."""

    kind: str
    items: tuple[tuple[Run, ...], ...]
    level: int = 0


def literal(value: object) -> str:
    """A value as the markup takes it: one line, printable, between marks."""
    return f"{_VALUE}{one_line(value)}{_END}" if str(value) else ""


def link(href: str, label: str) -> Linked:
    """A link with words of its own; without an address only the words."""
    return Linked(f"{_HREF}{one_line(href)}{_LABEL}{one_line(label)}{_END}")


class Linked(str):
    """Markup that `link` made; `literal` must not wrap it again."""

    __slots__ = ()


def parse(markup: str) -> tuple[Block, ...]:
    """The blocks of a letter, in order."""
    blocks: list[Block] = []
    for chunk in re.split(r"\n[ \t]*(?=\n)", markup):
        blocks.extend(_blocks([line.strip() for line in chunk.split("\n") if line.strip()]))
    return tuple(blocks)


def plain(markup: str) -> str:
    """The words alone on one line, for a subject."""
    return " ".join("".join(run.text for run in _runs(markup)).split())


def as_text(blocks: tuple[Block, ...]) -> str:
    """The letter as plain text of at most WIDTH columns; words, addresses and links are never broken."""
    printed = (_TEXT[block.kind](block) + _RULES[block.level].after for block in blocks)
    return "".join(printed).rstrip() + "\n"


def as_html(item: tuple[Run, ...], *, is_narrow: bool = False) -> Markup:
    """An item's runs as HTML, every word escaped here and nowhere else.

    is_narrow: an address may break behind its @, because there is no room for it in one piece.
    """
    at = "@<wbr>" if is_narrow else "@"
    return Markup("".join(_run_as_html(run, at) for run in item))  # noqa: S704 - escaped run by run


_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")
_SHORT = 16


def _run_as_html(run: Run, at: str) -> str:
    """No line ends inside a telephone number or a case id."""
    words = escape(run.text).replace(_BREAK, "<br>").replace("@", at)
    words = _BETWEEN_DIGITS.sub("&nbsp;", words)
    if run.strong:
        is_one_word = len(run.text) <= _SHORT and not re.search(r"[\s@]", run.text)
        look = ' style="white-space:nowrap;"' if is_one_word else ""
        words = f"<strong{look}>{words}</strong>"
    return f'<a href="{escape(run.href)}" style="color:#0b4f9e;">{words}</a>' if run.href else words


def _blocks(lines: list[str]) -> list[Block]:
    """One chunk's lines as blocks: a line with a sign begins a block or an item, any other continues it."""
    blocks: list[tuple[str, int, list[str]]] = []
    for line in lines:
        kind, level, texts = _sign(line)
        last = blocks[-1] if blocks else None
        if kind == "paragraph" and last and last[0] in ("paragraph", "points", "steps"):
            last[2][-1] = _joined(last[2][-1], texts[0])
        elif last and kind == last[0] and kind in ("points", "steps", "table"):
            last[2].extend(texts)
        else:
            blocks.append((kind, level, texts))
    return [
        Block(kind, tuple(_runs(_without_backslash(text)) for text in texts), level) for kind, level, texts in blocks
    ]


def _sign(line: str) -> tuple[str, int, list[str]]:
    if heading := _HEADING.match(line):
        return "heading", len(heading[1]), [heading[2]]
    if line.startswith("- "):
        return "points", 0, [line[2:]]
    if step := _STEP.match(line):
        return "steps", 0, [step[1]]
    if line.startswith("|"):
        name, _, value = line[1:].strip().strip("|").partition("|")
        return "table", 0, [name.strip(), value.strip()]
    return "paragraph", 0, [line]


def _joined(before: str, after: str) -> str:
    return before[:-1].rstrip() + _BREAK + after if before.endswith("\\") else f"{before} {after}"


def _without_backslash(text: str) -> str:
    return text[:-1].rstrip() if text.endswith("\\") else text


def _runs(text: str) -> tuple[Run, ...]:
    runs: list[Run] = []
    strong = False
    end = 0
    for token in _TOKENS.finditer(text):
        _add(runs, Run(text[end : token.start()], strong))
        end = token.end()
        if token["strong"]:
            strong = not strong
        elif token["href"] is not None:
            _add(runs, Run(token["label"], strong, token["href"]))
        else:
            _add(runs, Run(token["value"], strong))
    _add(runs, Run(text[end:], strong))
    return tuple(runs)


def _add(runs: list[Run], run: Run) -> None:
    """Appends a run; neighbours of one look become one, so the HTML stays small."""
    if not run.text:
        return
    if runs and runs[-1][1:] == run[1:] and not run.href:
        run = Run(runs.pop().text + run.text, run.strong)
    runs.append(run)


def one_line(value: object) -> str:
    """A value that cannot leave its line: line ends, controls, direction overrides and our own marks become a space."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(ch)[0] in "CZ" else ch for ch in text)


def _words(item: tuple[Run, ...]) -> str:
    return "".join(run.text for run in item)


def _filled(text: str, first: str = "", rest: str = "") -> str:
    """Words set in lines of at most WIDTH columns; `first` stands before the first line, `rest` before the others."""
    lines: list[str] = []
    for part in text.split(_BREAK):
        line = rest if lines else first
        room = line
        for word in part.split():
            if len(line) + len(word) >= WIDTH and line != room:
                lines.append(line)
                line = room = rest
            line += word if line == room else f" {word}"
        lines.append(line)
    return "\n".join(lines)


def _heading(block: Block) -> str:
    words = _words(block.items[0])
    rule = _RULES[block.level]
    return f"{rule.before}{words}\n{rule.under * len(words)}" if rule.under else words


def _paragraph(block: Block) -> str:
    return _filled(_words(block.items[0]))


def _points(block: Block) -> str:
    return "\n".join(_filled(_words(item), "- ", "  ") for item in block.items)


def _steps(block: Block) -> str:
    return "\n".join(_filled(_words(item), f"{n}. ", "   ") for n, item in enumerate(block.items, 1))


def _table(block: Block) -> str:
    rows = list(zip(block.items[::2], block.items[1::2], strict=True))
    width = max(len(_words(name)) for name, _ in rows) + 2
    return "\n".join(_filled(_words(value), f"{_words(name)}:".ljust(width), " " * width) for name, value in rows)


_TEXT = {
    "heading": _heading,
    "paragraph": _paragraph,
    "points": _points,
    "steps": _steps,
    "table": _table,
}
