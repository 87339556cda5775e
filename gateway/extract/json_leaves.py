"""The values of a JSON text with the names that lead to them: `cpr.dato: 150322`, as a table names its columns.

What is no JSON as a whole may be one document a line (JSON Lines); what is neither gives nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_LONGEST_PATH = 120
"""Characters that are told of the names, the last ones."""

_MARK = "\ufeff"


def leaves(text: str) -> Iterator[str]:
    """A line for each value that is a text or a number, in the order of the file."""
    for document in _documents(text.removeprefix(_MARK)):
        yield from _told(document)


def _documents(text: str) -> Iterator[Any]:
    whole = _parsed(text)
    if whole is not None:
        yield whole
        return
    lines = text.splitlines()
    if len(lines) > 1 and _parsed(lines[0]) is not None:
        yield from filter(None, map(_parsed, lines))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str, strict=False)
    except (ValueError, RecursionError):
        return None


def _told(document: Any) -> Iterator[str]:
    """Without recursion: what is nested deep is read as well."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield f"{path[-_LONGEST_PATH:]}: {value}" if path else value
        elif isinstance(value, dict):
            before = f"{path[-_LONGEST_PATH:]}." if path else ""
            waiting += [(before + name, each) for name, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(path, each) for each in reversed(value)]
