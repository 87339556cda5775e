"""Sensitive data on an identifiable person: the policy's words, sentence by sentence, and who is spoken of beside them.

First a cheap look at the whole text for words that matter and for people; most mail ends there. Then only the sentences
that hold such a word, and their neighbours, are read closely: which words (look-alikes are stopped), which person,
which context, and how it all reads as a whole. Neither a word nor the wording is ever enough to block: somebody has to
be spoken of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.detect.normalise import letters
from gateway.detect.persons import NAMED, RELATED, Names
from gateway.detect.reading import REACH, Passage, Sentence, Surroundings, stretches
from gateway.detect.rules import WordRules
from gateway.detect.score import Score
from gateway.detect.sentences import Span
from gateway.detect.vocabulary import INNOCENT, LIGHT, OTHER, TOPIC, Vocabulary
from gateway.detect.wording import Wording
from gateway.mail.finding import BY_WORDING, Confidence
from gateway.mail.hidden import Hidden

BUDGET = 10_000
"""Words looked at closely in one text; a text with more of them counts as not fully read."""

PERSONS = 1_000
"""So many mentions of somebody in one text have the sentences around them read for their wording."""

BY_WORDS = "sensitive"
"""The detector's name where a word of the policy tells."""


class Sensitive(NamedTuple):
    """What was found in a part of the text. identity: the policy's word, or the letters of a sentence worded so."""

    part: int
    detector: str
    category: str
    identity: Hidden
    confidence: Confidence
    evidence: tuple[str, ...]


class ReadSentence(NamedTuple):
    """Where a sentence stands, and what it and its passage (itself included) are known by."""

    place: Span
    own: frozenset[str]
    around: frozenset[str]


_TIED = frozenset((NAMED, RELATED, "person.self"))
"""Persons of the sentence itself, whom its predicate may tie to the word."""

_OF_NOBODY = frozenset(
    (
        "innocent",
        "innocent.other",
        "innocent.other.nearby",
        "innocent.topic",
        "innocent.thing",
        "innocent.title",
    )
)
"""What no wording outweighs."""

_A_STEP_LESS = {
    "wording.harmless.1": "",
    "wording.harmless.2": "wording.harmless.1",
    "wording.harmless.3": "wording.harmless.2",
}
"""What harmless wording counts for where the word is somebody's own: `Lauras anoreksi`, whatever is said of it."""

_STRENGTH = {3: "term.strong", 2: "term.medium", 1: "term.weak"}


