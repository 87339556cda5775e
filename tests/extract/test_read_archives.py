"""Archives: every member any tool would see, none written down, none beyond the budget, none locked without a word."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from typing import Any

import libarchive
import pytest

from gateway.extract import deflate64
from gateway.extract.budget import Budget, Meter
from gateway.mail.fragment import Extraction, Reason

NUMBER = "070761-4285"
TEXT = f"Barnets nummer er {NUMBER}.".encode()


def places(extraction: Extraction) -> list[str]:
    return [str(fragment.place) for fragment in extraction.fragments if NUMBER in fragment.text]


def reasons(extraction: Extraction) -> set[Reason]:
    return {item.reason for item in extraction.unreadable}


def tar(mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "where"),
    [
        pytest.param(tar("w"), "attachment:tar 1 › attachment:txt 1", id="tar"),
        pytest.param(tar("w:gz"), "attachment:gz 1 › attachment:txt 1", id="tar.gz"),
        pytest.param(tar("w:bz2"), "attachment:bz2 1 › attachment:txt 1", id="tar.bz2"),
        pytest.param(tar("w:xz"), "attachment:xz 1 › attachment:txt 1", id="tar.xz"),
        pytest.param(gzip.compress(TEXT), "attachment:gz 1 › attachment:txt 1", id="gz"),
        pytest.param(bz2.compress(TEXT), "attachment:bz2 1 › attachment:txt 1", id="bz2"),
        pytest.param(lzma.compress(TEXT), "attachment:xz 1 › attachment:txt 1", id="xz"),
    ],
)
def test_every_kind_is_opened(reading: Any, data: bytes, where: str) -> None:
    assert places(reading(data)) == [where]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method_of_zip_is_opened(reading: Any, make: Any, method: int) -> None:
    assert places(reading(make.zip({"a.txt": TEXT}, method))) == ["attachment:zip 1 › attachment:txt 1"]


def test_the_names_in_an_archive_are_text(reading: Any, make: Any) -> None:
    assert places(reading(make.zip({f"mappe/{NUMBER}.txt": b"Hej"}))) == ["attachment:zip 1 › filename"]


def test_a_mail_in_a_zip_is_a_mail(reading: Any, make: Any) -> None:
    mail = b"From: a@b.dk\r\nSubject: " + NUMBER.encode() + b"\r\n\r\nHej"
    assert places(reading(make.zip({"x": mail}))) == ["attachment:zip 1 › attachment:eml 1 › subject"]


def test_archives_in_archives_are_opened_to_the_depth_of_the_budget(reading: Any, make: Any) -> None:
    data = TEXT
    for _ in range(12):
        data = make.zip({"x": data})
    assert reasons(reading(data)) == {Reason.OVER_BUDGET}
    assert places(reading(data, depth=20))


def test_a_bomb_ends_at_the_budget(reading: Any, make: Any) -> None:
    got = reading(make.zip({"a": b"\0" * 50_000_000, "b.txt": TEXT}), expanded_bytes=1_000_000)
    assert Reason.OVER_BUDGET in reasons(got)
    got = reading(gzip.compress(b"\0" * 50_000_000), expanded_bytes=1_000_000)
    assert Reason.OVER_BUDGET in reasons(got)


def test_more_members_than_the_budget_are_reported(reading: Any, make: Any) -> None:
    assert Reason.OVER_BUDGET in reasons(reading(make.zip({str(n): b"x" for n in range(300)}), parts=100))


def test_a_zip_without_its_directory_is_read_and_reported(reading: Any, make: Any) -> None:
    data = make.zip({"a.txt": TEXT, "b.txt": b"x" * 100})
    got = reading(data[: data.index(b"PK\x01\x02")])
    assert places(got)
    assert Reason.DAMAGED in reasons(got)


def test_members_that_the_directory_hides_are_read(reading: Any, make: Any) -> None:
    hidden = make.zip({"hidden.txt": TEXT})
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    assert places(reading(hidden + make.zip({"shown.txt": b"Hej"})))


def locked(password: bytes) -> bytes:
    """A zip with one member under ZipCrypto (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]
    table = [zlib.crc32(bytes((n,)), 0xFFFFFFFF) ^ 0xFFFFFFFF for n in range(256)]

    def crc(value: int, byte: int) -> int:
        return (value >> 8) ^ table[(value ^ byte) & 0xFF]

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    plain = b"\0" * 11 + bytes((zlib.crc32(TEXT) >> 24,)) + TEXT
    secret = bytearray()
    for byte in plain:
        temporary = (keys[2] | 2) & 0xFFFF
        secret.append(byte ^ ((temporary * (temporary ^ 1)) >> 8 & 0xFF))
        update(byte)
    head = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 0, zlib.crc32(TEXT), len(secret), len(TEXT), 5, 0)
    local = b"PK\x03\x04" + head + b"a.txt" + bytes(secret)
    central = b"PK\x01\x02\x14\x00" + head + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a.txt"
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def test_a_locked_zip_is_reported(reading: Any) -> None:
    got = reading(locked(b"hemmelig"))
    assert (places(got), reasons(got)) == ([], {Reason.ENCRYPTED})


@pytest.mark.parametrize("text", ["Koden er hemmelig.", "adgangskode: hemmelig", "Brug »hemmelig« til filen"])
def test_a_locked_zip_opens_with_a_word_of_the_mail(reading: Any, text: str) -> None:
    assert places(reading(locked(b"hemmelig"), text)) == ["attachment:zip 1 › attachment:txt 1"]


@pytest.mark.parametrize("level", [0, 1, 9])
def test_deflate64_reads_deflate_without_its_longest_matches(level: int) -> None:
    """The two differ in one length code and in distances beyond 32 KiB; this text needs neither."""
    text = b" ".join(str(n * n).encode() for n in range(3000))
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    assert deflate64.inflate(packer.compress(text) + packer.flush(), Meter(Budget())) == text


@pytest.mark.parametrize(("word", "opens"), [("hemmelig", True), ("forkert", False)])
def test_a_zip_under_aes_opens_with_a_word_of_the_mail(reading: Any, word: str, opens: bool) -> None:
    import libarchive

    out = bytearray()

    def take(data: bytes) -> int:
        out.extend(data)
        return len(data)

    with libarchive.custom_writer(take, "zip", options="zip:encryption=aes256", passphrase="hemmelig") as archive:
        archive.add_file_from_memory("a.txt", len(TEXT), TEXT)
    got = reading(bytes(out), f"Adgangskoden er {word}")
    assert bool(places(got)) == opens
    assert (Reason.ENCRYPTED in reasons(got)) != opens


@pytest.mark.parametrize("cipher", ["zipcrypt", "aes128", "aes256"])
@pytest.mark.parametrize(("text", "is_opened"), [("Koden er hemmelig42.", True), ("Koden kommer på sms.", False)])
def test_every_lock_of_a_zip_opens_with_a_word_of_the_mail(
    reading: Any, cipher: str, text: str, is_opened: bool
) -> None:
    out = bytearray()

    def write(data: bytes) -> int:
        out.extend(data)
        return len(data)

    with libarchive.custom_writer(write, "zip", options=f"zip:encryption={cipher}", passphrase="hemmelig42") as archive:
        archive.add_file_from_memory("a.txt", len(NUMBER), NUMBER.encode())
    got = reading(bytes(out), text)
    assert places(got) == (["attachment:zip 1 › attachment:txt 1"] if is_opened else [])
    assert [item.reason for item in got.unreadable] == ([] if is_opened else [Reason.ENCRYPTED])
