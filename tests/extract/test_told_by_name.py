"""JSON values and base64 fields of cards: read with the names that stand beside them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from gateway.mail.fragment import Extraction

NUMBER = "150322-6239"


def lines(extraction: Extraction) -> set[str]:
    return {line for fragment in extraction.fragments for line in fragment.text.splitlines()}


def test_a_json_value_is_told_with_the_names_that_lead_to_it(reading: Any) -> None:
    escaped = "".join(f"\\u{ord(digit):04x}" for digit in "150322")
    got = lines(reading(b'{"navn": "Nora", "cpr": {"dato": "%s", "lbnr": 6239}}' % escaped.encode()))
    assert {"navn: Nora", "cpr.dato: 150322", "cpr.lbnr: 6239"} <= got


def test_zeros_in_front_and_long_numbers_stay_and_no_pair_is_lost(reading: Any) -> None:
    got = lines(reading(b'{"a": 1.50, "b": [{"c": "010203"}, 12345678901234567890], "a": 2, "d": null}'))
    assert {"a: 1.50", "b.c: 010203", "b: 12345678901234567890", "a: 2"} <= got


def test_json_line_by_line_is_told_too(reading: Any) -> None:
    got = lines(reading(b'{"cpr": {"nr": "150322-6239"}}\n{"cpr": {"nr": "\\u0031"}}\n'))
    assert {f"cpr.nr: {NUMBER}", "cpr.nr: 1"} <= got


@pytest.mark.parametrize(
    "text", ['{"a": [' * 5000, "[" * 90_000 + "]" * 90_000, '{"cpr": "150322-6239"', '{"a": "\\ud800"}']
)
def test_json_that_is_none_or_too_deep_is_read_as_it_stands(reading: Any, text: str) -> None:
    got = reading(text.encode())
    assert any(fragment.text.startswith(text[:20]) for fragment in got.fragments)
    assert not got.unreadable


def test_long_names_over_many_values_do_not_swell(reading: Any) -> None:
    data = json.dumps({"n" * 900: {"m" * 900: {"o" * 900: [1] * 200_000}}}).encode()
    assert sum(len(fragment.text) for fragment in reading(data).fragments) < len(data) + 5_000_000


@pytest.mark.parametrize(
    "field",
    [
        "NOTE;ENCODING=b:",
        "NOTE;ENCODING=BASE64:",
        "item1.X-NR;TYPE=x;ENCODING=B:",
        "TITLE;BASE64:",
        'NOTE;ENCODING="b": ',
    ],
)
def test_a_short_text_in_base64_in_a_card_is_read(reading: Any, field: str) -> None:
    coded = b64encode(f"cpr {NUMBER}".encode()).decode()
    got = lines(reading(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Vikar\r\n{field}{coded}\r\nEND:VCARD\r\n".encode()))
    assert f"{field.partition(';')[0]}: cpr {NUMBER}" in got


def test_a_description_in_base64_in_a_calendar_is_read(reading: Any) -> None:
    coded = b64encode(f"Kære alle\ncpr {NUMBER}".encode()).decode()
    event = f"BEGIN:VEVENT\r\nDESCRIPTION;ENCODING=BASE64;X=y:{coded[:20]}\r\n {coded[20:]}\r\nEND:VEVENT"
    assert f"cpr {NUMBER}" in lines(reading(f"BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n".encode()))


def test_a_file_in_a_card_is_still_a_file(reading: Any, make: Any) -> None:
    coded = b64encode(make.zip({"a.txt": NUMBER})).decode()
    got = reading(f"BEGIN:VCARD\r\nVERSION:3.0\r\nX-FILE;ENCODING=b:{coded}\r\nEND:VCARD\r\n".encode())
    assert any("zip" in str(fragment.place) and NUMBER in fragment.text for fragment in got.fragments)


def test_markup_in_base64_in_a_card_is_read_as_markup(reading: Any) -> None:
    coded = b64encode(f"<html><body><p>{NUMBER[:3]}<b>{NUMBER[3:]}</b></p></body></html>".encode()).decode()
    got = reading(f"BEGIN:VCARD\r\nVERSION:3.0\r\nX-HTML;ENCODING=b:{coded}\r\nEND:VCARD\r\n".encode())
    assert any(NUMBER in fragment.text for fragment in got.fragments)


def test_a_short_text_of_another_charset_in_a_card_is_read(reading: Any) -> None:
    coded = b64encode(f"født: {NUMBER}".encode("latin-1")).decode()
    got = reading(
        f"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;CHARSET=ISO-8859-1;ENCODING=BASE64:{coded}\r\nEND:VCARD\r\n".encode()
    )
    assert any(f"født: {NUMBER}" in fragment.text for fragment in got.fragments)
