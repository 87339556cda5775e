"""Cells of an OpenDocument sheet that hold a value without its text, which programs leave to the office to write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.extract import sheets, xmltext

_BARE = re.compile(r'office:(?:date-)?value="[^<>]{0,1000}+>(?:(?<=/>)|\s{0,99}</table:table-cell>)')
_CELL = re.compile(r"<table:table-cell(\s[^<>]*)>(?:(?<=/>)|\s{0,99}</table:table-cell>)")
_VALUE = re.compile(r'office:(?:date-)?value="([^"<>]{1,40})"')
_STYLE_OF = re.compile(r'table:style-name="([^"<>]*)"')
_NAME = re.compile(r'style:name="([^"<>]*)"')
_DATA_STYLE = re.compile(r'style:data-style-name="([^"<>]*)"')
_CELL_STYLE = re.compile(r"<style:style\s([^<>]*)>")
_NUMBER_STYLE = "<number:number-style "
_PIECE = re.compile(
    r"<number:(?:(text)(?:\s[^<>]*)?>([^<>]*)|(number)\s([^<>]*)>"
    r'|(embedded-text)\s[^<>]{0,200}?position="(\d{1,2})"[^<>]{0,200}>([^<>]*))'
)
_PLACES = re.compile(r'min-integer-digits="(\d{1,2})"')
_OF_AMOUNTS = re.compile(r'grouping="true"|decimal-places="[1-9]|display-factor')


def with_texts(xml: str) -> str:
    """The XML with a text in each cell that has a value alone."""
    if not _BARE.search(xml):
        return xml
    codes = _codes(xml.partition("<table:table ")[0])
    return _CELL.sub(lambda cell: _with_text(cell, codes), xml)


def _with_text(cell: re.Match[str], codes: Mapping[str, str]) -> str:
    value, style = _VALUE.search(cell[1]), _STYLE_OF.search(cell[1])
    if not value:
        return cell[0]
    shown = sheets.number(value[1], codes.get(style[1], "") if style else "")
    return f"<table:table-cell{cell[1].removesuffix('/')}><text:p>{shown}</text:p></table:table-cell>"


def _codes(head: str) -> dict[str, str]:
    """The number formats of the cells' styles, as a workbook of Excel would write them."""
    numbers = {}
    for piece in head.split(_NUMBER_STYLE)[1:]:
        name = _NAME.search(piece)
        if name:
            numbers[name[1]] = _code(piece.partition("</number:number-style>")[0])
    found = {}
    for attributes in _CELL_STYLE.findall(head):
        name, of = _NAME.search(attributes), _DATA_STYLE.search(attributes)
        if name and of:
            found[name[1]] = numbers.get(of[1], "")
    return found


def _code(style: str) -> str:
    """Literals and places; empty for amounts."""
    if _OF_AMOUNTS.search(style):
        return ""
    code: list[str] = []
    places: list[str] = []
    for piece in _PIECE.finditer(style):
        if piece[1]:
            code.append(_quoted(piece[2]))
        elif piece[3]:
            digits = _PLACES.search(piece[4])
            places = ["0"] * int(digits[1]) if digits else ["#"]
            code.append("\0")
        elif 0 < int(piece[6]) < len(places):
            places[-int(piece[6])] = _quoted(piece[7]) + places[-int(piece[6])]
    return "".join(code).replace("\0", "".join(places), 1)


def _quoted(literal: str) -> str:
    return '"' + xmltext.text(literal).replace('"', "") + '"'
