"""The sheets of a workbook as rows of cells, with what a number format or a lost zero hides put back.

A CPR number typed into a number cell loses its first zero; a format may put it and the hyphen back on screen only.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import date, timedelta

from gateway.extract import cells, codes, formulas, validations, xmltext
from gateway.extract.document import Items
from gateway.extract.html import unescaped
from gateway.extract.tables import joined_numbers
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_SHEET = re.compile(r"xl/(?:worksheets|macrosheets|dialogsheets|chartsheets)/[^/]+\.xml$")
_CELL = re.compile(r"<(?:\w+:)?c(?=[\s>/])([^<>]*)>")
_TYPE = re.compile(r'\bt="(\w+)"')
_REFERENCE = re.compile(r'\br="([A-Z]{1,3}[0-9]{1,7})"')
_STYLE = re.compile(r'\bs="(\d+)"')
_ITEM = re.compile(r"<(?:\w+:)?si(?:\s[^<>]*)?/?>")
_ITEM_MARK = "\x1e"
_ITEMS = {**xmltext.BREAKS, "si": _ITEM_MARK}
_SHEET_ENTRY = re.compile(r"<(?:\w+:)?sheet\s([^<>]*)>")
_NAME = re.compile(r'\bname="([^"]*)"')
_RELATION_ID = re.compile(r'\br:id="([^"]*)"')
_RELATION = re.compile(r"<Relationship\s([^<>]*)>")
_ID, _TARGET = re.compile(r'\bId="([^"]*)"'), re.compile(r'\bTarget="([^"]*)"')
_NUMBER_FORMAT = re.compile(r'<(?:\w+:)?numFmt\s[^<>]*numFmtId="(\d+)"[^<>]*formatCode="([^"]*)"')
_CELL_FORMATS = re.compile(r"<(?:\w+:)?cellXfs[^<>]*>(.*?)</(?:\w+:)?cellXfs>", re.S)
_CELL_FORMAT = re.compile(r"<(?:\w+:)?xf\s[^<>]*?numFmtId=\"(\d+)\"")
_CODE_LOCALE = re.compile(r"\[[^\]]*\]")
_CODE_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_CODE_TAIL = re.compile(r'(?:"[^"]*"|\\.)+\Z')
HEADER_CODE = re.compile(r"&(?:[LCRPNDTAFGZSXYBIUEOH]|\"[^\"]*\"|\d{1,2}(?=\D)|K[0-9A-F]{6})")
_ODS_VALUE = re.compile(r'office:value="(\d{9})(?:\.0+)?"')
BUILT_IN_DATES = dict.fromkeys((14, 15, 22, *range(27, 37), *range(50, 59)), "dd-mm-yyyy")
"""The number formats every workbook has without naming them that show a day (ECMA-376 18.8.30)."""

_WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NINE, _TEN = 9, 10
_OPEN_FORMULA = re.compile(r"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
"""A cell whose formula has no result beside it."""

_MOST_MARKS = 10_000
_MOST_FORMULAS = 20_000


class Workbook:
    """The parts of a workbook that only make sense together: sheets, shared strings, formats, names."""

    def __init__(self) -> None:
        self._sheets: dict[str, str] = {}
        self._strings: list[str] = []
        self._names: dict[str, str] = {}
        self._entries: list[tuple[str, str]] = []
        self._formats: list[str] = []
        self._has_worded = False

    def takes(self, name: str, data: bytes) -> bool:
        """Keeps the part when it belongs to the cells. The workbook part itself is read by everyone."""
        if not name.startswith("xl/"):
            return False
        if _SHEET.match(name):
            self._sheets[name] = xmltext.decoded(data)
        elif name == "xl/sharedStrings.xml":
            self._strings = _shared_strings(xmltext.decoded(data))
        elif name == "xl/styles.xml":
            self._formats = _formats(xmltext.decoded(data))
            self._has_worded = any(any(codes.around_text(code)) for code in set(self._formats))
        elif name == "xl/_rels/workbook.xml.rels":
            self._names = _relations(xmltext.decoded(data))
        elif name == "xl/workbook.xml":
            self._entries = _entries(xmltext.decoded(data))
            return False
        else:
            return False
        return True

    def read(self, place: Place) -> Items:
        """The sheets in the order people see them, then strings that no cell uses any more."""
        if self._entries:
            yield Fragment(place, "\n".join(name for name, _ in self._entries))
        used: set[int] = set()
        for number, name in enumerate(self._ordered(), 1):
            at = place.inside(Step("sheet", "", number))
            rows, around = _split_sheet(self._sheets[name])
            marks: list[tuple[int, str]] = []
            texts: list[str] = []
            size = 0
            for chunk in xmltext.chunks(rows):
                texts.append(self._rows(chunk, used, size, marks))
                size += len(texts[-1])
            text = "".join(texts)
            yield Fragment(at, text, tuple(marks[:_MOST_MARKS]))
            yield Fragment(at, joined_numbers(text))
            if "f>" in rows and _OPEN_FORMULA.search(rows):
                yield Fragment(at, "\n".join(self._results(rows)))
            if "ataValidation" in around and validations.may_hold_number(around):
                yield Fragment(at, "\n".join(self._validations(rows, around)))
            beside = HEADER_CODE.sub(" ", xmltext.text(around, xmltext.APART)), xmltext.shown_attributes(around)
            yield Fragment(at, "\n".join(part for part in beside if part.strip()))
        orphans = [text for index, text in enumerate(self._strings) if index not in used]
        yield Fragment(place.inside(Step("hidden")) if self._sheets else place, "\n".join(orphans))

    def _ordered(self) -> list[str]:
        """The sheets' parts, first those of the workbook's own list, then any it does not name."""
        named = [self._names.get(relation, "") for _, relation in self._entries]
        return list(dict.fromkeys([name for name in named if name in self._sheets] + list(self._sheets)))

    def _rows(self, xml: str, used: set[int], start: int, marks: list[tuple[int, str]]) -> str:
        """A stretch of rows: cells apart by tabs, rows by line ends; the cells that may hold a number are marked."""
        pieces = _CELL.split(xml)
        texts = []
        for attributes, body in zip(pieces[1::2], pieces[2::2], strict=True):
            if not attributes.endswith("/"):
                text = self._cell(attributes, body, used)
                texts.append(text)
                if len(text) >= _NINE and cells.may_hold_number(text):
                    reference = _REFERENCE.search(attributes)
                    if reference:
                        marks.append((start, reference[1]))
                start += len(text)
            texts.append("\n" if "</row>" in body or ":row>" in body else "\t")
            start += 1
        return "".join(texts)

    def _results(self, xml: str) -> Iterator[str]:
        """What formulas give whose result is not held, where they put cells together."""
        pieces = _CELL.split(xml)
        values: dict[str, str] = {}
        open_ones: list[str] = []
        for attributes, body in zip(pieces[1::2], pieces[2::2], strict=True):
            reference = _REFERENCE.search(attributes)
            if reference is None or attributes.endswith("/"):
                continue
            formula = _between(body, "f>", "<") if "f>" in body else ""
            if formula and not _between(body, "v>", "<"):
                open_ones.append(unescaped(formula))
            else:
                values[reference[1]] = self._cell(attributes, body.replace("f>", "f >"), set())
        for formula in open_ones[:_MOST_FORMULAS]:
            yield formulas.result(formula, values, shown_as)

    def _cell(self, attributes: str, body: str, used: set[int]) -> str:
        kind = _TYPE.search(attributes)
        value = _between(body, "v>", "<")
        if kind and kind[1] == "s":
            index = int(value) if value.isdecimal() and len(value) < 9 else -1
            used.add(index)
            return self._worded(attributes, self._strings[index]) if 0 <= index < len(self._strings) else ""
        if kind and kind[1] in ("inlineStr", "str", "e", "b", "d"):
            text = xmltext.text(body.partition("</c>")[0]).strip() if "<is" in body else unescaped(value)
            return self._worded(attributes, text)
        shown = number(value, self._format_of(attributes))
        formula = _between(body, "f>", "<") if "f>" in body and '"' in body else ""
        return f"{shown} {unescaped(formula)}" if formula else shown

    def _format_of(self, attributes: str) -> str:
        style = _STYLE.search(attributes)
        index = int(style[1]) if style else -1
        return self._formats[index] if 0 <= index < len(self._formats) else ""

    def _worded(self, attributes: str, text: str) -> str:
        """A text with what its cell's format writes around it."""
        if not self._has_worded:
            return text
        before, behind = codes.around_text(self._format_of(attributes))
        return f"{before}{text}{behind}"

    def _validations(self, rows: str, around: str) -> Iterator[str]:
        """The lists that cells offer, each entry behind what stands beside and above its cell."""
        pieces = _CELL.split(rows)
        values: dict[str, str] = {}
        for attributes, body in zip(pieces[1::2], pieces[2::2], strict=True):
            reference = _REFERENCE.search(attributes)
            if reference and not attributes.endswith("/"):
                values[reference[1]] = self._cell(attributes, body, set())
        return validations.entries(around, values)


