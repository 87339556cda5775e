"""A number in a table of a text, a slide or an OpenDocument sheet is placed in its table and cell."""

from __future__ import annotations

import zipfile
from typing import Any

import pytest

from gateway.extract import Budget, placed
from gateway.extract.cells import may_hold_number
from gateway.extract.sandbox import Sandbox
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.hidden import Hidden
from gateway.mail.place import attachment

NUMBER = "070761-4285"


def places_of(fragments: tuple[Fragment, ...]) -> list[str]:
    findings = [
        Finding("cpr", "cpr", Confidence.CERTAIN, fragment.place, Hidden("0707614285"))
        for fragment in fragments
        if NUMBER in fragment.text or "0707614285" in fragment.text
    ]
    return [str(found.place) for found in placed(findings, fragments)]


def rows(*cells: str, prefix: str = "w") -> str:
    """Of three columns each."""
    each = [f"<{prefix}:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></{prefix}:tc>" for cell in cells]
    lines = ["".join(each[at : at + 3]) for at in range(0, len(each), 3)]
    return "".join(f"<{prefix}:tr>{line}</{prefix}:tr>" for line in lines)


PLAIN = f"<w:tbl>{rows('a', 'b', 'c', 'd', 'e', 'f')}</w:tbl>"


@pytest.mark.parametrize(
    ("body", "want"),
    [
        pytest.param(f"<w:tbl>{rows('a', 'b', 'c', 'd', NUMBER, 'f')}</w:tbl>", "table 1 › cell B2", id="a cell"),
        pytest.param(f"{PLAIN}<w:tbl>{rows('a', 'b', NUMBER)}</w:tbl>", "table 2 › cell C1", id="the second table"),
        pytest.param(
            "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p/></w:tc>".replace("'", '"')
            + "<w:tc><w:p><w:r><w:t>070761</w:t></w:r><w:r><w:t>-4285</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
            "table 1 › cell C1",
            id="behind a cell over two columns, in two runs",
        ),
        pytest.param(
            f"<w:tbl><w:tr><w:tc/><w:tc><w:tbl>{rows('a', NUMBER)}</w:tbl></w:tc></w:tr></w:tbl>{PLAIN}",
            "table 1 › cell B1",
            id="a table in a table",
        ),
        pytest.param(f"{PLAIN}<w:p><w:t>Cpr {NUMBER}</w:t></w:p>", "", id="beside the table"),
        pytest.param(
            f"<w:tbl>{rows('12345678901 nr', 'x', f'Mor: {NUMBER}')}</w:tbl>", "table 1 › cell C1", id="behind another"
        ),
    ],
)
def test_in_a_document(reading: Any, make: Any, body: str, want: str) -> None:
    got = places_of(reading(make.docx(f"<w:p><w:t>Hej</w:t></w:p>{body}")).fragments)
    assert got == [f"attachment:docx 1 › {want}" if want else "attachment:docx 1"]


def test_in_a_slide(reading: Any, make: Any) -> None:
    table = f"<a:tbl>{rows('a', 'b', 'c', 'd', 'e', NUMBER, prefix='a')}</a:tbl>"
    got = reading(
        make.zip({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>", "ppt/slides/slide2.xml": table})
    )
    assert places_of(got.fragments) == ["attachment:pptx 1 › slide 2 › table 1 › cell C2"]


def sheet(make: Any, kind: str, body: str) -> bytes:
    content = f"<office:document-content><office:{kind}>{body}</office:{kind}></office:document-content>"
    mime = {"spreadsheet": "spreadsheet", "text": "text"}[kind]
    members = {"mimetype": f"application/vnd.oasis.opendocument.{mime}", "content.xml": content}
    return make.zip(members, zipfile.ZIP_STORED)  # type: ignore[no-any-return]


CELL = "<table:table-cell><text:p>{}</text:p></table:table-cell>"


@pytest.mark.parametrize(
    ("line", "want"),
    [
        pytest.param(CELL.format("a") + CELL.format(NUMBER), "cell B4", id="behind rows that are repeated"),
        pytest.param(
            '<table:table-cell table:number-columns-repeated="27"/>' + CELL.format(NUMBER),
            "cell AB4",
            id="behind empty cells",
        ),
        pytest.param(
            CELL.format("x") + "<table:covered-table-cell/>" + CELL.format(NUMBER), "cell C4", id="behind a wide cell"
        ),
        pytest.param(
            '<table:table-cell office:value-type="float" office:value="707614285"><text:p>707614285</text:p>'
            "</table:table-cell>",
            "cell A4",
            id="a lost zero",
        ),
    ],
)
def test_in_a_sheet_of_opendocument(reading: Any, make: Any, line: str, want: str) -> None:
    first = '<table:table table:name="a"><table:table-row/></table:table>'
    body = (
        f'{first}<table:table table:name="b"><table:table-row table:number-rows-repeated="3"><table:table-cell/>'
        f"</table:table-row><table:table-row>{line}</table:table-row></table:table>"
    )
    got = places_of(reading(sheet(make, "spreadsheet", body)).fragments)
    assert got == [f"attachment:ods 1 › sheet 2 › {want}"]


def test_in_a_text_of_opendocument(reading: Any, make: Any) -> None:
    body = f"<table:table><table:table-row>{CELL.format('a')}{CELL.format(NUMBER)}</table:table-row></table:table>"
    got = places_of(reading(sheet(make, "text", body)).fragments)
    assert got == ["attachment:odt 1 › table 1 › cell B1"]


def test_tables_survive_the_sandbox(sandbox: Sandbox, attached: Any, make: Any) -> None:
    message = attached(make.docx(f"<w:tbl>{rows('a', NUMBER, 'c')}</w:tbl>"))
    got = sandbox.read_now(message, Budget(ocr=False)).fragments
    assert places_of(got) == ["attachment:docx 1 › table 1 › cell B1"]


def test_a_long_line_costs_no_square() -> None:
    """A list of one line: each of its digits was once compared with all that follow."""
    line = "1a" * 1_000_000
    assert not may_hold_number(line)
    place = attachment("csv", 1)
    finding = Finding("cpr", "cpr", Confidence.CERTAIN, place, Hidden("0707614285"))
    got = placed([finding], [Fragment(place, f"{line}\nx;{NUMBER}\n")])
    assert [str(found.place) for found in got] == ["attachment:csv 1 › cell B2"]
