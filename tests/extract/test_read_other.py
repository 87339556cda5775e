"""RTF, Outlook's forms of a mail, S/MIME, PDF and pictures, each made by hand."""

from __future__ import annotations

import ctypes
import io
import struct
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest

from gateway.extract import Budget, Walk, mapi, rtf, sniff
from gateway.extract.budget import DamagedError
from gateway.mail.fragment import Extraction, Reason
from gateway.mail.place import attachment

NUMBER = "070761-4285"


def places(extraction: Extraction, needle: str = NUMBER) -> list[str]:
    return [str(fragment.place) for fragment in extraction.fragments if needle in fragment.text.replace("\u2011", "-")]


def reasons(extraction: Extraction) -> list[Reason]:
    return [item.reason for item in extraction.unreadable]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("070761-4285", id="plain"),
        pytest.param("{\\b 0707}{\\i 61}-42{\\fs20 85}", id="in groups"),
        pytest.param("0707\r\n61-\r\n4285", id="line ends of the file are nothing"),
        pytest.param("070761\\u8209 -4285", id="a character beyond ANSI and its stand-in"),
        pytest.param("{\\uc0 070761\\u8209 4285}", id="one without a stand-in"),
        pytest.param("070761\\_4285", id="a hard hyphen"),
        pytest.param("070761\\-\\-\\_4285", id="soft hyphens"),
        pytest.param("\\'30\\'37\\'30\\'37\\'36\\'31-4285", id="bytes in hexadecimal"),
        pytest.param("{\\v 070761-4285}", id="hidden"),
        pytest.param("{\\deleted 070761-4285}", id="deleted"),
        pytest.param("{\\header 070761-4285}", id="header"),
        pytest.param("{\\footnote 070761-4285}", id="footnote"),
        pytest.param("{\\*\\annotation 070761-4285}", id="comment"),
        pytest.param("{\\info{\\title 070761-4285}}", id="property"),
        pytest.param("{\\shp{\\*\\shpinst{\\shptxt 070761-4285}}}", id="text box"),
        pytest.param("{\\fonttbl{\\f0 Arial;}}070761-4285", id="after a table of fonts"),
        pytest.param("}}}}070761-4285", id="more groups closed than opened"),
        pytest.param("{" * 5000 + "070761-4285", id="deep groups"),
    ],
)
def test_rtf_is_read(reading: Any, body: str) -> None:
    assert "attachment:rtf 1" in places(reading(b"{\\rtf1\\ansi " + body.encode() + b"}"))


def test_rtf_looks_are_no_text(reading: Any) -> None:
    assert not places(reading(b"{\\rtf1{\\fonttbl{\\f0 070761-4285;}}{\\*\\rsidtbl 070761-4285}Hej}"))


def test_rtf_that_wraps_html_is_read_as_html(reading: Any) -> None:
    body = b"{\\rtf1\\fromhtml1 {\\*\\htmltag <b>}070761{\\*\\htmltag </b>}\\htmlrtf \\par \\htmlrtf0 -4285}"
    assert places(reading(body))


def test_a_picture_and_an_object_in_rtf_are_documents(reading: Any, make: Any) -> None:
    hexadecimal = make.zip({"word/document.xml": f"<w:t>{NUMBER}</w:t>", "[Content_Types].xml": ""}).hex()
    body = "{\\rtf1{\\object{\\*\\objdata 01050000" + hexadecimal + "}}{\\pict\\pngblip " + make.png(4, 4).hex() + "}}"
    got = reading(body.encode())
    assert places(got) == ["attachment:rtf 1 › attachment:docx 1"]


def test_binary_data_longer_than_the_file_ends_the_reading_quietly(reading: Any) -> None:
    assert places(reading(b"{\\rtf1 070761-4285 \\bin99999999 x}"))


@pytest.mark.parametrize(
    ("packed", "want"),
    [
        pytest.param(
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0",
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
            id="MS-OXRTFCP 3.1.1",
        ),
        pytest.param(
            "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0",
            b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
            id="3.1.2, overlap",
        ),
        pytest.param("0f00000003000000" + b"MELA".hex() + "00000000" + b"abc".hex(), b"abc", id="stored"),
    ],
)  # fmt: skip
def test_compressed_rtf_of_the_specification(packed: str, want: bytes) -> None:
    assert mapi.uncompressed(bytes.fromhex(packed)) == want


def test_compressed_rtf_cut_short_is_damaged() -> None:
    with pytest.raises(DamagedError):
        mapi.uncompressed(b"abc")


def properties(*values: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(values))
    for number, kind, data in values:
        out += struct.pack("<HHII", kind, number, 1, len(data)) + data + b"\0" * (-len(data) % 4)
    return out


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WIDE = NUMBER.encode("utf-16-le")