def _split_sheet(xml: str) -> tuple[str, str]:
    """The rows of a sheet, and everything around them (headers, validations, links)."""
    start = xml.find("sheetData>")
    end = xml.rfind("sheetData>")
    if 0 <= start < end:
        return xml[start + 10 : end], xml[:start] + ">" + xml[end:].partition(">")[2]
    return xml, ""


def _between(text: str, opening: str, closing: str) -> str:
    start = text.find(opening)
    if start < 0:
        return ""
    start += len(opening)
    end = text.find(closing, start)
    return text[start : end if end >= 0 else len(text)]


def _shared_strings(xml: str) -> list[str]:
    """The texts of the items. They are read in one go, with a mark where each begins, for there may be a million."""
    texts = xmltext.text(xml, _ITEMS).split(_ITEM_MARK)[1:]
    items = _ITEM.split(xml)[1:]
    if len(texts) != len(items):  # a text holds the mark
        texts = [xmltext.text(item) for item in items]
    return [text.strip("\n") for text in texts]


def _relations(xml: str) -> dict[str, str]:
    found = {}
    for attributes in _RELATION.findall(xml):
        identity, target = _ID.search(attributes), _TARGET.search(attributes)
        if identity and target:
            found[identity[1]] = target[1].lstrip("/") if target[1].startswith("/") else f"xl/{target[1]}"
    return found


