"""One pass of Hyperscan over bytes: where do which of many patterns match? Linear in the text for any pattern.

A thin skin that keeps the rest of the room free of the library. Patterns are byte patterns without lookaround, or
literals. The scratch space a scan needs is kept per thread, so one engine serves every worker thread. What takes long
to compile may be kept from one start to the next: `keep_compiled` says where.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import hyperscan


class Hit(NamedTuple):
    """Pattern number, and the bytes it covers."""

    pattern: int
    start: int
    end: int


class Pattern(NamedTuple):
    """A pattern with its number; several may share one."""

    number: int
    expression: bytes


class EngineError(ValueError):
    """A pattern that cannot be run in linear time, or is none."""


_WORTH_KEEPING = 10
"""Fewer patterns than this are compiled as fast as they are read."""


class TooManyHits(Exception):
    """The text matches more often than anyone will look at."""


class Shelf(Protocol):
    """Where compiled patterns lie between starts. It may lose them, and must not give what somebody else put there."""

    def take(self, name: str) -> bytes | None:
        """What was put under this name, or None."""

    def put(self, name: str, data: bytes) -> None:
        """Keeps the bytes, if it can."""


class _NoShelf:
    def take(self, name: str) -> None:
        """Nothing is kept."""

    def put(self, name: str, data: bytes) -> None:
        """Nothing is kept."""


_shelf: Shelf = _NoShelf()


def keep_compiled(shelf: Shelf) -> None:
    """From now on engines are taken from this shelf where they lie there, and put there where they do not."""
    global _shelf  # one for the process: an engine's tables depend on nothing but its patterns
    _shelf = shelf


class Engine:
    """Patterns compiled once, searched often."""

    def __init__(
        self, patterns: Sequence[Pattern], *, literal: bool = False, starts: bool = True, once: bool = False
    ) -> None:
        """starts: whether matches tell where they begin; without, some patterns run twice as fast. For several patterns
        at once only with: without, the library was seen to miss matches at the end of a text (literals it does not).
        once: each pattern is told once, where it matches first; only without starts.
        """
        self._scratch = threading.local()
        self._empty = not patterns
        flags = hyperscan.HS_FLAG_SOM_LEFTMOST if starts else 0
        if once:
            flags |= hyperscan.HS_FLAG_SINGLEMATCH
        if not literal:
            flags |= hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL
        if patterns:
            self._database = _database(patterns, flags, literal)

    def hits(self, data: bytes, limit: int = 0) -> list[Hit]:
        """Every match, in the order they end; a pattern that can end in several places reports each.

        With a limit, a text that matches more often raises TooManyHits as soon as it has done so.
        """
        return list(map(Hit._make, self.matches(data, limit)))

    def matches(self, data: bytes, limit: int = 0) -> list[tuple[int, int, int]]:
        """The same as bare tuples (pattern, start, end), for texts that are full of them."""
        found, ended = self._scanned(data, limit)
        if ended:
            raise TooManyHits
        return found

    def first(self, data: bytes, most: int) -> list[tuple[int, int, int]]:
        """The first matches, in the order they end; the scan ends when there are so many."""
        return self._scanned(data, most)[0][:most]

    def _scanned(self, data: bytes, limit: int) -> tuple[list[tuple[int, int, int]], bool]:
        """The matches, and whether the scan was ended because they were more than the limit."""
        found: list[tuple[int, int, int]] = []
        if self._empty or not data:
            return found, False
        append = found.append

        def take(number: int, start: int, end: int, _flags: int, _context: object) -> bool | None:
            append((number, start, end))
            return True if limit and len(found) > limit else None

        try:
            self._database.scan(data, match_event_handler=take, scratch=self._scratch_of_thread())
        except hyperscan.ScanTerminated:
            return found, True
        return found, False

    def occurs(self, data: bytes) -> bool:
        """Whether any pattern matches at all; the scan ends with the first that does."""
        try:
            return bool(self.matches(data, 1))
        except TooManyHits:
            return True

    def _scratch_of_thread(self) -> hyperscan.Scratch:
        scratch: hyperscan.Scratch | None = getattr(self._scratch, "value", None)
        if scratch is None:
            scratch = self._scratch.value = hyperscan.Scratch(self._database)
        return scratch


def _database(patterns: Sequence[Pattern], flags: int, literal: bool) -> hyperscan.Database:
    """From the shelf, else compiled and put there."""
    if len(patterns) < _WORTH_KEEPING:
        return _compiled(patterns, flags, literal)
    name = _name(patterns, flags, literal)
    database = _loaded(_shelf.take(name))
    if database is None:
        database = _compiled(patterns, flags, literal)
        _shelf.put(name, hyperscan.dumpb(database))
    return database


def _loaded(kept: bytes | None) -> hyperscan.Database | None:
    """None where it does not lie there whole, or was compiled for another processor or version."""
    try:
        return None if kept is None else hyperscan.loadb(kept, hyperscan.HS_MODE_BLOCK)
    except hyperscan.HyperscanError:
        return None


def _compiled(patterns: Sequence[Pattern], flags: int, literal: bool) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(
            expressions=[pattern.expression for pattern in patterns],
            ids=[pattern.number for pattern in patterns],
            flags=[flags] * len(patterns),
            literal=literal,
        )
    except hyperscan.HyperscanError as error:
        raise EngineError(str(error)) from None
    return database


def _name(patterns: Sequence[Pattern], flags: int, literal: bool) -> str:
    """One name for these patterns, compiled so. Version and processor stand in what is kept, and the library looks."""
    said = hashlib.sha256(b"%d %d " % (flags, literal))
    for number, expression in patterns:
        said.update(b"%d %d " % (number, len(expression)) + expression)
    return said.hexdigest()
