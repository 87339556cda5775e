"""Numbers that a file holds in pieces and that are shown as one: formats, lists to choose from, printed pages."""

from __future__ import annotations

import struct
import zipfile
from typing import Any

import pytest

from gateway.extract import biff, codes, names, sheets
from gateway.mail.fragment import Extraction, Fragment, Reason
from gateway.mail.place import Place

NUMBER = "150322-6239"


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


@pytest.mark.parametrize(
    ("digits", "code", "want"),
    [
        ("6239", '"150322-"0000', NUMBER),
        ("239", '"150322-"0000', "150322-0239"),
        ("6239", '"150322-"0', NUMBER),
        ("6239", '"150322-"General', NUMBER),
        ("6239", '"150322-"####', NUMBER),
        ("150322", '000000"-6239"', NUMBER),
        ("150322", r"000000\-\6\2\3\9", NUMBER),
        ("6239", '[Red]"150322-"0000;@', NUMBER),
        ("6239", '"kr. "0000', ""),
        ("6239", '"2022: "#,##0', ""),
        ("6239", '"150322 "0.00', ""),
    ],
)
def test_a_format_whose_literals_hold_figures(digits: str, code: str, want: str) -> None:
    assert codes.formatted(digits, code) == want


def test_a_format_writes_around_a_text_too(reading: Any, make: Any) -> None:
    styles = '<numFmts><numFmt numFmtId="164" formatCode="&quot;150322-&quot;@"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    rows = '<row r="1"><c r="A1" t="s" s="1"><v>0</v></c></row>'
    assert NUMBER in texts(reading(make.xlsx(rows, "<si><t>6239</t></si>", styles)))


VALIDATION = '<dataValidation type="list" sqref="{}"><formula1>"{},070100-0000"</formula1></dataValidation>'
EXTENDED = (
    '<x14:dataValidation type="list"><x14:formula1><xm:f>"{1}"</xm:f></x14:formula1><xm:sqref>{0}</xm:sqref>'
    "</x14:dataValidation>"
)


@pytest.mark.parametrize(
    ("cell", "words"), [("B2", "Vælg cpr"), ("A5:A9", "Vælg cpr"), ("D1", "Vælg cpr"), ("H90", "")]
)
@pytest.mark.parametrize("list_", [VALIDATION, EXTENDED])
def test_the_entries_of_a_list_stand_with_the_words_of_its_cell(
    reading: Any, make: Any, cell: str, words: str, list_: str
) -> None:
    rows = '<row r="2"><c r="A2" t="inlineStr"><is><t>Vælg cpr</t></is></c></row>'
    if cell == "D1":
        rows = rows.replace("2", "1").replace("A2", "A1")
    workbook = make.xlsx(rows, header=list_.format(cell, NUMBER))
    lines = texts(reading(workbook)).splitlines()
    assert (f"{words}: {NUMBER}" if words else NUMBER) in lines


def test_an_old_workbook_has_its_lists_in_records() -> None:
    entries = f"{NUMBER}\0 070100-0000".encode()
    record = bytes(4) + b"\1\0\0\0" * 4 + struct.pack("<HHBBB", len(entries) + 3, 0, 0x17, len(entries), 0) + entries
    stream = struct.pack("<HHHH", 0x809, 4, 0x600, 0x10) + struct.pack("<HH", 0x1BE, len(record)) + record
    assert (
        NUMBER
        in "\n".join(item.text for item in biff.read(stream, Place(())) if isinstance(item, Fragment)).splitlines()
    )


def test_a_million_shared_strings_take_no_longer_than_their_text() -> None:
    assert sheets._shared_strings("<si><t>a\x1eb</t></si><si/><x:si a='b'><t>c</t></x:si>") == ["a\x1eb", "", "c"]
    assert sheets._shared_strings("<sst><si><r><t>a</t></r><r><t>b</t></r></si><si/></sst>") == ["ab", ""]


