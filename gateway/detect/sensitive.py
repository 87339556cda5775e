"""Sensitive data on an identifiable person: the policy's words, sentence by sentence, and who is spoken of beside them.

First a cheap look at the whole text for words that matter; most mail ends there. Then only the sentences that hold such
a word, and their neighbours, are read closely: which words (look-alikes are stopped), which person, which context. A
word alone is never enough to block: somebody has to be spoken of.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from gateway.detect.engine import Engine, Hit, Pattern
from gateway.detect.normalise import letters
from gateway.detect.persons import Names, leaves_out_the_writer
from gateway.detect.rules import WordRules
from gateway.detect.score import Score
from gateway.detect.sentences import Span, ends_of_sentences, without_formalities
from gateway.detect.words import literals
from gateway.mail.finding import Confidence

BUDGET = 10_000
"""Words looked at closely in one text; a text with more of them counts as not fully read."""

STRONG, MEDIUM, WEAK = "term.strong", "term.medium", "term.weak"
_RANK = {STRONG: 3, MEDIUM: 2, WEAK: 1}
_STOP, _RELATION, _SELF, _PREDICATE, _NOBODY = "stop", "relation", "self", "predicate", "nobody"
_INNOCENT, _LIGHT, _OTHER = "innocent", "innocent.light", "innocent.other"
_INNOCENTS = (_OTHER, _INNOCENT, _LIGHT)
_REACH = 2
_MARGIN = 1_000
_YOURS = re.compile(rb" (?:din|dit|dine|jeres) (?:[^ ]+ ){0,2}$")
_OWNED = re.compile(
    rb"(?:^|[^0-9A-Za-z\x80-\xff])"
    rb"(?:[Ss](?:in|it|ine)|[Mm](?:in|it|ine)|[Hh](?:ans|endes)"
    rb"|(?!Vores|Jeres|Deres|Alles|Dagens|Ellers)(?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff]{1,20}s)"
    rb" (?:[a-z\x80-\xff]+ )?$"
)
"""Whose the next word, or the one after it, is: his, hers, mine, or a genitive."""
_FORM = re.compile(rb"_{3,}|\.{6,}|\[ ?\]|\xe2\x98\x90|:[ \t]*\n?$")
"""A line of a form that waits to be filled in."""


class Word(NamedTuple):
    """A word of the policy: what it is for, of which category and strength, and how it is written there."""

    kind: str
    category: str
    text: str

    @property
    def is_inner(self) -> bool:
        """Whether letters have to stand before it (`+kræft`: brystkræft, but not kræft)."""
        return self.text.startswith("+")


class Term(NamedTuple):
    """A word found in a sentence."""

    word: Word
    span: Span
    owned: bool = False

    @property
    def rank(self) -> int:
        return _RANK[self.word.kind]


class Window(NamedTuple):
    """A stretch of text with the places where the words that matter end."""

    start: int
    end: int
    hits: tuple[int, ...]


class Sentence(NamedTuple):
    """What one sentence holds."""

    span: Span
    terms: tuple[Term, ...]
    person: str
    speaks_of_self: bool
    has_predicate: bool
    innocent: str

    @property
    def categories(self) -> frozenset[str]:
        return frozenset(term.word.category for term in self.terms)


class SensitiveDetector:
    """Finds sensitive sentences in folded text."""

    name = "sensitive"

    def __init__(self, rules: WordRules) -> None:
        self._names = Names(rules.persons)
        self._score = Score(rules.weights, rules.thresholds)
        self._words = tuple(_vocabulary(rules))
        compiled = partial(Engine, literal=True)
        with ThreadPoolExecutor() as beside:
            look = beside.submit(compiled, _patterns(self._words, {STRONG, MEDIUM}))
            self._read = compiled(_patterns(self._words, set()))
            self._look = look.result()

    def matters(self, data: bytes) -> bool:
        """Whether a strong or medium word is there at all; most mail ends here."""
        return bool(self._look.hits(letters(b" " + data + b" "), BUDGET))

    def find(self, data: bytes, focus: Span) -> Iterator[tuple[str, str, Confidence, tuple[str, ...]]]:
        """Category, the policy's word, confidence and evidence of each finding whose sentence begins in the focus."""
        data = b" " + data + b" "
        plain = letters(data)
        for window in _windows(self._look.hits(plain, BUDGET), len(data)):
            for sentence, near in _with_neighbours(self._read_window(data, plain, window)):
                if focus.start <= max(0, sentence.span.start - 1) < focus.end:
                    yield from self._judge(sentence, near)

    def _judge(
        self, sentence: Sentence, near: Sequence[Sentence]
    ) -> Iterator[tuple[str, str, Confidence, tuple[str, ...]]]:
        for category in sorted({term.word.category for term in sentence.terms}):
            evidence = _evidence(category, sentence, near)
            confidence = self._score.confidence(evidence)
            if confidence is None:
                continue
            if not any(name.startswith("person.") for name in evidence):
                confidence = Confidence.POSSIBLE
            own = (term for term in sentence.terms if term.word.category == category)
            best = max(own, key=lambda term: term.rank)
            yield category, best.word.text, confidence, self._score.explained(evidence)

    def _read_window(self, data: bytes, plain: bytes, window: Window) -> list[Sentence | None]:
        """The sentences with words and their neighbours, in order; None where sentences are left out."""
        piece = data[window.start : window.end]
        ends = ends_of_sentences(piece)
        visible = without_formalities(piece)
        read: list[Sentence | None] = []
        previous = -2
        for index in _wanted(ends, [hit - window.start for hit in window.hits]):
            if index != previous + 1:
                read.append(None)
            start, end = ends[index - 1] if index else 0, ends[index]
            text = visible[start:end].decode("utf-8", "replace")
            read.append(self._sentence(Span(window.start + start, window.start + end), data, plain, text))
            previous = index
        return read

    def _sentence(self, span: Span, data: bytes, plain: bytes, text: str) -> Sentence:
        low, high = max(0, span.start - 1), span.end + 1
        found = [
            (self._words[hit.pattern], Span(low + hit.start, low + hit.end)) for hit in self._read.hits(plain[low:high])
        ]
        found = [(word, where) for word, where in found if not (word.is_inner and _starts_word(plain, where))]
        found = _without_nobody(found)
        kinds = {word.kind for word, _ in found}
        stops = [(word.category, _whole(plain, where)) for word, where in found if word.kind == _STOP]
        terms = _distinct(Term(word, _whole(plain, where)) for word, where in found if word.kind in _RANK)
        terms = tuple(
            term._replace(owned=_is_owned(data, term.span))
            for term in terms
            if not any(_covers(stop, term) for stop in stops) and not self._names.includes(data, term.span)
        )
        named = self._names.in_sentence(text)
        person = named if named == "person.named" or _RELATION not in kinds else "person.relation"
        if not person and any(_YOURS.search(plain[max(0, term.span.start - 40) : term.span.start]) for term in terms):
            person = "person.relation"
        innocent = next((kind for kind in _INNOCENTS if kind in kinds), "")
        if terms and person != "person.named" and _FORM.search(data, span.start, span.end):
            innocent = _INNOCENT
        speaks_of_self = _SELF in kinds or bool(terms and leaves_out_the_writer(text))
        return Sentence(span, terms, person, speaks_of_self, _PREDICATE in kinds, innocent)


