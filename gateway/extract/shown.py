"""What a page shows of a text that also holds deleted, moved and hidden runs: these leave a number in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.extract import xmltext

_DELETED = re.compile(r"(<w:delText(?:\s[^<>]*)?>)[^<]*")
_RUN = re.compile(r"(?=<w:r[ >])")
_HIDDEN = re.compile(r"<w:vanish\s*/>")
_RUN_END = "</w:r>"


def other_readings(xml: str, text: str, tags: str) -> Iterator[str]:
    """The lines of a Word part that read otherwise without what was deleted or hidden, and without what was added.

    tags: the distinct tags of the XML.
    """
    if "w:del " in tags or "w:moveFrom " in tags or "w:vanish" in tags:
        final = _without(_DELETED.sub(r"\1", xml), "w:moveFrom")
        yield changed_lines(text, xmltext.text(_without_hidden(final) if "w:vanish" in tags else final))
    if "w:ins " in tags or "w:moveTo " in tags:
        yield changed_lines(text, xmltext.text(_without(_without(xml, "w:ins"), "w:moveTo")))


def changed_lines(text: str, other: str) -> str:
    """The lines of another reading that the first does not have, each with the line before it."""
    known = set(text.split("\n"))
    kept: dict[int, str] = {}
    before = -1
    lines = other.split("\n")
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if line not in known:
            if before >= 0:
                kept[before] = lines[before]
            kept[number] = line
        before = number
    return "\n".join(kept[number] for number in sorted(kept))


def _without(xml: str, name: str) -> str:
    """The XML without these elements and all they hold; an empty one is only a mark."""
    first, *pieces = xml.split(f"<{name} ")
    if not pieces:
        return xml
    kept = [first]
    for piece in pieces:
        attributes, _, rest = piece.partition(">")
        kept.append(rest if attributes.endswith("/") else rest.partition(f"</{name}>")[2])
    return "".join(kept)


def _without_hidden(xml: str) -> str:
    """The XML without the runs that are hidden."""
    return "".join(
        run.partition(_RUN_END)[2] if _HIDDEN.search(run.partition(_RUN_END)[0]) else run for run in _RUN.split(xml)
    )
