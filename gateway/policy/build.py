"""The checked parts of a policy made quick to ask: indexes, the matrix both ways, the table of faellesmails."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.mail.address import Address
from gateway.policy import model
from gateway.policy.domains import Index
from gateway.policy.faellesmail import Faellesmails, Pattern, final
from gateway.policy.model import Parts
from gateway.policy.policy import ROUTE, Marks, Policy, Row, Rows, Ways, Words
from gateway.policy.verdict import Method, Ruling, Safety


def build(parts: Parts, version: str, words: Words, texts: Mapping[str, str]) -> Policy:
    """The policy these parts make."""
    senders, recipients, decision = parts.senders, parts.recipients, parts.decision
    ours = {name: one for name, one in senders.classes.items() if one.ours}
    sender_index = index_of(senders.default, senders.classes, parts.lists)
    rows = _matrix_rows(parts.matrix, senders.classes, recipients.classes)
    table = _faellesmails(parts.faellesmail)
    return Policy(
        version=version,
        senders=sender_index,
        recipients=index_of(recipients.default, recipients.classes, parts.lists),
        kinds=index_of("", recipients.kinds, parts.lists),
        ours=index_of("", ours, parts.lists),
        order=senders.order,
        secure=frozenset(name for name, one in senders.classes.items() if one.secure),
        classes=recipients.classes,
        rows=rows,
        ways=_ways(rows),
        send_sikkert=_marks(parts.send_sikkert),
        faellesmail=table,
        mailbox_classes={mailbox.raw: sender_index.of(mailbox) for mailbox in table.mailboxes()},
        decision=decision,
        unread_by_people=_unread_by_people(decision.never_bounce),
        organisation=parts.organisation,
        lists=parts.lists,
        words=words,
        texts=texts,
        tjek=parts.tjek,
        own_domains=tuple(sorted({entry.domain for one in ours.values() for entry in one.domains})),
    )


def index_of(default: str, classes: Mapping[Any, Any], lists: Mapping[str, model.DomainList]) -> Index:
    """Where every domain belongs. A class's own `domains` go before what lists say."""
    index = Index(default)
    for name, one in classes.items():
        for list_name in one.lists:
            for entry in lists[list_name].that_count():
                if entry.domain:
                    index.add_domain(str(name), entry.domain, entry.subdomains)
                elif entry.address:
                    index.add_address(str(name), entry.address)
    for name, one in classes.items():
        for entry in one.domains:
            index.add_domain(str(name), entry.domain, entry.subdomains)
    return index


def _marks(marks: model.SendSikkert) -> Marks:
    recipients = Index("")
    for entry in marks.recipient_domains:
        recipients.add_domain(ROUTE, entry.domain, entry.subdomains)
    return Marks(recipients, marks.headers, marks.clients)


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


def _faellesmails(table: model.Faellesmail) -> Faellesmails:
    leaders = table.leaders
    rows = final(table.moves())
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
