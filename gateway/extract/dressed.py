"""What style sheets do to the text of a markup: strings they write before and after it, and text they show reversed.

Only where a sheet or a tag says so: the markup is then read once more with these strings in their places, and with the
marks of Unicode around what is shown from right to left (U+202E to U+202C), which the walk turns for every text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TURNED, TURNED_END = "\u202e", "\u202c"
_WRITES = (":before", ":after")
_TURNS = ("-override", "<bdo", "<BDO")
"""As they are spelled in mail; each is looked for in every markup."""

_STYLE = re.compile(r"<style(?=[\s>])[^<>]*>", re.I)
_STYLE_END = re.compile(r"</style", re.I)
_CONTENT = re.compile(
    r"""content\s{0,9}:((?:[^;"']|"(?:[^"\\]|\\.){0,500}"|'(?:[^'\\]|\\.){0,500}'){1,99})""", re.I | re.S
)
_STRING = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.S)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|\r?\n|(.))", re.S)
_WHERE = re.compile(r":{1,2}(before|after)\s*\Z", re.I)
_COMBINED = re.compile(r"[\s>+~]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)([^<>]*+)>")
_NAMED = re.compile(r"""(?<![\w-])(class|id)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_FROM_RIGHT = re.compile(r"""(?<![\w-])dir\s*=\s*["']?rtl|direction\s*:\s*rtl""", re.I)
_OVERRIDE = re.compile(r"unicode-bidi\s*:\s*(?:isolate|bidi)-override", re.I)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_SHOWN_REVERSED = re.compile(f"{TURNED}([^{TURNED_END}{TURNED}\n]*)({TURNED_END}|\n|(?={TURNED})|\\Z)")
_MOST_RULES, _MOST_ADDED = 2000, 1_000_000

Around = tuple[str, str]
"""What stands before and after the text of an element."""

Rules = dict[str, Around]
"""By what a selector ends with: a name, a `.class` or an `#id`."""


def dressed(html: str) -> str:
    """The markup with what its styles write and turn; empty where they do nothing of the kind to a digit or letter."""
    rules = dict(_rules(html)) if any(word in html for word in _WRITES) else {}
    is_turned = any(word in html for word in _TURNS)
    if is_turned:
        _add_turned(rules, html)
    return "".join(_put_in(html, rules)) if rules or is_turned else ""


def _sheets(html: str) -> Iterator[str]:
    start = _STYLE.search(html)
    while start:
        end = _STYLE_END.search(html, start.end())
        yield _without_comments(html[start.end() : end.start() if end else len(html)])
        start = _STYLE.search(html, end.end()) if end else None


def _without_comments(sheet: str) -> str:
    kept, *others = sheet.split("/*")
    return kept + "".join(other.partition("*/")[2] for other in others)


def _blocks(html: str) -> Iterator[tuple[list[str], str]]:
    """The selectors of every rule, and what it says."""
    for sheet in _sheets(html):
        for rule in sheet.split("}")[:_MOST_RULES]:
            selectors, _, said = rule.rpartition("{")
            yield selectors.rpartition("{")[2].split(","), said


def _rules(html: str) -> Iterator[tuple[str, Around]]:
    """What the sheets write around elements, where there is a digit in it."""
    found: dict[str, dict[str, str]] = {}
    for selectors, said in _blocks(html):
        written = _written(said) if "content" in said.lower() else ""
        for selector in selectors if written else ():
            where = _WHERE.search(selector)
            if where:
                found.setdefault(_key(selector[: where.start()]), {})[where[1].lower()] = written
    for key, around in found.items():
        pair = around.get("before", ""), around.get("after", "")
        if any(letter.isdigit() for letter in "".join(pair)):
            yield key, pair


def _written(said: str) -> str:
    content = _CONTENT.search(said)
    return "".join(_unescaped(one or other) for one, other in _STRING.findall(content[1])) if content else ""


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = int(match[1], 16) if match[1] else 0
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match[2] or ""

    return _ESCAPE.sub(character, text) if "\\" in text else text


def _key(selector: str) -> str:
    """What a selector ends with: its last `.class` or `#id`, else its name; `*` for all."""
    last = _COMBINED.split(selector.strip())[-1].partition(":")[0].partition("[")[0].lower()
    return last[max(last.rfind("."), last.rfind("#"), 0) :] or "*"


def _add_turned(rules: Rules, html: str) -> None:
    for selectors, said in _blocks(html):
        if _OVERRIDE.search(said):
            for key in map(_key, selectors):
                before, after = rules.get(key, ("", ""))
                rules[key] = before + TURNED, TURNED_END + after


def _put_in(html: str, rules: Rules) -> Iterator[str]:
    """The markup piece by piece, with what stands around its elements; an end belongs to the last start of its name."""
    open_ones: dict[str, list[str]] = {}
    at = added = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name in _VOID:
            continue
        if tag[1]:
            stack = open_ones.get(name)
            yield html[at : tag.start()] + (stack.pop() if stack else "")
            at = tag.start()
            continue
        before, after = _around(name, tag[3], rules)
        added += len(before) + len(after)
        if added > _MOST_ADDED:
            break
        open_ones.setdefault(name, []).append(after)
        yield html[at : tag.end()] + before
        at = tag.end()
    yield html[at:]


def _around(name: str, rest: str, rules: Rules) -> Around:
    """What stands around one element, by its name, its classes, its id and its own style."""
    if name in ("style", "script", "html", "head"):
        return "", ""
    keys = ["*", name]
    for which, *values in _NAMED.findall(rest) if "=" in rest else ():
        mark = "." if which.lower() == "class" else "#"
        keys += [mark + word.lower() for word in "".join(values).split()]
    found = [rules[key] for key in keys if key in rules]
    if "rtl" in rest.lower() and _FROM_RIGHT.search(rest) and (name == "bdo" or _OVERRIDE.search(rest)):
        found.append((TURNED, TURNED_END))
    return "".join(before for before, _ in found), "".join(after for _, after in reversed(found))


def turned(text: str) -> str:
    """The text as it is shown: what stands between U+202E and U+202C, or the end of its line, is shown reversed."""
    return _SHOWN_REVERSED.sub(lambda match: TURNED + match[1][::-1] + match[2], text)
