"""Files that carry another one where a program finds it: behind them, between them, in spite of damage."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zlib
from typing import Any

import pytest

from gateway.extract import Budget, behind
from gateway.extract.budget import Meter
from gateway.extract.document import Document
from gateway.extract.pdf import read_pdf
from gateway.mail.fragment import Extraction, Reason, Unreadable
from gateway.mail.place import Place

NUMBER = "070761-4285"
WORDS = f"Elva, nr. {NUMBER}"
RAR5 = b"Rar!\x1a\x07\x01\x00"


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


def reasons(extraction: Extraction) -> list[Reason]:
    return [each.reason for each in extraction.unreadable]


def tar(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def rar5(text: str) -> bytes:
    """A rar of one stored member."""

    def block(*fields: int, name: bytes = b"") -> bytes:
        body = bytes(fields) + name
        sized = bytes((len(body),)) + body
        return zlib.crc32(sized).to_bytes(4, "little") + sized

    data = text.encode()
    member = block(2, 2, len(data), 0, len(data), 0, 0, 1, 5, name=b"a.txt")
    return RAR5 + block(1, 0, 0) + member + data + block(5, 0, 0)


class TestBehind:
    @pytest.mark.parametrize("front", ["pdf", "png", "text", "nothing known"])
    def test_a_zip_behind_another_file_is_read(self, reading: Any, make: Any, front: str) -> None:
        fronts = {
            "pdf": make.pdf("Hej med jer, vi ses paa onsdag i parken"),
            "png": make.png(40, 30),
            "text": b"Hej med jer\n" * 400,
            "nothing known": b"\x02\x03" * 3000,
        }
        assert WORDS in texts(reading(fronts[front] + make.zip({"a.txt": WORDS})))

    @pytest.mark.parametrize("tail", [b"", b"\n", bytes(400)])
    def test_a_picture_with_a_zip_behind_is_fully_read(self, reading: Any, make: Any, tail: bytes) -> None:
        got = reading(make.png(40, 30) + make.zip({"a.txt": WORDS, "b.txt": "b"}) + tail)
        assert WORDS in texts(got)
        assert not got.unreadable

    def test_a_rar_behind_a_picture_is_read(self, reading: Any, make: Any) -> None:
        assert WORDS in texts(reading(make.png(40, 30) + rar5(WORDS)))

    def test_a_7z_behind_a_picture_is_found_by_its_checksum(self, make: Any) -> None:
        head = bytes(20)
        archive = b"7z\xbc\xaf\x27\x1c\0\4" + zlib.crc32(head).to_bytes(4, "little") + head
        assert list(behind.archives(make.png(4, 4) + archive, "png")) == [archive]
        assert not list(behind.archives(make.png(4, 4) + archive[:-1] + b"x", "png"))

    def test_what_a_file_holds_as_its_own_part_is_no_archive_behind_it(self, reading: Any, make: Any) -> None:
        inner = make.zip({"a.txt": WORDS}, 0)
        scattered = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + inner[:40] + bytes(512) + inner[40:] + bytes(100)
        assert not list(behind.archives(scattered, "ole"))
        assert not list(behind.archives(b"%PDF-1.7 stream " + inner[:40] + b"..." + inner[40:], "pdf"))
        got = reading(make.zip({"inner.zip": inner}, 0))
        assert not got.unreadable

    def test_a_rar_behind_a_program(self, reading: Any) -> None:
        got = reading(b"MZ" + b"\x90" * 700 + rar5(WORDS))
        assert WORDS in texts(got)
        assert not got.unreadable


class TestOneAfterAnother:
    @pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gz"])
    def test_a_second_tar_is_read(self, reading: Any, packed: Any) -> None:
        got = reading(packed(tar("a.txt", "a") + tar("b.txt", WORDS)))
        assert WORDS in texts(got)
        assert not got.unreadable

    @pytest.mark.parametrize("rest", [b"\n", b"junk" * 300, b"\0" * 5000])
    def test_what_is_no_tar_behind_a_tar_is_no_damage(self, reading: Any, rest: bytes) -> None:
        got = reading(tar("a.txt", WORDS) + rest)
        assert WORDS in texts(got)
        assert not got.unreadable

    def test_a_tar_that_breaks_off_is_damaged(self, reading: Any) -> None:
        assert reasons(reading(tar("a.txt", WORDS + "." * 3000)[:2000])) == [Reason.DAMAGED]

    def test_compressed_data_behind_a_frame_to_skip(self, reading: Any) -> None:
        raw = WORDS.encode()
        block = (len(raw) << 3 | 1).to_bytes(3, "little") + raw
        zst = b"\x28\xb5\x2f\xfd\x20" + bytes((len(raw),)) + block
        got = reading(b"\x5a\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello" + zst)
        assert WORDS in texts(got)


class TestDamaged:
    def test_a_member_with_a_wrong_checksum_is_read_and_said(self, reading: Any, make: Any) -> None:
        for method in (0, 8):
            data = make.zip({"a.txt": WORDS}, method)
            crc = zlib.crc32(WORDS.encode()).to_bytes(4, "little")
            got = reading(data.replace(crc, b"\1\2\3\4"))
            assert WORDS in texts(got)
            assert reasons(got) == [Reason.DAMAGED]

    def test_compressed_data_that_breaks_off_is_read_as_far_as_it_reaches(self, reading: Any) -> None:
        noise = b" ".join(b"%d" % zlib.crc32(b"%d" % at) for at in range(20_000))
        got = reading(gzip.compress(WORDS.encode() + noise, 1)[:-5000])
        assert WORDS in texts(got)
        assert reasons(got) == [Reason.DAMAGED]

    def test_the_same_fault_of_many_members_is_said_once(self, reading: Any, make: Any) -> None:
        data = make.zip({f"{at}.txt": f"{at:09}" for at in range(30)}, 0)
        for at in range(30):
            data = data.replace(zlib.crc32(b"%09d" % at).to_bytes(4, "little"), b"\1\2\3\4")
        assert reasons(reading(data)) == [Reason.DAMAGED]


class TestPdf:
    IMAGE = "<</Type/XObject/Subtype/Image/Width {0}/Height {0}/BitsPerComponent 1/ColorSpace/DeviceGray/Length 8>>"

    def drawn(self, make: Any, side: int) -> Extraction:
        """A page that is one image, with OCR on; the image is not there."""
        image = self.IMAGE.format(side) + "stream\n" + 8 * "\0" + "\nendstream"
        pdf = make.pdf("", image).replace(b"/Length 0>>stream\n\n", b"/Length 25>>stream\n595 0 0 842 0 0 cm /I Do \n")
        pdf = pdf.replace(b"/Annots[6 0 R]", b"").replace(b"/Resources<<", b"/Resources<</XObject<</I 6 0 R>>")
        document = Document(pdf, Place(()), Meter(Budget()), "pdf")
        items = list(read_pdf(document))
        return Extraction((), tuple(item for item in items if isinstance(item, Unreadable)))

    def test_an_image_too_large_to_be_drawn_is_said(self, make: Any) -> None:
        assert reasons(self.drawn(make, 240_000)) == [Reason.OVER_BUDGET]
        assert not self.drawn(make, 8).unreadable

    @pytest.mark.parametrize("line", ["Side 1 af 1", "Se det vedlagte billede, som det kom fra maskinen"])
    def test_an_image_that_is_missing_under_a_line_is_said(self, make: Any, line: str) -> None:
        image = (
            self.IMAGE.format(800).replace("/Length", "/Filter/JPXDecode/Length")
            + "stream\n"
            + 8 * "\1"
            + "\nendstream"
        )
        shown = f"q 595 0 0 842 0 0 cm /I Do Q BT /F1 12 Tf 50 700 Td ({line}) Tj ET "
        pdf = make.pdf(line, image).replace(b"/Annots[6 0 R]", b"")
        pdf = pdf.replace(b"/Resources<<", b"/Resources<</XObject<</I 6 0 R>>")
        start, end = pdf.index(b"BT /F1"), pdf.index(b" Tj ET") + 6
        pdf = pdf[:start] + shown.encode() + pdf[end:]
        pdf = pdf.replace(b"/Length %d>>stream\nq" % (end - start), b"/Length %d>>stream\nq" % len(shown))
        items = list(read_pdf(Document(pdf, Place(()), Meter(Budget()), "pdf")))
        assert [item.reason for item in items if isinstance(item, Unreadable)] == [Reason.DAMAGED]

    def test_what_a_list_offers_is_read(self, reading: Any, make: Any) -> None:
        field = f"<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(barn)/Opt[[(0)( )][(1)({WORDS})]]/V(0)/Rect[0 0 9 9]>>"
        pdf = make.pdf("Hej", field).replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm<</Fields[6 0 R]>>")
        assert WORDS in texts(reading(pdf))

    def test_a_file_without_its_end_is_read_and_said(self, reading: Any, make: Any) -> None:
        pdf = make.pdf(WORDS)
        got = reading(pdf[: pdf.index(b"xref")])
        assert WORDS in texts(got)
        assert reasons(got) == [Reason.DAMAGED]


def test_a_description_of_several_lines_in_a_picture(reading: Any, make: Any) -> None:
    words = b"tEXtComment\0Barn\n" + WORDS.encode()
    chunk = struct.pack(">I", len(words) - 4) + words + zlib.crc32(words).to_bytes(4, "big")
    png = make.png(40, 30)
    assert WORDS in texts(reading(png[:33] + chunk + png[33:]))
