"""How often the cheap look before OCR is wrong: numbers written on photos, and the photos as they are.

    python scripts/picture_look.py PHOTOS_FOLDER [PICTURES]        (default: 200 pictures)

Writes a fictional number on photos of the folder: dark, light, faint or on a slip of paper, in several sizes and fonts,
level, turned, skew or blurred. A miss is a picture that OCR would have read and the look does not let through. Photos
that hold text themselves should not lie in the folder.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from gateway.extract import look, pictures

TEXTS = ("070761-4285", "CPR 070761-4285", "Cpr-nr: 070761-4285\nSofus", "Barnets cpr 0707614285")
SIZES, WIDTHS, TURNS = (16, 20, 26, 34, 48, 70), (600, 1000, 1600, 2400), (0, 0, 0, 90, 5, -4)
INKS = {"dark": (10, None), "light": (250, None), "faint": (150, 225), "paper": (40, 235)}
FONTS = sorted(Path("/usr/share/fonts/truetype/dejavu").glob("DejaVuSans*.ttf"))


def photos(folder: Path) -> list[Image.Image]:
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            found.append(image.convert("RGB").convert("L"))
    return found


def written_on(photo: Image.Image, dice: random.Random) -> Image.Image | None:
    """The photo with a number on it; None when the text does not fit."""
    width, size = dice.choice(WIDTHS), dice.choice(SIZES)
    page = photo.resize((width, int(photo.height * width / photo.width)), Image.Resampling.BICUBIC)
    font = (
        ImageFont.truetype(dice.choice(FONTS), size) if FONTS and dice.random() < 0.7 else ImageFont.load_default(size)
    )
    text, (ink, paper) = dice.choice(TEXTS), INKS[dice.choice(sorted(INKS))]
    draw = ImageDraw.Draw(page)
    left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font)
    if right - left + 30 > page.width or bottom - top + 40 > page.height:
        return None
    x, y = dice.randint(15, page.width - int(right) - 1), dice.randint(10, page.height - int(bottom) - 15)
    if paper is not None:
        draw.rectangle((x - 12, y - 8, x + right + 12, y + bottom + 12), fill=paper)
    draw.multiline_text((x, y), text, font=font, fill=ink)
    turn = dice.choice(TURNS)
    page = page.rotate(turn, expand=True, resample=Image.Resampling.BICUBIC, fillcolor=128) if turn else page
    return page.filter(ImageFilter.GaussianBlur(dice.choice((0.6, 1.0)))) if dice.random() < 0.4 else page


def main() -> None:
    dice, count = random.Random(7), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    found = photos(Path(sys.argv[1]))
    begin = time.process_time()
    rejected = sum(not look.may_hold_text(photo) for photo in found)
    spent = (time.process_time() - begin) / len(found)
    print(f"photos as they are: {rejected} of {len(found)} do not reach OCR; {spent * 1000:.0f} ms a look")
    written, missed, unread = 0, 0, 0
    while written < count:
        page = written_on(dice.choice(found), dice)
        if page is None:
            continue
        written += 1
        if not look.may_hold_text(page):
            is_read = "4285" in pictures.text_of(page)
            missed, unread = missed + is_read, unread + (not is_read)
    print(f"numbers written on them: {written}; not let through: {missed} that OCR reads, {unread} that it does not")


if __name__ == "__main__":
    main()
