"""Places, findings, reasons and times in a language: `i vedhæftet fil 2 (regneark), ark 2`. Never a file name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from gateway.mail.finding import BY_WORDING, CATEGORIES, Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.place import Place, Step

Words = Mapping[str, Any]

MOST_PLACES = 6
"""Places a line names before it counts the rest: a list of a hundred pages helps nobody."""

MOST_UNREAD = 12


class Found(NamedTuple):
    """One line of what was found: `et CPR-nummer`, `[i emnet, i mailens tekst]`."""

    category: str
    what: str
    places: tuple[str, ...]


class Unread(NamedTuple):
    """One line of what could not be read: `vedhæftet fil 1 (PDF)`, `er låst med en adgangskode`."""

    place: str
    why: str


def found(findings: Iterable[Finding], words: Words) -> tuple[Found, ...]:
    """One line per category, in the order of CATEGORIES; equal values in several places count once.

    The category of what was found by its wording is a guess, and nobody is told a guess: that is a line of its own.
    """
    by_category: dict[str, list[Finding]] = {}
    for finding in findings:
        category = "" if finding.detector == BY_WORDING else finding.category
        by_category.setdefault(category, []).append(finding)
    return tuple(
        Found(category, what(category, by_category[category], words), _places(by_category[category], words))
        for category in sorted(by_category, key=_rank)
    )


def what(category: str, findings: Iterable[Finding], words: Words) -> str:
    """`et CPR-nummer`, `3 CPR-numre`, `oplysninger om helbred`."""
    return in_category(category, len({finding.identity for finding in findings}), words)


def in_category(category: str, count: int, words: Words) -> str:
    """The words for so many different things of one category."""
    if category == "unreadable":
        return str(words["unread"])
    forms = words["category"].get(category)
    if not forms:
        return str(words["other_category"])
    return str(forms["many"]).format(count=count) if count > 1 and "many" in forms else str(forms["one"])


def unread(parts: Iterable[Unreadable], words: Words) -> tuple[Unread, ...]:
    """One line per part, the first reason counts; the first MOST_UNREAD parts are enough to know what is wrong."""
    lines: dict[str, Unread] = {}
    for part in parts:
        place = noun(part.place, words)
        lines.setdefault(place, Unread(place, _reason(part, words)["is"]))
        if len(lines) == MOST_UNREAD:
            break
    return tuple(lines.values())


def remedies(parts: Iterable[Unreadable], words: Words) -> tuple[str, ...]:
    """What the sender can do so that the parts can be read, each said once."""
    return tuple(dict.fromkeys(str(_reason(part, words)["do"]) for part in parts))


def noun(place: Place, words: Words) -> str:
    """The place without its preposition: `vedhæftet fil 2 (regneark), ark 2`."""
    return ", ".join([_outer(place.outermost, words), *filter(None, (_inner(step, words) for step in place.steps[1:]))])


def spoken_time(moment: datetime, words: Words) -> str:
    """`24. november 2026 kl. 09.05`."""
    month = words["months"][moment.month - 1]
    return str(words["time"]).format(day=moment.day, month=month, year=moment.year, clock=f"{moment:%H.%M}")


def spoken_date(day: date, words: Words) -> str:
    """`24. november 2026`."""
    return str(words["date"]).format(day=day.day, month=words["months"][day.month - 1], year=day.year)


def _places(findings: Iterable[Finding], words: Words) -> tuple[str, ...]:
    """Each place once, in the order found; those beyond MOST_PLACES are counted."""
    places = dict.fromkeys(finding.place for finding in findings)
    nouns = tuple(dict.fromkeys(f"{words['in']} {noun(place, words)}" for place in places))
    rest = len(nouns) - MOST_PLACES
    return (*nouns[:MOST_PLACES], str(words["other_places"]).format(count=rest)) if rest > 0 else nouns


def _outer(step: Step, words: Words) -> str:
    if step.kind == "header":
        return _field(step, words)
    name = str(words["place"].get(step.kind, words["place"]["text"]))
    return _with_format(_numbered(name, step), step, words)


def _inner(step: Step, words: Words) -> str:
    """A step inside a file. A header with a name is a mail's, one without is a document's."""
    if step.kind == "header" and step.format:
        return _field(step, words)
    name = words["inside"].get(step.kind)
    if step.kind == "cell" and name:
        return f"{name} {step.format}"
    return _with_format(_numbered(str(name), step), step, words) if name else ""


def _field(step: Step, words: Words) -> str:
    return str(words["header"].get(step.format, words["place"]["header"]))


def _numbered(name: str, step: Step) -> str:
    return f"{name} {step.number}" if step.number else name


def _with_format(name: str, step: Step, words: Words) -> str:
    format = words["format"].get(step.format) if step.kind == "attachment" else None
    return f"{name} ({format})" if format else name


def _reason(part: Unreadable, words: Words) -> Mapping[str, str]:
    reason: Mapping[str, str] = words["unreadable"].get(str(part.reason), words["other_reason"])
    return reason


def _rank(category: str) -> int:
    return CATEGORIES.index(category) if category in CATEGORIES else len(CATEGORIES)
