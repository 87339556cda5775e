"""One sentence, read as closely as it is asked for: its words, who is spoken of, in which context.

Most neighbours of a sensitive sentence are asked one question only, so each answer is worked out when it is wanted.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from gateway.detect import subjects
from gateway.detect.once import once
from gateway.detect.persons import GROUPED, NAMED, RELATED, Names, leaves_out_the_writer
from gateway.detect.sentences import Span, blanked, ends_of_sentences, quoted_titles, without_formalities
from gateway.detect.terms import Term, terms_of
from gateway.detect.ties import OWNER_REACH, TIE_REACH, Ties, is_in_fiction, is_owned, ties
from gateway.detect.vocabulary import (
    EXCUSE,
    GROUP,
    INNOCENT,
    LIGHT,
    NOBODY,
    OTHER,
    PREDICATE,
    RELATION,
    SELF,
    STOP,
    TERMS,
    THING,
    TOPIC,
    Found,
    Vocabulary,
)

REACH = 2
"""So many sentences before and after one may say of whom it speaks."""
_MARGIN = 1_000
_COMMON_REACH = 500
_YOURS = re.compile(rb" (?:din|dit|dine|jeres) (?:(?!(?:er|var|blev|bliver|har|havde) )[^ ]+ ){0,2}$")
"""What is the reader's own, not what a thing of the reader's is or has: `jeres fedtudskiller var fuld`."""
_CARED_FOR = frozenset(("health", "disability", "social"))
"""What professions take care of, whose names are words of these categories."""
_FORM = re.compile(rb"[_.[\xe2:](?:(?<=_)__|(?<=\.)\.{5}|(?<=\[) ?\]|(?<=\xe2)\x98\x90|(?<=:)[ \t]*\n?$)")
"""A line of a form that waits to be filled in."""


class Stretch(NamedTuple):
    """A stretch of text with the places where the words that matter end."""

    start: int
    end: int
    ends: Sequence[int]


Surroundings = tuple[int, int, bytes, bytes]
"""A sentence's place in what is written around it, as written and without formalities."""


class Passage:
    """A stretch of text cut into sentences; its places are those of the whole text."""

    def __init__(
        self,
        data: bytes,
        plain: bytes,
        stretch: Stretch,
        names: Names,
        heads: re.Pattern[bytes],
        signs: Callable[[bytes], frozenset[str]],
    ) -> None:
        self.data, self.plain, self.names, self.signs, self._heads = data, plain, names, signs, heads
        self._stretch = stretch
        piece = data[stretch.start : stretch.end]
        self._ends = ends_of_sentences(piece)
        self.titles = quoted_titles(piece)
        self._visible = blanked(without_formalities(piece), self.titles)

    def runs(self, vocabulary: Vocabulary) -> list[list[Sentence]]:
        """The sentences that hold such a word and their neighbours, in order, parted where sentences are left out."""
        return [self._read(vocabulary, first, last) for first, last in self._wanted()]

    def text(self, start: int, end: int) -> str:
        """What is written there, without greetings, signatures and addresses."""
        offset = self._stretch.start
        return self._visible[start - offset : end - offset].decode("utf-8", "replace")

    def is_in_title(self, term: Term) -> bool:
        """Whether a word stands in a quoted title."""
        offset = self._stretch.start
        at = bisect_left(self.titles, (term.start - offset, 0)) - 1
        return at >= 0 and term.end <= self.titles[at].end + offset

    def is_about_it_only(self, end: int, last: int) -> bool:
        """Whether a word that begins before this place goes on as a museum, a film, a fund for what it begins with."""
        if end < last:
            return self._heads.match(self.plain, end) is not None
        return self.data[last : last + 1] == b"-" and self._heads.match(self.plain, last + 1) is not None

    def surroundings(self, sentence: Sentence, low: int, high: int) -> Surroundings:
        """All that decides on a sentence whose neighbours reach from here to there."""
        low, high = max(0, low - _COMMON_REACH), high + _COMMON_REACH  # the farthest that any question looks
        offset = self._stretch.start
        visible = self._visible[max(0, low - offset) : high - offset]
        return sentence.start - low, sentence.end - low, self.data[low:high], visible

    def _wanted(self) -> list[tuple[int, int]]:
        last = len(self._ends) - 1
        runs: list[tuple[int, int]] = []
        for at in self._stretch.ends:
            index = min(bisect_left(self._ends, at - self._stretch.start), last)
            low, high = max(0, index - REACH), min(last, index + REACH)
            if runs and low <= runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], high)
            else:
                runs.append((low, high))
        return runs

    def _read(self, vocabulary: Vocabulary, first: int, last: int) -> list[Sentence]:
        offset = self._stretch.start
        starts = [offset + (self._ends[index - 1] if index else 0) for index in range(first, last + 1)]
        bounds = [*starts, offset + self._ends[last]]
        read = [Sentence(self, start, end) for start, end in pairwise(bounds)]
        at, last_of_run = 0, len(read) - 1
        for found in vocabulary.found(self.plain, max(0, bounds[0] - 1), bounds[-1] + 1):
            _, begin, end, _ = found
            while end > bounds[at + 1] + 1:
                at += 1
            if begin >= bounds[at] - 1:
                read[at].add(found)
            if at < last_of_run and begin >= bounds[at + 1] - 1:
                read[at + 1].add(found)
        return read


