"""What office programs show of names, settings, symbols and changes: labels, properties, captions, the final text."""

from __future__ import annotations

import struct
import zipfile
from typing import Any

import pytest

from gateway.mail.fragment import Extraction

NUMBER = "150322-6239"


def texts(extraction: Extraction) -> str:
    return "\n".join(fragment.text for fragment in extraction.fragments)


def symbols(text: str) -> str:
    return "".join(chr(0xF000 + ord(letter)) for letter in text)


def sym(text: str, font: str = "Symbol") -> str:
    return "".join(f'<w:r><w:sym w:font="{font}" w:char="F0{ord(letter):02X}"/></w:r>' for letter in text)


LEVEL = '<w:lvl w:ilvl="0"><w:start w:val="{}"/><w:numFmt w:val="decimal"/><w:lvlText w:val="CPR 150322-%1:"/></w:lvl>'
ABSTRACT = f'<w:abstractNum w:abstractNumId="0">{LEVEL.format(6239)}</w:abstractNum>'
OVERRIDDEN = (
    f'<w:abstractNum w:abstractNumId="0">{LEVEL.format(1)}</w:abstractNum><w:num w:numId="1">'
    '<w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="6239"/></w:lvlOverride></w:num>'
)
DELETED = '<w:del w:id="1"><w:r><w:delText>x9</w:delText></w:r></w:del>'
ADDED = '<w:ins w:id="1"><w:r><w:t>x9</w:t></w:r></w:ins>'
HIDDEN = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>x9</w:t></w:r>"


def runs(between: str) -> str:
    return "<w:p>" + between.join(f"<w:r><w:t>{letter}</w:t></w:r>" for letter in NUMBER) + "</w:p>"


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        pytest.param("", {"word__header1": f'<w:pict><v:textpath string="cpr {NUMBER}"/></w:pict>'}, id="WordArt"),
        pytest.param("", {"customUI__customUI14": f'<button id="a" label="cpr {NUMBER}"/>'}, id="a ribbon's label"),
        pytest.param("", {"customUI__customUI": f'<button supertip="cpr {NUMBER}"/>'}, id="a ribbon's tip"),
        pytest.param(f"<w:p>{sym(NUMBER)}</w:p>", {}, id="inserted symbols"),
        pytest.param(f"<w:p><w:r><w:t>{symbols(NUMBER)}</w:t></w:r></w:p>", {}, id="letters of a symbol font"),
        pytest.param("", {"word__numbering": ABSTRACT}, id="a list's label"),
        pytest.param("", {"word__numbering": OVERRIDDEN}, id="a list that begins elsewhere"),
        pytest.param(runs(DELETED), {}, id="deleted runs between"),
        pytest.param(runs(ADDED), {}, id="added runs between"),
        pytest.param(runs(HIDDEN), {}, id="hidden runs between"),
    ],
)
def test_word_shows_it(reading: Any, make: Any, body: str, parts: dict[str, str]) -> None:
    assert NUMBER in texts(reading(make.docx(body, **parts)))


@pytest.mark.parametrize(
    ("body", "parts", "want"),
    [
        pytest.param(
            "", {"docProps__custom": f'<property pid="2" name="CPR-nummer"><vt:lpwstr>{NUMBER}</vt:lpwstr></property>'},
            f"CPR-nummer: {NUMBER}", id="a custom property",
        ),
        pytest.param('<w:bookmarkStart w:id="0" w:name="cpr_150322_6239"/>', {}, "cpr 150322 6239", id="a bookmark"),
        pytest.param(
            "", {"word__settings": f'<w:docVar w:name="cpr" w:val="{NUMBER}"/>'}, f"cpr: {NUMBER}", id="a variable"
        ),
    ],
)  # fmt: skip
def test_values_are_read_with_their_names(reading: Any, make: Any, body: str, parts: dict[str, str], want: str) -> None:
    assert want in texts(reading(make.docx(body, **parts)))


def test_deleted_text_is_read_as_well(reading: Any, make: Any) -> None:
    body = f'<w:p><w:del w:id="1"><w:r><w:delText>cpr {NUMBER}</w:delText></w:r></w:del><w:r><w:t>x</w:t></w:r></w:p>'
    assert NUMBER in texts(reading(make.docx(body)))