class SensitiveDetector:
    """Finds sensitive sentences in folded text."""

    def __init__(self, rules: WordRules) -> None:
        self._names = Names(rules.persons)
        self._score = Score(rules.weights, rules.thresholds)
        self._vocabulary = Vocabulary(rules)
        self._wording = Wording(rules.learned, rules.persons.names)
        self._blocks = rules.thresholds[Confidence.LIKELY]
        self._sway = max(abs(rules.weights.get(name, 0)) for name in Wording.EVIDENCE)
        self._judged = lru_cache(maxsize=4096)(self._judge)

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Where strong and medium words end, and where somebody is spoken of; most mail has neither."""
        return [(end - 2, end - 1) for end in self._ends(letters(b" " + data + b" "))]

    def _ends(self, plain: bytes) -> list[int]:
        """Where what may be sensitive stands, and where somebody is spoken of; in order."""
        telling = self._vocabulary.ends_of_telling(plain, BUDGET)
        persons = self._vocabulary.ends_of_persons(plain, PERSONS)
        return sorted((*telling, *persons)) if persons else telling

    def find(self, data: bytes, part_at: Callable[[int], int | None], head: int = 0) -> Iterator[Sensitive]:
        """Each finding whose sentence begins in a part that is judged.

        part_at: the part of the text that a place belongs to; None for what is read for its words only.
        head: how many bytes of the text are the subject of the message, which may speak of everybody and nobody.
        What is certain already is not looked at again, for it cannot become more than that, nor is a sentence that
        stands there again between the same neighbours.
        """
        certain: set[tuple[int, str, str]] = set()
        read: set[tuple[int, Surroundings]] = set()
        worded: list[tuple[bool, int, Sensitive]] = []
        is_told = False
        under = self._said_by_subject(data, head)
        for sentence, near, surroundings in self._sentences(b" " + data + b" "):
            part = part_at(max(0, sentence.start - 1))
            if part is None or (part, surroundings) in read:
                continue
            read.add((part, surroundings))
            if is_told and not sentence.categories:
                continue
            tendency = self._wording.tendency(sentence.signs, [each.signs for each in (sentence, *near)])
            beneath = under if sentence.start > head else ()
            for found in self._found_by_words(part, sentence, near, tendency, beneath, certain):
                is_told = is_told or found.confidence >= Confidence.LIKELY
                yield found
            if not is_told and self._wording.is_enough(tendency, sentence.signs, len(data)):
                said = self._found_by_wording(part, sentence, near)
                worded += [(sentence.start > head, tendency, each) for each in said]
        if worded and not is_told:
            yield max(worded, key=lambda each: each[:2])[2]

    def _found_by_words(
        self,
        part: int,
        sentence: Sentence,
        near: Sequence[Sentence],
        tendency: int,
        under: tuple[str, ...],
        certain: set[tuple[int, str, str]],
    ) -> Iterator[Sensitive]:
        """What the policy's words in a sentence tell, weighed with how it reads as a whole and what it stands under."""
        for category in sorted(sentence.categories):
            word = next(term.word.text for term in sentence.terms if term.word.category == category)
            if (part, category, word) in certain:
                continue
            signs = _evidence(category, sentence, near)
            if "innocent.nearby" not in signs:
                signs += under
            confidence, evidence = self._judged((*signs, *self._wording_of(tendency, signs)))
            if confidence == Confidence.CERTAIN:
                certain.add((part, category, word))
            if confidence is not None:
                yield Sensitive(part, BY_WORDS, category, Hidden(f"{category}: {word}"), confidence, evidence)

    def _found_by_wording(self, part: int, sentence: Sentence, near: Sequence[Sentence]) -> Iterator[Sensitive]:
        """A sentence of which no single word tells, where somebody is spoken of.

        Of such sentences that one is told that reads most like it, one of the body before the subject, and none where a
        word tells.
        """
        category = self._wording.category(sentence.signs, [each.signs for each in (sentence, *near)])
        confidence, evidence = self._judged(tuple(_evidence_of_wording(category, sentence, near)))
        if confidence is not None and confidence >= Confidence.LIKELY:
            yield Sensitive(part, BY_WORDING, category, Hidden(sentence.letters), confidence, evidence)

    def read_sentences(self, data: bytes) -> Iterator[ReadSentence]:
        """What is learned from: each sentence whose wording is asked for."""
        for sentence, near, _ in self._sentences(b" " + data + b" "):
            around = frozenset().union(*(each.signs for each in (sentence, *near)))
            yield ReadSentence(Span(max(0, sentence.start - 1), sentence.end - 1), sentence.signs, around)

    def _wording_of(self, tendency: int, signs: Sequence[str]) -> list[str]:
        """How the sentence reads as a whole, where that can decide."""
        missing = self._blocks - self._score.total(signs)
        if not -self._sway < missing <= self._sway:
            return []
        if missing > 0 and _OF_NOBODY.intersection(signs):
            return []
        evidence = self._wording.evidence(tendency)
        if "term.owned" in signs:
            evidence = _A_STEP_LESS.get(evidence, evidence)
        is_outweighed = evidence == "wording.harmless.1" and signs[0] == "term.strong"
        return [evidence] if evidence and not is_outweighed else []

    def _said_by_subject(self, data: bytes, head: int) -> tuple[str, ...]:
        if not head:
            return ()
        plain = letters(b" " + data[:head] + b" ")
        kinds = {kind for kind, *_ in self._vocabulary.found(plain, 0, len(plain))}
        return ("innocent.subject",) if kinds & {INNOCENT, OTHER, LIGHT, TOPIC} else ()

    def _sentences(self, data: bytes) -> Iterator[tuple[Sentence, list[Sentence], Surroundings]]:
        """Each sentence with sensitive words, its neighbours, nearest first, and what is written there."""
        plain = letters(data)
        for stretch in stretches(self._ends(plain), len(data)):
            passage = Passage(data, plain, stretch, self._names, self._vocabulary.heads, self._wording.signs)
            for run in passage.runs(self._vocabulary):
                for at, sentence in enumerate(run):
                    before, after = run[max(0, at - REACH) : at], run[at + 1 : at + 1 + REACH]
                    around = (*before, sentence, *after)
                    if sentence.may_be_sensitive or any(each.mentions_somebody for each in around):
                        surroundings = passage.surroundings(sentence, around[0].start, around[-1].end)
                        yield sentence, before[::-1] + after, surroundings

    def _judge(self, evidence: tuple[str, ...]) -> tuple[Confidence | None, tuple[str, ...]]:
        confidence = self._score.confidence(evidence)
        is_weak = evidence[0] == "term.weak" and "term.second" not in evidence
        if confidence is not None and (is_weak or not any(name.startswith("person.") for name in evidence)):
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


def _evidence_of_wording(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """What speaks for and against a sentence of which no single word tells."""
    person = _person(category, sentence, near)
    return ["wording.alone", *([person] if person else []), *_contexts(category, sentence, near)]


def _speaks_against(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
    """The innocent contexts of a sentence and of its neighbours, and what is said of nobody."""
    evidence = _contexts(category, sentence, near)
    if "innocent" not in evidence and sentence.is_topic(category):
        evidence.append("innocent.topic")
    if sentence.is_said_of_things(category):
        evidence.append("innocent.thing")
    if sentence.is_title(category):
        evidence.append("innocent.title")
    return evidence


def _contexts(category: str, sentence: Sentence, near: Sequence[Sentence]) -> list[str]:
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
    elif not sentence.is_tied(category):
        innocent = sum(neighbour.innocent == INNOCENT for neighbour in near)
        evidence += ["innocent.nearby", "innocent.around"][: min(innocent, 2)]
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
