"""Pictures and scanned pages: what they say of themselves, and by OCR what they show.

Before OCR a cheap look (look.py) decides whether a picture can hold text at all. Without the OCR extra a picture that
may hold text is not read, and that is said.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any

from PIL import Image, ImageOps, ImageStat

from gateway.extract import ground, look
from gateway.extract.budget import DamagedError, OverBudgetError
from gateway.extract.document import Document, Items
from gateway.mail.fragment import Fragment, Reason, Unreadable
from gateway.mail.place import Step

_TESSDATA = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata")
_SMALL_PAGE = 1000
_LOOKED_AT_WITHOUT_OCR = 250_000
"""Pixels of the largest picture that is decoded only to see whether it is plain."""

_LARGEST_SIDE = 3200
_GOOD_CONFIDENCE = 60
_SKEW_LOOKED_AT = 600
_SKEW_STEPS = ((3, 4), (1, 1))
"""Degrees and how many of them to either side: first every third up to twelve, then those beside the best."""

_CLEARLY_FLATTER = 1.15
_LYING = 2
"""Of a page on its side the columns differ so many times more than the rows."""

_FEW_LETTERS = 20
_DARK = 100
"""A page darker than this is light on dark; tesseract and the search for its lines want it the other way."""
_JUDGED_BY = 10_000
"""Characters of a description that tell whether it is text."""

_GIF_FRAMES = 5
_RESOLUTION = 200
_BAND, _NEAR = 90, 40
_PAGE, _PAGE_OF_ANY_DIRECTION, _ONE_BLOCK = 3, 1, 6
"""How tesseract takes a page apart. Finding the direction costs a fifth more: not done where a few lines tell it."""

_NARROWED = 0.8
"""Lines made so much narrower take a fifth less time and are read as well, numbers too; from 0.7 on some are lost."""

_DESCRIPTIONS = (0x010E, 0x013B, 0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F)
"""EXIF: description, artist, copyright, and Windows' title, comment, author, keywords, subject (UTF-16)."""


def prepare() -> bool:
    """Loads the decoders; whether OCR can be done here."""
    Image.init()
    _heif()
    return bool(_tessdata()) and _has_tesserocr()


@lru_cache(maxsize=1)
def _heif() -> bool:
    try:
        import pi_heif
    except ImportError:
        return False
    pi_heif.register_heif_opener(decode_threads=0)
    return True


@lru_cache(maxsize=1)
def _has_tesserocr() -> bool:
    try:
        import tesserocr  # noqa: F401
    except ImportError:
        return False
    return True


@lru_cache(maxsize=1)
def _tessdata() -> str:
    """The folder with the Danish model, or empty."""
    folders = (os.environ.get("TESSDATA_PREFIX", ""), *_TESSDATA)
    return next((folder for folder in folders if folder and os.path.exists(f"{folder}/dan.traineddata")), "")  # noqa: PTH110


def read_picture(document: Document) -> Items:
    """A picture of any format Pillow opens, page by page."""
    _heif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = document.meter.budget.pixels
        try:
            with Image.open(io.BytesIO(document.data)) as image:
                if image.width * image.height > document.meter.budget.pixels:
                    raise OverBudgetError
                if document.meter.budget.ocr and prepare():
                    yield from _read(document, image)
                else:
                    yield from _described_only(document, image)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise OverBudgetError from error
        except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, ZeroDivisionError) as error:
            raise DamagedError from error


def _is_photo_without_text(data: bytes, image: Image.Image) -> bool:
    """The cheap look at a large photo at a fraction of its size, before all of it is decoded."""
    if image.format != "JPEG" or max(image.size) <= 2 * look.LOOKED_AT:
        return False
    with Image.open(io.BytesIO(data)) as small:
        small.draft("L", (look.LOOKED_AT, look.LOOKED_AT))
        return not look.may_hold_text(small.convert("L"))


def _described_only(document: Document, image: Image.Image) -> Items:
    """Without OCR: what the picture says of itself, and that it is not read, but for small ones that are plain."""
    yield from _said_of_itself(document, image)
    if not (image.width * image.height <= _LOOKED_AT_WITHOUT_OCR and _is_plain(image)):
        yield Unreadable(document.place, Reason.NO_OCR)


def _is_plain(image: Image.Image) -> bool:
    """Whether a picture of one frame holds nothing at all; one that cannot be decoded may hold anything."""
    try:
        return getattr(image, "n_frames", 1) == 1 and not look.may_hold_text(_upright(image))
    except OSError:
        return False


