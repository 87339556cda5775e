"""Other numbers that point at a person or an account: passport, driving licence, bank account. Recorded by default.

Each is a pattern of the policy, with words that must introduce it where digits alone say nothing. Patterns run in the
engine, which knows no backtracking: what it cannot run in linear time (references, look-around, endless counts) it
refuses, and so does `check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detect.engine import Engine, EngineError, Pattern
from gateway.detect.rules import Identifier
from gateway.detect.words import EDGE_LEFT, EDGE_RIGHT, expression

BUDGET = 20_000
_REACH = 64
_NO_VALUE = re.compile(rb"[^0-9A-Za-z]")


class IdentifierDetector:
    """Finds the identifiers of the policy in folded text."""

    name = "identifier"

    def __init__(self, identifiers: tuple[Identifier, ...]) -> None:
        self._identifiers = identifiers
        self._patterns = [_engine_of(number, identifier) for number, identifier in enumerate(identifiers)]
        self._openings = Engine(
            [
                Pattern(number, opening)
                for number, identifier in enumerate(identifiers)
                for opening in ([expression(cue) for cue in identifier.cues] or [_shape(identifier)])
            ]
        )

    def places(self, data: bytes) -> list[tuple[int, int]]:
        """Where one of their words stands, or one that needs no word."""
        return [(start, end) for _, start, end in self._openings.matches(data, BUDGET)]

    def find(self, data: bytes) -> Iterator[tuple[Identifier, str]]:
        """Each identifier with its characters, once."""
        seen: set[tuple[int, str]] = set()
        for hit in self._openings.hits(data, BUDGET):
            identifier = self._identifiers[hit.pattern]
            piece = data[hit.end - 1 : hit.end + _REACH] if identifier.cues else data[hit.start : hit.end]
            inside = self._patterns[hit.pattern].hits(piece)
            if not inside:
                continue
            value = _NO_VALUE.sub(b"", piece[inside[0].start : inside[0].end]).decode("ascii")
            if (hit.pattern, value) not in seen:
                seen.add((hit.pattern, value))
                yield identifier, value


def _engine_of(number: int, identifier: Identifier) -> Engine:
    try:
        return Engine([Pattern(number, _shape(identifier))])
    except EngineError:
        raise ValueError(
            f"ord/{identifier.file}.yaml: identifiers: the pattern of {identifier.name!r} is refused:"
            " it must run in linear time (no references, no look-around, no huge counts)"
        ) from None


def _shape(identifier: Identifier) -> bytes:
    return EDGE_LEFT + b"(?:" + identifier.pattern.encode("utf-8") + b")" + EDGE_RIGHT
