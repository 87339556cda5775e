"""One pass of Hyperscan over bytes: where do which of many patterns match? Linear in the text for any pattern.

A thin skin that keeps the rest of the room free of the library. Patterns are byte patterns without lookaround; the
scratch space a scan needs is kept per thread, so one engine serves every worker thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

import hyperscan


class Hit(NamedTuple):
    """Pattern number, and the bytes it covers."""

    pattern: int
    start: int
    end: int


class Pattern(NamedTuple):
    """A pattern with its number; several may share one. `once` reports only that it occurs."""

    number: int
    expression: bytes
    once: bool = False


class Engine:
    """Patterns compiled once, searched often."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        patterns = list(patterns)
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._scratch = threading.local()
        self._empty = not patterns
        if patterns:
            self._database.compile(
                expressions=[pattern.expression for pattern in patterns],
                ids=[pattern.number for pattern in patterns],
                flags=[_flags(pattern) for pattern in patterns],
            )

    def hits(self, data: bytes) -> list[Hit]:
        """Every match, in the order they end; a pattern that can end in several places reports each."""
        found: list[Hit] = []
        if self._empty or not data:
            return found
        scratch = getattr(self._scratch, "value", None)
        if scratch is None:
            scratch = self._scratch.value = hyperscan.Scratch(self._database)
        append = found.append
        self._database.scan(
            data,
            match_event_handler=lambda number, start, end, _flags, _context: append(Hit(number, start, end)),
            scratch=scratch,
        )
        return found


def _flags(pattern: Pattern) -> int:
    base = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_DOTALL
    return int(base | (hyperscan.HS_FLAG_SINGLEMATCH if pattern.once else hyperscan.HS_FLAG_SOM_LEFTMOST))
