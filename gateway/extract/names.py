"""Texts of office files that are kept as names, values and settings, and shown by programs all the same.

Custom properties and variables with their names, bookmarks and named cells, the labels that a list writes before its
items.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.extract import xmltext
from gateway.extract.html import unescaped

_NAMED = re.compile(
    r"<(?:\w{1,20}:)?(?:bookmarkStart|bookmark|bookmark-start|definedName|named-range|named-expression)\s([^<>]{0,500})>"
)
_NAME = re.compile(r'\bname="([^"<>]*)"')
_VALUE = re.compile(r'\b(?:val|value)="([^"<>]*)"')
_PROPERTY = re.compile(r"<(?:\w{1,20}:)?(?:property|user-defined)\s")
_PROPERTY_END = re.compile(r"</(?:\w{1,20}:)?(?:property|user-defined)>")
_VARIABLE = re.compile(r"<(?:w:docVar|text:user-field-decl)\s([^<>]*)>")
_FORM_TEXT = re.compile(r'<w:(?:listEntry|helpText|statusText|alias)\s[^<>]{0,200}?w:val="([^"<>]*)"')
_OPEN_DOCUMENT_LIST = re.compile(r'condition="([^"<>]*)"')

_LEVEL = "<w:lvl "
_START = re.compile(r'<w:start w:val="(\d{1,10})"')
_NEW_START = re.compile(r'<w:startOverride w:val="(\d{1,10})"')
_ILVL = re.compile(r'w:ilvl="(\d)"')
_LABEL = re.compile(r'<w:lvlText w:val="([^"<>]{4,400})"')
_DIGITS_OF_NUMBER = re.compile(r'<w:numFmt [^<>]{0,200}?w:format="(0*[0-9])')
_ABSTRACT = re.compile(r'w:abstractNumId="([^"<>]*)"')
_ABSTRACT_OF = re.compile(r'<w:abstractNumId w:val="([^"<>]*)"')
_PLACE = re.compile(r"%([1-9])")
_FEWEST = 4
"""A label of fewer characters beside its number says nothing: `1.`, `(a)`, `§ 3`."""

_MOST_LEVELS = 9
_LEVEL_STYLE = re.compile(r"<text:(?:list-level-style-number|outline-level-style)\s([^<>]*)>")
_PREFIX, _SUFFIX = re.compile(r'num-prefix="([^"<>]*)"'), re.compile(r'num-suffix="([^"<>]*)"')
_START_VALUE = re.compile(r'start-value="(\d{1,10})"')


def beside(part: str, xml: str, tags: str) -> Iterator[str]:
    """What such names and settings of an XML part say, where it has any. tags: its distinct tags."""
    if "ookmark" in tags or "definedName" in tags or ":named-" in tags:
        yield "\n".join(_of_places(xml))
    if part.startswith("docProps/"):
        yield "\n".join(_of_properties(xml))
    elif part.startswith("word/"):
        yield from _beside_in_word(xml, tags)
    elif part.endswith(".xml") and "/" not in part:
        yield from _beside_in_open_document(xml, tags)


def _beside_in_word(xml: str, tags: str) -> Iterator[str]:
    if "w:docVar " in tags:
        yield "\n".join(_of_variables(xml))
    if "w:lvlText " in tags:
        yield "\n".join(labels(xml))
    if "w:listEntry" in tags or "w:alias" in tags or "Text w:" in tags:
        yield unescaped("\n".join(_FORM_TEXT.findall(xml)))


def _beside_in_open_document(xml: str, tags: str) -> Iterator[str]:
    if ":user-defined " in tags:
        yield "\n".join(_of_properties(xml))
    if "text:user-field-decl " in tags:
        yield "\n".join(_of_variables(xml))
    if "num-prefix=" in tags:
        yield "\n".join(_open_document_labels(xml))
    if "is-in-list" in tags:
        lists = [condition for condition in _OPEN_DOCUMENT_LIST.findall(xml) if "is-in-list" in condition]
        yield unescaped("\n".join(lists)).replace('";"', "\n")


def _of_places(xml: str) -> Iterator[str]:
    """The names people gave to places and cells, where they hold figures; programs' own begin with a line."""
    for attributes in _NAMED.findall(xml):
        name = _NAME.search(attributes)
        if name and not name[1].startswith("_") and any(map(str.isdecimal, name[1])):
            yield unescaped(name[1]).replace("_", " ")


