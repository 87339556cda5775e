"""How sentences read as a whole: learned from labelled texts, and what that adds to what single words tell."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from detect.conftest import POLICY, TODAY, Find, policy_data

from gateway.detect import Detectors, Rules
from gateway.detect.normalise import letters
from gateway.detect.rules import LearnedRules, Weights, WordRules
from gateway.detect.sensitive import PERSONS, SensitiveDetector
from gateway.detect.wording import Wording, signs_in_passage
from gateway.evaluation.learning import Learned, Text, digest, examples, learn, texts_of_mails, texts_of_rows
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import TEXT

ROOT = Path(__file__).resolve().parents[2]

TOLD = [
    "Jeg er nødt til at sige det: jeg fandt striber på indersiden af hendes arme, og hun ved ikke, at jeg skriver.",
    "To betjente ringede på i aftes, de havde taget ham bag butikken, og han havde seks klumper i strømpen, siger de.",
    "Hendes far kommer ikke hjem de næste 14 måneder, dommeren sagde det i går, og hun ved det ikke endnu.",
]
EVERYDAY = [
    "Han har glemt sine støvler igen, og hun tager dem med i morgen. God weekend!",
    "Hun fylder fem på lørdag, og hans mor bager kage til alle på stuen.",
    "Vi glæder os til at se hende til sommerfesten, og han tager sin guitar med.",
]


def blocks(found: tuple[Any, ...]) -> bool:
    return any(each.confidence >= Confidence.LIKELY for each in found)


@pytest.mark.parametrize("text", TOLD)
def test_what_is_told_of_somebody_without_any_such_word_is_found_by_its_wording(find: Find, text: str) -> None:
    found = find(text)
    assert blocks(found)
    assert any("no single word is needed" in evidence for each in found for evidence in each.evidence)


@pytest.mark.parametrize("text", EVERYDAY)
def test_what_is_said_of_somebody_every_day_passes(find: Find, text: str) -> None:
    assert not blocks(find(text))


def test_without_anything_learned_words_alone_decide() -> None:
    data = policy_data()
    data["ord"] = {name: values for name, values in data["ord"].items() if values["kind"] != "learned"}
    detectors = Detectors(Rules.from_mapping(data))
    evidence = [
        line
        for text in (*TOLD, *EVERYDAY, "Emil har fået konstateret epilepsi.")
        for found in detectors.find([Fragment(TEXT, text)], today=TODAY)
        for line in found.evidence
    ]
    assert evidence
    assert not [line for line in evidence if "worded" in line]


def test_what_is_found_by_its_wording_is_told_only_where_no_word_is_found(find: Find) -> None:
    alone, beside = find(TOLD[0]), find(f"{TOLD[0]}\n\nEmil Holm har fået konstateret epilepsi.")
    assert [each for each in alone if "no single word" in str(each.evidence)]
    assert blocks(beside)
    assert not [each for each in beside if "no single word" in str(each.evidence)]


def test_two_sentences_found_by_their_wording_are_two_things_and_one_is_itself_anywhere(find: Find) -> None:
    """What a release lets pass is this sentence and no other of which no word tells."""
    (one,), (other,), (again,) = (find(text) for text in (TOLD[0], TOLD[1], f"Hej Ane\n\n{TOLD[0]}\n\nMvh Bo"))
    assert [each.detector for each in (one, other, again)] == ["wording"] * 3
    assert one.identity != other.identity
    assert one.identity == again.identity


def test_no_letter_of_the_sentence_is_in_any_print(find: Find, rules_data: dict[str, Any]) -> None:
    """Promise: nothing found reaches a log or an exception, which print what they are given."""
    detector = SensitiveDetector(WordRules.from_mapping(rules_data["ord"]))
    printed = f"{find(TOLD[0])!r} {list(detector.find(TOLD[0].encode(), lambda _: 0))!r}"
    assert "wording" in printed
    assert "striber" not in printed


def test_a_greeting_is_never_what_tells() -> None:
    """It stands in other mails too, and a release of it would let them pass."""
    signs = [f"sign{number}" for number in range(10)]
    wording = Wording(LearnedRules(passage=Weights(dict.fromkeys(signs, 900))), ())
    assert wording.is_enough(10_000, frozenset(signs), 100)
    assert not wording.is_enough(10_000, frozenset(signs[1:]), 100)


def test_no_wording_outweighs_what_is_said_of_nobody(find: Find) -> None:
    said = "Han har fået konstateret diabetes, og vi er meget bekymrede for ham."
    assert blocks(find(f"Jeg har talt med hendes bror. {said}"))
    assert not blocks(find(f"Vores hund hedder Fido. {said}"))


def test_signs_are_beginnings_of_words_and_pairs_and_no_names() -> None:
    wording = Wording(LearnedRules(), ["Emil", "Sofie"])
    own = wording.signs(letters("Emil får 2 piller, siger Sofies mor".encode()))
    assert own == {
        *("@", "får", "#", "pille", "siger", "mor"),
        *("@ får", "får #", "# pille", "pille siger", "siger @", "@ mor"),
        *("@ * #", "får * pille", "# * siger", "pille * @", "siger * mor"),
    }
    assert wording.signs(letters(b"faar")) == {"får"}
    assert signs_in_passage(own, frozenset({"mor"})) == own | {"~mor"}


def test_a_long_word_is_known_by_its_end_too() -> None:
    """Of a compound that nobody wrote before it tells what it is."""
    wording = Wording(LearnedRules(), [])
    assert wording.signs(letters(b"hjertelaegen")) == {"hjert", "*lægen"}


def test_once_something_is_learned_only_what_has_a_weight_is_a_sign() -> None:
    learned = LearnedRules(Weights({"hun": 1}), Weights({"har": 1, "~mor": 1}))
    assert Wording(learned, []).signs(letters(b"hun har set mor")) == {"hun", "har", "mor"}


def test_a_few_words_cannot_sound_quite_harmless() -> None:
    weights = {f"ord{number:02}": -400 for number in range(80)}
    wording = Wording(LearnedRules(sentence=Weights(weights), passage=Weights(weights)), [])
    few = wording.tendency(frozenset(list(weights)[:3]), [])
    many = wording.tendency(frozenset(weights), [])
    assert wording.evidence(few) in ("", "wording.harmless.1")
    assert wording.evidence(many) == "wording.harmless.3"


def test_the_policy_is_what_was_learned_from_these_texts() -> None:
    """After a change of training/ or of the rows: `make learn`."""
    mails = texts_of_mails(ROOT / "training")
    rows = [row for folder in ("tests/detect/rows", "training") for row in texts_of_rows(ROOT / folder)]
    texts = [*rows, *(mail for each in mails.values() for mail in each)]
    learned = yaml.safe_load((POLICY / "ord/learned.yaml").read_text("utf-8"))
    assert learned["learned_from"] == digest(texts)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param("{", "Expecting property name", id="cut off"),
        pytest.param("[]", "should be one mail, as an object", id="no object"),
        pytest.param('{"label": "gray", "why": [], "subject": "", "body": ""}', "label: should be", id="no label"),
        pytest.param('{"label": "allow", "why": [], "subject": "Hej"}', "subject, body: should be texts", id="no body"),
        pytest.param('{"label": "block", "why": ["x"], "subject": "", "body": ""}', "why: should be", id="no category"),
        pytest.param(
            '{"label": "block", "why": [], "subject": "", "body": "Han er syg."}',
            "says: should be a",
            id="says nothing",
        ),
        pytest.param(
            '{"label": "block", "why": [], "says": ["Hun"], "subject": "", "body": "Han er syg."}',
            "says: should be a list of sentences that stand in",
            id="says what does not stand there",
        ),
        pytest.param(
            '{"label": "allow", "why": [], "says": ["Hej"], "subject": "", "body": "Hej"}',
            "says: should hold the sentences that",
            id="says something though it is to pass",
        ),
        pytest.param('{"label": "\xff"}', "codec can't decode", id="no UTF-8"),
        pytest.param('{"label": "block", "why": [{}], "subject": "", "body": ""}', "why: should be", id="no word"),
    ],
)
def test_a_bad_line_of_what_is_learned_from_is_told_by_its_place(tmp_path: Path, line: str, fault: str) -> None:
    good = '{"label": "allow", "why": [], "says": [], "subject": "Hej", "body": "Vi ses."}'
    (tmp_path / "a.jsonl").write_text(f"{good}\n{line}\n", "latin-1")
    with pytest.raises(ValueError, match=re.escape("a.jsonl:2: ") + f".*{fault}"):
        texts_of_mails(tmp_path)


@pytest.mark.parametrize(
    ("line", "fault"), [("+Hun", "should begin with"), ("hej", "should begin"), ("- \xff", "codec")]
)
def test_a_bad_line_of_sentences_is_told_by_its_place(tmp_path: Path, line: str, fault: str) -> None:
    (tmp_path / "a.txt").write_text(f"# So.\n\n+ Hun er indlagt. # plainly\n- Vi ses.\n{line}\n", "latin-1")
    with pytest.raises(ValueError, match=re.escape("a.txt:5: ") + f".*{fault}"):
        texts_of_rows(tmp_path)


def test_the_same_texts_teach_the_same(rules_data: dict[str, Any]) -> None:
    words = replace(WordRules.from_mapping(rules_data["ord"]), learned=LearnedRules())
    detector, wording = SensitiveDetector(words), Wording(LearnedRules(), words.persons.names)
    texts = [Text(text, True, ("health",), (text,)) for text in TOLD * 2] + [Text(text, False) for text in EVERYDAY * 2]
    texts = [text._replace(text=f"Emne {number}\n\n{text.text}") for number, text in enumerate(texts)]
    found = examples(texts, detector, wording)
    first, again = learn(found), learn(list(found))
    assert first == again
    other = Wording(LearnedRules(first.sentence, first.passage), words.persons.names)

    def tendency(text: str) -> int:
        own = other.signs(letters(text.encode()))
        return other.tendency(own, [own])

    assert min(map(tendency, TOLD)) > max(map(tendency, EVERYDAY))


def test_a_sentence_that_says_nothing_is_told_from_the_one_beside_it_that_does(rules_data: dict[str, Any]) -> None:
    """One clause among other matters: only the labels tell which of them the mail is stopped for."""
    words = replace(WordRules.from_mapping(rules_data["ord"]), learned=LearnedRules())
    detector, wording = SensitiveDetector(words), Wording(LearnedRules(), words.persons.names)
    beside, telling = "Han har hans støvler i skuret.", "Hun græd, da hendes mor fik svaret fra lægen."
    mails = [Text(f"Emne {number}\n\n{beside} {telling}", True, ("health",), (telling,)) for number in range(4)]
    learned = learn(examples(mails, detector, wording))
    assert learned.sentence.of["støvl"] < 0 < learned.sentence.of["svare"]
    assert learned.passage.of["støvl"] >= 0


def test_what_was_learned_is_read_again_as_it_was() -> None:
    learned = Learned(Weights({"hun har": 312, "@": 7}, -90), Weights({"~tilme": -128}, 12), {"hun har": "health"})
    read = LearnedRules.from_mapping("learned", yaml.safe_load(learned.as_yaml("# So.", "0" * 16)))
    assert (read.sentence, read.passage, dict(read.categories)) == (
        learned.sentence,
        learned.passage,
        learned.categories,
    )


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"sentence": {"bias": "x"}}, "sentence: bias: should be a whole number"),
        ({"passage": {"weights": {"much": "hun"}}}, "passage: weights: 'much' should be a whole number"),
        (
            {"passage": {"weights": {"+9": "hun, "}}},
            "passage: weights: '+9' should have words with a comma and a space between them",
        ),
        (
            {"passage": {"weights": {"+9": "hun,han"}}},
            "passage: weights: '+9' should have words with a comma and a space between them",
        ),
        (
            {"passage": {"weights": {"+9": None}}},
            "passage: weights: '+9' should have words with a comma and a space between them",
        ),
        (
            {"passage": {"weights": {"+9": "hun", "-4": "han, hun"}}},
            "passage: weights: '-4' holds 'hun', which stands under '+9' already",
        ),
        ({"categories": {"health": "hun", "social": "hun"}}, "categories: 'social' holds 'hun', which stands under"),
        ({"categories": ["hun"]}, "categories: should hold names and, for each, words with commas between them"),
        ({"categories": {"moods": "hun"}}, "categories: 'moods' is not one of"),
        ({"sentence": []}, "sentence: should hold names and values"),
        ({"sentence": {"wieghts": {}}}, "sentence: 'wieghts' is not known here"),
        ({"passages": {}}, "'passages' is not known here"),
    ],
)
def test_a_learned_file_that_is_wrong_is_refused(data: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"ord/learned\.yaml: {re.escape(complaint)}"):
        LearnedRules.from_mapping("learned", {"kind": "learned", **data})


def test_a_text_full_of_people_is_read_as_far_as_the_budget_goes(find: Find) -> None:
    filler = "Hun og han fik frugt i dag, og han tager kage med på fredag til hele stuen. " * PERSONS
    assert not blocks(find(filler))
    assert blocks(find(filler + "Emil Holm har fået konstateret epilepsi."))
