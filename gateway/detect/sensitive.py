"""Sensitive data on an identifiable person: the policy's words, sentence by sentence, and who is spoken of beside them.

First a cheap look at the whole text for words that matter; most mail ends there. Then only the sentences that hold such
a word, and their neighbours, are read closely: which words (look-alikes are stopped), which person, which context. A
word alone is never enough to block: somebody has to be spoken of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from gateway.detect.normalise import letters
from gateway.detect.persons import NAMED, RELATED, Names
from gateway.detect.reading import REACH, Passage, Sentence, Surroundings, stretches
from gateway.detect.rules import WordRules
from gateway.detect.score import Score
from gateway.detect.vocabulary import INNOCENT, LIGHT, OTHER, TOPIC, Vocabulary
from gateway.mail.finding import Confidence

BUDGET = 10_000
"""Words looked at closely in one text; a text with more of them counts as not fully read."""

Sensitive = tuple[int, str, str, Confidence, tuple[str, ...]]
"""Part of the text, category, the policy's word, confidence, explained evidence."""

_TIED = frozenset((NAMED, RELATED, "person.self"))
"""Persons of the sentence itself, whom its predicate may tie to the word."""

_STRENGTH = {3: "term.strong", 2: "term.medium", 1: "term.weak"}


class SensitiveDetector:
    """Finds sensitive sentences in folded text."""

    name = "sensitive"

    def __init__(self, rules: WordRules) -> None:
        self._names = Names(rules.persons)
        self._score = Score(rules.weights, rules.thresholds)
        self._vocabulary = Vocabulary(rules)
        self._judged = lru_cache(maxsize=4096)(self._judge)

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Where strong and medium words end; most mail has none."""
        return [(end - 2, end - 1) for end in self._vocabulary.ends_of_telling(letters(b" " + data + b" "), BUDGET)]

    def find(self, data: bytes, part_at: Callable[[int], int | None], head: int = 0) -> Iterator[Sensitive]:
        """Each finding whose sentence begins in a part that is judged.

        part_at: the part of the text that a place belongs to; None for what is read for its words only.
        head: how many bytes of the text are the subject of the message, which may speak of everybody and nobody.
        What is certain already is not looked at again, for it cannot become more than that, nor is a sentence that
        stands there again between the same neighbours.
        """
        certain: set[tuple[int, str, str]] = set()
        read: set[tuple[int, Surroundings]] = set()
        under = self._said_by_subject(data, head)
        for sentence, near, surroundings in self._sentences(b" " + data + b" "):
            part = part_at(max(0, sentence.start - 1))
            if part is None or (part, surroundings) in read:
                continue
            read.add((part, surroundings))
            for category in sorted(sentence.categories):
                word = next(term.word.text for term in sentence.terms if term.word.category == category)
                if (part, category, word) in certain:
                    continue
                confidence, evidence = self._judged(
                    (*_evidence(category, sentence, near), *(under if sentence.start > head else ()))
                )
                if confidence is None:
                    continue
                if confidence == Confidence.CERTAIN:
                    certain.add((part, category, word))
                yield part, category, word, confidence, evidence

    def _said_by_subject(self, data: bytes, head: int) -> tuple[str, ...]:
        if not head:
            return ()
        plain = letters(b" " + data[:head] + b" ")
        kinds = {kind for kind, *_ in self._vocabulary.found(plain, 0, len(plain))}
        return ("innocent.subject",) if kinds & {INNOCENT, OTHER, LIGHT, TOPIC} else ()

    def _sentences(self, data: bytes) -> Iterator[tuple[Sentence, list[Sentence], Surroundings]]:
        """Each sentence with sensitive words, its neighbours, nearest first, and what is written there."""
        plain = letters(data)
        for stretch in stretches(self._vocabulary.ends_of_telling(plain, BUDGET), len(data)):
            passage = Passage(data, plain, stretch, self._names, self._vocabulary.heads)
            for run in passage.runs(self._vocabulary):
                for at, sentence in enumerate(run):
                    if sentence.may_be_sensitive:
                        before, after = run[max(0, at - REACH) : at], run[at + 1 : at + 1 + REACH]
                        around = (*before, sentence, *after)
                        surroundings = passage.surroundings(sentence, around[0].start, around[-1].end)
                        yield sentence, before[::-1] + after, surroundings

    def _judge(self, evidence: tuple[str, ...]) -> tuple[Confidence | None, tuple[str, ...]]:
        confidence = self._score.confidence(evidence)
        if confidence is not None and not any(name.startswith("person.") for name in evidence):
            confidence = Confidence.POSSIBLE
        return confidence, self._score.explained(evidence)


def _evidence(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """What speaks for and against a finding of this category in this sentence."""
    own = next(term.rank for term in sentence.terms if term.word.category == category)
    evidence = [_STRENGTH[own]]
    company = [term for term in sentence.terms if own > 1 or term.word.category == category]
    others = sorted((term.rank for term in company), reverse=True)
    others.remove(own)
    around = own > 1 and any(term.rank > 1 for neighbour in near for term in neighbour.terms)
    if others and others[0] > 1:
        evidence.append("term.second")
    if len(others) > 1 or others == [1] or around:
        evidence.append("term.third")
    if any(sentence.owns(term) for term in sentence.terms if term.word.category == category):
        evidence.append("term.owned")
    person = _person(category, sentence, near)
    if person:
        evidence.append(person)
        if person in _TIED and sentence.has_predicate:
            evidence.append("predicate")
    return evidence + _speaks_against(category, sentence, near)


def _speaks_against(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """The innocent contexts of a sentence and of its neighbours."""
    evidence: list[str] = []
    innocents = [each.innocent for each in (sentence, *near)]
    if any(innocents) and sentence.excuses_somebody:
        evidence.append("innocent.nearby")
    elif any(innocents) and _is_said_of_somebody(category, sentence, innocents):
        evidence.append("innocent.tied")
    elif sentence.innocent == OTHER:
        evidence.append("innocent.other")
    elif any(neighbour.innocent == OTHER for neighbour in near if neighbour.start < sentence.start):
        evidence.append("innocent.other.nearby")
    elif sentence.innocent == INNOCENT or _enumerates(sentence):
        evidence.append("innocent")
    else:
        innocent = sum(neighbour.innocent == INNOCENT for neighbour in near)
        evidence += ["innocent.nearby", "innocent.around"][: min(innocent, 2)]
    if "innocent" not in evidence and sentence.is_topic(category):
        evidence.append("innocent.topic")
    if sentence.is_said_of_things(category):
        evidence.append("innocent.thing")
    if sentence.is_title(category):
        evidence.append("innocent.title")
    if sentence.innocent == LIGHT:
        evidence.append("innocent.light")
    return evidence


def _is_said_of_somebody(category: str, sentence: Sentence, innocents: Sequence[int]) -> bool:
    """Whether grammar says that it is somebody's, so that what else is spoken of hardly matters."""
    if OTHER in innocents:
        return sentence.is_tied_by_name(category)
    return innocents[0] == INNOCENT and sentence.is_tied(category)


def _enumerates(sentence: Sentence) -> bool:
    """Whether the sentence lists kinds of data, as policies and notices do, and names nobody."""
    return len({term.word.category for term in sentence.terms if term.rank > 1}) > 3 and sentence.person != NAMED


def _person(category: str, sentence: Sentence, near: Sequence[Sentence]) -> str:
    if sentence.person in (NAMED, RELATED):
        return sentence.person
    if sentence.speaks_of_self:
        return "person.self"
    if sentence.person and not (sentence.innocent in (INNOCENT, OTHER) or _enumerates(sentence)):
        return sentence.person
    if any(neighbour.speaks_of_somebody for neighbour in near) and not sentence.speaks_to_anybody:
        return "person.nearby"
    if any(neighbour.speaks_of_self and category in neighbour.categories for neighbour in near):
        return "person.self.nearby"
    return ""
