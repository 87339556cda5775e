"""Domains that look like a known one and are another: for the eye the same, or one slip of the finger away.

Says only that two spellings are near; who belongs to which class is decided exactly, in domains.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import idna

from gateway.mail.address import composed

_LOOKALIKES = {
    "a": "аαɑ",
    "b": "вьβƅ",
    "c": "сϲ",
    "d": "ԁɗ",
    "e": "еεҽ",
    "g": "ɡԍ",
    "h": "һн",
    "i": "іιıї",
    "j": "јϳ",
    "k": "кκ",
    "l": "ӏ1|ⅼ",
    "m": "мⅿ",
    "n": "пηո",
    "o": "оοօ0ø",
    "p": "рρ",
    "q": "ԛ",
    "r": "гɾ",
    "s": "ѕꜱ",
    "t": "тτ",
    "u": "υսц",
    "v": "νѵ",
    "w": "ԝѡω",
    "x": "хχ",
    "y": "уγʏ",
    "z": "ᴢʐ",
}
"""Letters of other scripts, and digits, that a reader takes for a Latin letter."""

_LIKE_LATIN = str.maketrans({like: letter for letter, likes in _LOOKALIKES.items() for like in likes})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SPELLINGS = (("æ", "ae"), ("ø", "oe"), ("å", "aa"))
SHORTEST_FOR_ONE_SLIP = 5
SHORTEST_FOR_TWO_SLIPS = 8


@lru_cache(maxsize=4096)
def looks_like(domain: str, known: tuple[str, ...]) -> str | None:
    """Which known domain a reader would take this one for; None when it is known itself, or like none."""
    one = _skeletons(known).get(_skeleton(domain))
    return one if one != domain else None


def near_miss(domain: str, known: Iterable[str]) -> str | None:
    """The known domain that was probably meant, when this one is a slip or two away from it."""
    candidates = [(slips, one) for one in known if (slips := _slips(domain, one)) <= _allowed(one)]
    return min(candidates)[1] if candidates else None


def folded_name(name: str) -> str:
    """A place's name as people put it into a domain: `Høje-Taastrup` becomes `hoejetaastrup`."""
    name = name.casefold()
    for letter, pair in _SPELLINGS:
        name = name.replace(letter, pair)
    return "".join(ch for ch in name if ch.isalnum())


def _skeleton(domain: str) -> str:
    """What the eye keeps of a domain: one letter for all that look alike."""
    text = composed(_unicode(domain), "NFKD").casefold()
    text = "".join(ch for ch in text if not unicodedata.combining(ch)).translate(_LIKE_LATIN)
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text.replace("-", "")


@lru_cache(maxsize=64)
def _skeletons(known: tuple[str, ...]) -> dict[str, str]:
    return {_skeleton(one): one for one in known}


def _unicode(domain: str) -> str:
    """The letters a person sees; what is no valid A-label stays as it is."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def _allowed(known: str) -> int:
    """How many slips may lie between: short names have too many honest neighbours."""
    letters = len(known.rpartition(".")[0])
    return 2 if letters >= SHORTEST_FOR_TWO_SLIPS else 1 if letters >= SHORTEST_FOR_ONE_SLIP else 0


def _slips(one: str, other: str) -> int:
    """Letters added, dropped, changed, or swapped with a neighbour; counts no further than 3."""
    if one == other or abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)
