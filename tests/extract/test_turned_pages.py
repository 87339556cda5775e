"""A scanned page is read whichever way it lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw, ImageFont

from gateway.extract import pictures

NUMBER = "070761-4285"
LINES = (
    "Forældrebestyrelsen holder møde på tirsdag i personalestuen,",
    "og alle er velkomne. Husk at melde afbud senest mandag.",
    f"Barnets CPR-nummer er {NUMBER}, og mor hedder Anne.",
    "Menuen i næste uge er fiskefrikadeller og rugbrød.",
)

pytestmark = pytest.mark.skipif(not pictures.prepare(), reason="OCR is not installed here")


@pytest.fixture(scope="module", autouse=True)
def any_size() -> Iterator[None]:
    """The bound of pixels is Pillow's own, one for the process, and other tests leave it low."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        yield


@pytest.fixture(scope="module")
def page() -> Image.Image:
    drawn = Image.new("L", (1240, 1754), 255)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=32)
    for number in range(16):
        pen.text((120, 150 + number * 50), LINES[number % 4], font=font, fill=0)
    return drawn


@pytest.mark.parametrize("turn", [0, 90, 180, 270, 4])
def test_a_page_is_read_whichever_way_it_lies(page: Image.Image, turn: int) -> None:
    assert pictures.text_of(page.rotate(turn, expand=True, fillcolor=255)).count(NUMBER) >= 3


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_is_read_at_the_first_try_whichever_way_it_lies(
    page: Image.Image, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    recognised = pictures._recognised

    def counted(picture: Image.Image, mode: int) -> tuple[str, int]:
        if min(picture.size) > page.width // 2:
            tried.append(mode)
        return recognised(picture, mode)

    monkeypatch.setattr(pictures, "_recognised", counted)
    assert NUMBER in pictures.text_of(page.rotate(turn, expand=True))
    assert tried == [pictures._PAGE]


def test_a_table_is_no_page_on_its_side() -> None:
    drawn = Image.new("L", (1240, 1754), 255)
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=28)
    for row in range(30):
        for column in range(5):
            pen.text((100 + column * 230, 100 + row * 50), f"{column + 1} {LINES[row % 4][:8]}", font=font, fill=0)
    standing = pictures._standing(drawn)
    assert standing is not None
    assert standing.tobytes() == drawn.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (1, 2000), (300, 130), (1000, 181)])
def test_pictures_of_any_size_have_lines_or_none(size: tuple[int, int]) -> None:
    assert pictures.text_of(Image.new("L", size, 255)) == ""
