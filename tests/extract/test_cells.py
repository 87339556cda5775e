"""A number in a sheet is placed in its cell; a text that cannot say where it stands keeps its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.extract import Budget, placed
from gateway.extract.cells import name_of
from gateway.extract.sandbox import Sandbox
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.hidden import Hidden
from gateway.mail.place import Place, Step, attachment

NUMBER = "070761-4285"
SPECIMENS = Path(__file__).resolve().parents[2].parent / "shared" / "specimens"


def finding(place: Place, detector: str = "cpr") -> Finding:
    return Finding(detector, "cpr", Confidence.CERTAIN, place, Hidden("0707614285"))


def places_of(fragments: tuple[Fragment, ...]) -> list[str]:
    """Where a number found in each text that holds it is placed."""
    findings = [finding(fragment.place) for fragment in fragments if NUMBER in fragment.text]
    return [str(found.place) for found in placed(findings, fragments)]


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        pytest.param(
            f'<row><c r="A1"><v>1</v></c><c r="B1" t="str"><v>{NUMBER}</v></c></row>', "B1", id="the second column"
        ),
        pytest.param(
            f'<row><c r="A1"><v>7</v></c></row><row><c r="AB7" t="str"><v>Cpr {NUMBER}</v></c></row>',
            "AB7",
            id="rows and columns left out",
        ),
        pytest.param(
            f'<row><c r="A1" t="inlineStr"><is><t>12345678901</t></is></c><c r="C1" t="str"><v>{NUMBER}</v></c></row>',
            "C1",
            id="behind another number",
        ),
    ],
)  # fmt: skip
def test_a_number_in_a_workbook_is_placed_in_its_cell(reading: Any, make: Any, rows: str, want: str) -> None:
    assert places_of(reading(make.xlsx(rows)).fragments) == [f"attachment:xlsx 1 › sheet 1 › cell {want}"]


def test_a_cell_without_its_name_leaves_the_number_in_its_sheet(reading: Any, make: Any) -> None:
    got = reading(make.xlsx(f'<row><c t="str"><v>{NUMBER}</v></c></row>'))
    assert places_of(got.fragments) == ["attachment:xlsx 1 › sheet 1"]


def test_cells_survive_the_sandbox(sandbox: Sandbox, attached: Any, make: Any) -> None:
    message = attached(make.xlsx(f'<row><c r="D9" t="str"><v>{NUMBER}</v></c></row>'))
    assert places_of(sandbox.read_now(message, Budget(ocr=False)).fragments) == [
        "attachment:xlsx 1 › sheet 1 › cell D9"
    ]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(f"Navn;Cpr\na;b\nx;{NUMBER}\n", " › cell B3", id="semicolons"),
        pytest.param(f"a\tb\tc\nx\t\t{NUMBER}\n", " › cell C2", id="tabs"),
        pytest.param(f'a;"b;c"\nx;{NUMBER}\n', "", id="quotes may hide a separator"),
        pytest.param("a;b\nx;y\n", "", id="not in a cell"),
        pytest.param(f"Ordre;Cpr\n4501238876;{NUMBER}\n", " › cell B2", id="behind another number of its row"),
    ],
)
def test_a_number_in_a_list_is_placed_in_its_cell(text: str, want: str) -> None:
    place = attachment("csv", 1)
    got = placed([finding(place)], [Fragment(place, text)])
    assert [str(found.place) for found in got] == [f"attachment:csv 1{want}"]


def test_a_row_of_numbers_costs_no_square() -> None:
    """Forty thousand cells in one row: each was once taken together with all behind it."""
    place = attachment("csv", 1)
    got = placed([finding(place)], [Fragment(place, "4501238876;" * 40_000 + f"\nx;{NUMBER}\n")])
    assert [str(found.place) for found in got] == ["attachment:csv 1"], (
        "cells beyond the first ten thousand have no name"
    )


def test_only_numbers_are_placed() -> None:
    place = attachment("csv", 1)
    found = [finding(place, "sensitive")]
    assert placed(found, [Fragment(place, f"a;{NUMBER}\n")]) == tuple(found)


@pytest.mark.parametrize(
    ("row", "column", "want"), [(1, 1, "A1"), (7, 26, "Z7"), (7, 27, "AA7"), (65536, 256, "IV65536")]
)
def test_cells_have_the_names_people_know(row: int, column: int, want: str) -> None:
    assert name_of(row, column) == want


@pytest.mark.shared
@pytest.mark.skipif(not SPECIMENS.is_dir(), reason="../shared/specimens is not here")
def test_an_old_workbook_names_its_cells(reading: Any) -> None:
    names = [path for path in sorted(SPECIMENS.glob("*.xls")) if "cell" in path.name]
    got = [place for path in names for place in places_of(reading(path.read_bytes()).fragments)]
    assert any("cell " in place for place in got)


def test_a_step_of_a_cell_is_written_as_people_write_it() -> None:
    assert str(Place((Step("attachment", "xlsx", 2), Step("sheet", "", 2), Step("cell", "B7")))) == (
        "attachment:xlsx 2 › sheet 2 › cell B7"
    )
