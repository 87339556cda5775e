"""Fields of addresses name offices and professions: a word there is recorded, a CPR number blocks as everywhere."""

from __future__ import annotations

import datetime

import pytest

from gateway.detect import Detectors
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

TODAY = datetime.date(2026, 11, 26)
NAMED_FOR_WORK = "Ergoterapeut Mona Holm, depression og angst <mona@klinik.example>"


@pytest.mark.parametrize("field", ["from", "to", "cc", "reply-to", "organization", "list-id"])
def test_a_word_in_a_field_of_addresses_is_only_recorded(detectors: Detectors, field: str) -> None:
    found = detectors.find([Fragment(Place((Step("header", field),)), NAMED_FOR_WORK)], today=TODAY)
    assert {each.confidence for each in found} == {Confidence.POSSIBLE}
    assert any("a field of addresses" in line for each in found for line in each.evidence)


@pytest.mark.parametrize("field", ["subject", "thread-topic"])
def test_what_mails_are_about_is_no_address(detectors: Detectors, field: str) -> None:
    place = Place((Step(field),)) if field == "subject" else Place((Step("header", field),))
    found = detectors.find([Fragment(place, "Mona Holm har en depression")], today=TODAY)
    assert max(each.confidence for each in found) >= Confidence.LIKELY


def test_a_number_in_a_field_of_addresses_is_one(detectors: Detectors) -> None:
    found = detectors.find([Fragment(Place((Step("header", "to"),)), '"090110-2554" <a@example.org>')], today=TODAY)
    assert [each.confidence for each in found if each.detector == "cpr"] == [Confidence.LIKELY]
