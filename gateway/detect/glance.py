"""One cheap look at all short texts of a message at once, which ends most messages: is there anything to judge?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from gateway.detect.engine import TooManyHits
from gateway.detect.normalise import fold

_PARTING = "\0\n\0"
"""Between two texts: folded together, each becomes what it would become by itself."""
_PARTING_BYTES = _PARTING.encode()

Place = tuple[int, int]
"""From where to where, in bytes."""


class Looks(Protocol):
    """A detector, as far as a look needs it."""

    def places(self, data: bytes) -> Sequence[Place]:
        """Where there may be something to judge; nothing is judged yet. May raise TooManyHits."""


NOTHING, NUMBERS, WORDS, IDENTIFIERS, EVERYTHING = 0, 1, 2, 4, 7
"""What a text needs to be searched for, added up."""


class Glance:
    """Several texts, folded together and looked at together; folded one by one only where something is to be judged."""

    def __init__(self, texts: Sequence[str], detectors: tuple[Looks, Looks, Looks]) -> None:
        self._texts = texts
        self._whole = fold(_PARTING.join(texts))
        numbers, words, identifiers = detectors
        try:
            self._places = [
                (NUMBERS, numbers.places(self._whole)),
                (WORDS, words.places(self._whole)),
                (IDENTIFIERS, identifiers.places(self._whole)),
            ]
            self.finds_nothing = not any(places for _, places in self._places)
        except TooManyHits:
            self._places = []
            self.finds_nothing = False

    def folded(self) -> list[bytes]:
        """Each text as the detectors read it."""
        parts = self._whole.split(_PARTING_BYTES)
        return parts if len(parts) == len(self._texts) else [fold(text) for text in self._texts]

    def wanted(self, folded: Sequence[bytes]) -> list[int]:
        """What each of the folded texts needs."""
        starts = [0, *accumulate(len(each) + len(_PARTING) for each in folded)]
        if not self._places or starts.pop() != len(self._whole) + len(_PARTING):
            return [EVERYTHING] * len(folded)
        wanted = [NOTHING] * len(folded)
        for needs, places in self._places:
            for start, end in places:
                wanted[bisect_right(starts, start) - 1] |= needs
                wanted[bisect_right(starts, end - 1) - 1] |= needs
        return wanted
