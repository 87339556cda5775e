"""Text that a program shows otherwise than it is stored: turned, put in by a style sheet, coded in a field."""

from __future__ import annotations

from base64 import b64encode
from time import process_time
from typing import Any

import pytest

from gateway.extract import Budget, read
from gateway.extract.dressed import turned
from gateway.extract.html import readings
from gateway.extract.walk import Walk
from gateway.mail.fragment import Extraction, Reason
from gateway.mail.message import Message
from gateway.mail.place import Place

NUMBER = "070761-4285"
BACKWARDS = NUMBER[::-1]


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


def mail(kind: str, body: str) -> str:
    head = f"From: a@lavuk.dk\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"
    return texts(read(Message((head + body).encode()), Budget(ocr=False)))


@pytest.mark.parametrize(
    "html",
    [
        f"<p>nr. <bdo dir=rtl>{BACKWARDS}</bdo> hej</p>",
        f'<p>nr. <BDO class="x" DIR="rtl">{BACKWARDS[:4]}<b>{BACKWARDS[4:]}</b></BDO> hej</p>',
        f'<p>nr. <span style="direction:rtl; unicode-bidi: bidi-override">{BACKWARDS}</span> hej</p>',
        "<style>p .r, b{direction:rtl;unicode-bidi:isolate-override}</style>"
        f'<p>nr. <i class="x r">{BACKWARDS}</i> hej</p>',
        f"<p>nr. &#8238;{BACKWARDS}&#8236; hej</p>",
    ],
)
def test_what_is_shown_from_right_to_left_is_read_so(html: str) -> None:
    assert f"nr. \u202e{NUMBER}\u202c hej" in mail("text/html", html)


def test_what_is_turned_in_a_plain_text_ends_with_its_line() -> None:
    assert turned("a \u202e123\nb 456") == "a \u202e321\nb 456"
    assert turned("\u202e123\u202c4\u202e56\u202e78") == "\u202e321\u202c4\u202e65\u202e87"
    assert f"nr. \u202e{NUMBER}\n" in mail("text/plain", f"nr. \u202e{BACKWARDS}\nhej")


@pytest.mark.parametrize(
    ("sheet", "body"),
    [
        ('p::before{content:"070761"}p::after{content:"\\2d 4285"}', "<p></p>"),
        ("@media screen{ td.x:before {color: red; content: '0707'} } #k:AFTER{content:'61-' \"4285\"}",
         '<table><td class=x id="k"></td><td>x</td></table>'),
        ('/* i{} */ i::before{content:"0707"} u::after{content:"4285"}', "<p><i>61-</i><u></u></p>"),
    ],
)  # fmt: skip
def test_what_a_style_sheet_writes_stands_where_it_is_shown(sheet: str, body: str) -> None:
    assert NUMBER in "\n".join(readings(f"<style>{sheet}</style>{body}"))


def test_sheets_that_write_no_digit_make_no_other_reading() -> None:
    assert len(readings('<style>li::before{content:"•"}</style><li>Hej</li>')) == 1


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("<style>", "/*", "</style><p :before>"),
        ('<style>p:before{content:"1"}', 'content:"', ""),
        ("<style>", ".a.b", '::before{content:"1"}</style>'),
        ("", "<bdo dir=rtl>", ""),
        ('<bdo rtl class="', "a ", ""),
        ("<bdo dir=rtl>x</bdo><", "a", ""),
        ("<bdo dir=rtl>x</bdo>", "<a ", ""),
    ],
)
def test_work_grows_with_length_and_not_faster(start: str, piece: str, end: str) -> None:
    """Eight times the markup takes nowhere near sixty-four times the work."""

    def work(size: int) -> float:
        html = start + piece * (size // len(piece)) + end
        started = process_time()
        readings(html)
        return process_time() - started

    small, large = max(work(40_000), 0.003), min(work(320_000) for _ in range(3))
    assert large < small * 30


class TestFields:
    @pytest.mark.parametrize("coding", ["ENCODING=b", "ENCODING=BASE64", "CHARSET=UTF-8;BASE64"])
    @pytest.mark.parametrize("kind", ["CARD", "CALENDAR"])
    def test_a_short_text_in_base64(self, reading: Any, kind: str, coding: str) -> None:
        value = b64encode(f"Nr. {NUMBER}".encode()).decode()
        got = reading(f"BEGIN:V{kind}\r\nitem1.NOTE;{coding}:{value[:9]}\r\n {value[9:]}\r\nEND:V{kind}\r\n".encode())
        assert f"item1.NOTE: Nr. {NUMBER}" in texts(got)
        assert not got.unreadable

    def test_a_key_in_base64_is_no_text(self, reading: Any) -> None:
        got = reading(b"BEGIN:VCARD\r\nKEY;ENCODING=b:AAECAwQFBgcI\r\nEND:VCARD\r\n")
        assert "KEY: " not in texts(got)
        assert not got.unreadable


class TestJson:
    def test_values_have_the_names_that_lead_to_them(self, reading: Any) -> None:
        data = r'{"navn":"Elva","cpr":{"dato":"\u0030\u00370761","lbnr":4285,"x":[1.50,null,{"y":"z"}]}}'
        want = "navn: Elva\ncpr.dato: 070761\ncpr.lbnr: 4285\ncpr.x: 1.50\ncpr.x.y: z"
        assert want in texts(reading(data.encode()))

    def test_a_document_a_line(self, reading: Any) -> None:
        assert "cpr.lbnr: 4285\ncpr.lbnr: 1" in texts(reading(b'{"cpr":{"lbnr":4285}}\n{"cpr":{"lbnr":1}}\n'))

    def test_neither_depth_nor_long_names_nor_letters_that_are_none_hurt(self, reading: Any) -> None:
        for data in ('{"a":' * 5000 + "1", '{{"{}":[{}1]}}'.format("a" * 50_000, "1," * 50_000), '{"a":"\\ud800"}'):
            assert len(texts(reading(data.encode()))) < 20_000_000


def test_what_is_read_reversed_counts_against_the_budget() -> None:
    walk = Walk(Budget(text_chars=15))
    walk.text(Place(()), "\u202e123456789")
    assert [fragment.text for fragment in walk.fragments] == ["\u202e123456789"]
    assert [item.reason for item in walk.unreadable] == [Reason.OVER_BUDGET]