def _vocabulary(rules: WordRules) -> Iterator[Word]:
    for terms in rules.terms:
        for kind, words in ((STRONG, terms.strong), (MEDIUM, terms.medium), (WEAK, terms.weak), (_STOP, terms.stop)):
            yield from (Word(kind, terms.category, word) for word in words)
    for kind, words in (
        (_RELATION, rules.persons.relations),
        (_SELF, rules.persons.self),
        (_PREDICATE, rules.persons.predicates),
        (_NOBODY, rules.persons.nobody),
        (_INNOCENT, rules.innocent),
        (_LIGHT, rules.light),
        (_OTHER, rules.others),
    ):
        yield from (Word(kind, "", word) for word in words)


def _patterns(words: Sequence[Word], kinds: set[str]) -> list[Pattern]:
    return [
        Pattern(number, literal)
        for number, word in enumerate(words)
        if not kinds or word.kind in kinds
        for literal in sorted(literals(word.text))
    ]


def _windows(hits: Sequence[Hit], length: int) -> Iterator[Window]:
    """The stretches of text around the hits that are worth cutting into sentences."""
    ends = sorted({hit.end - 1 for hit in hits})
    while ends:
        last = 1
        while last < len(ends) and ends[last] - ends[last - 1] <= _MARGIN:
            last += 1
        yield Window(max(0, ends[0] - _MARGIN), min(length, ends[last - 1] + _MARGIN), tuple(ends[:last]))
        ends = ends[last:]


def _wanted(ends: Sequence[int], hits: Sequence[int]) -> list[int]:
    """The sentences that hold a hit, and their neighbours within reach; sentences and hits by where they end."""
    wanted: set[int] = set()
    last = len(ends) - 1
    for hit in hits:
        index = min(bisect_left(ends, hit), last)
        wanted.update(range(max(0, index - _REACH), min(last, index + _REACH) + 1))
    return sorted(wanted)


