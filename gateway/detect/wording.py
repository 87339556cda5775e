"""How a sentence reads as a whole: do its words, and those around, sound like what is said of somebody in particular?

Single words and grammar (the rest of this room) tell what is spoken of. This tells in which tone: *kære alle*,
*tilmelding senest* and *vi glæder os* stand in invitations, *i går*, *igen* and *vi er bekymrede* where something
happened to somebody. The weights of the words are the policy's data, learned from labelled texts (`make learn`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import log2, sqrt

from gateway.detect.rules import LearnedRules

STEM = 5
"""So many letters of a word tell it apart; what follows is inflection, mostly."""

_LONG = 9
"""A word of so many letters is likely a compound."""

_NAME, _NUMBER, _AROUND = "@", "#", "~"
_LEVELS = (
    (150, "wording.sensitive.2"),
    (100, "wording.sensitive.1"),
    (0, ""),
    (-50, "wording.harmless.1"),
    (-100, "wording.harmless.2"),
)
"""From which tendency on, in hundredths of the logarithm of the odds."""

_LEAST = "wording.harmless.3"
_ALONE, _SHORT, _DOUBLED = 140, 500, 60
"""From this tendency on the wording is as good as a strong word, in a text of so many bytes; so much more for one twice
as long, where some sentence among so many may read like it by chance."""

_OF_ITS_OWN = 10
"""So many known signs, four words or so, a sentence has itself that is found by its wording: `Hilsen Bo` says nothing,
and stands in other mails that a release would let pass."""

_NEITHER = 25
"""A tendency that says nothing: few sentences are the one that says it, half of the passages are of such a mail."""

_SOME, _PLENTY = 35, 90
"""How many known signs it takes to sound sensitive, and to sound harmless, as much as they say."""


def signs_in_passage(own: frozenset[str], around: frozenset[str]) -> frozenset[str]:
    """What a sentence is known by where it stands: its own signs, and those of its passage, marked as such."""
    return own.union(_AROUND + sign for sign in around)


class Wording:
    """The learned weights, ready to be added up."""

    EVIDENCE = (*filter(None, (name for _, name in _LEVELS)), _LEAST)

    def __init__(self, rules: LearnedRules, names: Iterable[str]) -> None:
        passage = rules.passage.of
        self._sentence, self._sentence_bias = rules.sentence.of, rules.sentence.bias
        self._own = {sign: weight for sign, weight in passage.items() if sign[0] != _AROUND}
        self._around = {sign[1:]: weight for sign, weight in passage.items() if sign[0] == _AROUND}
        self._passage_bias = rules.passage.bias
        self._known = frozenset((*self._sentence, *self._own, *self._around))
        self._categories = rules.categories
        self._names = frozenset(name.lower() for name in names)

    def signs(self, letters: bytes) -> frozenset[str]:
        """The beginnings of the words of a letters copy (normalise.letters), pairs of them, and ends of long words.

        A pair is of neighbours (`hun har`) or has one word between (`hun * ikke`); the end of a long word (`*lægen`)
        tells what a compound is that nobody wrote before. A name is `@`, whosever it is, and a number `#`.
        Once something is learned, only what has a weight.
        """
        text = letters.decode("utf-8", "replace").replace("ae", "æ").replace("oe", "ø").replace("aa", "å")
        words = text.split()
        stems = [self._stem(word) for word in words]
        signs = {*stems, *map(" ".join, pairwise(stems)), *map(" * ".join, zip(stems, stems[2:], strict=False))}
        signs.update("*" + word[-STEM:] for word in words if len(word) >= _LONG)
        return frozenset(signs & self._known if self._known else signs)

    def _stem(self, word: str) -> str:
        if word in self._names or (word[-1] == "s" and word[:-1] in self._names):
            return _NAME
        return _NUMBER if word.isdigit() else word[:STEM]

    def tendency(self, own: frozenset[str], around: Iterable[frozenset[str]]) -> int:
        """How much a sentence in its passage reads as sensitive, in hundredths of the logarithm of the odds.

        around: the sentences of the passage, itself included. Half of it is how the sentence reads by itself, half how
        the passage does. Few words tell little: some can tell that something is wrong, that all is well takes many.
        """
        said = [self._sentence[sign] for sign in self._sentence.keys() & own]
        known = [self._own[sign] for sign in self._own.keys() & own]
        known += [self._around[sign] for sign in self._around.keys() & frozenset().union(*around)]
        tendency = (_added_up(self._sentence_bias, said) + _added_up(self._passage_bias, known)) // 2
        enough = _SOME if tendency > _NEITHER else _PLENTY
        return _NEITHER + (tendency - _NEITHER) * min(len(known), enough) // enough

    def evidence(self, tendency: int) -> str:
        """The kind of evidence that is; empty where it says nothing either way."""
        if not self._known:
            return ""
        return next((name for least, name in _LEVELS if tendency > least), _LEAST)

    def is_enough(self, tendency: int, own: frozenset[str], length: int) -> bool:
        """Whether the wording alone is as good as a strong word, in a text of so many bytes; own: of the sentence."""
        bar = _ALONE + max(0, _DOUBLED * log2(max(1, length) / _SHORT))
        return tendency >= bar and len(self._own.keys() & own) >= _OF_ITS_OWN

    def category(self, own: frozenset[str], around: Iterable[frozenset[str]]) -> str:
        """What a sentence speaks of, by the signs it shares with those learned from."""
        told = map(self._categories.get, signs_in_passage(own, frozenset().union(*around)))
        counts = Counter(category for category in told if category)
        return min(counts, key=lambda category: (-counts[category], category), default="social")


def _added_up(bias: int, weights: Sequence[int]) -> int:
    """Many words that say the same say more than one, but not so many times more: they were said together."""
    return bias + int(sum(weights) / sqrt(len(weights) or 1))
