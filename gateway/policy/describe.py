"""The effective policy as text, for `check`: the matrix as it will be applied, who belongs where, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gateway.policy.domains import Index
from gateway.policy.policy import ROUTE, Policy
from gateway.policy.verdict import Method


def describe(policy: Policy) -> str:
    """Everything an admin wants to see before he trusts the gateway with a policy."""
    sections = (_matrix, _senders, _recipients, _lists, _faellesmail, _send_sikkert, _decision, _organisation, _texts)
    head = f"Policy {policy.version}: {policy.organisation.name}"
    return "\n\n".join([head, *("\n".join(section(policy)) for section in sections)]) + "\n"


def _matrix(policy: Policy) -> Iterator[str]:
    yield "Matrix (personfølsomme oplysninger; rows: sender and method, columns: recipient)"
    columns = tuple(policy.classes)
    rows = [("", *columns)]
    for sender in reversed(policy.order):
        for method in Method:
            rows.append((f"{sender}/{method}", *(str(policy.safety(sender, method, to)) for to in columns)))
    yield from _table(rows)


def _senders(policy: Policy) -> Iterator[str]:
    yield "Sender classes, least secure first"
    for name in policy.order:
        marks = [word for word, holds in (("secure", name in policy.secure), ("ours", _is_ours(policy, name))) if holds]
        if name == policy.senders.default:
            marks.append("the default")
        yield f"  {name}{_bracketed(marks)}: {_some(_members(policy.senders, name))}"


def _recipients(policy: Policy) -> Iterator[str]:
    yield "Recipient classes"
    index = policy.recipients
    for name, one in policy.classes.items():
        marks = [one.title] if one.title else []
        if name == index.default:
            marks.append("the default")
        yield f"  {name}{_bracketed(marks)}: {_some(_members(index, name))}"


def _lists(policy: Policy) -> Iterator[str]:
    yield "Lists"
    for name, entries in sorted(policy.lists.items()):
        active = sum(entry.active for entry in entries.entries) if entries.active else 0
        off = "" if entries.active else ", off"
        yield (
            f"  {name}: {active} of {len(entries.entries)} entries count{off}; of {entries.date},"
            f" review after {entries.review_after}; {entries.owner}"
        )


def _faellesmail(policy: Policy) -> Iterator[str]:
    yield "Faellesmail"
    table = policy.faellesmail
    for old, new in table.rows.items():
        yield f"  {old} → {new.text}"
    for mailbox, alias in table.aliases.items():
        yield f"  {mailbox.decode()} is also written {alias.text}"
    for pattern in table.patterns:
        yield f"  {pattern.text} → {pattern.new.text}"
    for domain, new in table.defaults.items():
        yield f"  anyone else at {domain} → {new.text}"
    if table.leaders_mailbox:
        yield f"  leaders, to {', '.join(sorted(table.leaders_recipients)) or 'nobody'} → {table.leaders_mailbox.text}"


def _send_sikkert(policy: Policy) -> Iterator[str]:
    marks = policy.send_sikkert
    yield "Send sikkert is recognised by"
    yield f"  recipient domains: {_some(_members(marks.recipients, ROUTE))}"
    headers = [mark.name if mark.value is None else f"{mark.name}: {mark.value}" for mark in marks.headers]
    yield f"  headers: {_some(headers)}"
    yield f"  clients: {_some([str(network) for network in marks.clients])}"


def _decision(policy: Policy) -> Iterator[str]:
    decision = policy.decision
    yield "Verdict"
    yield f"  blocks from: {decision.block_at}"
    yield f"  several recipients: {decision.mixed_recipients}"
    yield f"  the sender hears by: {decision.on_block} (inbound: always reject)"
    unreadable = (f"{name} {decision.unreadable.get(name, 'block')}" for name in policy.order)
    because = (f"because of {reason!s} {word}" for reason, word in decision.unreadable_because.items())
    yield f"  unreadable parts: {', '.join((*unreadable, *because))}"
    yield f"  severity: medium from {decision.severity.medium}, high from {decision.severity.high} CPR numbers"


def _organisation(policy: Policy) -> Iterator[str]:
    yield "Organisation"
    for name, value in policy.organisation:
        if name not in ("languages", "language"):
            yield f"  {name}: {_fact(value)}"


def _fact(value: object) -> str:
    if value is None:
        return "not known yet, notices leave it out"
    return (", ".join(map(str, value)) or "nobody") if isinstance(value, tuple) else str(value)


def _texts(policy: Policy) -> Iterator[str]:
    yield "Texts (postvagt notice --preview shows them filled in)"
    yield f"  of this organisation's own: {_some(sorted(policy.texts), most=20)}"


def _members(index: Index, name: str) -> list[str]:
    """Domains and addresses of one class."""
    domains = [domain for domain, owner in index.domains.items() if owner == name]
    addresses = [address for address, owner in index.addresses.items() if owner == name]
    return [f"{domain} and below" if domain in index.parents else domain for domain in domains] + addresses


def _is_ours(policy: Policy, name: str) -> bool:
    return name in policy.ours.domains.values()


def _bracketed(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def _some(words: Sequence[str], most: int = 6) -> str:
    """The first few of many words."""
    if not words:
        return "none"
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + rest


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
