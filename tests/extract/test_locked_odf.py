"""OpenDocument files with a password open with a word of the mail, and are reported otherwise.

locked.odt and locked.ods were saved by LibreOffice 7.4.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
FILES = Path(__file__).parent / "files"
MANIFEST = "META-INF/manifest.xml"


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        pytest.param(
            "locked.odt",
            "Adgangskoden er regnbue7.",
            ["attachment:odt 1 › attachment:odt 1"],
            id="the word stands in the mail",
        ),
        pytest.param(
            "locked.ods",
            "kode: Stjernen-æøå",
            ["attachment:ods 1 › attachment:ods 1 › sheet 1"],
            id="a word with Danish letters",
        ),
        pytest.param("locked.odt", "Koden kommer på sms.", [], id="it does not"),
    ],
)
def test_a_locked_file(reading: Any, name: str, text: str, places: list[str]) -> None:
    got = reading((FILES / name).read_bytes(), text)
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == places
    assert [item.reason for item in got.unreadable] == ([] if places else [Reason.ENCRYPTED])


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The file with other words in its list of parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(made, "w") as other:
        for info in archive.infolist():
            content = archive.read(info)
            other.writestr(info.filename, content.replace(old, new) if info.filename == MANIFEST else content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"aes256-cbc", b"aes256-gcm", id="a lock that is not opened here"),
        pytest.param(b"PBKDF2", b"argon2id", id="another way from word to key"),
        pytest.param(b'iteration-count="100000"', b'iteration-count="99999999"', id="turns without end"),
        pytest.param(b'iteration-count="100000"', b'iteration-count="many"', id="turns that are no number"),
        pytest.param(b"initialisation-vector=", b"x=", id="no vector"),
        pytest.param(b"</manifest:manifest>", b"", id="a list cut off"),
        pytest.param(b"<manifest:manifest", b'<!DOCTYPE x [<!ENTITY a "b">]><manifest:manifest', id="entities"),
        pytest.param(b"full-path=", b"path=", id="locks of nothing"),
    ],
)
def test_a_lock_that_is_none_is_reported(reading: Any, old: bytes, new: bytes) -> None:
    data = (FILES / "locked.odt").read_bytes()
    got = reading(changed(data, old, new), "Adgangskoden er regnbue7.")
    assert [item.reason for item in got.unreadable] == [Reason.ENCRYPTED]
    assert not any(NUMBER in item.text for item in got.fragments)


def test_a_part_of_another_lock_is_damage(reading: Any) -> None:
    """The word opens the part it is tried on; another part does not come out as its checksum says."""
    data = (FILES / "locked.odt").read_bytes()
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(made, "w") as other:
        for info in archive.infolist():
            content = archive.read(info)
            other.writestr(info.filename, bytes(len(content)) if info.filename == "content.xml" else content)
    got = reading(made.getvalue(), "Adgangskoden er regnbue7.")
    assert [item.reason for item in got.unreadable] == [Reason.DAMAGED]


def test_what_comes_out_counts_for_the_budget(reading: Any) -> None:
    data = (FILES / "locked.odt").read_bytes()
    got = reading(data, "Adgangskoden er regnbue7.", expanded_bytes=14_000)
    assert Reason.OVER_BUDGET in [item.reason for item in got.unreadable]
