"""Pictures that a program drew, with texts on grounds of several colours: bubbles of a chat, buttons, heads of tables.

OCR looks for dark on light and overlooks a white text on blue beside a black one on white. Here every ground becomes
white and whatever stands on it dark, by the lightest and the darkest tone around each place.
"""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

_LOOKED_AT = 350
"""The surroundings are looked at in a picture of so many pixels."""

_REACH = 5
"""How many of those smaller pixels around a place are its surroundings: wider than a stroke."""

_MUCH = 0.008
"""A tone with this part of the picture is a ground."""

_BLACK, _WHITE = 8, 247
"""Paper and ink are no grounds that a program chose: a clean scan has no others."""

_SHOWN = 40
"""What differs less from its ground than this is no letter."""


def is_drawn(page: Image.Image) -> bool:
    """Whether a program drew it, on more than one ground: some tone beside paper and ink, and no grain."""
    least = _MUCH * page.width * page.height
    grounds = [tone for tone, count in enumerate(page.histogram()) if count >= least]
    return len(grounds) > 1 and any(_BLACK < tone < _WHITE for tone in grounds) and not _has_grain(page)


def _has_grain(page: Image.Image) -> bool:
    """Whether neighbours differ on most of it, as on paper and in photos."""
    counts = ImageChops.difference(page, ImageChops.offset(page, 1, 0)).histogram()
    return counts[0] + counts[1] < 0.7 * page.width * page.height


def evened(page: Image.Image) -> Image.Image:
    """The page with every ground white and what stands on it dark."""
    small = page.reduce(max(1, round(max(page.size) / _LOOKED_AT)))
    lightest = small.filter(ImageFilter.MaxFilter(_REACH))
    darkest = small.filter(ImageFilter.MinFilter(_REACH))
    middle = ImageChops.add(lightest, darkest, scale=2)
    mostly = small.filter(ImageFilter.BoxBlur(_REACH))
    is_light = ImageChops.subtract(mostly, middle, offset=128).point([0] * 128 + [255] * 128)
    on_light = ImageChops.subtract(_as_large(lightest, page), page)
    on_dark = ImageChops.subtract(page, _as_large(darkest, page))
    differs = Image.composite(on_light, on_dark, _as_large(is_light, page))
    return differs.point([255 if tone < _SHOWN else max(0, 255 - 2 * tone) for tone in range(256)])


def _as_large(small: Image.Image, page: Image.Image) -> Image.Image:
    return small.resize(page.size, Image.Resampling.NEAREST)
