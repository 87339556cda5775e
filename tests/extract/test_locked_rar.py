"""Locked RAR archives open with a word of the mail, are reported otherwise, and lie at no cost.

What the maker here makes is judged by unar, a reader of others; how a word becomes a key, by published examples.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from extract.rars import rar4, rar5

from gateway.extract import locked_rar, locked_rar4
from gateway.extract.budget import DamagedError, EncryptedError, UnsupportedError
from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
WORD = "hemmelig42"
FILES = {"a.txt": f"Barnets nummer er {NUMBER}.".encode(), "b.txt": "Vi ses på fredag, æøå.".encode() * 9}
MAKERS = {
    "5": lambda word: rar5(FILES, word),
    "5, checksums in clear": lambda word: rar5(FILES, word, keyed=False),
    "5, names locked": lambda word: rar5(FILES, word, headers=True),
    "4": lambda word: rar4(FILES, word),
    "4, names locked": lambda word: rar4(FILES, word, headers=True),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_kind
def test_a_word_of_the_mail_opens_it(reading: Any, make: Callable[[str], bytes]) -> None:
    got = reading(make(WORD), f"Koden er {WORD}.")
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:rar 1 › attachment:txt 1"]
    assert "æøå.Vi ses" in " ".join(item.text for item in got.fragments)
    assert not got.unreadable


@every_kind
def test_without_the_word_it_is_said_to_be_locked(reading: Any, make: Callable[[str], bytes]) -> None:
    got = reading(make(WORD), "Koden kommer på sms, måske 4711.")
    assert {item.reason for item in got.unreadable} == {Reason.ENCRYPTED}
    assert not [item for item in got.fragments if NUMBER in item.text]


@pytest.mark.parametrize("make", [rar5, rar4])
def test_names_in_clear_are_read_without_the_word(reading: Any, make: Callable[..., bytes]) -> None:
    got = reading(make({f"{NUMBER}.txt": b"hej"}, WORD), "Koden kommer på sms.")
    assert [item for item in got.fragments if NUMBER in item.text]
    assert {item.reason for item in got.unreadable} == {Reason.ENCRYPTED}


@pytest.mark.parametrize("make", [rar5, rar4])
@pytest.mark.parametrize("said", ["Koden kommer på sms.", f"Koden er {WORD}."])
def test_what_is_not_locked_is_read_with_the_word_and_without(
    reading: Any, make: Callable[..., bytes], said: str
) -> None:
    got = reading(make({"b.txt": b"Vi ses."}, WORD, clear={"a.txt": FILES["a.txt"]}), said)
    assert [item for item in got.fragments if NUMBER in item.text]
    assert bool(got.unreadable) is (WORD not in said)


@pytest.mark.parametrize(("outer", "inner"), [(rar4, rar5), (rar5, rar4), (rar5, rar5)])
def test_one_that_is_locked_inside_one_that_is_not_hides_nothing_beside_it(
    reading: Any, outer: Callable[..., bytes], inner: Callable[..., bytes]
) -> None:
    got = reading(outer({"in.rar": inner({"c.txt": b"Vi ses."}, WORD), "a.txt": FILES["a.txt"]}), f"Koden er {WORD}.")
    assert [item for item in got.fragments if NUMBER in item.text]
    assert [item for item in got.fragments if "Vi ses" in item.text]
    assert not got.unreadable


def test_a_lock_of_a_kind_nobody_knows_is_a_lock(reading: Any) -> None:
    got = reading(rar5(FILES, WORD, version=7), f"Koden er {WORD}.")
    assert {item.reason for item in got.unreadable} == {Reason.ENCRYPTED}


@every_kind
def test_a_damaged_one_is_never_taken_for_read(reading: Any, make: Callable[[str], bytes]) -> None:
    whole, chance = make(WORD), random.Random(7)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        got = reading(bytes(data[: chance.choice((len(data), chance.randrange(40, len(data))))]), f"Koden er {WORD}.")
        assert got.unreadable or any(NUMBER in item.text for item in got.fragments)


@pytest.mark.peer("unar")
@pytest.mark.parametrize("make", [make for kind, make in MAKERS.items() if kind[0] == "5"])
def test_another_reader_opens_what_is_made_here(make: Callable[[str], bytes], tmp_path: Path) -> None:
    """unar 1.10 finds wrong checksums in RAR 3 that is locked, also where the published example below fits."""
    (tmp_path / "made.rar").write_bytes(make(WORD))
    out = tmp_path / "out"
    words = ["unar", "-q", "-D", "-p", WORD, "-o", str(out), str(tmp_path / "made.rar")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == FILES, done.stdout + done.stderr


@every_kind
def test_what_was_unlocked_opens_without_a_word(reading: Any, make: Callable[[str], bytes]) -> None:
    locks = locked_rar if locked_rar.MAGIC in make(WORD) else locked_rar4
    got = reading(locks.opened(make(WORD), WORD).data)
    assert [item for item in got.fragments if NUMBER in item.text]
    assert not got.unreadable


def test_how_a_word_becomes_a_key_by_published_examples() -> None:
    """Example hashes of a password cracker's handbook: the word is `hashcat`."""
    archive = locked_rar._Archive(b"", "hashcat")
    made = archive._hashed(bytes.fromhex("74575567518807622265582327032280"), (1 << 15) + 32)
    assert locked_rar._folded(made).hex() == "9843834ed0f7c754"
    word = "hashcat".encode("utf-16-le")
    key = locked_rar4._key(word + bytes.fromhex("45109af8ab5f297a"))
    end_of_archive = locked_rar.decrypted(bytes.fromhex("adbf6c5385d7a40373e8f77d7b89d317"), *key)
    assert end_of_archive.startswith(bytes.fromhex("c43d7b00400700"))
    key = locked_rar4._key(word + bytes.fromhex("e54a73729887cb53"))
    stored = locked_rar.decrypted(bytes.fromhex("34620bcca8176642a210b1051901921e"), *key)[:14]
    assert zlib.crc32(stored).to_bytes(4, "little").hex() == "49b0a846"


@pytest.mark.parametrize("power", [19, 63, 255])
@pytest.mark.parametrize("headers", [False, True])
def test_a_lock_that_costs_too_much_is_not_tried(power: int, headers: bool) -> None:
    made = rar5(FILES, WORD, power_told=power, headers=headers)
    with pytest.raises(UnsupportedError):
        locked_rar.opened(made, WORD)


@pytest.mark.parametrize("make", [rar5, rar4])
@pytest.mark.parametrize("headers", [False, True])
def test_damage_ends_in_an_error_of_ours(make: Callable[..., bytes], headers: bool) -> None:
    whole, chance = make(FILES, WORD, headers=headers), random.Random(7)
    locks = locked_rar if make is rar5 else locked_rar4
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        with contextlib.suppress(DamagedError, EncryptedError, UnsupportedError):
            locks.opened(bytes(damaged[: chance.randint(8, len(damaged))]), WORD)
