"""Which of the sensitive words found in a sentence count: whole words, none overlapping, no look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gateway.detect.vocabulary import MEDIUM, STOP, STRONG, WEAK, Found, Word

_RANK = {STRONG: 3, MEDIUM: 2, WEAK: 1}


class Term(NamedTuple):
    """A sensitive word found in a sentence: its strength (3 strong, 2 medium, 1 weak), the whole words it covers."""

    word: Word
    rank: int
    start: int
    end: int


class _Stop(NamedTuple):
    """A look-alike: `kræfter` is no cancer."""

    category: str
    start: int
    end: int


def terms_of(plain: bytes, found: Sequence[Found], is_about_it_only: Callable[[int, int], bool]) -> list[Term]:
    """The words that count of all that were found, the strongest first.

    is_about_it_only: whether a word whose beginning ends here, and it itself there, is a museum or a fund for it.
    """
    terms: list[Term] = []
    stops: list[_Stop] = []
    for kind, start, end, word in found:
        first, last = _whole(plain, start, end)
        if kind == STOP:
            stops.append(_Stop(word.category, first, last))
        elif not (word.text[-1] == "*" and is_about_it_only(end, last)):
            terms.append(Term(word, _RANK[kind], first, last))
    if len(terms) > 1:
        terms = _distinct(terms)
    return [term for term in terms if not any(_covers(stop, term) for stop in stops)] if stops else terms


def _whole(plain: bytes, start: int, end: int) -> tuple[int, int]:
    """From where to where the whole words reach of which something was found."""
    begin = start + 1 if plain[start] == 0x20 else plain.rfind(b" ", 0, start) + 1
    if plain[end - 1] == 0x20:
        return begin, end - 1
    last = plain.find(b" ", end)
    return begin, last if last >= 0 else len(plain)


def _distinct(terms: list[Term]) -> list[Term]:
    """The strongest of overlapping words, longer ones first."""
    kept: list[Term] = []
    for term in sorted(terms, key=lambda term: (-term.rank, term.start - term.end, term.start)):
        if not any(term.start < other.end and other.start < term.end for other in kept):
            kept.append(term)
    return kept


def _covers(stop: _Stop, term: Term) -> bool:
    """A look-alike takes away the words of its category that it overlaps, but no longer one: more words say more."""
    if stop.category != term.word.category or stop.start >= term.end or term.start >= stop.end:
        return False
    return stop.end - stop.start >= term.end - term.start
