"""The policy's words, compiled: which of them stand where in a text? Numbers, not objects, for texts full of them.

A word is found by its spellings, each a literal with a number of its own, so that a match needs no more than its number
and its end. What a word is for is one bit, so that a sentence's words can be added up in one number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern
from gateway.detect.rules import WordRules
from gateway.detect.words import compound_heads, literals, slips

STRONG, MEDIUM, WEAK, STOP, RELATION, SELF, PREDICATE, NOBODY, INNOCENT, LIGHT, OTHER, GROUP, TOPIC, THING, EXCUSE = (
    1 << bit for bit in range(15)
)
TERMS = STRONG | MEDIUM | WEAK


class Word(NamedTuple):
    """A word of the policy: what it is for, of which category, and how it is written there."""

    kind: int
    category: str
    text: str


Found = tuple[int, int, int, Word]
"""What a word in a text is for, the bytes it covers, edges included, and the word."""


class Vocabulary:
    """Finds the policy's words in a letters copy (normalise.letters)."""

    def __init__(self, rules: WordRules) -> None:
        spelled = list(_spelled(rules))
        self._spellings = [(word.kind, len(literal), word.text.startswith("+"), word) for literal, word in spelled]
        every = [Pattern(number, literal) for number, (literal, _) in enumerate(spelled)]
        telling = [every[number] for number, (_, word) in enumerate(spelled) if word.kind & (STRONG | MEDIUM)]
        personal = [every[number] for number, (_, word) in enumerate(spelled) if word.kind == RELATION]
        self.heads = compound_heads(rules.heads)
        self._personal = Engine(personal, literal=True, starts=False)
        with ThreadPoolExecutor() as beside:
            look = beside.submit(Engine, telling, literal=True, starts=False)
            self._every = Engine(every, literal=True, starts=False)
            self._telling = look.result()

    def ends_of_telling(self, plain: bytes, limit: int) -> list[int]:
        """Where strong and medium words end, in order. Raises TooManyHits beyond the limit."""
        return [end for _, _, end in self._telling.matches(plain, limit)]

    def ends_of_persons(self, plain: bytes, most: int) -> list[int]:
        """Where he, she and relations are spoken of, in order: the first of them, so that no text is full of them."""
        return [end for _, _, end in self._personal.first(plain, most)]

    def found(self, plain: bytes, low: int, high: int) -> list[Found]:
        """Every word in this stretch of the text, in the order they end."""
        found: list[Found] = []
        spellings = self._spellings
        for number, _, end in self._every.matches(plain[low:high]):
            kind, length, is_inner, word = spellings[number]
            start = low + end - length
            if not (is_inner and plain[start - 1] == 0x20):  # `+kræft` is part of a longer word
                found.append((kind, start, low + end, word))
        return found


def _spelled(rules: WordRules) -> Iterator[tuple[bytes, Word]]:
    """Every literal and the word it stands for, slips of long words included, each literal of a category once."""
    taken: set[tuple[str, bytes]] = set()
    for word in _words(rules):
        for literal in sorted(literals(word.text)):
            taken.add((word.category, literal))
            yield literal, word
    for terms in rules.terms:
        for text in terms.slips:
            for literal in sorted({literal for slip in slips(text) for literal in literals(slip)}):
                if (terms.category, literal) not in taken:
                    taken.add((terms.category, literal))
                    yield literal, Word(STRONG, terms.category, text)


def _words(rules: WordRules) -> Iterator[Word]:
    for terms in rules.terms:
        for kind, words in ((STRONG, terms.strong), (MEDIUM, terms.medium), (WEAK, terms.weak), (STOP, terms.stop)):
            yield from (Word(kind, terms.category, word) for word in words)
    contexts: Sequence[tuple[int, tuple[str, ...]]] = (
        (RELATION, rules.persons.relations),
        (GROUP, rules.persons.groups),
        (SELF, rules.persons.self),
        (PREDICATE, rules.persons.predicates),
        (NOBODY, rules.persons.nobody),
        (INNOCENT, rules.innocent),
        (LIGHT, rules.light),
        (OTHER, rules.others),
        (TOPIC, rules.topics),
        (THING, rules.things),
        (EXCUSE, rules.excuses),
    )
    for kind, words in contexts:
        yield from (Word(kind, "", word) for word in words)
