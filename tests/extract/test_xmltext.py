"""XML to text: the quick split and the careful one give the same, whatever angles stand where."""

from __future__ import annotations

import pytest

from gateway.extract import jpeg, xmltext

NUMBER = "070761-4285"


@pytest.mark.parametrize(
    ("xml", "want"),
    [
        pytest.param(f"<w:p><w:t>{NUMBER}</w:t></w:p>", NUMBER, id="as it should be"),
        pytest.param(f"<w:p><w:t>a>{NUMBER}<w:x/>b>c</w:t></w:p>", NUMBER, id="two angles in texts, which are legal"),
        pytest.param(f"<w:p><w:t>a > b</w:t><w:t>{NUMBER}</w:t></w:p>", NUMBER, id="one angle in a text"),
        pytest.param(f'<w:p a="1>2"><w:t>{NUMBER}</w:t></w:p>', NUMBER, id="an angle in a value"),
        pytest.param(f"<w:t><!-- < -->07>0761-4285<w:x/>{NUMBER}</w:t>", NUMBER, id="an angle hidden in a comment"),
        pytest.param(f"<w:t><![CDATA[<]]>x>{NUMBER}</w:t>", NUMBER, id="an angle hidden in CDATA"),
        pytest.param(f"<a <b> x > {NUMBER}", NUMBER, id="tags that never end"),
        pytest.param(f"<><w:t>{NUMBER}</w:t>", NUMBER, id="a tag without a name"),
        pytest.param(f"< w:p>{NUMBER}", NUMBER, id="a space before the name"),
        pytest.param(f"{NUMBER}<", NUMBER, id="an angle at the end"),
    ],
)
def test_no_angle_hides_a_text(xml: str, want: str) -> None:
    assert want in xmltext.text(xml)


def test_shown_attributes_are_read_beside_the_text_and_ids_are_not() -> None:
    text, shown = xmltext.read(f'<w:p w:rsidR="1212999818"><wp:docPr id="7" descr="{NUMBER}"/><w:t>Hej</w:t></w:p>')
    assert (text.strip(), shown) == ("Hej", NUMBER)


SEGMENTS = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xfe\x00\x05abc"


@pytest.mark.parametrize(
    ("data", "want"),
    [
        pytest.param(SEGMENTS + b"\xff\xda\x00\x03x" + b"pixels", SEGMENTS + b"\xff\xda\x00\x03x", id="a photo"),
        pytest.param(SEGMENTS + b"\xff\xff\xda\x00\x02!", SEGMENTS + b"\xff\xff\xda\x00\x02", id="fill bytes"),
        pytest.param(SEGMENTS + b"\xff\xd0\xff\xda\x00\x02!", SEGMENTS + b"\xff\xd0\xff\xda\x00\x02", id="a lone mark"),
        pytest.param(SEGMENTS, SEGMENTS, id="no pixels"),
        pytest.param(b"\xff\xd8\xff\xe0\xff\xffab", b"\xff\xd8\xff\xe0\xff\xffab", id="a length beyond the end"),
        pytest.param(b"\xff\xd8rubbish", b"\xff\xd8rubbish", id="rubbish"),
        pytest.param(b"", b"", id="nothing"),
    ],
)
def test_the_head_of_a_photo_ends_where_its_pixels_begin(data: bytes, want: bytes) -> None:
    assert jpeg.head(data) == want


def test_the_command_of_a_field_is_no_part_of_what_was_written_into_it() -> None:
    field = "<w:tc><w:p><w:instrText> FORMTEXT </w:instrText><w:t>{}</w:t></w:p></w:tc>"
    assert "FORMTEXT" not in xmltext.text("".join(map(field.format, "070761")))