def _with_neighbours(read: Sequence[Sentence | None]) -> Iterator[tuple[Sentence, list[Sentence]]]:
    """Each sentence with those up to two before and after it, nearest first, not across what was left out."""
    for index, sentence in enumerate(read):
        if sentence is None or not sentence.terms:
            continue
        near: list[Sentence] = []
        for step in (-1, 1):
            for distance in range(1, _REACH + 1):
                at = index + step * distance
                neighbour = read[at] if 0 <= at < len(read) else None
                if neighbour is None:
                    break
                near.append(neighbour)
        yield sentence, near


def _evidence(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """What speaks for and against a finding of this category in this sentence."""
    own = max(term.rank for term in sentence.terms if term.word.category == category)
    evidence = [next(kind for kind, rank in _RANK.items() if rank == own)]
    company = [term for term in sentence.terms if own > 1 or term.word.category == category]
    others = sorted((term.rank for term in company), reverse=True)
    others.remove(own)
    around = own > 1 and any(term.rank > 1 for neighbour in near for term in neighbour.terms)
    if others and others[0] > 1:
        evidence.append("term.second")
    if len(others) > 1 or others == [1] or around:
        evidence.append("term.third")
    if any(term.owned and term.word.category == category for term in sentence.terms):
        evidence.append("term.owned")
    person = _person(category, sentence, near)
    if person:
        evidence.append(person)
        if sentence.has_predicate:
            evidence.append("predicate")
    return evidence + _speaks_against(sentence, near)


def _speaks_against(sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """The innocent contexts of a sentence and of its neighbours."""
    evidence: list[str] = []
    if sentence.innocent == _OTHER:
        evidence.append("innocent.other")
    elif any(neighbour.innocent == _OTHER for neighbour in near if neighbour.span.start < sentence.span.start):
        evidence.append("innocent.other.nearby")
    elif sentence.innocent == _INNOCENT or _enumerates(sentence):
        evidence.append("innocent")
    elif any(neighbour.innocent == _INNOCENT for neighbour in near):
        evidence.append("innocent.nearby")
    if sentence.innocent == _LIGHT:
        evidence.append("innocent.light")
    return evidence


def _enumerates(sentence: Sentence) -> bool:
    """Whether the sentence lists kinds of data, as policies and notices do, and names nobody."""
    return (
        len({term.word.category for term in sentence.terms if term.rank > 1}) > 3 and sentence.person != "person.named"
    )


def _person(category: str, sentence: Sentence, near: Sequence[Sentence]) -> str:
    if sentence.person in ("person.named", "person.relation"):
        return sentence.person
    if sentence.speaks_of_self:
        return "person.self"
    if sentence.person and not (sentence.innocent in (_INNOCENT, _OTHER) or _enumerates(sentence)):
        return sentence.person
    if any(neighbour.person for neighbour in near):
        return "person.nearby"
    if any(neighbour.speaks_of_self and category in neighbour.categories for neighbour in near):
        return "person.self.nearby"
    return ""


def _without_nobody(found: Sequence[tuple[Word, Span]]) -> list[tuple[Word, Span]]:
    """The words without those for a person that stand in a phrase for nobody: `en mor`, `fars dag`, `hvis du`."""
    nobody = [where for word, where in found if word.kind == _NOBODY]
    return [
        (word, where)
        for word, where in found
        if word.kind not in (_RELATION, _SELF) or not any(_within(where, phrase) for phrase in nobody)
    ]


def _distinct(terms: Iterator[Term]) -> tuple[Term, ...]:
    """The strongest of overlapping words, longer ones first."""
    kept: list[Term] = []
    for term in sorted(terms, key=lambda term: (-term.rank, term.span.start - term.span.end, term.span.start)):
        if not any(term.span.start < other.span.end and other.span.start < term.span.end for other in kept):
            kept.append(term)
    return tuple(kept)


def _whole(plain: bytes, span: Span) -> Span:
    """The span widened to whole words."""
    start = span.start + 1 if plain[span.start : span.start + 1] == b" " else plain.rfind(b" ", 0, span.start) + 1
    end = span.end - 1 if plain[span.end - 1 : span.end] == b" " else plain.find(b" ", span.end)
    return Span(start, end if end >= 0 else len(plain))


def _is_owned(data: bytes, span: Span) -> bool:
    """Whether the word is somebody's: `hendes`, `min`, `Karstens` before it, perhaps with one word between."""
    return _OWNED.search(data, max(0, span.start - 40), span.start) is not None


def _starts_word(plain: bytes, span: Span) -> bool:
    return plain[span.start - 1 : span.start] in (b" ", b"")


def _covers(stop: tuple[str, Span], term: Term) -> bool:
    """A look-alike takes away the words of its category that it overlaps, but no longer one: more words say more."""
    category, span = stop
    if category != term.word.category or span.start >= term.span.end or term.span.start >= span.end:
        return False
    return span.end - span.start >= term.span.end - term.span.start


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
