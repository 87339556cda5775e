"""Locked Office files open with a word of the mail and with the password everybody knows, and are reported otherwise.

The files of this folder were locked with msoffcrypto-tool (Office 2010's lock); the lock of Office 2007 is made here.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract import Budget, locked_office
from gateway.extract.budget import UnsupportedError
from gateway.extract.sandbox import Sandbox
from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
FILES = Path(__file__).parent / "files"
SALT = bytes(range(16))
KEY_OF_2007 = bytes.fromhex("4187d2495194a1f93b45c79cd4055770")
"""For this salt and the password hemmelig42, by msoffcrypto-tool."""


@pytest.mark.parametrize(
    ("name", "text", "is_opened"),
    [
        pytest.param("locked.docx", "Koden er hemmelig42.", True, id="the word stands in the mail"),
        pytest.param("locked.docx", "Koden kommer på sms.", False, id="it does not"),
        pytest.param("locked_against_changes.docx", "Hej", True, id="a lock that Excel opens itself"),
    ],
)
def test_a_locked_file(reading: Any, name: str, text: str, is_opened: bool) -> None:
    got = reading((FILES / name).read_bytes(), text)
    found = [str(item.place) for item in got.fragments if NUMBER in item.text]
    assert found == (["attachment:encrypted office 1 › attachment:docx 1"] if is_opened else [])
    assert [item.reason for item in got.unreadable] == ([] if is_opened else [Reason.ENCRYPTED])


def test_a_locked_file_cut_off_is_reported(reading: Any) -> None:
    got = reading((FILES / "locked.docx").read_bytes()[:7000], "Koden er hemmelig42.")
    assert [item.reason for item in got.unreadable] == [Reason.DAMAGED]


def locked_as_in_2007(data: bytes) -> tuple[bytes, bytes]:
    def encrypted(plain: bytes) -> bytes:
        maker = Cipher(algorithms.AES(KEY_OF_2007), modes.ECB()).encryptor()
        return maker.update(plain.ljust(-(-len(plain) // 16) * 16, b"\0")) + maker.finalize()

    header = struct.pack("<IIIIIIII", 0x24, 0, 0x660E, 0x8004, 128, 24, 0, 0) + "AES\0".encode("utf-16-le")
    asked = bytes(range(100, 116))
    verifier = struct.pack("<I", 16) + SALT + encrypted(asked)
    verifier += struct.pack("<I", 20) + encrypted(hashlib.sha1(asked).digest())
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header + verifier
    return info, struct.pack("<Q", len(data)) + encrypted(data)


def test_the_lock_of_2007() -> None:
    unlock = locked_office._lock_of(*locked_as_in_2007(b"PK\x03\x04 Nr " + NUMBER.encode())).unlock
    assert unlock("hemmelig42") == b"PK\x03\x04 Nr " + NUMBER.encode()
    assert unlock("forkert") is None


@pytest.mark.parametrize("version", [(1, 1), (4, 3), (9, 2)])
def test_a_lock_nobody_knows_is_said(version: tuple[int, int]) -> None:
    with pytest.raises(UnsupportedError):
        locked_office._lock_of(struct.pack("<HH", *version) + bytes(60), b"")


@pytest.mark.parametrize("description", ["<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "<x/>", "", "<keyData/>"])
def test_a_description_that_is_none_is_refused(description: str) -> None:
    with pytest.raises((ValueError, KeyError, locked_office.expat.ExpatError)):
        locked_office._lock_of(struct.pack("<HHI", 4, 4, 0x40) + description.encode(), b"")


def test_the_sandbox_opens_it_too(sandbox: Sandbox, attached: Any) -> None:
    message = attached((FILES / "locked.docx").read_bytes(), "Koden er hemmelig42.")
    got = sandbox.read_now(message, Budget(ocr=False))
    assert any(NUMBER in item.text for item in got.fragments)
