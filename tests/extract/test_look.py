"""The cheap look before OCR: rows of letters are let through in every direction, photos and surfaces are not."""

from __future__ import annotations

import random

import pytest

Image = pytest.importorskip("PIL.Image")

from PIL import ImageDraw, ImageFilter, ImageFont, ImageOps  # noqa: E402

from gateway.extract import look  # noqa: E402

NUMBER = "CPR 070761-4285"


@pytest.fixture(autouse=True)
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readings with a small budget leave it in Pillow."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)


def photo(width: int, height: int, seed: int = 1) -> Image.Image:
    """Soft light, round things and the noise of a sensor."""
    dice = random.Random(seed)
    page = Image.linear_gradient("L").resize((width, height))
    draw = ImageDraw.Draw(page)
    for _ in range(12):
        x, y, size = dice.randrange(width), dice.randrange(height), dice.randrange(40, max(60, width // 3))
        draw.ellipse((x, y, x + size, y + size * 2 // 3), fill=dice.randrange(256))
    page = page.filter(ImageFilter.GaussianBlur(3))
    return Image.blend(page, Image.effect_noise((width, height), 60), 0.2)


def written(page: Image.Image, size: int, ink: int) -> Image.Image:
    ImageDraw.Draw(page).text((30, page.height // 2), NUMBER, font=ImageFont.load_default(size), fill=ink)
    return page


def test_most_photos_hold_no_text() -> None:
    """Their noise is another one each time: one in many may show a row by chance."""
    assert sum(look.may_hold_text(photo(1600, 1200, seed)) for seed in range(8)) <= 3


@pytest.mark.parametrize("turn", [0, 90, 180, 270, 5, -7])
@pytest.mark.parametrize(("size", "ink"), [(14, 0), (24, 0), (24, 255), (80, 20)])
def test_a_number_on_paper_is_let_through(turn: int, size: int, ink: int) -> None:
    page = written(Image.new("L", (900, 700), 255 - ink), size, ink).rotate(turn, expand=True, fillcolor=255 - ink)
    assert look.may_hold_text(page)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [28, 60])
def test_a_number_on_a_photo_is_let_through(seed: int, size: int) -> None:
    page = photo(1400, 1000, seed)
    ImageDraw.Draw(page).rectangle((10, 480, 1000, 600), fill=230)
    assert look.may_hold_text(written(page, size, 30))


def test_a_page_of_small_print_is_let_through() -> None:
    page = Image.new("L", (1654, 2339), 255)
    for row in range(20):
        ImageDraw.Draw(page).text((150, 150 + row * 34), NUMBER * 3, font=ImageFont.load_default(22), fill=0)
    assert look.may_hold_text(page)
    assert look.may_hold_text(ImageOps.invert(page))


def test_what_has_too_many_pieces_to_tell_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "_MOST_RUNS", 10)
    assert look.may_hold_text(photo(800, 600))


@pytest.mark.parametrize("size", [(1, 1), (2000, 1), (11, 300), (300, 300)])
def test_pixels_lines_and_surfaces_hold_no_text(size: tuple[int, int]) -> None:
    assert not look.may_hold_text(Image.new("L", size, 200))


def test_an_outline_is_one_shape_though_its_sides_meet_last() -> None:
    """Two sides of a V touch only in its last row."""
    mask = Image.new("L", (40, 40), 0)
    ImageDraw.Draw(mask).line((5, 5, 15, 30, 25, 5), fill=255, width=3)
    shapes = look._shapes(mask)
    assert shapes is not None
    assert len(shapes) == len(look._letters(shapes)) == 1