@pytest.mark.parametrize(
    ("attributes", "where"),
    [
        pytest.param([(1, 0x2800C, NUMBER.encode())], "text", id="body"),
        pytest.param([(1, 0x18004, NUMBER.encode())], "subject", id="subject"),
        pytest.param([(1, 0x69003, properties((0x1000, 0x1F, WIDE)))], "text", id="MAPI body"),
        pytest.param([(1, 0x69003, properties((0x1013, 0x102, b"<b>070761</b>-4285")))], "html", id="MAPI html"),
        pytest.param([(1, 0x69003, properties((0x3A00, 0x1F, WIDE)))], "properties", id="any other text"),
        pytest.param([(2, 0x69002, b""), (2, 0x6800F, NUMBER.encode())], "attachment:txt 1", id="attachment"),
        pytest.param([(2, 0x69002, b""), (2, 0x18010, NUMBER.encode()), (2, 0x6800F, b"x")], "filename", id="its name"),
    ],
)
def test_winmail_dat_is_read(reading: Any, make: Any, attributes: list[tuple[int, int, bytes]], where: str) -> None:
    assert places(reading(make.tnef(*attributes))) == [f"attachment:winmail.dat 1 › {where}"]


def test_ids_in_winmail_dat_are_no_text(reading: Any, make: Any) -> None:
    assert not places(reading(make.tnef((1, 0x69003, properties((0x1035, 0x1F, WIDE), (0x1000, 0x1F, b"H\0"))))))


def test_winmail_dat_with_lengths_over_its_end_is_reported(reading: Any, make: Any) -> None:
    assert Reason.DAMAGED in reasons(
        reading(make.tnef((1, 0x69003, struct.pack("<IHHII", 9, 0x1F, 0x1000, 1, 999999))))
    )


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = bytes((len(body),)) if len(body) < 128 else bytes((0x82,)) + len(body).to_bytes(2, "big")
    return bytes((tag,)) + length + body


PKCS7 = bytes.fromhex("2a864886f70d0107")
MAIL = b"Content-Type: text/plain\r\nSubject: x\r\n\r\n" + NUMBER.encode()


def signed(*content: bytes) -> bytes:
    inner = der(0x30, der(0x06, PKCS7 + b"\x01"), *content)
    return der(0x30, der(0x06, PKCS7 + b"\x02"), der(0xA0, der(0x30, der(0x02, b"\x01"), der(0x31), inner)))


def test_what_is_signed_is_read(reading: Any) -> None:
    assert places(reading(signed(der(0xA0, der(0x04, MAIL))))) == ["attachment:p7m 1 › attachment:eml 1 › text"]


def test_what_is_signed_in_pieces_is_read(reading: Any) -> None:
    pieces = der(0x24, der(0x04, MAIL[:50]), der(0x04, MAIL[50:]))
    assert places(reading(signed(der(0xA0, pieces)))) == ["attachment:p7m 1 › attachment:eml 1 › text"]


def test_a_signature_alone_is_nothing_to_report(reading: Any) -> None:
    assert reasons(reading(signed())) == []


def test_what_is_encrypted_is_reported(reading: Any) -> None:
    assert reasons(reading(der(0x30, der(0x06, PKCS7 + b"\x03"), der(0xA0, der(0x30))))) == [Reason.ENCRYPTED]


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        pytest.param("", "page 1", id="a line of text"),
        pytest.param(
            f"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents({NUMBER})>>", "page 1 › annotation", id="a note"
        ),
        pytest.param(
            f"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(tel:{NUMBER})>>>>",
            "page 1 › annotation",
            id="a link",
        ),
    ],
)
def test_pdf_is_read(reading: Any, make: Any, extra: str, where: str) -> None:
    assert places(reading(make.pdf("Hej" if extra else NUMBER, extra))) == [f"attachment:pdf 1 › {where}"]


def test_a_pdf_behind_rubbish_is_a_pdf(reading: Any, make: Any) -> None:
    assert places(reading(b"\r\n\x01rubbish\r\n" + make.pdf(NUMBER)))


def test_more_pages_than_the_budget_are_reported(reading: Any, make: Any) -> None:
    assert reasons(reading(make.pdf(NUMBER), pages=0)) == [Reason.OVER_BUDGET]


def test_a_broken_pdf_is_reported(reading: Any) -> None:
    assert reasons(reading(b"%PDF-1.7\n" + b"x" * 50)) == [Reason.DAMAGED]


def test_a_picture_that_may_hold_text_is_not_read_without_ocr(reading: Any, make: Any) -> None:
    letter = (b"\0" + b"\xff\xff\x00\x00\x00\x00\xff\xff" * 20) * 12
    rows = (b"\0" + b"\xff" * 160) * 20
    assert reasons(reading(make.png(160, 52, rows + letter + rows))) == [Reason.NO_OCR]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (600, 1), (300, 200)])
def test_a_pixel_a_line_and_a_plain_surface_hold_no_text(reading: Any, make: Any, width: int, height: int) -> None:
    assert reasons(reading(make.png(width, height))) == []


def test_a_picture_beyond_the_budget_is_not_opened(reading: Any, make: Any) -> None:
    assert reasons(reading(make.png(400, 400), pixels=1000)) == [Reason.OVER_BUDGET]


