"""BinHex and property lists: the files in them are read as any other."""

from __future__ import annotations

import plistlib
import struct
from typing import Any

import pytest

from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
ALPHABET = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
HEAD = b"(This file must be converted with BinHex 4.0)\r\n\r\n"


def binhex(name: bytes, data: bytes, resource: bytes = b"") -> bytes:
    header = bytes((len(name),)) + name + b"\0TEXTttxt\0\0" + struct.pack(">II", len(data), len(resource)) + b"\0\0"
    packed = (header + data + b"\0\0" + resource + b"\0\0").replace(b"\x90", b"\x90\0").replace(b"aaaaa", b"a\x90\x05")
    bits = "".join(f"{byte:08b}" for byte in packed)
    bits += "0" * (-len(bits) % 6)
    text = "".join(ALPHABET[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return HEAD + b":" + "\r\n".join(lines).encode() + b":\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Nr " + NUMBER.encode(), id="a text"),
        pytest.param(b"aaaaaaaaaaa " + NUMBER.encode() + b" \x90 x", id="runs and the mark itself"),
    ],
)
def test_a_binhexed_file_is_read(reading: Any, data: bytes) -> None:
    got = reading(binhex(b"x.txt", data))
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:hqx 1 › attachment:txt 1"]
    assert not got.unreadable


def test_its_name_and_its_resources_are_read(reading: Any) -> None:
    got = reading(binhex(NUMBER.encode(), b"Hej", b"Nr " + NUMBER.encode()))
    assert len([item for item in got.fragments if NUMBER in item.text]) == 2


@pytest.mark.parametrize(
    "data", [HEAD, HEAD + b":!!", HEAD + b":" + b"!" * 400 + b":", binhex(b"x", b"Hej" * 99)[:200]]
)
def test_a_broken_one_is_reported(reading: Any, data: bytes) -> None:
    got = reading(data)
    assert [item.reason for item in got.unreadable] == [Reason.DAMAGED] or got.fragments


def test_a_web_archive_is_read(reading: Any) -> None:
    page = {"WebMainResource": {"WebResourceData": b"<html>070<b>761</b>-4285</html>", "WebResourceURL": "http://x.dk"}}
    got = reading(plistlib.dumps(page, fmt=plistlib.FMT_BINARY))
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == [
        "attachment:plist 1 › attachment:html 1"
    ]


def test_a_broken_property_list_is_reported(reading: Any) -> None:
    assert [item.reason for item in reading(b"bplist00" + b"\xff" * 99).unreadable] == [Reason.DAMAGED]
