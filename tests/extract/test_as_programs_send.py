"""Ways in which programs carry or spoil a text, each seen in mail: what a reader makes out is read."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw, ImageFont

from gateway.detect.normalise import fold
from gateway.extract import Budget, formulas, ground, pictures, read, sniff
from gateway.extract.html import readings
from gateway.extract.sheets import number, shown_as
from gateway.mail.fragment import Extraction, Reason
from gateway.mail.message import Message

FILES = Path(__file__).with_name("files")
NUMBER = "070761-4285"
HEAD = "From: a@lavuk.dk\r\nMIME-Version: 1.0\r\n"


def mail(head: str, body: str | bytes) -> Extraction:
    data = f"{HEAD}{head}\r\n\r\n".encode() + (body if isinstance(body, bytes) else body.encode())
    return read(Message(data), Budget(ocr=False))


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


def test_a_dash_of_cp1252_under_the_name_of_latin_1() -> None:
    got = mail('Content-Type: text/plain; charset="iso-8859-1"', b"cpr 070761\x964285")
    assert "070761–4285" in texts(got)


def test_full_width_digits_of_gb18030_under_the_name_of_gb2312() -> None:
    got = mail('Content-Type: text/html; charset="gb2312"', "<p>ø cpr ０７０７６１-４２８５".encode("gb18030"))
    assert "０７０７６１-４２８５" in texts(got)


def test_the_colours_of_a_terminal_are_no_text() -> None:
    got = mail("Content-Type: text/plain; charset=utf-8", "FEJL: 070761-\x1b[1m4285\x1b[0m findes to gange")
    assert NUMBER in texts(got)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<p>Til <b>070761</b>-<i>4285</i>.</p>", id="markup as plain text"),
        pytest.param("Se <font size=2>nr. <b>070761</b>-<b>4285</b></font>", id="pasted markup"),
    ],
)
def test_markup_in_a_plain_text_is_read_as_markup_too(body: str) -> None:
    assert NUMBER in texts(mail("Content-Type: text/plain; charset=utf-8", body))


def test_the_commands_of_enriched_text_are_not_shown() -> None:
    got = mail("Content-Type: text/enriched", "<bold>070761</bold>-<color><param>ffff,0000,0000</param>4285</color>")
    assert NUMBER in texts(got)


def test_what_a_command_is_told_is_read_too() -> None:
    assert NUMBER in texts(mail("Content-Type: text/enriched", f"<color><param>{NUMBER}</param>Hej</color>"))


def test_digits_that_no_colour_has_stay() -> None:
    assert "0707614285" in texts(mail("Content-Type: text/plain; charset=utf-8", "cpr \x1b[0707614285m"))


def test_markup_that_closes_nothing_is_markup_in_a_plain_text() -> None:
    assert NUMBER in texts(mail("Content-Type: text/plain; charset=utf-8", "<html><p>070761<b>-4285"))


def test_a_returned_message_in_the_text_is_read_as_a_message() -> None:
    source = (
        "Hi. This is the program at post.example.\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
        "Return-Path: <a@lavuk.dk>\r\nSubject: Svar\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nHej, dit nummer er 07076=\r\n1-4285.\r\n"
    )
    got = mail("Subject: failure notice", source)
    assert [str(each.place) for each in got.fragments if NUMBER in each.text] == ["text › text"]


def test_the_flag_of_a_message_is_seen() -> None:
    got = mail(f"X-Message-Flag: Ring om {NUMBER}\r\nContent-Type: text/plain", "Se flaget.")
    assert [str(each.place) for each in got.fragments if NUMBER in each.text] == ["header:x-message-flag"]


@pytest.mark.parametrize(
    ("markup", "want"),
    [
        ('CPR <input name=a value="070761" size=6> - <input type="text" value=\'4285\'>', "CPR  070761  -  4285 "),
        ('<input type=hidden value="070761"><input type="checkbox" value="4285">', "\n\n"),
    ],
)
def test_what_is_written_into_a_form_stands_in_its_line(markup: str, want: str) -> None:
    assert readings(markup)[0].startswith(want)


def test_letters_drawn_with_vml_are_read() -> None:
    assert NUMBER in readings(f'<v:textpath style="x" string="Gæst: {NUMBER}"/>')[0]


def test_attributes_of_data_in_xml_are_read_with_their_names(reading: Any) -> None:
    xml = '<?xml version="1.0"?><Liste><Barn navn="Elva"><Personnummer dato="070761" loebenr="4285"/></Barn></Liste>'
    assert "Personnummer dato: 070761 loebenr: 4285" in texts(reading(xml.encode()))


def test_elements_of_data_in_xml_are_read_with_their_names(reading: Any) -> None:
    xml = '<?xml version="1.0"?><x:Barn><x:CivilRegistration a="b">0707614285</x:CivilRegistration></x:Barn>'
    assert "CivilRegistration: 0707614285" in texts(reading(xml.encode()))


def test_what_a_metafile_writes_on_one_line_is_one_line(reading: Any) -> None:
    def written(down: int, words: str) -> bytes:
        text = words.encode("utf-16-le")
        size = 76 + len(text)
        return (
            struct.pack("<IIiiiiIffiiII", 84, size, 0, 0, 0, 0, 2, 1.0, 1.0, 9, down, len(words), 76) + bytes(24) + text
        )

    head = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    got = reading(head + written(5, "CPR-nr.") + written(5, "070761") + written(5, "4285") + written(20, "Asta"))
    assert "CPR-nr. 070761 4285\nAsta" in texts(got)


def test_the_letters_of_an_old_mac_in_rtf(reading: Any) -> None:
    assert "Østergaard, cpr 070761–4285" in texts(reading(rb"{\rtf1\mac \'afstergaard, cpr 070761\'d04285}"))


def test_an_address_book_has_its_values_in_base64(reading: Any) -> None:
    ldif = "dn: cn=Egon\ndescription:: TMO4biAwNzA3NjEt\n NDI4NQ==\n"
    assert f"Løn {NUMBER}" in texts(reading(ldif.encode()))


@pytest.mark.parametrize(
    ("value", "code", "want"),
    [
        ("46187", 'ddmmyy"-4711"', "140626-4711"),
        ("46187", "dd\\-mm\\-yyyy", "14-06-2026"),
        ("46187", 'dd/mm/yy\\-"12"\\3\\4', "14-06-2026-1234"),
    ],
)
def test_what_a_date_format_writes_behind_the_day_is_read(value: str, code: str, want: str) -> None:
    assert number(value, code) == want


@pytest.mark.parametrize(
    ("formula", "want"),
    [
        ('TEXT(A2,"000000")&"-"&TEXT(B2,"0000")', "070761-0285"),
        ('CONCATENATE(C2;"-";$B$2)', "x-285"),
        ('_xlfn.CONCAT(C2," ""y"" ",C2)', 'x "y" x'),
        ("A2+B2", ""),
        ("SUM(A2:B2)", ""),
        ('TEXT(A2,"000000"', ""),
        ("(" * 900, ""),
    ],
)
def test_a_formula_that_puts_cells_together_gives_what_excel_would_show(formula: str, want: str) -> None:
    assert formulas.result(formula, {"A2": "70761", "B2": "285", "C2": "x"}, shown_as) == want


def test_a_result_that_the_workbook_does_not_hold_is_worked_out(reading: Any, make: Any) -> None:
    cells = '<c r="A1"><v>70761</v></c><c r="B1"><v>4285</v></c>'
    formula = "<f>TEXT(A1,&quot;000000&quot;)&amp;&quot;-&quot;&amp;B1</f>"
    got = reading(make.xlsx(f'<row r="1">{cells}<c r="C1">{formula}<v></v></c></row>'))
    assert [str(each.place) for each in got.fragments if each.text == NUMBER] == ["attachment:xlsx 1 › sheet 1"]


def test_shared_strings_are_nothing_but_their_text(reading: Any, make: Any) -> None:
    strings = '<si><t>Navn</t></si><si xml:space="preserve"><t>Ida</t></si><si/>'
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
    assert "Navn\tIda\t\n" in texts(reading(make.xlsx(rows, strings)))


class TestSigned:
    """Opaque S/MIME holds a part of a message, which may have two header fields and no more (rfc8551#3.1)."""

    PART = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nTnIuIDA3MDc2MS00Mjg1\r\n"
    SIGNED, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
    CERTIFICATE = b"\xa0\x06\x30\x04\x04\x02\xff\xfe"

    @staticmethod
    def element(tag: int, *contents: bytes) -> bytes:
        content = b"".join(contents)
        return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content

    @staticmethod
    def without_length(tag: int, *contents: bytes) -> bytes:
        return bytes((tag, 0x80)) + b"".join(contents) + b"\0\0"

    def test_a_part_with_a_short_header(self, reading: Any) -> None:
        octets = self.element(0xA0, self.element(0x04, self.PART))
        inner = self.element(0x30, self.DATA, octets)
        data = self.element(0x30, self.SIGNED, self.element(0xA0, self.element(0x30, inner, self.CERTIFICATE)))
        assert f"Nr. {NUMBER}" in texts(reading(data))

    def test_a_mark_of_an_end_hides_nothing_where_lengths_are_given(self, reading: Any) -> None:
        octets = self.element(0xA0, self.element(0x04, self.PART))
        inner = self.element(0x30, self.DATA, octets)
        data = self.element(0x30, self.SIGNED, self.element(0xA0, self.element(0x30, b"\0\0", inner)))
        assert f"Nr. {NUMBER}" in texts(reading(data))

    def test_what_comes_after_contents_in_pieces_is_none_of_them(self, reading: Any) -> None:
        pieces = self.without_length(0x24, self.element(0x04, self.PART[:20]), self.element(0x04, self.PART[20:]))
        inner = self.without_length(0x30, self.DATA, self.without_length(0xA0, pieces))
        signed = self.without_length(0x30, b"\x02\x01\x01", inner, self.CERTIFICATE)
        data = self.without_length(0x30, self.SIGNED, self.without_length(0xA0, signed))
        got = reading(data)
        assert f"Nr. {NUMBER}" in texts(got)
        assert not got.unreadable


def test_letters_read_in_the_wrong_charset_are_mended() -> None:
    assert fold("fÃ¸dt 070761â€“4285, cafÃ©, Â§") == "født 070761-4285, café, Â§".encode()


def test_a_bitmap_of_pixels_that_could_be_letters_is_a_picture() -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (192, 192, 192)).save(out, "BMP")
    assert sniff.format_of(out.getvalue()) == "bmp"
    assert sniff.format_of(b"BMW og Audi holder foran porten") == "txt"


