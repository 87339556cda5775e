"""HTML as people see it and as it could be seen, and that no input makes it slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.extract.html import readings, unescaped

NUMBER = "070761-4285"


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(f"<p>{NUMBER}</p>", id="a paragraph"),
        pytest.param("<b>0707</b><i>61</i>-<span class=x>42</span>85", id="inline tags in the number"),
        pytest.param("070761<!-- x -->-4285", id="a comment in the number"),
        pytest.param(f"<!-- {NUMBER} -->", id="inside a comment"),
        pytest.param(f"<!-- {NUMBER}", id="inside a comment that never ends"),
        pytest.param(f"<!--[if mso]><p>{NUMBER}</p><![endif]-->", id="inside a conditional comment"),
        pytest.param(f"<![CDATA[{NUMBER}]]>", id="CDATA"),
        pytest.param(f"<p style='display:none'>{NUMBER}</p>", id="hidden"),
        pytest.param(f'<img alt="{NUMBER}">', id="alt"),
        pytest.param(f"<input value={NUMBER}>", id="value without quotes"),
        pytest.param(f"<a title='{NUMBER}'>x</a>", id="title"),
        pytest.param(f'<IMG ALT="{NUMBER}">', id="capitals"),
        pytest.param("&#48;&#x37;0761&#45;4285", id="character references"),
        pytest.param("&#00000000000000000048;70761-4285", id="a reference with zeros before it"),
        pytest.param("&#48&#55&#48&#55&#54&#49-4285", id="references without semicolons"),
        pytest.param('0707<span title="a>b">61-4285</span>', id="an angle inside a quoted value"),
        pytest.param(f"<070761-4285> {NUMBER}", id="an angle that opens no tag"),
        pytest.param(f"<style>p{{}}</style>{NUMBER}", id="after a style sheet"),
        pytest.param(f"<!--<style>-->{NUMBER}<!--</style>-->", id="between the halves of a style sheet in comments"),
        pytest.param(f"<style>p::before{{content: '{NUMBER}'}}</style>", id="written by a style sheet"),
        pytest.param(f"<style>{NUMBER}", id="after a style sheet that never ends"),
        pytest.param(f"<script>document.write('{NUMBER}')</script>", id="a script"),
        pytest.param(f"<div>{'<div>' * 3000}{NUMBER}", id="deep nesting"),
        pytest.param(f"{NUMBER}<", id="an open angle at the end"),
        pytest.param(f"<?xml version='1.0'?><!DOCTYPE x>{NUMBER}", id="declarations"),
    ],
)
def test_a_number_is_seen(markup: str) -> None:
    assert any(NUMBER in reading for reading in readings(markup))


@pytest.mark.parametrize(
    ("markup", "want"),
    [
        pytest.param("<td>070761</td>\r\n      <td>4285</td>", ["070761", "4285"], id="cells"),
        pytest.param("<p>Tlf 70102030</p><p>070761-4285</p>", ["Tlf", "70102030", NUMBER], id="paragraphs"),
        pytest.param("70102030<br/>070761-4285", ["70102030", NUMBER], id="line break"),
        pytest.param("<li>12<li>34", ["12", "34"], id="items"),
        pytest.param("a&nbsp;b", ["a", "b"], id="hard space"),
        pytest.param("a &lt; b &amp; c", ["a", "<", "b", "&", "c"], id="references"),
        pytest.param("<b>Smør</b>rebrød", ["Smørrebrød"], id="half a word in bold"),
    ],
)
def test_words_are_apart_where_they_look_apart(markup: str, want: list[str]) -> None:
    assert readings(markup)[0].split() == want


def test_two_readings_only_where_tags_stand_between_digits() -> None:
    assert readings("<span>12</span><span>34</span>") == ["1234", " 12  34 "]
    assert len(readings("<span>a</span><span>34</span>")) == 1


def test_digits_in_cells_of_their_own_are_read_as_one_number() -> None:
    row = "".join(f"<td>{digit}</td>" for digit in "0707614285")
    assert any("0707614285" in reading for reading in readings(f"<table><tr>{row}</tr></table>"))


def test_a_date_and_four_digits_in_cells_are_one_number_where_the_head_says_so() -> None:
    rows = (("Navn", "Født", "Sidste fire i cpr"), ("A", "07-07-1961", "4285"))
    table = "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>\r\n" for row in rows)
    assert NUMBER in readings(f"<p>Kære alle</p><table>{table}</table>")[0]


def test_style_sheets_are_no_text() -> None:
    """Outlook's font signatures hold ten-digit numbers with a possible birth date."""
    assert "1107305727" not in readings("<style><!-- @font-face{x:0 1107305727} --></style>Hej")[0]


@pytest.mark.parametrize(
    "unit",
    ["<", "<a", "<!--", "<![CDATA[", "<style>", '<a "', "<a b=\"'", "&", "&#", "1\x1f", "1\t", "\n ", '="', "<a alt="],
)
def test_hostile_repetition_is_linear(unit: str) -> None:
    """A quadratic step would take hours here; the test only has to end."""
    assert readings(unit * 100_000 + NUMBER)


@pytest.mark.parametrize(
    "reference", ["&#" + "9" * 5000 + ";", "&#xd800;", "&#0;", "&#x110000;", "&bogus;", "&", "&#;"]
)
def test_references_that_mean_nothing_harm_nothing(reference: str) -> None:
    assert NUMBER in unescaped(f"{reference} {NUMBER}")
    unescaped(reference).encode()


@given(st.text(alphabet="<>!-/ab=\"'&#;[]1 \n\x1f", max_size=80))
def test_any_markup_gives_text(markup: str) -> None:
    assert all(isinstance(reading, str) for reading in readings(markup))


def test_a_coded_digit_behind_an_inline_tag_is_read_both_ways() -> None:
    """Programs glue what an inline tag parts, or do not; the digit may be written as its number."""
    assert readings("<p>070761-42<b>&#56;5</b></p>") == ["\n070761-4285\n", "\n070761-42 85 \n"]


def test_a_comment_far_behind_a_style_sheet_parts_no_number() -> None:
    head = "<style>p{margin:0}</style><!-- first --><p>" + "Hej med jer. " * 400
    assert any(NUMBER in reading for reading in readings(f"{head}0707<!-- second -->61-4285</p>"))
