"""What an identical attachment gave a moment ago: a newsletter's PDF to a hundred people is read once.

Memory only, under a keyed HMAC of the bytes, bounded in number, in characters and in age. Only full readings without
anything unread are kept. Off unless a setting turns it on, and off in benchmarks. Pure: the time comes as an argument.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Sequence

from gateway.extract.walk import Risky
from gateway.mail.fragment import Fragment
from gateway.mail.place import Place, Step

_MOST_DOCUMENTS = 500
_MOST_CHARACTERS = 8 * 1024 * 1024

Kept = tuple[tuple[tuple[Step, ...], str, tuple[tuple[int, str], ...]], ...]
"""The texts of a document: the steps below the document's own place, the text and the cells marked in it."""


class Reuse:
    """Texts by the keyed hash of what they were read from."""

    def __init__(self, key: bytes, seconds: float) -> None:
        self._key = key
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[float, int, Kept]] = OrderedDict()
        self._characters = 0

    def recall(self, risky: Risky, now: float) -> list[Fragment] | None:
        """The texts of the same bytes, under this document's place; None when they have to be read."""
        with self._lock:
            found = self._kept.get(self._name(risky))
        if found is None or now - found[0] > self._seconds:
            return None
        return [Fragment(risky.place.inside(*steps), text, marks) for steps, text, marks in found[2]]

    def keep(self, risky: Risky, fragments: Sequence[Fragment], now: float) -> None:
        """Remembers a full reading; the oldest go when there are too many or they are too long."""
        depth = len(risky.place.steps)
        kept = tuple((fragment.place.steps[depth:], fragment.text, fragment.marks) for fragment in fragments)
        size = sum(len(text) for _, text, _ in kept)
        if size > _MOST_CHARACTERS // 4 or not all(_is_below(fragment.place, risky.place) for fragment in fragments):
            return
        with self._lock:
            self._forget(self._name(risky))
            self._kept[self._name(risky)] = now, size, kept
            self._characters += size
            while len(self._kept) > _MOST_DOCUMENTS or self._characters > _MOST_CHARACTERS:
                self._forget(next(iter(self._kept)))

    def _forget(self, name: bytes) -> None:
        old = self._kept.pop(name, None)
        self._characters -= old[1] if old else 0

    def _name(self, risky: Risky) -> bytes:
        words = f"{risky.format}\0{risky.depth}\0".encode()
        return hmac.digest(self._key, words + hashlib.sha256(risky.data).digest(), "sha256")

    def __repr__(self) -> str:
        return f"<Reuse of {len(self._kept)} documents>"


def _is_below(place: Place, above: Place) -> bool:
    return place.steps[: len(above.steps)] == above.steps
