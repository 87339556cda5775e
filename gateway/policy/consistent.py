"""The files of a policy checked against each other: what each file alone cannot know.

Every fault says in which file and at which key it stands; load.py turns the key into a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gateway.mail.address import Address
from gateway.policy import model
from gateway.policy.build import index_of
from gateway.policy.faellesmail import cycles
from gateway.policy.model import Parts
from gateway.policy.verdict import Method
from gateway.yamltext import Path, did_you_mean

Fault = tuple[str, Path, str]
"""The file, the path of keys in it, and what is wrong."""

_Found = Iterator[tuple[Path, str]]


def faults(parts: Parts) -> Iterator[Fault]:
    """Everything that does not go together. What builds on a faulty part is not looked at before that is right."""
    found = [*_in_file("senders.yaml", _senders(parts)), *_in_file("recipients.yaml", _recipients(parts))]
    for name, entries in parts.lists.items():
        found += _in_file(f"lists/{name}.yaml", _list(entries))
    found += _in_file("matrix.yaml", _matrix(parts))
    found += _in_file("verdict.yaml", _decision(parts))
    yield from found or _in_file("faellesmail.yaml", _faellesmail(parts))


def _in_file(name: str, found: _Found) -> list[Fault]:
    return [(name, path, text) for path, text in found]


# ---------------------------------------------------------------- classes and lists


def _senders(parts: Parts) -> _Found:
    senders = parts.senders
    classes = senders.classes
    yield from _unknown_class(("default",), senders.default, classes)
    for number, name in enumerate(senders.order):
        yield from _unknown_class(("order", number), name, classes)
        if name in senders.order[:number]:
            yield ("order", number), f"`{name}` stands twice in the order"
    for name in classes:
        if name not in senders.order:
            yield ("order",), f"the class `{name}` has no place in the order, write it among the others"
    yield from _security(senders)
    yield from _membership(parts, classes)


def _security(senders: model.Senders) -> _Found:
    """Somebody must be secure, and never those of whom nothing is known."""
    classes, order = senders.classes, senders.order
    if not any(one.secure for one in classes.values()):
        yield ("classes",), "no class is `secure: true`, nobody could be told where to write from"
    elif order and order[-1] in classes and not classes[order[-1]].secure:
        yield ("order",), f"the last class of the order, `{order[-1]}`, must be `secure: true`"
    if senders.default in classes and classes[senders.default].secure:
        yield ("default",), f"`{senders.default}` is secure, so every stranger would be; name another class"


def _recipients(parts: Parts) -> _Found:
    recipients = parts.recipients
    yield from _unknown_class(("default",), recipients.default, recipients.classes)
    for name, one in recipients.classes.items():
        if not one.domains and not one.lists and name != recipients.default:
            yield ("classes", name), f"nobody belongs to the class `{name}`, give it `domains` or `lists`"
    yield from _membership(parts, recipients.classes)
    yield from _membership(parts, recipients.kinds, "kinds")


def _membership(parts: Parts, classes: Mapping[Any, Any], key: str = "classes") -> _Found:
    """Lists nobody wrote, and domains that would belong to two classes at once."""
    own: dict[str, str] = {}
    for name, one in classes.items():
        for number, entry in enumerate(one.domains):
            first = own.setdefault(entry.domain, name)
            if first != name:
                yield (key, name, "domains", number), f"`{entry.domain}` belongs to `{first}` already"
    listed: dict[str, tuple[str, str]] = {}
    for name, one in classes.items():
        for number, list_name in enumerate(one.lists):
            where: Path = (key, name, "lists", number)
            if list_name not in parts.lists:
                yield where, f"there is no list lists/{list_name}.yaml{did_you_mean(list_name, parts.lists)}"
                continue
            for entry in parts.lists[list_name].that_count():
                first, by = listed.setdefault(entry.target, (name, list_name))
                if first != name and entry.target not in own:
                    yield where, f"`{entry.target}` of this list belongs to `{first}` already, by lists/{by}.yaml"


def _list(entries: model.DomainList) -> _Found:
    seen: set[str] = set()
    for number, entry in enumerate(entries.entries):
        here: Path = ("entries", number)
        if (entry.domain is None) == (entry.address is None):
            yield here, "an entry has either a `domain` or an `address`"
        elif entry.target in seen:
            yield here, f"`{entry.target}` stands in this list already"
        seen.add(entry.target)
    if entries.review_after < entries.date:
        yield ("review_after",), "`review_after` lies before the list's own `date`"


# ---------------------------------------------------------------- matrix and verdict


def _matrix(parts: Parts) -> _Found:
    matrix, columns = parts.matrix, parts.recipients.classes
    seen: set[tuple[str, Method]] = set()
    for number, row in enumerate(matrix.rows):
        here: Path = ("rows", number)
        yield from _unknown_class((*here, "sender"), row.sender, parts.senders.classes)
        if (row.sender, row.method) in seen:
            yield here, f"a row for `{row.sender}` by `{row.method}` stands above already"
        seen.add((row.sender, row.method))
        for column, safety in row.to.items():
            there = (*here, "to", column)
            yield from _unknown_class(there, column, columns)
            if matrix.always.get(column, safety) is not safety:
                yield there, f"`always` says {matrix.always[column]} of `{column}`, say it in one place"
    for column in matrix.always:
        yield from _unknown_class(("always", column), column, columns)


def _decision(parts: Parts) -> _Found:
    for name in parts.decision.unreadable:
        yield from _unknown_class(("unreadable", name), name, parts.senders.classes)
    steps = parts.decision.severity
    if steps.high < steps.medium:
        yield ("severity", "high"), "`high` must not be less than `medium`"


# ---------------------------------------------------------------- faellesmail


def _faellesmail(parts: Parts) -> _Found:
    table = parts.faellesmail
    yield from _insecure_mailboxes(parts)
    yield from _double_rows(table)
    yield from _dagtilbud(table)
    in_circles = set(cycles(table.moves()))
    for number, box in enumerate(table.mailboxes):
        for old_number, old in enumerate(box.old):
            if old.key in in_circles:
                yield ("mailboxes", number, "old", old_number), f"`{old.text}` moves in a circle back to itself"
    for number, name in enumerate(table.leaders.recipients if table.leaders else ()):
        yield from _unknown_class(("leaders", "recipients", number), name, parts.recipients.classes)


def _insecure_mailboxes(parts: Parts) -> _Found:
    """A faellesmail that may itself not carry such things would send people from the rain into the gutter."""
    table, classes = parts.faellesmail, parts.senders.classes
    senders = index_of(parts.senders.default, classes, parts.lists)
    moved = {old.key for box in table.mailboxes for old in box.old}
    for path, new in _new_addresses(table):
        if new.key not in moved and not classes[senders.of(new)].secure:
            yield path, f"`{new.text}` is no secure mailbox, its domain must be in a class with `secure: true`"


def _dagtilbud(table: model.Faellesmail) -> _Found:
    """Names that stand for two mailboxes, and people of a dagtilbud that has none."""
    names = [box.dagtilbud for box in table.mailboxes]
    for number, box in enumerate(table.mailboxes):
        if box.dagtilbud and box.dagtilbud in names[:number]:
            yield ("mailboxes", number, "dagtilbud"), f"`{box.dagtilbud}` has a mailbox already"
    for number, row in enumerate(table.people):
        if row.dagtilbud not in names:
            guess = did_you_mean(row.dagtilbud, names)
            yield ("people", number, "dagtilbud"), f"no mailbox belongs to the dagtilbud `{row.dagtilbud}`{guess}"


def _double_rows(table: model.Faellesmail) -> _Found:
    """Two rows for one address, two entries for one mailbox, two defaults of one domain."""
    seen: Counter[str] = Counter()
    for path, text, key in _row_keys(table):
        seen[key] += 1
        if seen[key] > 1:
            yield path, f"`{text}` has a row already, keep one of them"


def _row_keys(table: model.Faellesmail) -> Iterator[tuple[Path, str, str]]:
    """Where each row stands, what it is called, and what no other row may have."""
    for number, box in enumerate(table.mailboxes):
        here: Path = ("mailboxes", number)
        yield from (((*here, "old", each), old.text, old.key) for each, old in enumerate(box.old))
        yield (*here, "new"), box.new.text, f"new {box.new.key}"
        yield from (
            ((*here, "aliases", each), alias.text, f"new {alias.key}") for each, alias in enumerate(box.aliases)
        )
    yield from _numbered("people", table.people, lambda row: (("person",), row.person.text, row.person.key))
    yield from _numbered(
        "patterns", table.patterns, lambda row: (("pattern",), row.pattern, Address.of(row.pattern).key)
    )
    yield from _numbered("defaults", table.defaults, lambda row: (("domain",), row.domain, f"default {row.domain}"))
    for number, leader in enumerate(table.leaders.people if table.leaders else ()):
        yield ("leaders", "people", number), leader.text, leader.key


def _numbered(
    key: str, rows: Sequence[Any], told: Callable[[Any], tuple[Path, str, str]]
) -> Iterator[tuple[Path, str, str]]:
    for number, row in enumerate(rows):
        path, text, name = told(row)
        yield (key, number, *path), text, name


def _new_addresses(table: model.Faellesmail) -> Iterator[tuple[Path, Address]]:
    """Every address the table sends people to."""
    yield from ((("mailboxes", number, "new"), row.new) for number, row in enumerate(table.mailboxes))
    yield from ((("patterns", number, "new"), row.new) for number, row in enumerate(table.patterns))
    yield from ((("defaults", number, "new"), row.new) for number, row in enumerate(table.defaults))
    if table.leaders:
        yield ("leaders", "mailbox"), table.leaders.mailbox


def _unknown_class(path: Path, name: str, classes: Mapping[str, object]) -> _Found:
    if name not in classes:
        listed = f", the classes are {', '.join(classes)}"
        yield path, f"no class is called `{name}`{did_you_mean(name, classes) or listed}"
