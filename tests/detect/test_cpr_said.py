"""Numbers in two pieces and numbers by themselves: a birth date and "the last four", all that a subject says."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.detect import Detectors
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import SUBJECT, TEXT

TODAY = date(2026, 11, 24)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
NUMBER = "0605217552"


def numbers(detectors: Detectors, text: str, subject: str = "") -> set[str]:
    fragments = [Fragment(SUBJECT, subject), Fragment(TEXT, text)]
    found = detectors.find(fragments, today=TODAY)
    return {each.identity.reveal() for each in found if each.category == "cpr" and each.confidence >= Confidence.LIKELY}


DATES = st.sampled_from(
    [
        "{d:02}{m:02}{y:02}",
        "{d:02}.{m:02}.{y:02}",
        "{d:02}-{m:02}-20{y:02}",
        "{d}/{m}-{y:02}",
        "{d}.{m}.20{y:02}",
        "{d:02} {m:02} {y:02}",
        "{d}/{m} 20{y:02}",
        "{d}. {name} 20{y:02}",
        "{d}.{name} {y:02}",
        "d. {d}/{m} {y:02}",
    ]
)
MONTHS = ("januar", "februar", "marts", "april", "maj", "juni", "juli", "aug.", "sept", "okt", "november", "dec.")
HINTS = st.sampled_from(
    [
        "de sidste fire er {}",
        "de sidste fire cifre er {}",
        "sidste 4: {}",
        "de fire sidste er {}",
        "løbenr. {}",
        "de sidste fire tal er {}",
        "med endelsen {}",
        "slutcifre {}",
        "sidste fire i cpr er {}",
        "resten er {}",
        "slutter på {}",
        "ender med {}",
        "de sidste: {}",
        "de bagerste fire er {}",
        "last four digits {}",
    ]
)
FOURS = st.sampled_from(["{0}{1}{2}{3}", "{0}{1} {2}{3}", "{0}{1}-{2}{3}", "{0}{1}.{2}{3}", "{0} {1} {2} {3}"])
ORDERS = st.sampled_from(
    [
        "Ida er født {date}, {four}.",
        "Fødselsdato: {date}\n{four}",
        "Hun har fødselsdag {date}. {four}",
        "{four} (født {date})",
    ]
)
BIRTHS = st.dates(date(2016, 1, 2), date(2025, 12, 31)).filter(lambda born: (born.month, born.day) != (1, 1))


@given(BIRTHS, st.integers(4000, 9999), DATES, HINTS, FOURS, ORDERS)
@RELAXED
def test_a_birth_date_and_the_last_four_are_one_number(
    detectors: Detectors, born: date, serial: int, day: str, hint: str, four: str, order: str
) -> None:
    written = day.format(d=born.day, m=born.month, y=born.year % 100, name=MONTHS[born.month - 1])
    text = order.format(date=written, four=hint.format(four.format(*str(serial))))
    assert f"{born:%d%m%y}{serial}" in numbers(detectors, text)


JOINED = st.sampled_from(["og så", "og derefter", "efterfulgt af", "streg", "og efter stregen", "plus", "med"])


@given(BIRTHS, st.integers(4000, 9999), DATES, JOINED, FOURS)
@RELAXED
def test_words_between_the_halves_join_them(
    detectors: Detectors, born: date, serial: int, day: str, joined: str, four: str
) -> None:
    written = day.format(d=born.day, m=born.month, y=born.year % 100, name=MONTHS[born.month - 1])
    text = f"cpr {written} {joined} {four.format(*str(serial))}"
    assert f"{born:%d%m%y}{serial}" in numbers(detectors, text)


IN_WORDS = [
    ("de sidste fire er femoghalvfjerds tooghalvtreds", "in pairs"),
    ("de sidste fire cifre: syv fem fem to", "one by one"),
    ("de sidste fire er femoghalvfjerds og tooghalvtreds", "with a word between"),
    ("og så femoghalvfjerds tooghalvtreds", "joined"),
]


@pytest.mark.parametrize(("said", "why"), IN_WORDS, ids=[why for _, why in IN_WORDS])
def test_the_last_four_may_be_said_in_words(detectors: Detectors, said: str, why: str) -> None:
    assert numbers(detectors, f"Ida er født 060521, {said}.") == {NUMBER}, why


NO_HALVES = [
    ("Emma har fødselsdag 6. maj 2021. Festen slutter på legepladsen kl. 16.30.", "the end of a party"),
    ("Ida er født 6/5 2021, festen slutter 15.30", "so too"),
    ("Hun er født 060521, og mødet slutter med kage kl. 1630", "so too"),
    ("Fødselsdag 6. maj 2021, vi ender på 1200 kr.", "a sum"),
    ("Vi fejrer fødselsdag 6/5-21 og så 1500 kr. til gaven", "a sum"),
    ("Fødselsdato 06.05.21 + 1200 kr.", "a sum"),
    ("Født 06.05.2021. De sidste er 1400 kr. værd", "a sum"),
    ("Fødselsdagen 6/5 2021 koster plus 1200 kr.", "a sum"),
    ("Fødselsdato: 06.05.21, postnr. 2100", "a postal code"),
    ("Mødet 6. maj 2021 ender på adressen Testvej 2100", "a postal code"),
    ("Ida har fødselsdag d. 6/5 2021, kage 14.30 og 15.30", "times of day"),
    ("Kontonummeret slutter på 7552 og blev oprettet 060521", "an account"),
    ("Født 6. maj 2021, de sidste fire fem dage har hun haft feber", "number words that are no digits"),
    ("Hans fødselsdag 6/5 2021: sidste fire 75 52 12 34 var forkert", "more than four"),
]


@pytest.mark.parametrize(("text", "why"), NO_HALVES, ids=[text for text, _ in NO_HALVES])
def test_what_ends_is_not_always_a_number(detectors: Detectors, text: str, why: str) -> None:
    assert not numbers(detectors, text), why


ALONE = [
    (NUMBER, "Hej. Er der plads til drengen?", "all that the subject says"),
    (f"SV: {NUMBER}", "Hej\n\nDet er min søn, vi talte om.\n", "after the mark of a reply"),
    ("060521 7552", "Ny pige på grøn stue.", "with a space"),
    ("Barnet på blå stue", NUMBER, "all that the body says"),
    ("Spørgsmål", f"Hej Lise\n\n{NUMBER}\n\nDet er pigen, vi talte om.\n", "a paragraph of its own"),
    ("Spørgsmål", f"Her er nummeret på drengen:\n\n{NUMBER}\n\nHilsen Bo", "introduced by a colon and a free line"),
    ("Spørgsmål", f"Her kommer drengens:\n\n\n{NUMBER}\n", "two free lines"),
]
NOT_ALONE = [
    ("1003072212", "Her er vores P-nummer til pigernes tilskud.", "the body says what it is"),
    ("1203224567", "Hej. Pakken er hentet, tak.", "nobody is spoken of"),
    ("Bestilling", "Ordrenumre til børnene:\n\n1203224567\n\nMvh Bo", "introduced as something else"),
    ("Pigen", "Vi har købt en cykel.\n\nRegning nr. 1203224567\n\nMvh Bo", "not by itself"),
    ("Barnet", "Hej\n\n1203224567\n\nDet er fakturaen på barnevognen.", "the next paragraph says what it is"),
]


@pytest.mark.parametrize(("subject", "text", "why"), ALONE, ids=[row[2] for row in ALONE])
def test_a_number_by_itself_is_his_who_is_spoken_of(detectors: Detectors, subject: str, text: str, why: str) -> None:
    assert numbers(detectors, text, subject) == {NUMBER}, why


@pytest.mark.parametrize(("subject", "text", "why"), NOT_ALONE, ids=[row[2] for row in NOT_ALONE])
def test_a_number_by_itself_is_not_always_anybodys(detectors: Detectors, subject: str, text: str, why: str) -> None:
    assert not numbers(detectors, text, subject), why


WHOSE = [
    "Mit nummer: {}",
    "hans nr. er {}",
    "hendes nummer er {}",
    "drengens nr. {}",
    "vores datters nummer {}",
    "barnets id {}",
    "pers.nr. {}",
    "pers. nr. {}",
    "persnr {}",
    "personr. {}",
    "Personnumer {}",
    "CRP-nr. {}",
    "CPR# {}",
    "c.p.r. {}",
    "date of birth and number {}",
    "personal ID {}",
    "Danish ID no. {}",
    "social sec. no. {}",
]
NOBODYS = [
    "Dit kundenummer er {}",
    "Mit ordrenummer er {}",
    "hans sagsnr. er {}",
    "Jeres nr. {}",
    "hendes mobilnummer er {}",
    "Hans skærm, serienr. {}",
    "hendes billet nr. {}",
]


@pytest.mark.parametrize("text", WHOSE)
@pytest.mark.parametrize("number", ["0605217552", "060521 7552", "060521-7552", "06/05-21 7552", "06.05.21-7552"])
def test_somebodys_number(detectors: Detectors, text: str, number: str) -> None:
    assert numbers(detectors, text.format(number)) == {NUMBER}


@pytest.mark.parametrize("text", NOBODYS)
def test_a_thing_that_somebody_has_keeps_its_number(detectors: Detectors, text: str) -> None:
    assert not numbers(detectors, text.format(NUMBER))


ROWS = [
    ("Navn;Fødselsdato;Stue;Sidste 4\nIda;060521;Blå;7552\nBo;07.06.2020;Gul;8123\n", "a cell between"),
    ("Sidste fire\tNavn\tFødt\n7552\tIda\t6/5-21\n8123\tBo\t7. juni 2020\n", "the four before the date"),
    ('"Løbenr.","Navn","Født"\n"7552","Ida","06-05-2021"\n"8123","Bo","07-06-2020"\n', "in quotes"),
    ("Børneliste, blå stue\nNavn|Født|Mor|De sidste fire\nIda|060521|Eva|7552\nBo|070620|Lis|8123\n", "a title above"),
]
NO_ROWS = [
    ("Navn;Fødselsdato;Stue;Postnr.\nIda;060521;Blå;2100\n", "a postal code"),
    ("Navn;Oprettet;Stue;Sidste 4\nIda;060521;Blå;7552\n", "no birth date: the last four of a card"),
    ("Navn;Fødselsdato;Stue;Sidste 4\nIda;060521;Blå;\n\nRum;060521;x;7552\n", "another table"),
    ("Navn;Fødselsdato;Stue;Sidste 4\nIda;310221;Blå;7552\n", "no such day"),
]


@pytest.mark.parametrize(("text", "why"), ROWS, ids=[why for _, why in ROWS])
def test_the_halves_of_a_number_in_two_columns(detectors: Detectors, text: str, why: str) -> None:
    assert numbers(detectors, text) == {NUMBER, "0706208123"}, why


@pytest.mark.parametrize(("text", "why"), NO_ROWS, ids=[why for _, why in NO_ROWS])
def test_two_columns_are_not_always_a_number(detectors: Detectors, text: str, why: str) -> None:
    assert not numbers(detectors, text), why


def test_more_rows_than_the_budget_are_a_finding_of_their_own(detectors: Detectors) -> None:
    found = detectors.find([Fragment(TEXT, "Navn;Født;Stue;Sidste 4\n" + "Ida;060521;B;7552\n" * 51_000)], today=TODAY)
    assert [each.category for each in found] == ["unreadable"]


@pytest.mark.parametrize("said", ["resten er 1234 ", "sidste fire er 1234 tredivte september "])
def test_a_text_full_of_half_numbers_is_a_finding_of_its_own(detectors: Detectors, said: str) -> None:
    """Each promise of half a number has its surroundings looked through, so there is a most."""
    found = detectors.find([Fragment(TEXT, said * 25_000)], today=TODAY)
    assert [(each.detector, each.category) for each in found] == [("budget", "unreadable")]


@pytest.mark.parametrize(
    "text",
    [
        "Jeg tastede begyndelsen, 060521, og slutningen, 7552, altså mit eget cpr.",
        "Mit cpr i bidder: nul seks nul fem to et. Og så en streg. Syv fem fem to.",
        "Hendes personnummer er nul seks, nul fem, enogtyve, og derefter 7 - 5 - 5 - 2.",
        "Fødselsdag 6/5-21, dernæst et firtal: 7552. Det skulle blive et helt cpr.",
        "Har du hendes cpr? Fra hovedet: 0 6 0 5 2 1 - 7 5 5 2",
    ],
)
def test_halves_with_more_between_them_are_one_number(detectors: Detectors, text: str) -> None:
    assert numbers(detectors, text) == {NUMBER}


@pytest.mark.parametrize(
    "text",
    [
        "Tak for fakturaen. Det er 060521-7552, der manglede.",
        "Til orientering er Storm Engelbrecht startet pr. 16. november (060521 7552).",
        "Kortholder er Palle Stenbæk, 060521-7552, og kortet skal spærres straks.",
        "Hilsen Hanne, mor til Signe Bro p.nr. 060521-7552",
    ],
)
def test_a_divided_number_is_found_by_a_name_and_in_spite_of_what_stands_before(
    detectors: Detectors, text: str
) -> None:
    assert numbers(detectors, text) == {NUMBER}


@pytest.mark.parametrize(
    "text",
    [
        "Du spurgte, hvilket p-nummer vi hører under. Det er 0605217552 (Børnehuset Troldhøj).",
        "ISBN-10 0605217552  Regnormens fødselsdag (antikvarisk)",
        "Torsdag 120326-1700 hedder lukketidspunktet i systemet, altså d. 12. marts kl. 17.00. Bo har fri.",
        "Der er 24 på paller (060521 7552) i lageret.",
        "Nej, det er ikke et cpr-nummer. 0605217552 er bestillingen på stole.",
        "It is not a CPR number: 0605217552 belongs to the fridge.",
        "Ole skriver, at skærmen har 0605217552 som inventarnummer.",
        "0605217552 er vores ordrenummer, ikke noget løbenummer. Hilsen Ole",
    ],
)
def test_what_words_around_call_otherwise_is_no_number(detectors: Detectors, text: str) -> None:
    assert not numbers(detectors, text)


@pytest.mark.parametrize("name", ["Ingrid", "Astrid", "David", "Khalid", "Said", "Stella"])
def test_a_name_that_ends_or_begins_like_a_label_is_a_name(detectors: Detectors, name: str) -> None:
    """`brugerid` labels a number, and so does `stelnummer`."""
    assert numbers(detectors, f"{name} 0605217552") == {NUMBER}
    assert not numbers(detectors, "brugerid 0605217552")


@pytest.mark.parametrize("text", ["Kontrakt_Signe_Bro_0605217552.pdf", "Aftale Signe Bro 0605217552"])
def test_a_name_between_a_weak_label_and_a_number_says_whose_it_is(detectors: Detectors, text: str) -> None:
    assert numbers(detectors, text) == {NUMBER}
    assert not numbers(detectors, text.replace("Aftale", "Faktura").replace("Kontrakt", "Faktura"))


def test_a_birth_date_may_stand_far_from_the_last_four_when_it_is_said_to_be_one(detectors: Detectors) -> None:
    between = "Hun kommer fra en dagplejer med to hunde og en kat, som hun holder af. " * 6
    far = "Signe er født den 6. maj 2021. {}De sidste fire er 7552, når du slår op."
    assert numbers(detectors, far.format(between)) == {NUMBER}
    assert not numbers(detectors, far.replace("er født", "så vi").format(between))
    assert not numbers(detectors, far.format(between * 3))
    assert numbers(detectors, "Her birth date is 6 May 2021, the final four digits are 7552.") == {NUMBER}


def test_a_list_of_days_and_hours_beside_names_is_no_list_of_numbers(detectors: Detectors) -> None:
    hours = "Sofie Bro 300326 0815\nViggo Dam 310326 0900\nEllen Krog 010426 0730\n"
    assert not numbers(detectors, hours)
    assert numbers(detectors, hours + "Storm Dam 060521 7552\n") >= {NUMBER}


def test_an_uneven_date_needs_more_than_a_word_for_a_person(detectors: Detectors) -> None:
    assert not numbers(detectors, "Skærmen 0605 21 7552 viser, at et barn er hentet.")
    assert numbers(detectors, "Barnets cpr er 0605 21 7552.") == {NUMBER}


@pytest.mark.parametrize(
    "text",
    [
        "Send ikke et cpr-nummer som 0605217552 på mail.",
        "Har du ikke et cpr-nummer på hende? Jo, 0605217552.",
        "Vi har endnu ikke noget cpr på ham ud over 0605217552.",
        "Hanno CPR 0605217552 skal med.",
        "The CPR no cpr 0605217552 is hers.",
    ],
)
def test_a_word_that_is_asked_for_or_forbidden_is_not_denied(detectors: Detectors, text: str) -> None:
    assert numbers(detectors, text) == {NUMBER}


@pytest.mark.parametrize(
    "text", ["060521-7552 er vores nr. på barnet", "060521-7552 er nummeret på Emma", "Emma: 0605217552 som vores nr."]
)
def test_what_is_only_said_to_be_a_number_is_labelled_as_no_thing(detectors: Detectors, text: str) -> None:
    assert numbers(detectors, text) == {NUMBER}
