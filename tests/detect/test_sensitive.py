"""Sensitive sentences: tables of themes under rows/, each row with its reason, half of them innocent."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.detect import Detectors, summarise
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import HTML, SUBJECT, TEXT

TODAY = date(2026, 11, 24)
UNEVEN = ("general_context", "innocent_named", "whole_mails", "hard_sentences", "by_class", "innocent_by_class")
ROWS = Path(__file__).parent / "rows"


class Row(NamedTuple):
    theme: str
    sensitive: bool
    text: str
    why: str


def rows() -> list[Row]:
    found = []
    for path in sorted(ROWS.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if line[:2] in ("+ ", "- "):
                text, _, why = line[2:].rpartition(" # ")
                found.append(Row(path.stem, line[0] == "+", text, why))
    return found


@pytest.mark.parametrize("row", [row for row in rows() if row.sensitive], ids=lambda row: f"{row.theme}: {row.why}")
def test_sensitive_text_is_found(find, row: Row) -> None:
    assert any(found.confidence >= Confidence.LIKELY for found in find(row.text))


@pytest.mark.parametrize("row", [row for row in rows() if not row.sensitive], ids=lambda row: f"{row.theme}: {row.why}")
def test_innocent_text_passes(find, row: Row) -> None:
    assert not [found for found in find(row.text) if found.confidence >= Confidence.LIKELY]


@pytest.mark.parametrize("theme", sorted({row.theme for row in rows()}))
def test_every_theme_has_thirty_rows_and_half_are_innocent(theme: str) -> None:
    sensitive = [row.sensitive for row in rows() if row.theme == theme]
    assert len(sensitive) >= 30
    assert theme in UNEVEN or 0.45 <= sum(sensitive) / len(sensitive) <= 0.55


def test_a_strong_word_alone_never_blocks(find) -> None:
    assert not [found for found in find("Autisme, epilepsi og omsorgssvigt.") if found.confidence >= Confidence.LIKELY]


def test_names_in_greeting_and_signature_are_nobodys_data(find) -> None:
    text = "Kære Emil\n\nVi har en film om autisme til udlån.\n\nMed venlig hilsen\nSofie Holm\nTlf. 70 10 20 30\n"
    assert not [found for found in find(text) if found.confidence >= Confidence.LIKELY]


def test_the_subject_says_what_the_body_says_of_whom(detectors: Detectors) -> None:
    fragments = [Fragment(SUBJECT, "Autisme?"), Fragment(TEXT, "Emil reagerer voldsomt på lyde. Hvad gør vi?")]
    found = detectors.find(fragments, today=TODAY)
    assert any(each.category == "health" and str(each.place) == "subject" for each in found)


CERTAIN = "Emil har fået konstateret epilepsi, ADHD og autisme på hospitalet."


def test_what_is_certain_in_the_subject_is_told_of_the_body_too(detectors: Detectors) -> None:
    """What is certain is not judged again, but each place is a finding of its own."""
    found = detectors.find([Fragment(SUBJECT, CERTAIN), Fragment(TEXT, f"Hej\n\n{CERTAIN}\n\nHilsen Bo")], today=TODAY)
    places = {str(each.place) for each in found if each.category == "health" and each.confidence == Confidence.CERTAIN}
    assert places == {"subject", "text"}


@pytest.mark.parametrize("between", ["\n\n", " ", "\n\nVi ses på tirsdag.\n\nHusk madpakke.\n\n"])
def test_a_sentence_said_again_says_no_more(find, between: str) -> None:
    said = "Sofus er ked af det. Hans far er indlagt med en depression."
    once, often = find(said), find(between.join([said] * 40))
    assert {(each.category, each.identity) for each in once} == {(each.category, each.identity) for each in often}
    best = {each.identity: each.confidence for each in often}
    assert all(each.confidence <= best[each.identity] for each in once)


def test_spelling_with_two_letters_for_one_is_found(find) -> None:
    assert [found for found in find("Viggo er testet ordblind og har faaet en diagnose") if found.confidence >= 2]


def test_summary_names_category_and_place(detectors: Detectors) -> None:
    text = "Emil har fået konstateret epilepsi."
    found = detectors.find([Fragment(TEXT, text), Fragment(HTML, text)], today=TODAY)
    assert {(row.category, row.where) for row in summarise(found)} == {("health", "text"), ("health", "html")}


def test_findings_never_show_what_was_written(find) -> None:
    found = find("Emil Thorsen har fået konstateret epilepsi og indlægges på Rigshospitalet.")
    shown = repr(found) + " ".join(evidence for each in found for evidence in each.evidence)
    for word in ("Emil", "Thorsen", "epilepsi", "Rigshospitalet"):
        assert word not in shown