def _entries(xml: str) -> list[tuple[str, str]]:
    """The names of the sheets and the relations that lead to them, in the order people see."""
    found = []
    for attributes in _SHEET_ENTRY.findall(xml):
        name, relation = _NAME.search(attributes), _RELATION_ID.search(attributes)
        found.append((unescaped(name[1]) if name else "", relation[1] if relation else ""))
    return found


def _formats(xml: str) -> list[str]:
    """The number format of every cell style, by the style's number."""
    codes = {identity: unescaped(code) for identity, code in _NUMBER_FORMAT.findall(xml)}
    block = _CELL_FORMATS.search(xml)
    styles = _CELL_FORMAT.findall(block[1]) if block else []
    return [codes.get(identity) or BUILT_IN_DATES.get(int(identity[:5]), "") for identity in styles]


def number(value: str, code: str = "") -> str:
    """A number cell as people see it, and as it was before the zero was lost."""
    if not value or not value[0].isdigit() or len(value) > 32:
        return value
    whole = _whole(value)
    if not whole:
        return value
    shown = dated(whole, code) or codes.formatted(whole, code)
    if shown:
        return shown
    return "0" + whole if len(whole) == _NINE and is_possible("0" + whole) else whole


def shown_as(value: str, code: str) -> str:
    """A value in the number format that a formula names (`TEXT(A2,"000000")`)."""
    if value.isdecimal() and code.strip("0") == "":
        return value.zfill(len(code))
    return number(value, code)


def unpacked(packed: int) -> float:
    """A number in thirty bits: an integer or the upper half of a double, perhaps times a hundred (RK)."""
    if packed & 2:
        value = float(struct.unpack("<i", struct.pack("<I", packed))[0] >> 2)
    else:
        value = struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", packed & 0xFFFFFFFC))[0]
    return value / 100 if packed & 1 else value


def written(value: float) -> str:
    """A number as a workbook of text would hold it."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _whole(value: str) -> str:
    """The digits of a whole number however it is written (`7.07614285E8`); empty when it is none."""
    if value.isdecimal():
        return value
    try:
        amount = float(value)
    except ValueError:
        return ""
    return str(int(amount)) if amount.is_integer() and abs(amount) < 1e15 else ""


def dated(serial: str, code: str) -> str:
    """The day a date cell shows, in the order of its format; empty when the format is no date."""
    plain = _CODE_LITERAL.sub("", _CODE_LOCALE.sub("", code.partition(";")[0])).lower().strip()
    if len(serial) > 6 or "d" not in plain or "general" in plain or not ("m" in plain and "y" in plain):
        return ""
    try:
        day = date(1899, 12, 30) + timedelta(days=int(serial))
    except (OverflowError, ValueError):
        return ""
    if plain.startswith("y"):
        return day.strftime("%Y-%m-%d")
    return day.strftime("%d%m%y" if plain == "ddmmyy" else "%d-%m-%Y") + _said_behind(code)


def _said_behind(code: str) -> str:
    """What a format writes behind the number: `ddmmyy"-6239"`."""
    tail = _CODE_TAIL.search(code.partition(";")[0])
    return _CODE_LITERAL.sub(lambda match: match[1] or match[2] or "", tail[0]) if tail else ""


def is_possible(ten: str) -> bool:
    """Whether ten digits are a date and pass the check of a CPR number: enough to put a lost zero back."""
    day, month = int(ten[:2]), int(ten[2:4])
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return False
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, ten, strict=True)) % 11 == 0


def lost_zeros_of_ods(xml: str) -> list[str]:
    """The number cells of an OpenDocument sheet that lost a zero, with it put back."""
    return ["0" + value for value in _ODS_VALUE.findall(xml) if is_possible("0" + value)]
