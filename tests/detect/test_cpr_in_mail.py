"""More ways people write CPR numbers and look-alikes, as mail holds them."""

import pytest

from gateway.detect.number import check_digit_holds as holds
from gateway.mail.finding import Confidence


def blocks(find, text: str) -> bool:
    return any(found.category == "cpr" and found.confidence >= Confidence.LIKELY for found in find(text))


SERIALS = ("9989", "9990", "9995", "9996")
"""Those of the published test numbers, which are given to nobody before all others are."""

WRITTEN = [
    pytest.param("Kan du slå Ingrid op? 151018 og så 4577 til sidst, det er cpr.", id="apart"),
    pytest.param("Navn: Vigga Holst, CPR: 11 04 18 - 6166", id="pairs"),
    pytest.param("Personnummeret på barnet: 260217 5460.", id="space"),
    pytest.param("Hans CPR er 020322.6560", id="dot"),
    pytest.param("Jeg hedder Jens og mit nummer er 150409-2131, kan I finde mig?", id="hyphen only, broken"),
    pytest.param("Fødselsdag 22. juni 2023, de fire sidste er 7572", id="words"),
    pytest.param("cpr-nr på Ali: (040718)-4926", id="parentheses"),
    pytest.param("CPR. 0407184926.", id="plain"),
    pytest.param("Sidste fire cifre: 4926, fødselsdato 04-07-2018", id="reversed"),
    pytest.param("søskende: 230423-4546 og 220623-7572, begge cpr", id="two"),
    pytest.param("cprnr=2304234546;", id="form"),
    pytest.param("Barn nr. 2: cpr 230423-4546", id="numbers before"),
    pytest.param("født den 23. april 2023 med endelserne 4546 (cpr)", id="words"),
    pytest.param("CPR: 23-04-23-4546", id="hyphens"),
    pytest.param("CPR: 23.04.23.4546", id="dots"),
    pytest.param("Cpr: 23/04-2023-4546", id="mixed"),
    pytest.param("CPR-nummer to tre nul fire to tre fire fem fire seks", id="spelled"),
]
LOOK_ALIKES = [
    pytest.param("Ring til Mads på 30 12 25 14 22 eller mail", id="phone oddly"),
    pytest.param("Regning 0407184926 forfalder den 1.", id="bill"),
    pytest.param("Vores reference: 230423-4546, jeres reference: 110418-6166", id="references"),
    pytest.param("Billetnr. 0407184926, sæde 12", id="ticket"),
    pytest.param("Målernummer 2304234546 aflæst i dag", id="meter"),
    pytest.param("Kode til døren er 2304234546#", id="code"),
    pytest.param("Mødelink ID: 230 423 4546", id="meeting"),
    pytest.param("Uge 12: 04.07.18 kl. 14.30-16.00", id="date time"),
    pytest.param("Perioden 01.01.25-31.12.25, 1200 kr.", id="period"),
    pytest.param("04-07-2018 2100 København Ø", id="date and postal code"),
    pytest.param("Indskrevet 04.07.18, 1234 kr. betalt", id="amount"),
    pytest.param("Bilag 040718-1234 mangler kvittering", id="voucher"),
    pytest.param("Kontrakt 040718-4926 er udløbet", id="contract"),
    pytest.param("Stelnr. 0407184926 på ladcyklen", id="frame number"),
    pytest.param("Vi har talt sammen 04.07.18. 4926 stemmer blev afgivet", id="sentence"),
    pytest.param("IMEI 040718492612345", id="imei"),
    pytest.param("Gavekort 0407-1849-2612", id="gift card"),
    pytest.param("Artikel 0407184926 er udsolgt", id="article"),
    pytest.param("Deltagernr. 040718-4926 i løbet", id="participant"),
    pytest.param("Søg på 2306122622 i arkivet, det er sagens nummer", id="case number after"),
    pytest.param("DHL 0407184926 leveres i dag", id="tracking"),
    pytest.param("Ansøgnings-id 040718-4926", id="id"),
]


@pytest.mark.parametrize("text", WRITTEN)
def test_ways_of_writing_are_found(find, text: str) -> None:
    assert blocks(find, text)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_pass(find, text: str) -> None:
    assert not blocks(find, text)


def test_every_exception_date_counts(find, rules_data) -> None:
    """A bare run of digits born on an exception date is surer than one that is not."""
    dates = rules_data["cpr"]["exception_dates"]
    assert len(dates) == 26
    for date in dates:
        digits = next(
            f"0101{str(date)[2:4]}{serial}" for serial in SERIALS if not holds(f"0101{str(date)[2:4]}{serial}")
        )
        [found] = find(f"cpr {digits}")
        assert found.identity.reveal() == digits
        assert any("without check digit" in line for line in found.evidence)


TABLE = "Navn;{};Stue\nIda Holm;{};Blå\nBo Dahl;{};Gul\n"


def test_the_head_of_a_column_says_what_its_numbers_are(find) -> None:
    assert blocks(find, TABLE.format("Cpr", "1503226239", "1606179957"))
    assert not blocks(find, TABLE.format("Varenr.", "0901102554", "1806041781"))


def test_nine_digits_count_in_a_labelled_column_only(find) -> None:
    assert blocks(find, TABLE.format("cpr", "901102554", "806041781"))
    assert not blocks(find, TABLE.format("antal", "901102554", "806041781"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("eCPR 280456-0PJ2", id="decentral replacement number of the health service"),
        pytest.param("cpr: 020329 1WQ3", id="national replacement number, a space"),
        pytest.param("cpr O6O5O6-3O63", id="letter O for nought"),
        pytest.param("cpr l503226239", id="letter l for one"),
        pytest.param("mit cpr i ord: en fire nul fire nul ni tre nul seks otte", id="in words"),
        pytest.param("født 150322, de sidste fire er 6239", id="date and last four apart"),
        pytest.param("født 150322, de sidste fire er 62 39", id="date and last four apart, these in pairs"),
        pytest.param("Født 15/3-22, sidste fire cifre: 62-39.", id="the same with a hyphen"),
        pytest.param("Fødselsdato: 150322\nLøbenr.: 6239", id="on two labelled lines"),
    ],
)
def test_disguises(find, text: str) -> None:
    assert blocks(find, text)


def test_a_label_reaches_every_number_of_its_list(find) -> None:
    assert not blocks(find, "Varenr. 2505093510, 1111255319, 0901102554, 1806041781 og 5662571443 mangler")


@pytest.mark.parametrize("number", ["15032-26239", "1503-226239", "1503226-239"])
def test_a_mark_in_the_wrong_place_is_found_beside_a_word(find, number: str) -> None:
    assert blocks(find, f"Crp nr er {number}")
    assert not blocks(find, f"Rullens mål er {number}")


def test_a_number_read_aloud_in_pairs_needs_no_word(find) -> None:
    assert blocks(find, "Karen læste det op: 15 10 02 12 01")