class TestPages:
    """PDF whose words are not in the text that the file gives."""

    def test_turned_letters_are_put_together_to_lines(self, reading: Any) -> None:
        """A table that lies on a standing page, each letter set by itself: pdfium gives a letter a line."""
        lines = texts(reading((FILES / "turned_page.pdf").read_bytes())).splitlines()
        assert any("KettyDreyer 1309010546" in each for each in lines)
        assert any("UlfDreyer 2711012233" in each for each in lines)

    def test_a_font_that_does_not_say_its_letters_is_looked_at(self, reading: Any, make: Any) -> None:
        nameless = "".join(f"\\{code:03o}" for code in range(1, 32)) * 2
        assert [each.reason for each in reading(make.pdf(nameless)).unreadable] == [Reason.NO_OCR]
        assert not reading(make.pdf("Hej med jer, vi ses paa onsdag i parken ved soeen")).unreadable

    def test_a_page_that_a_scanner_cut_in_strips_is_a_picture(self, reading: Any) -> None:
        pdf = pdfium.PdfDocument.new()
        page = pdf.new_page(400, 600)
        for at in range(0, 600, 10):
            image = pdfium.PdfImage.new(pdf)
            image.set_bitmap(pdfium.PdfBitmap.from_pil(Image.new("L", (400, 10), 230)))
            image.set_matrix(pdfium.PdfMatrix().scale(400, 10).translate(0, at))
            page.insert_obj(image)
        page.gen_content()
        out = io.BytesIO()
        pdf.save(out)
        assert [each.reason for each in reading(out.getvalue()).unreadable] == [Reason.NO_OCR]


