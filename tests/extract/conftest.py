"""Small documents made by hand, so that the tests of this room need nothing but themselves."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from base64 import encodebytes
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from gateway.extract import Budget, read
from gateway.extract.sandbox import Limits, Sandbox
from gateway.mail.fragment import Extraction
from gateway.mail.message import Message

Reading = Callable[..., Extraction]


@pytest.fixture
def attached() -> Callable[..., Message]:
    """A mail with this file as its only attachment, under a name that says nothing."""

    def message(data: bytes, text: str = "") -> Message:
        head = b"From: a@lavuk.dk\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        body = f"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode() if text else b""
        part = b"--x\r\nContent-Type: application/octet-stream; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        return Message(head + body + part + encodebytes(data) + b"\r\n--x--\r\n")

    return message


@pytest.fixture
def reading(attached: Callable[..., Message]) -> Reading:
    """The reading of a mail with this attachment, in this process and without OCR."""

    def extraction(data: bytes, text: str = "", **limits: int) -> Extraction:
        return read(attached(data, text), Budget(ocr=False, **limits))

    return extraction


@pytest.fixture(autouse=True)
def pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that a reader here set for the picture library ends with the test."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(seconds=20, readers=2)) as started:
        yield started


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


class Make:
    """Builders of the smallest files that are what they claim to be."""

    @staticmethod
    def zip(members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return out.getvalue()

    @classmethod
    def docx(cls, body: str, **parts: str | bytes) -> bytes:
        named = {name.replace("__", "/") + ("" if "." in name else ".xml"): data for name, data in parts.items()}
        return cls.zip({"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w:body>{body}</w:body>", **named})

    @classmethod
    def xlsx(cls, rows: str, strings: str = "", styles: str = "", **parts: str) -> bytes:
        header = f"<oddHeader>&amp;C{parts.pop('header', '')}</oddHeader>"
        sheet = f"<worksheet><sheetData>{rows}</sheetData>{header}</worksheet>"
        members: dict[str, str | bytes] = {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": '<workbook><sheets><sheet name="Børn" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>',
            "xl/worksheets/sheet1.xml": sheet,
            "xl/sharedStrings.xml": f"<sst>{strings}</sst>",
            "xl/styles.xml": styles,
        }
        return cls.zip(members)

    @staticmethod
    def pdf(text: str, extra: str = "") -> bytes:
        """One page, one line of text; `extra` are further objects, the first of which is number 6."""
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" if text else ""
        objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>"
            + ("/Annots[6 0 R]" if extra else "")
            + ">>",
            f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            *filter(None, [extra]),
        ]
        out, offsets = "%PDF-1.7\n", []
        for number, body in enumerate(objects, 1):
            offsets.append(len(out))
            out += f"{number} 0 obj\n{body}\nendobj\n"
        table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
        size = len(objects) + 1
        return (
            f"{out}xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\n"
            f"startxref\n{len(out)}\n%%EOF\n"
        ).encode("latin-1")

    @staticmethod
    def png(width: int, height: int, rows: bytes | None = None) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        pixels = rows if rows is not None else (b"\0" + b"\xff" * width) * height
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
        )

    @staticmethod
    def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
        body = b"".join(
            struct.pack("<BII", level, number, len(data)) + data + b"\0\0" for level, number, data in attributes
        )
        return b"\x78\x9f\x3e\x22\x01\x00" + body