@pytest.mark.parametrize("body", [sym("6239", "Wingdings"), '<w:bookmarkStart w:name="_Toc1503226239"/>'])
def test_pictures_and_programs_own_names_are_no_text(reading: Any, make: Any, body: str) -> None:
    assert "6239" not in texts(reading(make.docx(f"<w:p>{body}</w:p>")))


@pytest.mark.parametrize(
    ("meta", "content", "want"),
    [
        (f'<meta:user-defined meta:name="CPR-nummer">{NUMBER}</meta:user-defined>', "", f"CPR-nummer: {NUMBER}"),
        ("", '<text:bookmark-start text:name="cpr_150322_6239"/>', "cpr 150322 6239"),
        ("", '<text:list-level-style-number style:num-prefix="cpr 150322-" text:start-value="6239"/>', NUMBER),
    ],
)
def test_open_document_keeps_them_too(reading: Any, make: Any, meta: str, content: str, want: str) -> None:
    kind = "application/vnd.oasis.opendocument.text"
    members = {"mimetype": kind, "meta.xml": f"<m>{meta}</m>", "content.xml": f"<office:body>{content}</office:body>"}
    assert want in texts(reading(make.zip(members, zipfile.ZIP_STORED)))


def test_the_caption_of_a_form_button(reading: Any, make: Any) -> None:
    caption = "<div style='x'><font face='Calibri'>cpr 150322</font><font color='red'>-6239</font></div>"
    vml = f"<xml><v:shape><v:textbox>{caption}</v:textbox><x:ClientData><x:Row>3</x:Row></x:ClientData></v:shape></xml>"
    assert NUMBER in texts(reading(make.docx("", **{"xl__drawings__vmlDrawing1.vml": vml})))


RICH = "".join(f"\\u{(0xF000 + ord(letter)) - 65536} ?" for letter in NUMBER)


@pytest.mark.parametrize(
    ("rtf", "want"),
    [
        pytest.param("cpr 1503{\\*\\foo x9}22-\r\n62{\\*\\bar\\baz y8}39", NUMBER, id="ignorable groups between"),
        pytest.param("cpr 1503{\\v x9}22-62{\\deleted y8}39", NUMBER, id="hidden and deleted runs between"),
        pytest.param("cpr 1503{\\footnote Se 9.}22-6239", NUMBER, id="a note between"),
        pytest.param(f"Hej\\bin2147483647 cpr {NUMBER}", NUMBER, id="raw bytes beyond the end"),
        pytest.param(f"cpr {RICH}", NUMBER, id="letters of a symbol font"),
        pytest.param("{\\*\\bkmkstart cpr_150322_6239}{\\*\\bkmkend cpr}", "cpr 150322 6239", id="a bookmark"),
        pytest.param(
            f"{{\\*\\userprops {{\\propname CPR-nummer}}\\proptype30{{\\staticval {NUMBER}}}}}",
            f"CPR-nummer: {NUMBER}", id="a custom property",
        ),
    ],
)  # fmt: skip
def test_rich_text_shows_it(reading: Any, rtf: str, want: str) -> None:
    assert want in texts(reading(f"{{\\rtf1\\ansi {rtf}}}".encode()))


def test_what_a_note_and_a_hidden_run_say_is_read_as_well(reading: Any) -> None:
    got = texts(reading(f"{{\\rtf1 a{{\\footnote cpr {NUMBER}}}b{{\\v skjult}}}}".encode()))
    assert NUMBER in got
    assert "skjult" in got


@pytest.mark.parametrize("is_raw", [False, True])
def test_an_object_in_rich_text_is_read(reading: Any, make: Any, is_raw: bool) -> None:
    inner = make.docx(f"<w:p><w:r><w:t>cpr {NUMBER}</w:t></w:r></w:p>")
    kind = b"Word.Document.12\0"
    data = struct.pack("<III", 0x501, 2, len(kind)) + kind + struct.pack("<III", 0, 0, len(inner)) + inner
    spelled = b"\\bin%d %s" % (len(data), data) if is_raw else data.hex().encode()
    got = reading(b"{\\rtf1{\\object\\objemb{\\*\\objdata " + spelled + b"}}}")
    assert NUMBER in texts(got)