class TestOpenDocument:
    """Sheets whose cells hold a value alone."""

    @pytest.mark.parametrize(
        ("style", "value", "want"),
        [
            ('<number:number number:min-integer-digits="10"/>', "150322623", "0150322623"),
            (
                '<number:number number:min-integer-digits="10"><number:embedded-text number:position="4">-'
                "</number:embedded-text></number:number>",
                "1503226239",
                NUMBER,
            ),
            ('<number:text>150322-</number:text><number:number number:min-integer-digits="4"/>', "6239", NUMBER),
            ('<number:number number:decimal-places="2" number:min-integer-digits="10"/>', "150322623", "150322623"),
        ],
    )
    @pytest.mark.parametrize("end", ["/>", "></table:table-cell>"])
    def test_a_value_is_read_as_its_style_shows_it(
        self, reading: Any, make: Any, style: str, value: str, want: str, end: str
    ) -> None:
        styles = (
            f'<number:number-style style:name="N1">{style}</number:number-style>'
            '<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'
        )
        cell = f'<table:table-cell table:style-name="ce1" office:value-type="float" office:value="{value}"{end}'
        table = f'<table:table table:name="A"><table:table-row>{cell}</table:table-row></table:table>'
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        got = reading(make.zip({"mimetype": kind, "content.xml": f"<x>{styles}{table}</x>"}, zipfile.ZIP_STORED))
        assert want in [each.text for each in got.fragments if str(each.place).endswith("sheet 1")]


class TestPrinted:
    """XPS: a page is runs of glyphs."""

    @staticmethod
    def xps(make: Any, page: str, **parts: str) -> bytes:
        named = {"Documents/1/Pages/1.fpage": f"<FixedPage>{page}</FixedPage>", **parts}
        return bytes(make.zip({"[Content_Types].xml": "<Types/>", "FixedDocSeq.fdseq": "<x/>", **named}))

    def test_the_runs_of_a_line_are_one_number(self, reading: Any, make: Any) -> None:
        page = '<Glyphs OriginX="9" OriginY="12" UnicodeString="cpr 150322"/>'
        page += '<Glyphs OriginX="60" OriginY="12" UnicodeString="-6239"><Glyphs.Fill/></Glyphs>'
        got = reading(self.xps(make, page + '<Glyphs OriginY="30" UnicodeString="{}{7}"/>'))
        assert [str(each.place) for each in got.fragments if NUMBER in each.text] == ["attachment:xps 1 › page 1"]
        assert "cpr 150322 -6239\n{7}" in texts(got)
        assert not got.unreadable

    def test_lines_and_canvases_stand_apart(self, reading: Any, make: Any) -> None:
        runs = '<Canvas><Glyphs OriginY="12" UnicodeString="{}"/></Canvas>'
        assert "70102030\n150322" in texts(reading(self.xps(make, runs.format(70102030) + runs.format(150322))))

    def test_a_page_in_pieces_and_what_it_says_besides(self, reading: Any, make: Any) -> None:
        half = f'<FixedPage><Path AutomationProperties.Name="cpr {NUMBER}"/><Glyphs OriginY="1" UnicodeStr'
        parts = {"2.fpage/[0].piece": half, "2.fpage/[1].last.piece": 'ing="Hej med jer"/></FixedPage>'}
        got = texts(reading(self.xps(make, "", **parts)))
        assert NUMBER in got
        assert "Hej med jer" in got

    def test_glyphs_without_their_characters_are_not_read_and_said_so(self, reading: Any, make: Any) -> None:
        got = reading(self.xps(make, '<Glyphs OriginY="12" Indices="20;21;22"/>'))
        assert [each.reason for each in got.unreadable] == [Reason.UNSUPPORTED_FORMAT]


def test_the_number_formats_of_a_list_are_obeyed() -> None:
    level = '<w:lvl w:ilvl="0"><w:start w:val="{}"/><w:numFmt w:val="custom" w:format="0001, 0002"/>'
    level += '<w:lvlText w:val="cpr 150322-%1"/></w:lvl>'
    assert names.labels(f'<w:abstractNum w:abstractNumId="0">{level.format(239)}</w:abstractNum>') == [
        "cpr 150322-0239"
    ]
    assert not names.labels('<w:abstractNum ><w:lvl ><w:lvlText w:val="(%1)"/></w:lvl></w:abstractNum>')