def _said_of_itself(document: Document, image: Image.Image) -> Items:
    described = "\n".join(_descriptions(image))
    if described:
        yield Fragment(document.place.inside(Step("properties")), described)


def _read(document: Document, image: Image.Image) -> Items:
    yield from _said_of_itself(document, image)
    if _is_photo_without_text(document.data, image):
        return
    frames = getattr(image, "n_frames", 1)
    for number in range(min(frames, _GIF_FRAMES) if image.format == "GIF" else frames):
        image.seek(number) if frames > 1 else None
        place = document.place.inside(Step("page", "", number + 1)) if frames > 1 else document.place
        page = _upright(image)
        if look.may_hold_text(page):
            document.meter.ocr_page()
            yield Fragment(place, text_of(page))


def _descriptions(image: Image.Image) -> Iterator[str]:
    """The texts a picture carries beside its pixels."""
    for value in image.info.values():
        if isinstance(value, str) and _is_readable(value):
            yield value
        elif isinstance(value, bytes) and 3 < len(value) < 4000 and value.isascii() and _is_readable(value.decode()):
            yield value.decode()
    try:
        exif = image.getexif()
    except Exception:  # a broken EXIF block says nothing; the picture is read all the same
        return
    for tag in _DESCRIPTIONS:
        value = exif.get(tag)
        if isinstance(value, bytes):
            value = value.decode("utf-16-le", "replace")
        if isinstance(value, str) and value.strip("\0 "):
            yield value.strip("\0 ")


def _is_readable(text: str) -> bool:
    """Whether a description is text, be it of several lines."""
    return "".join(text[:_JUDGED_BY].split()).isprintable()


