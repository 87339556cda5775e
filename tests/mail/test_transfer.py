"""Transfer encodings undone: what decodes, and what stood beside it."""

from __future__ import annotations

from base64 import b64encode, encodebytes

import pytest

from gateway.mail import charset, transfer

TEXT = b"Barnets nummer er 070761-4285, siger listen fra i gaar."


@pytest.mark.parametrize(
    ("body", "beside"),
    [
        pytest.param(encodebytes(TEXT), b"", id="lines"),
        pytest.param(encodebytes(TEXT).replace(b"\n", b"\r\n"), b"", id="lines with CR"),
        pytest.param(b64encode(TEXT).rstrip(b"="), b"", id="no padding"),
        pytest.param(encodebytes(TEXT).replace(b"\n", b" \t\n"), b"", id="spaces at line ends"),
        pytest.param(encodebytes(TEXT) + b"\n\n070761-4285\n", b"070761-4285", id="a number behind it"),
        pytest.param(b"Se her: 1\n" + encodebytes(TEXT)[:0], b"Se her: 1", id="nothing but a text"),
        pytest.param(b"=" * 4 + encodebytes(TEXT), b"", id="padding first"),
        pytest.param(b"\n".join(b64encode(TEXT[at : at + 4]) for at in range(0, len(TEXT), 4)), b"", id="in pieces"),
    ],
)
def test_base64_gives_its_bytes_and_the_lines_that_are_none(body: bytes, beside: bytes) -> None:
    decoded, found = transfer.decoded_and_beside(body, "base64")
    assert found == beside
    assert TEXT in decoded or b"Se her" in body
    assert decoded == transfer.base64(body)


@pytest.mark.parametrize(
    ("data", "want"),
    [
        pytest.param("Rødgrød på Åen".encode("latin-1"), "Rødgrød på Åen", id="latin-1"),
        pytest.param("Rødgrød – 10 €".encode("cp1252"), "Rødgrød – 10 €", id="marks of cp1252"),
        pytest.param("Rødgrød – 10 €".encode(), "Rødgrød – 10 €", id="UTF-8"),
        pytest.param("Rød".encode() + "grød".encode("latin-1"), "Rødgrød", id="half and half"),
        pytest.param(b"\xe6\xf8\xe5 \xff", "æøå ÿ", id="letters only"),
    ],
)
def test_bytes_without_a_charset_are_utf8_or_cp1252(data: bytes, want: str) -> None:
    assert charset.utf8(data) == want