@pytest.mark.parametrize(
    ("data", "want"),
    [
        pytest.param(OLE + "WordDocument".encode("utf-16-le"), "doc", id="doc"),
        pytest.param(OLE + "Workbook".encode("utf-16-le"), "xls", id="xls"),
        pytest.param(OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted office", id="locked"),
        pytest.param(b"BM i dag og i morgen", "txt", id="a text that opens like a bitmap"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", "heic", id="heic"),
        pytest.param(b"RIFF\0\0\0\0WEBP", "webp", id="webp"),
        pytest.param(b"<html><p>x", "html", id="html"),
        pytest.param(b"\xef\xbb\xbfNavn;CPR\r\na;b\r\nc;d\r\n", "csv", id="csv behind a mark"),
        pytest.param("Navn;CPR\na;b\nc;d\n".encode("utf-16"), "csv", id="csv in utf-16"),
        pytest.param(b"From: a\r\nTo: b\r\n\r\nx", "eml", id="a mail"),
        pytest.param(b"From x@y Mon\r\nFrom: a\r\nTo: b\r\n\r\nx", "mbox", id="a mailbox"),
        pytest.param(b"Kl. 9: Mad\r\nKl. 10: Leg\r\n", "txt", id="a list that looks like fields"),
        pytest.param(b"\x00\x01\x02\x03\x04\x05\x06\x0e\x0f", "unknown", id="bytes"),
        pytest.param(b"", "txt", id="nothing"),
    ],
)  # fmt: skip
def test_the_format_is_told_by_the_content(data: bytes, want: str) -> None:
    assert sniff.format_of(data) == want


def test_a_name_only_chooses_between_kinds_of_text() -> None:
    assert sniff.format_of(b"%PDF-1.4", "text/csv", ["x.csv"]) == "pdf"
    assert sniff.format_of(b"a,b", "", ["x.csv"]) == "csv"


def test_the_reader_of_rtf_needs_no_end() -> None:
    reader = rtf._Reader("{\\rtf1 a\\")
    reader.run()
    assert reader.text() == "a"


def test_a_page_of_shapes_is_a_picture_and_a_short_page_is_none(reading: Any, make: Any) -> None:
    drawn = make.pdf("").replace(
        b"<</Length 0>>stream\n\n", b"<</Length 399>>stream\n" + b"9 9 m 50 50 l 9 50 l f\n" * 20
    )
    assert Reason.NO_OCR in reasons(reading(drawn))
    assert reasons(reading(make.pdf("Hej"))) == []


def test_the_second_reader_of_pdf_gives_the_pages_and_says_that_it_is_the_second(attached: Any, make: Any) -> None:
    walk = Walk(Budget(ocr=False))
    walk.document(make.pdf(NUMBER), attachment("pdf", 1), "pdf again", 0)
    assert [str(fragment.place) for fragment in walk.fragments] == ["attachment:pdf 1 › page 1"]
    assert [item.reason for item in walk.unreadable] == [Reason.DAMAGED]


@pytest.mark.parametrize("cipher", ["RC4-128", "AES-128", "AES-256"])
@pytest.mark.parametrize(
    ("user", "text", "is_opened"),
    [
        pytest.param("", "Hej", True, id="locked against changes only"),
        pytest.param("hemmelig42", "Koden er hemmelig42.", True, id="the word stands in the mail"),
        pytest.param("hemmelig42", "Koden kommer på sms.", False, id="it does not"),
    ],
)
def test_a_locked_pdf_opens_with_a_word_of_the_mail(
    reading: Any, make: Any, cipher: str, user: str, text: str, is_opened: bool
) -> None:
    writer, out = pypdf.PdfWriter(clone_from=io.BytesIO(make.pdf(NUMBER))), io.BytesIO()
    writer.encrypt(user, owner_password="ejer", algorithm=cipher)
    writer.write(out)
    got = reading(out.getvalue(), text)
    assert places(got) == (["attachment:pdf 1 › page 1"] if is_opened else [])
    assert reasons(got) == ([] if is_opened else [Reason.ENCRYPTED])


def test_a_file_that_hangs_on_a_page_of_a_pdf_is_read(reading: Any, make: Any) -> None:
    pdf = pdfium.PdfDocument(make.pdf("Hej"))
    page = pdf[0]
    note = raw.FPDFPage_CreateAnnot(page, raw.FPDF_ANNOT_FILEATTACHMENT)
    name = ctypes.create_string_buffer("x.txt\0".encode("utf-16-le"))
    file = raw.FPDFAnnot_AddFileAttachment(note, ctypes.cast(name, ctypes.POINTER(ctypes.c_ushort)))
    assert raw.FPDFAttachment_SetFile(file, pdf, NUMBER.encode(), len(NUMBER))
    raw.FPDFPage_CloseAnnot(note)
    out = io.BytesIO()
    pdf.save(out)
    assert places(reading(out.getvalue())) == ["attachment:pdf 1 › page 1 › attachment:txt 1"]


def test_the_scripts_of_a_pdf_are_read(reading: Any, make: Any) -> None:
    script = f"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(app.alert\\('{NUMBER}'\\))>>]>>>>"
    data = make.pdf("Hej").replace(b"/Catalog", b"/Catalog" + script.encode())
    assert places(reading(data)) == ["attachment:pdf 1 › hidden"]