def _upright(image: Image.Image) -> Image.Image:
    """The frame in grey, turned as its EXIF says, no larger than OCR needs."""
    if image.format == "JPEG" and max(image.size) > _LARGEST_SIDE:
        image.draft("L", (_LARGEST_SIDE // 2, _LARGEST_SIDE // 2))
    page: Any = ImageOps.exif_transpose(image)
    if page.mode in ("RGBA", "LA", "PA") or "transparency" in page.info:
        page = page.convert("RGBA")
        ground = Image.new("RGBA", page.size, "white")
        page = Image.alpha_composite(ground, page)
    page = page.convert("L")
    if max(page.size) > _LARGEST_SIDE:
        page.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    return page  # type: ignore[no-any-return]


def text_of(page: Image.Image) -> str:
    """The words of a page, turned straight first; one that gives few is tried as one block and as it came.

    What a program drew on several grounds is read as a screen, too.
    """
    if max(page.size) < _SMALL_PAGE:
        page = page.resize((page.width * 2, page.height * 2), Image.Resampling.LANCZOS)
    is_drawn = ground.is_drawn(page)
    if ImageStat.Stat(page).mean[0] < _DARK:
        page = ImageOps.invert(page)
    return _joined((*(_of_a_screen(page) if is_drawn else ()), _words_of(page)))


def _of_a_screen(page: Image.Image) -> Iterator[str]:
    """The words on grounds of several colours: as they are, and with every ground white."""
    for picture in (page, ground.evened(page)):
        text, confidence = _recognised(picture, _PAGE)
        if _is_read(text, confidence):
            yield text


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(filter(None, texts)))


def _words_of(page: Image.Image) -> str:
    tries = []
    for picture, mode in _ways_to_read(page):
        text, confidence = _recognised(picture, mode)
        if _is_read(text, confidence):
            return text
        tries.append(text)
    return _joined(tries)


def _is_read(text: str, confidence: int) -> bool:
    return confidence >= _GOOD_CONFIDENCE and len(text) > _FEW_LETTERS


def _ways_to_read(page: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """The page straight and with its head up, and how to take it apart, in the order of the tries.

    Where a few of its lines tell which way is up, the first try is a quick one. Where they tell nothing (it holds
    little text) tesseract looks for the direction at once.
    """
    standing = _standing(page)
    if standing is not None:
        yield _narrowed(standing), _PAGE
        yield from ((standing, mode) for mode in (_PAGE, _PAGE_OF_ANY_DIRECTION, _ONE_BLOCK))
    straight = _straight(page)
    if standing is None:
        yield from ((straight, mode) for mode in _modes_where_nothing_tells(straight))
    if straight is not page:
        yield page, _PAGE_OF_ANY_DIRECTION


def _modes_where_nothing_tells(page: Image.Image) -> tuple[int, ...]:
    if page.height <= 2 * _BAND:
        return (_PAGE, _PAGE_OF_ANY_DIRECTION, _ONE_BLOCK)
    return (_PAGE_OF_ANY_DIRECTION, _PAGE, _ONE_BLOCK)


def _standing(page: Image.Image) -> Image.Image | None:
    """The page straight and with its head up, where a few of its lines tell which way that is."""
    as_it_lies = [page]
    if _may_lie_on_its_side(page):
        as_it_lies.insert(0, page.transpose(Image.Transpose.ROTATE_90))
    for straight in map(_straight, as_it_lies):
        turn = _turn_to_stand(straight) if straight.height > 2 * _BAND else None
        if turn is not None:
            return straight.rotate(turn)
    return None


def _straight(page: Image.Image) -> Image.Image:
    skew = _skew(page)
    return page.rotate(skew, Image.Resampling.BILINEAR, expand=True, fillcolor=255) if skew else page


def _turn_to_stand(page: Image.Image) -> int | None:
    """Half a turn or none, whichever makes a few lines of the page read well; None if neither does."""
    lines = _narrowed(_darkest_lines(page))
    return next((turn for turn in (0, 180) if _is_read(*_recognised(lines.rotate(turn), _ONE_BLOCK))), None)


def _narrowed(page: Image.Image) -> Image.Image:
    return page.resize((max(1, round(page.width * _NARROWED)), page.height), Image.Resampling.LANCZOS)


def _may_lie_on_its_side(page: Image.Image) -> bool:
    """Whether its columns differ as rows of text and of paper do, and its rows do not; so it is with tables, too."""
    small = _small(page)
    return _flatness(small, 90) > _LYING * _flatness(small, 0)


def _darkest_lines(page: Image.Image) -> Image.Image:
    """A band of a few lines where most is written, from one pale row to another: a line that is cut tells nothing."""
    ink = [255 - row for row in page.resize((1, page.height), Image.Resampling.BOX).tobytes()]
    sums = [0, *accumulate(ink)]
    start = max(range(page.height - _BAND + 1), key=lambda at: sums[at + _BAND] - sums[at])

    def palest_near(row: int, first: int) -> int:
        return min(range(max(first, row - _NEAR), min(page.height, row + _NEAR)), key=ink.__getitem__)

    top = palest_near(start, 0)
    return page.crop((0, top, page.width, palest_near(start + _BAND, top + 1) + 1))


_api: list[Any] = []


def _recognised(page: Image.Image, mode: int) -> tuple[str, int]:
    """The words that tesseract sees, and how sure it is of them on average."""
    import tesserocr

    if not _api:
        _api.append(tesserocr.PyTessBaseAPI(path=_tessdata(), lang="dan"))
    api = _api[0]
    api.SetPageSegMode(mode)
    api.SetImage(page)
    api.SetSourceResolution(_RESOLUTION)
    text, confidence = api.GetUTF8Text(), api.MeanTextConf()
    api.Clear()
    return str(text).strip(), int(confidence)


def _skew(page: Image.Image) -> float:
    """The small turn that makes its lines lie flat: rows of ink and rows of paper then differ most."""
    small = _small(page)
    flatness_of: dict[float, float] = {0: _flatness(small, 0)}
    for step, reach in _SKEW_STEPS:
        centre = max(flatness_of, key=flatness_of.__getitem__)
        for turn in range(-reach, reach + 1):
            angle = centre + turn * step
            if angle not in flatness_of:
                flatness_of[angle] = _flatness(small, angle)
    best = max(flatness_of, key=flatness_of.__getitem__)
    return best if flatness_of[best] > flatness_of[0] * _CLEARLY_FLATTER else 0


def _small(page: Image.Image) -> Image.Image:
    """Enough of a page to tell how its lines lie."""
    small = ImageOps.autocontrast(page)
    small.thumbnail((_SKEW_LOOKED_AT, _SKEW_LOOKED_AT))
    return small


def _flatness(picture: Image.Image, angle: float) -> float:
    """How much its rows differ from each other when it is turned so far."""
    turned = picture.rotate(angle, fillcolor=255, expand=angle == 90)
    rows = turned.resize((1, turned.height), Image.Resampling.BOX)
    return float(ImageStat.Stat(rows).var[0])