def _of_properties(xml: str) -> Iterator[str]:
    """Custom properties, each with its name: a field of the document may show it."""
    for piece in _PROPERTY.split(xml)[1:]:
        attributes, _, rest = piece.partition(">")
        name, end = _NAME.search(attributes), _PROPERTY_END.search(rest)
        value = xmltext.text(rest[: end.start()] if end else rest, xmltext.APART)
        if name and not attributes.endswith("/"):
            yield f"{unescaped(name[1])}: {' '.join(value.split())}"


def _of_variables(xml: str) -> Iterator[str]:
    for attributes in _VARIABLE.findall(xml):
        name, value = _NAME.search(attributes), _VALUE.search(attributes)
        if name and value:
            yield unescaped(f"{name[1]}: {value[1]}")


class _Level(NamedTuple):
    """A level of a list: the number it begins with, and what it writes, `%1` for that number."""

    first: str
    label: str


def labels(xml: str) -> list[str]:
    """What the lists of a Word file write before their first items, where it is more than a number."""
    described, _, used = xml.partition("<w:num ")
    found: list[str] = []
    kinds: dict[str, list[_Level]] = {}
    for abstract in described.split("<w:abstractNum ")[1:]:
        identity = _ABSTRACT.search(abstract)
        levels = kinds[identity[1] if identity else ""] = _levels(abstract)
        found += _written(levels, {})
    for list_ in used.split("<w:num "):
        if "startOverride" in list_ or _LEVEL in list_:
            of = _ABSTRACT_OF.search(list_)
            found += _written(kinds.get(of[1], []) if of else [], _new_starts(list_)) + _written(_levels(list_), {})
    return list(dict.fromkeys(found))


def _levels(xml: str) -> list[_Level]:
    found = []
    for level in xml.split(_LEVEL)[1 : _MOST_LEVELS + 1]:
        start, digits, label = _START.search(level), _DIGITS_OF_NUMBER.search(level), _LABEL.search(level)
        first = (start[1] if start else "0").zfill(len(digits[1]) if digits else 1)
        found.append(_Level(first, unescaped(label[1]) if label else ""))
    return found


def _new_starts(list_: str) -> dict[int, str]:
    """Where a list that takes others' levels begins them anew."""
    starts = {}
    for override in list_.split("<w:lvlOverride ")[1 : _MOST_LEVELS + 1]:
        level, start = _ILVL.search(override), _NEW_START.search(override)
        if level and start:
            starts[int(level[1])] = start[1]
    return starts


def _written(levels: Sequence[_Level], starts: Mapping[int, str]) -> list[str]:
    """The label of each level, every number in it as it begins."""
    numbers = [starts.get(index, level.first) for index, level in enumerate(levels)]
    said = [level.label for level in levels if len(_PLACE.sub("", level.label)) >= _FEWEST]
    return [_PLACE.sub(lambda place: "".join(numbers[int(place[1]) - 1 : int(place[1])]), label) for label in said]


def _open_document_labels(xml: str) -> Iterator[str]:
    for attributes in _LEVEL_STYLE.findall(xml):
        prefix, suffix, start = _PREFIX.search(attributes), _SUFFIX.search(attributes), _START_VALUE.search(attributes)
        if prefix and len(prefix[1]) >= _FEWEST:
            yield unescaped(f"{prefix[1]}{start[1] if start else 1}{suffix[1] if suffix else ''}")
