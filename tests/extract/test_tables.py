"""Numbers in two columns, and the days that date cells show."""

from __future__ import annotations

import pytest

from gateway.extract.sheets import dated
from gateway.extract.tables import joined_numbers


@pytest.mark.parametrize(
    ("table", "want"),
    [
        pytest.param("Navn\tFødselsdato\tSidste 4 cifre\nA\t2022-05-12\t8317", "Sidste 4 cifre: 120522-8317", id="iso"),
        pytest.param("Fødselsdag;Cpr\n12.05.2022;8317", "Cpr: 120522-8317", id="danish, four digits of the year"),
        pytest.param("Født;CPR (sidste fire)\n7-7-61;285", "CPR (sidste fire): 070761-0285", id="a lost zero"),
        pytest.param("Dato\tCPR\n070761\t-4285", "CPR: 070761-4285", id="six digits and a hyphen"),
        pytest.param("Liste\n\nFødt\tCpr\n070761\t4285", "Cpr: 070761-4285", id="the head is not the first row"),
        pytest.param("Født;Beløb\n070761;4285", "", id="no column of digits"),
        pytest.param("Navn;Cpr\nA;4285", "", id="no column of dates"),
        pytest.param("Født;Cpr\nukendt;4285\n070761;42856", "", id="cells that are neither"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_two_columns_are_one_number_where_the_head_says_so(table: str, want: str) -> None:
    assert joined_numbers(table) == want


@pytest.mark.parametrize(
    ("serial", "code", "want"),
    [
        pytest.param("44693", "yyyy-mm-dd", "2022-05-12", id="iso"),
        pytest.param("44693", "dd/mm/yyyy", "12-05-2022", id="day first"),
        pytest.param("44693", "ddmmyy", "120522", id="six digits"),
        pytest.param("44693", "[$-406]d. mmmm yyyy;@", "12-05-2022", id="a locale before it"),
        pytest.param("44693", "General", "", id="no format"),
        pytest.param("44693", "0.00", "", id="a number"),
        pytest.param("9999999", "yyyy-mm-dd", "", id="no day"),
    ],
)
def test_date_cells_show_their_day(serial: str, code: str, want: str) -> None:
    assert dated(serial, code) == want


def test_a_row_of_nothing_but_heads_costs_no_square() -> None:
    """Twenty-five thousand columns that each may be either: all pairs of them once took all memory there was."""
    assert joined_numbers("cpr;" * 100_000 + "\n" + "x;" * 100_000) == ""


@pytest.mark.parametrize(
    ("head", "row", "want"),
    [
        ("Fødselsdato;Navn;CPR;Alder", "01-01-2020;Mads;1234;6", "CPR: 010120-1234"),
        ("CPR;Navn;Fødselsdato;Løbenr", "x;Mads;01-01-2020;1234", "Løbenr: 010120-1234"),
    ],
)
def test_a_column_that_holds_no_date_gives_way_to_the_next(head: str, row: str, want: str) -> None:
    assert joined_numbers(f"{head}\n{row}\n") == want


def cell(*paragraphs: str) -> str:
    return "<w:tc>" + "".join(f"<w:p><w:r><w:t>{each}</w:t></w:r></w:p>" for each in paragraphs) + "</w:tc>"


def word_table(*rows: tuple[str, ...]) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


@pytest.mark.parametrize(
    ("body", "want"),
    [
        pytest.param(
            "<w:p><w:r><w:t>Stamdata</w:t></w:r></w:p>"
            + word_table((cell("Enhed"), cell("P-nummer")), (cell("Solsikken"), cell("1012052701"))),
            "Stamdata\n\n\nEnhed\tP-nummer\nSolsikken\t1012052701",
            id="a row a line, the head over its column",
        ),
        pytest.param(
            word_table((cell("Navn"), cell("CPR")), (cell("Ida", "Holm"), cell("150322-", "6239"))),
            "Navn\tCPR\nIda / Holm\t150322- / 6239",
            id="paragraphs of a cell",
        ),
        pytest.param(
            word_table((cell("A"), "<w:tc><w:p/></w:tc>", cell("C")), (cell("1"), cell("2"), "<w:tc><w:p/></w:tc>")),
            "A\t\tC\n1\t2",
            id="cells that hold nothing",
        ),
        pytest.param(
            word_table((cell("ord " * 60, "ende"), cell("spalte"))),
            "ord " * 60 + "\n\nende\n\t\nspalte",
            id="a table for the layout stays as it is",
        ),
    ],
)
def test_tables_of_a_document_are_rows(make, reading, body: str, want: str) -> None:
    [fragment] = [each for each in reading(make.docx(body)).fragments if each.place.steps[-1].format == "docx"]
    assert fragment.text.strip() == want.strip()
