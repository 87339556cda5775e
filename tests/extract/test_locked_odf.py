"""Locked OpenDocument files open with a word of the mail and are reported otherwise.

`locked.odt` was saved by LibreOffice 7.4; the lock of later versions, one around the whole file, is made here.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
LOCKED = (Path(__file__).parent / "files" / "locked.odt").read_bytes()
SALT, NONCE = bytes(range(16)), bytes(range(12))


def locked_whole(make: Any, *, nonce_before: bool, memory: int = 1024) -> bytes:
    inner = make.zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:text><text:p>Møde med {NUMBER}.</text:p></office:text>",
        }
    )
    start = hashlib.sha256(b"hemmelig42").digest()
    key = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=1024).derive(start)
    packer = zlib.compressobj(wbits=-15)
    sealed = AESGCM(key).encrypt(NONCE, packer.compress(inner) + packer.flush(), None)

    def encoded(data: bytes) -> str:
        return base64.b64encode(data).decode()

    manifest = (
        '<m:manifest xmlns:m="urn:manifest" xmlns:l="urn:loext"><m:file-entry m:full-path="encrypted-package">'
        f'<m:encryption-data><m:algorithm m:algorithm-name="http://www.w3.org/2009/xmlenc11#aes256-gcm" '
        f'm:initialisation-vector="{encoded(NONCE)}"/><m:start-key-generation m:start-key-generation-name='
        '"http://www.w3.org/2001/04/xmlenc#sha256" m:key-size="32"/><m:key-derivation m:key-size="32" '
        f'm:key-derivation-name="urn:manifest:argon2id" m:salt="{encoded(SALT)}" l:argon2-iterations="3" '
        f'l:argon2-memory="{memory}" l:argon2-lanes="4"/></m:encryption-data></m:file-entry></m:manifest>'
    )
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": manifest,
        "encrypted-package": (NONCE if nonce_before else b"") + sealed,
    }
    return make.zip(members, zipfile.ZIP_STORED)  # type: ignore[no-any-return]


def test_a_word_of_the_mail_opens_it(reading: Any) -> None:
    got = reading(LOCKED, "Koden er hemmelig42.")
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:odt 1"]
    assert not got.unreadable


@pytest.mark.parametrize("nonce_before", [True, False])
def test_one_locked_as_a_whole_opens_too(reading: Any, make: Any, nonce_before: bool) -> None:
    got = reading(locked_whole(make, nonce_before=nonce_before), "Koden er hemmelig42.")
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:odt 1"]
    assert not got.unreadable


def test_without_the_word_it_is_reported(reading: Any, make: Any) -> None:
    for data in (LOCKED, locked_whole(make, nonce_before=True)):
        got = reading(data, "Koden kommer på sms.")
        assert [item.reason for item in got.unreadable] == [Reason.ENCRYPTED]


def test_a_lock_that_wants_all_memory_gets_none(reading: Any, make: Any) -> None:
    got = reading(locked_whole(make, nonce_before=True, memory=1 << 30), "Koden er hemmelig42.")
    assert [item.reason for item in got.unreadable] == [Reason.UNSUPPORTED_FORMAT]


def test_one_that_is_damaged_is_reported(reading: Any) -> None:
    at = LOCKED.index(b"content.xml") + 300
    got = reading(LOCKED[:at] + bytes(40) + LOCKED[at + 40 :], "Koden er hemmelig42.")
    assert got.unreadable
