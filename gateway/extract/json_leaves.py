"""The values of a JSON text with the names that lead to them: `cpr.dato: 150322`, as a table names its columns.

What is no JSON as a whole may be one document a line (JSON Lines); what is neither gives nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_LONGEST_PATH = 120
"""Characters that are told of the names, the last ones."""

_TOLD, _SWELLS = 100_000, 4
"""So much more than the text itself may be told; the rest of a long list of numbers is read where it stands."""

_MARK = "\ufeff"


def leaves(text: str) -> Iterator[str]:
    """A line for each value that is a text or a number, in the order of the file, as long as there is room."""
    room = _TOLD + _SWELLS * len(text)
    for document in _documents(text.removeprefix(_MARK)):
        for line in _told(document):
            room -= len(line)
            if room < 0:
                return
            yield line


def _documents(text: str) -> Iterator[Any]:
    whole = _parsed(text)
    if whole is not None:
        yield whole
        return
    lines = text.splitlines()
    if len(lines) > 1 and _parsed(lines[0]) is not None:
        yield from filter(None, map(_parsed, lines))


def _parsed(text: str) -> Any:
    """An object is a tuple of its pairs, for a name may stand in it twice."""
    try:
        return json.loads(text, object_pairs_hook=tuple, parse_int=str, parse_float=str, strict=False)
    except (ValueError, RecursionError):
        return None


def _told(document: Any) -> Iterator[str]:
    """Without recursion: what is nested deep is read as well."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield _without_halves(f"{path[-_LONGEST_PATH:]}: {value}" if path else value)
        elif isinstance(value, tuple):
            before = f"{path[-_LONGEST_PATH:]}." if path else ""
            waiting += [(before + name, each) for name, each in reversed(value)]
        elif isinstance(value, list):
            waiting += [(path, each) for each in reversed(value)]


def _without_halves(line: str) -> str:
    """A line without halves of characters, which an escape may give (`\\ud800`)."""
    return line if line.isascii() else line.encode("utf-8", "replace").decode()
