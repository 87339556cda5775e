"""The texts of a policy folder become a Policy, or one exception that names every fault with file and line.

Takes texts, never opens a file. Shapes are model.py's work; here the files are checked against each other.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from gateway.mail.address import Address
from gateway.policy import model
from gateway.policy.domains import Index
from gateway.policy.faellesmail import Faellesmails, Pattern, cycles, final
from gateway.policy.policy import Marks, Policy, Row, Rows, Ways
from gateway.policy.verdict import Method, Ruling, Safety
from gateway.yamltext import Document, YamlError, did_you_mean, parse_yaml, validated

FILES: Mapping[str, type[BaseModel]] = {
    "senders.yaml": model.Senders,
    "recipients.yaml": model.Recipients,
    "matrix.yaml": model.Matrix,
    "faellesmail.yaml": model.Faellesmail,
    "organisation.yaml": model.Organisation,
    "verdict.yaml": model.Decision,
    "send_sikkert.yaml": model.SendSikkert,
    "tjek.yaml": model.Tjek,
}
"""Every file of a policy folder that this room reads; lists/*.yaml besides."""

OPTIONAL = ("verdict.yaml", "send_sikkert.yaml", "tjek.yaml")
LISTS, WORDS, TEXTS = "lists/", "ord/", "beskeder/"
VERSION_DIGITS = 16

Files = Mapping[str, str | bytes]
Path = tuple[str | int, ...]
Shape = TypeVar("Shape", bound=BaseModel)


class PolicyError(YamlError):
    """Everything that is wrong with a policy, `FILE:LINE: …` each."""


def load_policy(files: Files, folder: str = "") -> Policy:
    """The policy these files make: names relative to the policy folder, with `/`, and their texts.

    folder: how errors name the folder the files came from.
    """
    reading = _Folder(files)
    reading.read()
    if not reading.faults:
        reading.check()
    if reading.faults:
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        raise PolicyError(prefix + fault for fault in reading.faults)
    return reading.policy()


def version_of(files: Files) -> str:
    """A short hash of every byte of the policy, whatever the order of the files."""
    digest = hashlib.sha256()
    for name in sorted(files):
        text = files[name]
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:VERSION_DIGITS]


@dataclass(slots=True)
class _Folder:
    """One policy folder while it is read and checked."""

    files: Files
    faults: list[str] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    models: dict[str, BaseModel] = field(default_factory=dict)
    lists: dict[str, model.DomainList] = field(default_factory=dict)
    detection: dict[str, Any] = field(default_factory=lambda: {"cpr": {}, "ord": {}})
    words: dict[str, Document] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    # ------------------------------------------------------------ reading

    def read(self) -> None:
        for name in sorted(self.files):
            try:
                self._read_file(name, self.files[name])
            except YamlError as error:
                self.faults.extend(error.lines)
        for name, shape in FILES.items():
            if name not in self.files:
                if name in OPTIONAL:
                    self.models[name] = shape()
                    self.documents[name] = Document(name, {}, {})
                else:
                    self.faults.append(f"{name}:1: the file is missing from the policy folder")

    def _read_file(self, name: str, text: str | bytes) -> None:
        if name.startswith(TEXTS):
            self.texts[name.removeprefix(TEXTS)] = text if isinstance(text, str) else text.decode("utf-8", "replace")
        elif not name.endswith((".yaml", ".yml")):
            return
        elif name in FILES:
            document = self.documents[name] = parse_yaml(text, name)
            self.models[name] = validated(FILES[name], document)
        elif name.startswith(LISTS):
            document = self.documents[name] = parse_yaml(text, name)
            self.lists[_stem(name)] = validated(model.DomainList, document)
        elif name.startswith(WORDS):
            self.words[name] = parse_yaml(text, name)
            self.detection["ord"][_stem(name)] = self.words[name].value
        elif name == "cpr.yaml":
            self.words[name] = parse_yaml(text, name)
            self.detection["cpr"] = self.words[name].value
        else:
            guess = did_you_mean(name, FILES)
            raise PolicyError([f"{name}:1: no such file belongs to a policy{guess or ', rename or remove it'}"])

    # ------------------------------------------------------------ checking the files against each other

    def check(self) -> None:
        for name, entries in self.lists.items():
            self._complain(f"{LISTS}{name}.yaml", _list_faults(entries))
        self._complain("senders.yaml", self._sender_faults())
        self._complain("recipients.yaml", self._recipient_faults())
        self._complain("matrix.yaml", self._matrix_faults())
        self._complain("verdict.yaml", self._decision_faults())
        if not self.faults:
            self._complain("faellesmail.yaml", self._faellesmail_faults())

    def _complain(self, name: str, faults: Iterable[tuple[Path, str]]) -> None:
        document = self.documents[name]
        self.faults.extend(document.complaint(path, text) for path, text in faults)

    def _sender_faults(self) -> Iterator[tuple[Path, str]]:
        senders = self._get("senders.yaml", model.Senders)
        yield from self._unknown_class(("default",), senders.default, senders.classes)
        for number, name in enumerate(senders.order):
            yield from self._unknown_class(("order", number), name, senders.classes)
            if name in senders.order[:number]:
                yield ("order", number), f"`{name}` stands twice in the order"
        for name in senders.classes:
            if name not in senders.order:
                yield ("order",), f"the class `{name}` has no place in the order, write it among the others"
        if not any(one.secure for one in senders.classes.values()):
            yield ("classes",), "no class is `secure: true`, nobody could be told where to write from"
        elif senders.order and senders.order[-1] in senders.classes and not senders.classes[senders.order[-1]].secure:
            yield ("order",), f"the last class of the order, `{senders.order[-1]}`, must be `secure: true`"
        yield from self._membership_faults(senders.classes)

    def _recipient_faults(self) -> Iterator[tuple[Path, str]]:
        recipients = self._get("recipients.yaml", model.Recipients)
        yield from self._unknown_class(("default",), recipients.default, recipients.classes)
        for name, one in recipients.classes.items():
            if not one.domains and not one.lists and name != recipients.default:
                yield ("classes", name), f"nobody belongs to the class `{name}`, give it `domains` or `lists`"
        yield from self._membership_faults(recipients.classes)
        yield from self._membership_faults(recipients.kinds, "kinds")

    def _membership_faults(self, classes: Mapping[Any, Any], key: str = "classes") -> Iterator[tuple[Path, str]]:
        """Lists nobody wrote, and domains that would belong to two classes at once."""
        own: dict[str, str] = {}
        listed: dict[str, tuple[str, str]] = {}
        for name, one in classes.items():
            for number, entry in enumerate(one.domains):
                first = own.setdefault(entry.domain, name)
                if first != name:
                    yield (key, name, "domains", number), f"`{entry.domain}` belongs to `{first}` already"
        for name, one in classes.items():
            for number, list_name in enumerate(one.lists):
                where = (key, name, "lists", number)
                if list_name not in self.lists:
                    yield where, f"there is no list lists/{list_name}.yaml{did_you_mean(list_name, self.lists)}"
                    continue
                for target in _targets(self.lists[list_name]):
                    first, first_list = listed.setdefault(target, (name, list_name))
                    if first != name and target not in own:
                        yield where, f"`{target}` of this list belongs to `{first}` already, by lists/{first_list}.yaml"

    def _matrix_faults(self) -> Iterator[tuple[Path, str]]:
        matrix = self._get("matrix.yaml", model.Matrix)
        senders = self._get("senders.yaml", model.Senders).classes
        recipients = self._get("recipients.yaml", model.Recipients).classes
        seen: set[tuple[str, Method]] = set()
        for number, row in enumerate(matrix.rows):
            here: Path = ("rows", number)
            yield from self._unknown_class((*here, "sender"), row.sender, senders)
            if (row.sender, row.method) in seen:
                yield here, f"a row for `{row.sender}` by `{row.method}` stands above already"
            seen.add((row.sender, row.method))
            for column in row.to:
                yield from self._unknown_class((*here, "to", column), column, recipients)
                if column in matrix.always and matrix.always[column] is not row.to[column]:
                    yield (
                        (*here, "to", column),
                        f"`always` says {matrix.always[column]} of `{column}`, say it in one place",
                    )
        for column in matrix.always:
            yield from self._unknown_class(("always", column), column, recipients)

    def _decision_faults(self) -> Iterator[tuple[Path, str]]:
        decision = self._get("verdict.yaml", model.Decision)
        senders = self._get("senders.yaml", model.Senders).classes
        for name in decision.unreadable:
            yield from self._unknown_class(("unreadable", name), name, senders)
        if decision.severity.high < decision.severity.medium:
            yield ("severity", "high"), "`high` must not be less than `medium`"

    def _faellesmail_faults(self) -> Iterator[tuple[Path, str]]:
        table = self._get("faellesmail.yaml", model.Faellesmail)
        yield from self._insecure_mailboxes(table)
        yield from _double_rows(table)
        dagtilbud = [box.dagtilbud for box in table.mailboxes if box.dagtilbud]
        for number, box in enumerate(table.mailboxes):
            if box.dagtilbud and box.dagtilbud in dagtilbud[: dagtilbud.index(box.dagtilbud)]:
                yield ("mailboxes", number, "dagtilbud"), f"`{box.dagtilbud}` has a mailbox already"
        for number, row in enumerate(table.people):
            if row.dagtilbud not in dagtilbud:
                guess = did_you_mean(row.dagtilbud, dagtilbud)
                yield ("people", number, "dagtilbud"), f"no mailbox belongs to the dagtilbud `{row.dagtilbud}`{guess}"
        rows = _rows(table)
        for number, box in enumerate(table.mailboxes):
            for old_number, old in enumerate(box.old):
                if old.key in set(cycles(rows)):
                    yield ("mailboxes", number, "old", old_number), f"`{old.text}` moves in a circle back to itself"
        if table.leaders:
            classes = self._get("recipients.yaml", model.Recipients).classes
            for number, name in enumerate(table.leaders.recipients):
                yield from self._unknown_class(("leaders", "recipients", number), name, classes)

    def _insecure_mailboxes(self, table: model.Faellesmail) -> Iterator[tuple[Path, str]]:
        """A faellesmail that may itself not carry such things would send people from the rain into the gutter."""
        classes = self._get("senders.yaml", model.Senders).classes
        senders = self._senders_index()
        moved = {old.key for box in table.mailboxes for old in box.old}
        for path, new in _new_addresses(table):
            if new.key not in moved and not classes[senders.of(new)].secure:
                yield path, f"`{new.text}` is no secure mailbox, its domain must be in a class with `secure: true`"

    @staticmethod
    def _unknown_class(path: Path, name: str, classes: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
        if name not in classes:
            listed = f", the classes are {', '.join(classes)}"
            yield path, f"no class is called `{name}`{did_you_mean(name, classes) or listed}"

    def _get(self, name: str, shape: type[Shape]) -> Shape:
        value = self.models[name]
        assert isinstance(value, shape)
        return value

    # ------------------------------------------------------------ building

    def policy(self) -> Policy:
        senders = self._get("senders.yaml", model.Senders)
        recipients = self._get("recipients.yaml", model.Recipients)
        marks = self._get("send_sikkert.yaml", model.SendSikkert)
        rows = _matrix_rows(self._get("matrix.yaml", model.Matrix), senders.classes, recipients.classes)
        table = _faellesmails(self._get("faellesmail.yaml", model.Faellesmail))
        index = self._senders_index()
        decision = self._get("verdict.yaml", model.Decision)
        ours = {name: one for name, one in senders.classes.items() if one.ours}
        return Policy(
            version=version_of(self.files),
            senders=index,
            recipients=self._index(recipients.default, recipients.classes),
            kinds=self._index("", recipients.kinds),
            ours=self._index("", ours),
            order=senders.order,
            secure=frozenset(name for name, one in senders.classes.items() if one.secure),
            classes=recipients.classes,
            rows=rows,
            ways=_ways(rows),
            send_sikkert=Marks(_domains_index("send_sikkert", marks.recipient_domains), marks.headers, marks.clients),
            faellesmail=table,
            mailbox_classes={mailbox.raw: index.of(mailbox) for mailbox in table.mailboxes()},
            decision=decision,
            unread_by_people=_unread_by_people(decision.never_bounce),
            organisation=self._get("organisation.yaml", model.Organisation),
            lists=self.lists,
            detection=self.detection,
            words=self.words,
            texts=self.texts,
            tjek=self._get("tjek.yaml", model.Tjek),
            own_domains=tuple(sorted({entry.domain for one in ours.values() for entry in one.domains})),
        )

    def _senders_index(self) -> Index:
        senders = self._get("senders.yaml", model.Senders)
        return self._index(senders.default, senders.classes)

    def _index(self, default: str, classes: Mapping[Any, Any]) -> Index:
        """Where every domain belongs. A class's own `domains` go before what lists say."""
        index = Index(default)
        for name, one in classes.items():
            for list_name in one.lists:
                _add_list(index, str(name), self.lists[list_name])
        for name, one in classes.items():
            for entry in one.domains:
                index.add_domain(str(name), entry.domain, entry.subdomains)
        return index


# ---------------------------------------------------------------- lists and indexes


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _add_list(index: Index, name: str, entries: model.DomainList) -> None:
    for entry in _active(entries):
        if entry.domain:
            index.add_domain(name, entry.domain, entry.subdomains)
        elif entry.address:
            index.add_address(name, entry.address)


def _domains_index(name: str, entries: Iterable[model.DomainEntry]) -> Index:
    index = Index("")
    for entry in entries:
        index.add_domain(name, entry.domain, entry.subdomains)
    return index


def _active(entries: model.DomainList) -> Iterator[model.ListEntry]:
    return (entry for entry in entries.entries if entries.active and entry.active)


def _targets(entries: model.DomainList) -> Iterator[str]:
    return (entry.domain or (entry.address.key if entry.address else "") for entry in _active(entries))


def _list_faults(entries: model.DomainList) -> Iterator[tuple[Path, str]]:
    seen: set[str] = set()
    for number, entry in enumerate(entries.entries):
        here: Path = ("entries", number)
        if (entry.domain is None) == (entry.address is None):
            yield here, "an entry has either a `domain` or an `address`"
            continue
        target = entry.domain or (entry.address.key if entry.address else "")
        if target in seen:
            yield here, f"`{target}` stands in this list already"
        seen.add(target)
    if entries.review_after < entries.date:
        yield ("review_after",), "`review_after` lies before the list's own `date`"


# ---------------------------------------------------------------- matrix


def _matrix_rows(matrix: model.Matrix, senders: Iterable[str], recipients: Iterable[str]) -> dict[str, Rows]:
    """Every cell there is; those nobody wrote say what `otherwise` says."""
    written = {(row.sender, row.method): row.to for row in matrix.rows}
    blank = dict.fromkeys(recipients, matrix.otherwise)

    def row(sender: str, method: Method) -> Row:
        cells = {**blank, **written.get((sender, method), {}), **matrix.always}
        name = f"{sender}/{method}"
        return {to: Ruling(to, method, name, cell, cell.is_lawful) for to, cell in cells.items()}

    return {sender: Rows(*(row(sender, method) for method in Method)) for sender in senders}


def _ways(rows: Mapping[str, Rows]) -> Ways:
    """Ordinary mail where that is `sikker`, else Send sikkert where that is, else nothing."""
    return {
        (sender, to): next((one[to].method for one in both if one[to].safety is Safety.SIKKER), None)
        for sender, both in rows.items()
        for to in both.almindelig
    }


def _unread_by_people(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all patterns; without any, one that never matches."""
    return re.compile("|".join(fnmatch.translate(pattern.casefold()) for pattern in patterns) or r"(?!)")


# ---------------------------------------------------------------- faellesmail


def _faellesmails(table: model.Faellesmail) -> Faellesmails:
    leaders = table.leaders
    rows = final(_rows(table))
    patterns = (Pattern.of(row.pattern, rows.get(row.new.key, row.new)) for row in table.patterns)
    return Faellesmails(
        rows=rows,
        patterns=tuple(sorted(patterns, key=lambda pattern: pattern.rank)),
        defaults={row.domain: rows.get(row.new.key, row.new) for row in table.defaults},
        leaders_mailbox=leaders.mailbox if leaders else None,
        leaders_recipients=frozenset(leaders.recipients) if leaders else frozenset(),
        boxes=_boxes(table, rows),
        aliases={box.new.raw: box.aliases[0] for box in table.mailboxes if box.aliases},
    )


def _boxes(table: model.Faellesmail, rows: Mapping[str, Address]) -> tuple[Address, ...]:
    """The faellesmails that stand for an old mailbox, by name: what an unknown sender may choose from."""
    boxes = {rows.get(box.new.key, box.new) for box in table.mailboxes if box.old}
    return tuple(sorted(boxes, key=lambda box: box.key))


def _rows(table: model.Faellesmail) -> dict[str, Address]:
    """old → new, before chains are followed."""
    by_dagtilbud = {box.dagtilbud: box.new for box in table.mailboxes if box.dagtilbud}
    rows = {row.person.key: by_dagtilbud[row.dagtilbud] for row in table.people if row.dagtilbud in by_dagtilbud}
    if table.leaders:
        rows |= {person.key: table.leaders.mailbox for person in table.leaders.people}
    rows |= {old.key: box.new for box in table.mailboxes for old in box.old}
    for box in table.mailboxes:
        if box.new.key in rows:  # it moved again: so did its other spellings
            rows |= {alias.key: box.new for alias in box.aliases if alias.key not in rows}
    return rows


def _double_rows(table: model.Faellesmail) -> Iterator[tuple[Path, str]]:
    """Two rows for one address, two mailboxes of one name, two defaults of one domain."""
    seen: dict[str, str] = {}
    for path, text, key in _row_keys(table):
        if key in seen:
            yield path, f"`{text}` has a row already, keep one of them"
        seen[key] = text


def _row_keys(table: model.Faellesmail) -> Iterator[tuple[Path, str, str]]:
    for number, box in enumerate(table.mailboxes):
        for old_number, old in enumerate(box.old):
            yield ("mailboxes", number, "old", old_number), old.text, old.key
        yield ("mailboxes", number, "new"), box.new.text, f"new {box.new.key}"
        for alias_number, alias in enumerate(box.aliases):
            yield ("mailboxes", number, "aliases", alias_number), alias.text, f"new {alias.key}"
    for number, person in enumerate(table.people):
        yield ("people", number, "person"), person.person.text, person.person.key
    for number, row in enumerate(table.patterns):
        yield ("patterns", number, "pattern"), row.pattern, Address.of(row.pattern).key
    for number, default in enumerate(table.defaults):
        yield ("defaults", number, "domain"), default.domain, f"default {default.domain}"
    for number, leader in enumerate(table.leaders.people if table.leaders else ()):
        yield ("leaders", "people", number), leader.text, leader.key


def _new_addresses(table: model.Faellesmail) -> Iterator[tuple[Path, Address]]:
    for number, box in enumerate(table.mailboxes):
        yield ("mailboxes", number, "new"), box.new
    for number, row in enumerate(table.patterns):
        yield ("patterns", number, "new"), row.new
    for number, default in enumerate(table.defaults):
        yield ("defaults", number, "new"), default.new
    if table.leaders:
        yield ("leaders", "mailbox"), table.leaders.mailbox
