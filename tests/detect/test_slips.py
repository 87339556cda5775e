"""Long words are found with one slip in them; short ones are not, for a slip makes other words of them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.detect.rules import TermRules
from gateway.detect.words import slips
from gateway.mail.finding import Confidence
from tests.detect.conftest import Find
from tests.detect.test_words_in_context import edged


def blocks(find: Find, text: str) -> bool:
    return any(each.confidence >= Confidence.LIKELY for each in find(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Viggo har fået konstateret epilespi.", "letters changed places"),
        ("Viggo er lige blevet sygmeldt, ledelsen ved det.", "a letter left out"),
        ("Astrid har fået konstateret leddegigt og diabettes.", "a letter twice"),
        ("Hans mor lider af skitsofreni.", "letters that sound alike"),
        ("Sofies far er alkohliker.", "a letter left out"),
        ("Vi har sendt en underetning om Sofies familie.", "one of two like letters"),
        ("Asger har fået opholdstiladelse.", "one of two like letters"),
        ("Ninas mor er blevet afskedgiet.", "letters changed places"),
    ],
)
def test_a_slip_in_a_long_word_is_found(find: Find, text: str, why: str) -> None:
    assert blocks(find, text), why


@pytest.mark.parametrize(
    "text",
    [
        "Emil synger om kræfterne i eventyret.",
        "Emil har fået en god undervisning i dag.",
        "Viggo har lavet en fin sklupturfigur.",
        "Ida har tegnet en dialogboble.",
        "Vi har en spændende dialog med Sofie om festen.",
    ],
)
def test_other_words_are_no_slips(find: Find, text: str) -> None:
    assert not blocks(find, text)


def test_the_first_letter_is_never_wrong() -> None:
    assert {slip[0] for slip in slips("epilepsi*")} == {"e"}
    assert "epilepsi*" not in slips("epilepsi*")


@pytest.mark.parametrize("word", ["angst", "*gigt*", "to ord her", "§56*"])
def test_slips_are_for_long_single_words(word: str) -> None:
    with pytest.raises(ValueError, match="slips"):
        TermRules.from_mapping("health", {"slips": [word]})


def test_every_word_with_slips_is_a_strong_one(rules_data: dict[str, Any]) -> None:
    """A slip is not to count for more than the word itself."""
    for name, data in rules_data["ord"].items():
        strong = [edged(str(word)) for word in data.get("strong") or ()]
        for word in data.get("slips") or ():
            assert any(each in edged(word) for each in strong), f"{name}: {word} is no strong word"


def test_a_slip_is_not_the_beginning_of_the_word() -> None:
    assert not [slip for slip in slips("psykologisk*") if "psykologisk".startswith(slip.strip("*"))]
