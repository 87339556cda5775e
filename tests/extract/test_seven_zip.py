"""Locked 7z archives open with a word of the mail, are reported otherwise, and lie at no cost.

The files `locked_*.7z` of this folder were made with py7zr: two texts, each packed in another way.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from gateway.extract import seven_zip
from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
FILES = Path(__file__).parent / "files"
WORD = "Koden er hemmelig42."


@pytest.mark.parametrize("packed", ["lzma2", "lzma", "deflate", "bzip2", "copy", "names"])
def test_a_word_of_the_mail_opens_it(reading: Any, packed: str) -> None:
    got = reading((FILES / f"locked_{packed}.7z").read_bytes(), WORD)
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:7z 1 › attachment:txt 1"]
    assert any("Tur i skoven" in item.text for item in got.fragments)
    assert not got.unreadable


@pytest.mark.parametrize(("packed", "names"), [("lzma2", True), ("names", False)])
def test_without_the_word_it_is_reported_and_its_names_are_read(reading: Any, packed: str, names: bool) -> None:
    got = reading((FILES / f"locked_{packed}.7z").read_bytes(), "Koden kommer på sms.")
    assert [item.reason for item in got.unreadable] == [Reason.ENCRYPTED]
    assert any("Program" in item.text for item in got.fragments) is names


def test_one_behind_a_program_opens_too(reading: Any) -> None:
    program = b"MZ" + bytes(range(256)) * 20 + (FILES / "locked_lzma2.7z").read_bytes()
    got = reading(program, WORD)
    assert any(NUMBER in item.text for item in got.fragments)


def test_a_damaged_one_is_never_taken_for_read(reading: Any) -> None:
    whole, chance = (FILES / "locked_lzma2.7z").read_bytes(), random.Random(7)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(6, len(data))] = chance.randrange(256)
        got = reading(bytes(data[: chance.choice((len(data), chance.randrange(40, len(data))))]), WORD)
        assert got.unreadable or any(NUMBER in item.text for item in got.fragments)


def test_the_key_is_that_of_the_format() -> None:
    """Salt, password and an eight-byte counter, hashed as one stretch: here said as plainly as the format says it."""
    import hashlib

    salt, password = b"salt", "hemmelig".encode("utf-16-le")
    plain = b"".join(salt + password + number.to_bytes(8, "little") for number in range(1 << 17))
    assert seven_zip._key(password, 17, salt) == hashlib.sha256(plain).digest()