class Sentence:
    """What one sentence holds."""

    def __init__(self, passage: Passage, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._passage = passage
        self._sensitive: list[Found] = []
        self._persons: list[Found] = []
        self._topics: list[int] = []
        self._things: list[Found] = []
        self._raw = 0

    def add(self, found: Found) -> None:
        """A word that stands in it; to be told before anything is asked."""
        kind = found[0]
        self._raw |= kind
        if kind & (TERMS | STOP):
            self._sensitive.append(found)
        elif kind & (RELATION | GROUP | SELF | NOBODY):
            self._persons.append(found)
        elif kind == TOPIC:
            self._topics.append(found[2])
        elif kind == THING:
            self._things.append(found)

    @property
    def may_be_sensitive(self) -> bool:
        return bool(self._raw & TERMS)

    @once
    def kinds(self) -> int:
        """What its words are for, added up; a person in a phrase for nobody (`en mor`, `hvis du`) is none."""
        kinds = self._raw
        if kinds & NOBODY and kinds & (RELATION | GROUP | SELF):
            phrases = [each for each in self._persons if each[0] == NOBODY]
            kinds &= ~(RELATION | GROUP | SELF)
            for found in self._persons:
                if found[0] != NOBODY and not any(_is_within(found, phrase) for phrase in phrases):
                    kinds |= found[0]
        return kinds

    @once
    def terms(self) -> Sequence[Term]:
        """Its sensitive words, none overlapping, without look-alikes and parts of names; the strongest first."""
        if not self._raw & TERMS:
            return ()
        data, names = self._passage.data, self._passage.names
        terms = terms_of(self._passage.plain, self._sensitive, self._passage.is_about_it_only)
        spans = [Span(term.start, term.end) for term in terms]
        return [
            term
            for term, span in zip(terms, spans, strict=True)
            if not names.includes(data, span)
            and not (term.word.category in _CARED_FOR and names.is_occupation(data, span))
        ]

    @once
    def categories(self) -> frozenset[str]:
        return frozenset([term.word.category for term in self.terms])

    @once
    def person(self) -> str:
        """The person it speaks of, as a kind of evidence; empty for nobody."""
        named = self._passage.names.in_sentence(self._text, self._is_common_here)
        if named == NAMED:
            return NAMED
        to_reader = not named and not self.speaks_to_anybody and self._speaks_to_reader()
        if self.kinds & RELATION or to_reader:
            return RELATED
        return GROUPED if self.kinds & GROUP else named

    @property
    def speaks_of_somebody(self) -> bool:
        """Whether a neighbour may take its person from here: somebody's relation or name, not what only may be one."""
        return bool(self.kinds & RELATION) or self.person in (NAMED, RELATED)

    @once
    def speaks_of_self(self) -> bool:
        return bool(self.kinds & SELF) or bool(self.terms and leaves_out_the_writer(self._text))

    @property
    def speaks_to_anybody(self) -> bool:
        """Whether its only person is one of a phrase for nobody: `hvis du er gravid`."""
        return bool(self._raw & NOBODY)

    @property
    def has_predicate(self) -> bool:
        return bool(self.kinds & PREDICATE)

    @once
    def innocent(self) -> int:
        """The strongest context of everybody and nobody: OTHER, INNOCENT, LIGHT, or none."""
        if self.terms and (self._is_form() or self._counts_people()) and self.person != NAMED:
            return INNOCENT
        return next((kind for kind in (OTHER, INNOCENT, LIGHT) if self.kinds & kind), 0)

    @once
    def signs(self) -> frozenset[str]:
        """What it is known by when it is read as a whole."""
        return self._passage.signs(self._passage.plain[self.start : self.end])

    @property
    def letters(self) -> str:
        """Its letters and digits as words, whatever stands between them."""
        return " ".join(self._passage.plain[self.start : self.end].decode("utf-8", "replace").split())

    @property
    def mentions_somebody(self) -> bool:
        """Whether he, she or somebody's relation stands in it."""
        return bool(self._raw & RELATION)

    def owns(self, term: Term) -> bool:
        """Whether the word is somebody's: `hendes`, `min`, `Karstens` before it, perhaps with one word between."""
        before = self._passage.data[max(0, term.start - OWNER_REACH) : term.start]
        return is_owned(before, self._passage.names.is_nominative)

    def is_topic(self, category: str) -> bool:
        """Whether all it says of this category is what something is about: `en bog om autisme`."""
        return bool(self._topics) and self._all(category, self._is_topic)

    @property
    def excuses_somebody(self) -> bool:
        """Whether somebody cannot come or take part, so that what is said is no play."""
        return bool(self._raw & EXCUSE)

    def is_tied(self, category: str) -> bool:
        """Whether a word of this category is said of somebody by grammar: `hun er i kemoterapi`, `Mads har autisme`."""
        if self._is_form():
            return False
        return any(self.owns(term) or self._ties(term).any for term in self._terms_of(category))

    def is_tied_by_name(self, category: str) -> bool:
        """The same where a creature is spoken of too: a pronoun may be its, the name in a clause of its own is not.

        What happens to somebody in a film or a play happens to nobody.
        """
        if is_in_fiction(self._passage.plain, max(0, self.start - 1), self.end):
            return False
        return any(self._ties(term).by_name for term in self._terms_of(category))

    def _terms_of(self, category: str) -> list[Term]:
        return [term for term in self.terms if term.word.category == category]

    def _ties(self, term: Term) -> Ties:
        before = self._passage.data[max(self.start, term.start - TIE_REACH) : term.start]
        return ties(before, " " in term.word.text, self._passage.names.is_nominative)

    def is_said_of_things(self, category: str) -> bool:
        """Whether all it says of this category is said of things: `alarmen er sygemeldt`, `en amputeret dinosaur`."""
        return bool(self._things) and self._all(category, self._is_of_a_thing)

    def is_title(self, category: str) -> bool:
        """Whether all it says of this category stands in quoted titles: `"Da Konrad blev blind" er udkommet`."""
        return bool(self._passage.titles) and self._all(category, self._passage.is_in_title)

    def _all(self, category: str, holds: Callable[[Term], bool]) -> bool:
        """Whether this holds of all words of the category that count."""
        return all(holds(term) for term in self._terms_of(category) if term.rank > 1)

    def _is_of_a_thing(self, term: Term) -> bool:
        data = self._passage.data
        return any(
            start == term.end or subjects.is_of_thing(data, (start, end), term.start)
            for _, start, end, _ in self._things
        )

    def _is_topic(self, term: Term) -> bool:
        at = bisect_left(self._topics, term.start + 2) - 1
        return at >= 0 and subjects.is_topic(self._passage.plain, self._topics[at], term.start)

    @once
    def _text(self) -> str:
        return self._passage.text(self.start, self.end)

    def _is_common_here(self, word: str) -> bool:
        """Whether a capitalised word stands near with a small letter, too, and is thus no name."""
        common = b" " + word.lower().encode()
        low, high = max(0, self.start - _COMMON_REACH), self.end + _COMMON_REACH
        at = self._passage.data.find(common, low, high)
        return at >= 0 and self._passage.plain[at + len(common) : at + len(common) + 1] == b" "

    def _speaks_to_reader(self) -> bool:
        plain = self._passage.plain
        return any(_YOURS.search(plain[max(0, term.start - 40) : term.start]) for term in self.terms)

    def _counts_people(self) -> bool:
        return not self.kinds & SELF and subjects.counts_people(self._passage.plain, self.start, self.end)

    def _is_form(self) -> bool:
        return _FORM.search(self._passage.data, self.start, self.end) is not None


def stretches(ends: Sequence[int], length: int) -> list[Stretch]:
    """The stretches of text around the words that matter, worth cutting into sentences."""
    found: list[Stretch] = []
    first = 0
    for at in range(1, len(ends) + 1):
        if at == len(ends) or ends[at] - ends[at - 1] > _MARGIN:
            low, high = max(0, ends[first] - 1 - _MARGIN), min(length, ends[at - 1] - 1 + _MARGIN)
            found.append(Stretch(low, high, [end - 1 for end in ends[first:at]]))
            first = at
    return found


def _is_within(inner: Found, outer: Found) -> bool:
    return outer[1] <= inner[1] and inner[2] <= outer[2]
