"""What a word counts for beside others: whose it is, who is spoken of, what it is part of, what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.detect import Detectors, Rules
from gateway.mail.finding import Confidence, Finding
from gateway.mail.fragment import Fragment
from gateway.mail.place import TEXT
from tests.detect.conftest import TODAY, Find, policy_data


def blocks(found: Sequence[Finding]) -> bool:
    return any(each.confidence >= Confidence.LIKELY for each in found)


def evidence(found: Sequence[Finding]) -> str:
    return " ".join(line for each in found for line in each.evidence)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Emil har allergi over for nødder.", "the look-alike `allergi over for møder` is no part of it"),
        ("Er blevet indlagt med en blodprop.", "the writer left himself out"),
        ("hej kan ikke komme, har fået lungebetændelse", "so did this one, after a greeting"),
        ("Jeg har været hos lægen. Det er kræft.", "the sentence before says who"),
        ("Eva vil gerne have fri til sin psykolog.", "her own"),
        ("Karstens ryg er færdig igen, siger lægen.", "a genitive"),
        ("Du får hermed en skriftlig advarsel.", "the reader is spoken of"),
        ("Som Jehovas Vidner fejrer vi ikke jul med Simon.", "no name of a person, though capitals meet"),
        ("Liste: Emil Astma, Sofie Diabetes 1", "a given name and an illness in a list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_word_is_somebodys(find: Find, text: str, why: str) -> None:
    assert blocks(find(text)), why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hvis du har astma, så læs etiketten.", "nobody in particular"),
        ("En mor fortæller om autisme.", "some mother"),
        ("Den Katolske Kirke låner vores plads. Det bliver Henriks koncert.", "inside the name of an organisation"),
        ("Karl Kræft Jensen er ny i bogholderiet.", "inside the name of a person"),
        ("Barnets diagnose: ________", "a form not filled in"),
        ("Diagnosen er en brændt disk, siger Kim.", "who says it is not who it is said of"),
        ("Diagnosen er en brændt disk, Kim.", "who is told it is not either"),
        ("Kim, det er en psykose, det indkøbssystem.", "who is called is not either"),
        ("Vores hund hedder Fido. Han har fået konstateret diabetes.", "a pet in the sentence before"),
        ("Der er kurset i autisme.\n\nKaren Holm, kursusleder\n", "a signature without a sign-off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_word_is_nobodys(find: Find, text: str, why: str) -> None:
    assert not blocks(find(text)), why


def test_what_was_said_of_a_pet_says_nothing_of_the_sentence_before(find: Find) -> None:
    assert blocks(find("Emil har fået konstateret diabetes. Vores hund hedder Fido."))


def test_a_light_tone_lowers_but_never_hides(find: Find) -> None:
    found = find("Haha, Søren har fået en depression.")
    assert blocks(found)
    assert "seldom about somebody's private life" in evidence(found)


def test_a_weak_word_finds_no_company_in_another_category(find: Find) -> None:
    found = find("Hendes kone er blevet opereret.")
    assert not [each for each in found if each.category == "ethnicity" and each.confidence >= Confidence.LIKELY]


@pytest.mark.parametrize("key", ["light", "others"])
def test_every_kind_of_context_is_the_policys(rules_data: dict[str, Any], key: str) -> None:
    assert rules_data["ord"]["innocent"][key]


def test_no_word_is_listed_that_a_shorter_one_covers(rules_data: dict[str, Any]) -> None:
    """Such words cost start-up time and hide what the list says."""
    rank = {"strong": 3, "medium": 2, "weak": 1}
    for name, data in rules_data["ord"].items():
        if data["kind"] != "terms":
            continue
        spelled = {edged(str(word)): rank[key] for key in rank for word in data.get(key) or () if str(word)[0] != "+"}
        for key in rank:
            for word in map(str, data.get(key) or ()):
                whole = edged(word)
                parts = {whole[at:end] for at in range(len(whole)) for end in range(at + 2, len(whole) + 1)} - {whole}
                covering = [part for part in parts if spelled.get(part, 0) >= rank[key]]
                assert not covering, f"{name}: {word} is covered by {covering}"


def edged(word: str) -> str:
    return ("" if word[0] in "*+" else " ") + word.strip("*+").lower() + ("" if word[-1] in "*+" else " ")


def test_the_same_sentence_far_away_is_read_again_where_a_word_is_a_name(find: Find) -> None:
    """Near `zarfik` with a small letter the word is no name; what stands farther off has to be looked at again."""
    same = "Alt er her hos os i dag, som det plejer at være. "
    said = f"{same}Det er lunt. Vi ses snart. Zarfik har depression og angst. Vi ses snart. Det er lunt. {same}"
    far = "Der er frugt i kurven. " * 60
    assert not any(each.confidence >= Confidence.LIKELY for each in find(f"En zarfik er fin. {said}"))
    assert any(each.confidence >= Confidence.LIKELY for each in find(f"En zarfik er fin. {said}{far}{said}"))


@pytest.fixture(scope="module")
def by_words() -> Find:
    """Finds by the policy's words alone: what a word counts for is not made good by how the rest is worded."""
    data = policy_data()
    data["ord"] = {name: values for name, values in data["ord"].items() if values["kind"] != "learned"}
    detectors = Detectors(Rules.from_mapping(data))
    return lambda *texts: detectors.find([Fragment(TEXT, text) for text in texts], today=TODAY)


@pytest.mark.parametrize(
    ("innocent", "sensitive"),
    [
        pytest.param(
            "Vi har konstateret, at jeres fedtudskiller var fuld. Det tyder på fedt i afløbet.",
            "Jeg er ked af at høre om din depression.",
            id="the reader's thing and the reader",
        ),
        pytest.param(
            "Den tidligere redningshund Bølle er gammel. Hun er døv og har gigt.",
            "Gravhunden sover. Mads har epilepsi.",
            id="an animal and a child beside one",
        ),
        pytest.param(
            "Min far sendte the certificate of cooperation.",
            "Min far skal til operation.",
            id="part of an English word",
        ),
        pytest.param(
            "Emma hentede bolden ned fra volden.", "Emma har set volden derhjemme.", id="a rampart and violence"
        ),
        pytest.param(
            "Han kommer med sin far, så I er advaret.", "Han har fået en skriftlig advarsel.", id="said in jest"
        ),
        pytest.param("Han er sat på planen til uge 13.", "Han er sat på Ritalin.", id="a plan and a medicine"),
    ],
)
def test_what_only_looks_like_it_passes_by_words_alone(by_words: Find, innocent: str, sensitive: str) -> None:
    assert not blocks(by_words(innocent))
    assert blocks(by_words(sensitive))
