"""The matching copy: two spellings of one thing become equal, and nothing else changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detect.normalise import fold


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("Hej Bjørn, på tirsdag", "Hej Bjørn, på tirsdag", id="plain Danish stays as it is"),
        pytest.param("\uff11\uff12\uff13", "123", id="full-width digits"),
        pytest.param("\U0001d7ce\U0001d7cf", "01", id="mathematical bold digits"),
        pytest.param("\u0661\u0662\u0663", "123", id="Arabic-Indic digits"),
        pytest.param("\u0967\u0968", "12", id="Devanagari digits"),
        pytest.param("1\u200b2\u200d3\ufeff4", "1234", id="zero-width characters go away"),
        pytest.param("12\u00ad34", "1234", id="soft hyphen goes away"),
        pytest.param("\u202e12\u202c", "12", id="bidi marks go away"),
        pytest.param("1\u034f2", "12", id="a stray combining mark goes away"),
        pytest.param("pa\u030a", "på", id="but a ring over a is the letter å"),
        pytest.param("1\u20132\u20143\u22124\u20115\uff0d6", "1-2-3-4-5-6", id="every dash is a hyphen"),
        pytest.param("1\u00a02\u20093\u30004", "1 2 3 4", id="every space is a space"),
        pytest.param("\u0441\u0440r", "cpr", id="Cyrillic letters that look Latin"),
        pytest.param("note\u00b2", "note\u00b2", id="a footnote mark joins no number"),
        pytest.param("a\u2028b", "a\nb", id="line separator"),
        pytest.param("x\n> 12", "x\n12", id="quote marks at the start of a line"),
        pytest.param("x\n>>> > 12", "x\n12", id="deep quotes"),
        pytest.param("a > b", "a > b", id="a greater-than inside a line stays"),
        pytest.param("\ud800", "?", id="a lone surrogate harms nothing"),
        pytest.param("a \r\nb", "a\nb", id="line ends, and the space format=flowed leaves before them"),
        pytest.param("»hej«", '"hej"', id="quotation marks"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_fold(text: str, want: str) -> None:
    assert fold(text).decode() == want


@given(st.text())
def test_any_text_folds_to_utf8(text: str) -> None:
    fold(text).decode("utf-8")


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text).decode()
    assert fold(once).decode() == once


def test_many_kinds_of_disguise_take_the_long_way_to_the_same_result() -> None:
    """More different characters than are worth one replacement each."""
    circled = "".join(chr(0x2460 + i) for i in range(9))
    wide = "".join(chr(0xFF01 + i) for i in range(90))
    assert fold(wide + circled + "\u200b1").decode().endswith("123456789" + "1")


def test_a_heap_of_combining_marks_is_cut_short_and_gone() -> None:
    assert fold("1" + "\u0301\u0316" * 50_000 + "2å") == "12å".encode()


def test_rare_disguises_in_a_long_text_of_many_scripts() -> None:
    """Dense or sparse: the way to the result differs, the result does not."""
    kinds = [chr(0x2000 + number) for number in range(0x60)] + ["\uff11", "\u0663", "字", "한", "ø"]
    for filling in ("x", "Rødgrød med fløde til alle børn. " * 3):
        text = "".join(kind + filling for kind in kinds)
        assert fold(text) == b"".join(fold(kind) + filling.encode() for kind in kinds).replace(b" \n", b"\n")


@given(st.text("ab \r\n>"))
def test_line_ends_fold_alike_whatever_the_length(text: str) -> None:
    """A short text is searched plainly, a long one by the engine."""
    padding = "x" * 3_000
    assert fold(padding + text) == padding.encode() + fold("x" + text)[1:]