class TestScreens:
    """Pictures that programs drew, with texts on grounds of several colours."""

    def chat(self, ground_of_all: str, theirs: str, ours: str, ink: str) -> Image.Image:
        drawn = Image.new("RGB", (828, 700), ground_of_all)
        pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=30)
        for at, (is_ours, words) in enumerate(
            ((False, "Hvad er hendes personnummer?"), (True, NUMBER), (False, "Tak, så skriver jeg hende op"))
        ):
            top, width = 100 + 110 * at, pen.textlength(words, font=font)
            left = 768 - width if is_ours else 60
            box = (left - 20, top - 14, left + width + 20, top + 48)
            pen.rounded_rectangle(box, 20, fill=ours if is_ours else theirs)
            pen.text((left, top), words, font=font, fill="white" if is_ours else ink)
        return drawn.convert("L")

    @pytest.mark.skipif(not pictures.prepare(), reason="OCR is not installed here")
    @pytest.mark.parametrize(
        "colours",
        [("white", "#e6e6eb", "#007aff", "black"), ("#111111", "#3a3a3c", "#007aff", "white")],
        ids=["light", "dark"],
    )
    def test_a_number_in_a_bubble_is_read(self, colours: tuple[str, str, str, str]) -> None:
        assert NUMBER in pictures.text_of(self.chat(*colours))

    def test_paper_is_no_screen(self) -> None:
        scan = Image.effect_noise((600, 800), 12).point([min(255, tone + 110) for tone in range(256)])
        assert not ground.is_drawn(scan)
        assert not ground.is_drawn(Image.new("L", (600, 800), 255))
        assert ground.is_drawn(self.chat("white", "#e6e6eb", "#007aff", "black"))
