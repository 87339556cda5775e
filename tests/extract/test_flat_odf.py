"""An OpenDocument file that is one XML (fodt, fods, fodp) is read as the other kind is, files in it too."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.mail.fragment import Reason

NUMBER = "070761-4285"
ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:'
    'office:1.0" office:mimetype="application/vnd.oasis.opendocument.{kind}">{body}</office:document>'
)


def flat(kind: str, body: str) -> bytes:
    return ROOT.format(kind=kind, body=body).encode()


@pytest.mark.parametrize(
    ("kind", "body", "want"),
    [
        pytest.param(
            "text",
            "<office:body><text:p>07<text:span>0761</text:span>-4285</text:p></office:body>",
            "attachment:odt 1",
            id="in runs",
        ),
        pytest.param(
            "text",
            f"<style:footer><text:p>{NUMBER}</text:p></style:footer><office:body/>",
            "attachment:odt 1",
            id="in a footer",
        ),
        pytest.param(
            "spreadsheet",
            f'<table:table table:name="a"><table:table-row><table:table-cell><text:p>{NUMBER}</text:p>'
            "</table:table-cell></table:table-row></table:table>",
            "attachment:ods 1 › sheet 1",
            id="in a sheet",
        ),
        pytest.param(
            "presentation",
            f"<draw:page/><draw:page ><text:p>{NUMBER}</text:p>",
            "attachment:odp 1 › slide 1",
            id="in a slide",
        ),
    ],
)
def test_its_text_is_read(reading: Any, kind: str, body: str, want: str) -> None:
    got = reading(flat(kind, body))
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == [want]


def test_a_lost_zero_is_put_back(reading: Any) -> None:
    cell = '<table:table-cell office:value="707614285"><text:p>707614285</text:p></table:table-cell>'
    got = reading(flat("spreadsheet", f'<table:table table:name="a"><table:table-row>{cell}</table:table-row>'))
    assert any(item.text == "0707614285" for item in got.fragments)


def test_files_in_it_are_read(reading: Any, make: Any) -> None:
    spelled = base64.encodebytes(make.docx(f"<w:t>{NUMBER}</w:t>")).decode()
    got = reading(flat("text", f"<office:binary-data>{spelled}</office:binary-data>"))
    assert [str(item.place) for item in got.fragments if NUMBER in item.text] == ["attachment:odt 1 › picture:docx 1"]


def test_an_entity_of_its_own_is_reported(reading: Any) -> None:
    got = reading(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>' + flat("text", "&b;"))
    assert [item.reason for item in got.unreadable] == [Reason.DAMAGED]


@pytest.mark.parametrize(
    "line",
    [
        "PHOTO;ENCODING=b;TYPE=JPEG:{}",
        "PHOTO;TYPE=JPEG;BASE64:{}",
        "item1.PHOTO:data:application/zip;base64,{}",
        "ATTACH;FMTTYPE=image/png;ENCODING=BASE64;VALUE=BINARY:{}",
    ],
)
def test_files_in_a_card_are_read(reading: Any, make: Any, line: str) -> None:
    spelled = base64.b64encode(make.docx(f"<w:t>{NUMBER}</w:t>")).decode()
    folded = "\r\n ".join(spelled[at : at + 70] for at in range(0, len(spelled), 70))
    got = reading(f"BEGIN:VCARD\r\nVERSION:4.0\r\nN:Hansen\r\n{line.format(folded)}\r\nEND:VCARD\r\n".encode())
    assert any(NUMBER in item.text and "docx" in str(item.place) for item in got.fragments)
