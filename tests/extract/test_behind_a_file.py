"""Archives behind another file, behind their own end, behind frames to skip; and what a damaged one still gives."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from typing import Any

import libarchive
import pytest
from extract.rars import rar4, rar5

from gateway.extract import behind
from gateway.mail.fragment import Extraction, Reason

NUMBER = "150322-6239"
TEXT = f"cpr {NUMBER}".encode()
PROGRAM = b"MZ" + bytes(400)


def is_found(extraction: Extraction) -> bool:
    return any(NUMBER in fragment.text for fragment in extraction.fragments)


def reasons(extraction: Extraction) -> set[Reason]:
    return {item.reason for item in extraction.unreadable}


def packed(format: str, *filters: str) -> bytes:
    out = bytearray()

    def take(block: bytes) -> int:
        out.extend(block)
        return len(block)

    with libarchive.custom_writer(take, format, *filters) as archive:
        archive.add_file_from_memory("a.txt", len(TEXT), TEXT)
    return bytes(out)


def stored_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", TEXT)
    return out.getvalue()


@pytest.mark.parametrize("front", ["pdf", "png", "txt", "gz"])
@pytest.mark.parametrize("archive", ["zip", "zip moved", "7z", "rar4", "rar5"])
def test_an_archive_behind_a_file_is_read(reading: Any, make: Any, front: str, archive: str) -> None:
    heads = {
        "pdf": make.pdf("Kære alle"),
        "png": make.png(9, 9),
        "txt": b"Hej med jer.\n" * 9,
        "gz": packed("raw", "gzip"),
    }
    data = {"zip": stored_zip, "7z": lambda: packed("7zip"), "rar4": lambda: rar4({"a.txt": TEXT})}
    if archive == "zip moved":
        together = io.BytesIO(heads[front])
        with zipfile.ZipFile(together, "a", zipfile.ZIP_DEFLATED) as added:
            added.writestr("a.txt", TEXT)
        got = reading(together.getvalue())
    else:
        got = reading(heads[front] + data.get(archive, lambda: rar5({"a.txt": TEXT}))())
    assert is_found(got)


def test_what_only_looks_like_an_archive_is_none(make: Any) -> None:
    lookalikes = b"Rar!\x1a\x07\x01\x00" + bytes(30) + b"7z\xbc\xaf\x27\x1c" + bytes(40) + b"PK\x05\x06" + bytes(18)
    for data in (make.png(9, 9) + lookalikes, b"PK\x05\x06", b"Rar!\x1a\x07", make.pdf("x") + b"7z\xbc\xaf\x27\x1c"):
        assert not list(behind.archives(data, "png"))


def test_an_ordinary_file_is_read_once(reading: Any, make: Any) -> None:
    got = reading(make.zip({"a.txt": TEXT}))
    assert sum(NUMBER in fragment.text for fragment in got.fragments) == 1


def test_a_rar_behind_a_program_is_read(reading: Any) -> None:
    for archive in (rar5({"a.txt": TEXT}), rar4({"a.txt": TEXT})):
        assert is_found(reading(PROGRAM + archive))


def tar(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_a_tar_behind_the_end_of_a_tar_is_read(reading: Any) -> None:
    got = reading(tar("a.txt", b"Hej") + tar("b.txt", TEXT))
    assert is_found(got)
    assert not got.unreadable


def test_what_is_behind_the_end_of_a_tar_and_no_tar_is_no_damage(reading: Any) -> None:
    got = reading(tar("b.txt", TEXT) + b"\x01" * 700)
    assert is_found(got)
    assert not got.unreadable


@pytest.mark.parametrize("filter", ["zstd", "lz4"])
def test_frames_to_skip_stand_in_front_of_packed_data(reading: Any, filter: str) -> None:
    skipped = b"\x53\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello"
    assert is_found(reading(skipped * 2 + packed("raw", filter)))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_with_a_wrong_checksum_is_read_and_called_damaged(reading: Any, make: Any, method: int) -> None:
    data = make.zip({"a.txt": TEXT}, method)
    checksum = data[14:18]
    got = reading(data.replace(checksum, bytes(4)))
    assert is_found(got)
    assert reasons(got) == {Reason.DAMAGED}


def test_the_same_fault_at_the_same_place_is_told_once(reading: Any, make: Any) -> None:
    data = make.zip({f"{number}.txt": f"text {number}" for number in range(50)})
    at = data.find(b"PK\x03\x04")
    while at >= 0:
        data = data[: at + 14] + bytes(4) + data[at + 18 :]
        at = data.find(b"PK\x03\x04", at + 1)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data = data[: at + 16] + bytes(4) + data[at + 20 :]
        at = data.find(b"PK\x01\x02", at + 1)
    assert len(reading(data).unreadable) == 1
