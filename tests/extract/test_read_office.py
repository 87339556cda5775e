"""Office files: what people can see anywhere in them is read, and their ids and looks are not."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from gateway.extract.codes import formatted
from gateway.extract.sheets import number
from gateway.mail.fragment import Extraction, Reason

NUMBER = "070761-4285"
RUNS = "".join(f"<w:r><w:t>{piece}</w:t></w:r>" for piece in ("07", "0761", "-4", "285"))


def places(extraction: Extraction, needle: str = NUMBER) -> list[str]:
    return [str(fragment.place) for fragment in extraction.fragments if needle in fragment.text]


def cell(reference: str, inside: str, attributes: str = "") -> str:
    return f'<row><c r="{reference}" {attributes}>{inside}</c></row>'


@pytest.mark.parametrize(
    ("body", "parts", "where"),
    [
        pytest.param(f"<w:p><w:r><w:t>{NUMBER}</w:t></w:r></w:p>", {}, "", id="a paragraph"),
        pytest.param(f"<w:p>{RUNS}</w:p>", {}, "", id="five runs"),
        pytest.param(f"<w:tbl><w:tr><w:tc><w:p>{RUNS}</w:p></w:tc></w:tr></w:tbl>", {}, "", id="a table cell"),
        pytest.param(f"<w:del><w:r><w:delText>{NUMBER}</w:delText></w:r></w:del>", {}, "", id="deleted text"),
        pytest.param("<w:p><w:t>070761</w:t><w:noBreakHyphen/><w:t>4285</w:t></w:p>", {}, "", id="a hard hyphen"),
        pytest.param("<w:t>&#48;70761&#x2d;4285</w:t>", {}, "", id="character references"),
        pytest.param(f'<wp:docPr id="1" descr="{NUMBER}"/>', {}, "", id="a description"),
        pytest.param("", {"word__header1": f"<w:p>{RUNS}</w:p>"}, " › header", id="page header"),
        pytest.param("", {"word__footer2": f"<w:p>{RUNS}</w:p>"}, " › footer", id="page footer"),
        pytest.param("", {"word__footnotes": f"<w:p>{RUNS}</w:p>"}, " › note", id="footnote"),
        pytest.param("", {"word__comments": f"<w:p>{RUNS}</w:p>"}, " › comment", id="comment"),
        pytest.param("", {"docProps__core": f"<dc:title>{NUMBER}</dc:title>"}, " › properties", id="property"),
        pytest.param(
            "", {"word___rels__document.xml.rels": f'<x Target="tel:{NUMBER}" TargetMode="External"/>'}, "", id="link"
        ),
        pytest.param("", {"word__charts__chart1": f"<c:v>{NUMBER}</c:v>"}, "", id="chart"),
    ],
)  # fmt: skip
def test_every_part_of_a_document_is_read(
    reading: Any, make: Any, body: str, parts: dict[str, str], where: str
) -> None:
    assert f"attachment:docx 1{where}" in places(reading(make.docx(body, **parts)))


def test_cells_and_paragraphs_stand_apart(reading: Any, make: Any) -> None:
    got = reading(make.docx("<w:p><w:t>70102030</w:t></w:p><w:p><w:t>070761-4285</w:t></w:p>"))
    assert "70102030\n070761-4285" in got.fragments[-1].text.replace("\n\n", "\n")


def test_a_date_and_four_digits_in_cells_are_one_number_where_the_head_says_so(reading: Any, make: Any) -> None:
    rows = (("Navn", "Født", "Sidste fire i cpr"), ("A", "07-07-1961", "4285"))
    cells = ["".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in row) for row in rows]
    table = "".join(f"<w:tr>{row}</w:tr>" for row in cells)
    assert places(reading(make.docx(f"<w:p><w:t>Hej</w:t></w:p><w:tbl>{table}</w:tbl>")))


def test_ids_and_positions_are_no_text(reading: Any, make: Any) -> None:
    got = reading(make.docx('<w:p w:rsidR="1212999818"><wp:posOffset>0707614285</wp:posOffset><w:t>Hej</w:t></w:p>'))
    assert not places(got, "1212999818") + places(got, "0707614285")


def test_an_embedded_workbook_is_read(reading: Any, make: Any) -> None:
    inner = make.xlsx(cell("A1", f"<is><t>{NUMBER}</t></is>", 't="inlineStr"'))
    got = reading(make.docx("", **{"word__embeddings__oleObject1.xlsx": inner}))
    assert places(got) == ["attachment:docx 1 › attachment:xlsx 1 › sheet 1"]


def test_entities_of_a_document_type_are_refused(reading: Any, make: Any) -> None:
    got = reading(make.docx('<!DOCTYPE x [<!ENTITY a "aaaa">]>&a;'))
    assert [unreadable.reason for unreadable in got.unreadable] == [Reason.DAMAGED]


def test_a_document_cut_off_is_read_as_far_as_it_goes_and_reported(reading: Any, make: Any) -> None:
    whole = make.docx(f"<w:p>{RUNS}</w:p>", word__theme__theme1="x" * 3000)
    got = reading(whole[: len(whole) * 2 // 3])
    assert (places(got), [item.reason for item in got.unreadable]) == (["attachment:docx 1"], [Reason.DAMAGED])


STYLES = (
    r'<numFmts><numFmt numFmtId="164" formatCode="000000\-0000"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
)


@pytest.mark.parametrize(
    ("rows", "strings", "want"),
    [
        pytest.param(cell("A1", "<v>0</v>", 't="s"'), f"<si><t>{NUMBER}</t></si>", NUMBER, id="a shared string"),
        pytest.param(cell("A1", "<v>0</v>", 't="s"'), "<si><t>070761</t><t>-4285</t></si>", NUMBER, id="runs"),
        pytest.param(cell("A1", "<v>707614285</v>"), "", "0707614285", id="a lost zero"),
        pytest.param(cell("A1", "<v>7.07614285E8</v>"), "", "0707614285", id="a lost zero in a float"),
        pytest.param(cell("A1", "<v>707614285</v>", 's="1"'), "", NUMBER, id="a number format"),
        pytest.param(cell("A1", f"<f>x</f><v>{NUMBER}</v>", 't="str"'), "", NUMBER, id="a formula's value"),
        pytest.param(cell("A1", '<f>"070761"&amp;"-4285"</f>'), "", '"070761"&"-4285"', id="a formula without a value"),
        pytest.param("", f"<si><t>{NUMBER}</t></si>", NUMBER, id="a string no cell uses any more"),
        pytest.param(cell("A1", "<v>123456789</v>"), "", "123456789", id="nine digits that are no date stay"),
    ],
)  # fmt: skip
def test_cells_are_what_people_see(reading: Any, make: Any, rows: str, strings: str, want: str) -> None:
    assert places(reading(make.xlsx(rows, strings, STYLES)), want)


def test_rows_and_cells_stand_apart(reading: Any, make: Any) -> None:
    rows = "<row><c><v>1</v></c><c/><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    assert places(reading(make.xlsx(rows)), "1\t\t2\n3") == ["attachment:xlsx 1 › sheet 1"]


def test_the_names_and_headers_of_sheets_are_read(reading: Any, make: Any) -> None:
    got = reading(make.xlsx("", header=NUMBER))
    assert places(got, "Børn")
    assert places(got) == ["attachment:xlsx 1 › sheet 1"]


@pytest.mark.parametrize(
    ("digits", "code", "want"),
    [
        pytest.param("707614285", "000000-0000", NUMBER, id="zeros and a hyphen"),
        pytest.param("707614285", '000000"-"0000;@', NUMBER, id="a quoted hyphen"),
        pytest.param("707614285", "0000000000", "0707614285", id="ten zeros"),
        pytest.param("707614285", "#,##0.00", "", id="money"),
        pytest.param("707614285", "General", "", id="no format"),
        pytest.param("12345678901", "000000-0000", "", id="more digits than places"),
    ],
)
def test_number_formats_are_applied(digits: str, code: str, want: str) -> None:
    assert formatted(digits, code) == want


@pytest.mark.parametrize("value", ["", "abc", "1e400", "-5", "0.5", "1" * 40, "nan"])
def test_any_cell_value_is_a_text(value: str) -> None:
    assert isinstance(number(value, "0"), str)


def test_slides_and_their_notes_have_their_numbers(reading: Any, make: Any) -> None:
    slide = f"<a:p><a:r><a:t>{NUMBER}</a:t></a:r></a:p>"
    got = reading(
        make.zip({"[Content_Types].xml": "", "ppt/slides/slide3.xml": slide, "ppt/notesSlides/notesSlide2.xml": slide})
    )
    assert places(got)[-2:] == ["attachment:pptx 1 › slide 3", "attachment:pptx 1 › slide 2 › note"]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(f"<text:p>{NUMBER}</text:p>", id="a paragraph"),
        pytest.param("<text:p>0707<text:span>61</text:span>-4285</text:p>", id="spans"),
        pytest.param(f"<text:changed-region><text:p>{NUMBER}</text:p></text:changed-region>", id="deleted"),
        pytest.param(f'<table:table-cell office:string-value="{NUMBER}"/>', id="a value that is not shown"),
    ],
)
def test_opendocument_is_read(reading: Any, make: Any, part: str) -> None:
    mime = "application/vnd.oasis.opendocument.text"
    assert places(reading(make.zip({"mimetype": mime, "content.xml": f"<office:body>{part}</office:body>"}, 0)))
    assert places(reading(make.zip({"mimetype": mime, "content.xml": "<x/>", "styles.xml": f"<x>{part}</x>"}, 0)))


def test_a_locked_opendocument_file_is_reported(reading: Any, make: Any) -> None:
    members = {"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": "<encryption-data/>"}
    assert [item.reason for item in reading(make.zip(members, 0)).unreadable] == [Reason.ENCRYPTED]


@pytest.mark.parametrize(
    ("mime", "mark", "kind"),
    [("spreadsheet", "table:table", "sheet"), ("presentation", "draw:page", "slide")],
)
def test_sheets_and_slides_of_opendocument_are_counted(
    reading: Any, make: Any, mime: str, mark: str, kind: str
) -> None:
    pages = f'<{mark} a="1"><text:p>Hej</text:p></{mark}><{mark} a="2"><text:p>{NUMBER}</text:p></{mark}>'
    kinds = {"mimetype": f"application/vnd.oasis.opendocument.{mime}", "META-INF/manifest.xml": "<x/>"}
    got = reading(make.zip({**kinds, "content.xml": f"<office:body>{pages}</office:body>"}, 0))
    assert [place.partition(" › ")[2] for place in places(got)] == [f"{kind} 2"]


def test_a_part_with_a_wrong_checksum_is_read_and_said_to_be_damaged(make, reading) -> None:
    whole = make.docx("<w:p><w:r><w:t>cpr 150322-6239</w:t></w:r></w:p>")
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        checksum = archive.getinfo("word/document.xml").CRC.to_bytes(4, "little")
    result = reading(whole.replace(checksum, bytes([checksum[0] ^ 1]) + checksum[1:]))
    assert any("150322-6239" in fragment.text for fragment in result.fragments)
    assert [item.reason for item in result.unreadable] == [Reason.DAMAGED]
