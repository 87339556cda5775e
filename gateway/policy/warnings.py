"""What is not wrong with a policy but wants somebody's eye: for `check`, the report, a start after a long sleep."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from gateway.policy.policy import Policy

UNKNOWN = "UNKNOWN"
"""How the shipped files mark what the organisation has to fill in."""

_OPTIONAL = ("short_name", "notice_from", "authorities_write_to")


def warnings(policy: Policy, today: datetime.date) -> tuple[str, ...]:
    """One line each, with the file it speaks of."""
    return (*_old_lists(policy, today), *_unowned_lists(policy), *_idle_lists(policy), *_missing_facts(policy))


def _old_lists(policy: Policy, today: datetime.date) -> Iterator[str]:
    for name, entries in sorted(policy.lists.items()):
        if entries.review_after < today:
            days = (today - entries.review_after).days
            yield f"lists/{name}.yaml: should have been reviewed after {entries.review_after}, {days} days ago"


def _unowned_lists(policy: Policy) -> Iterator[str]:
    for name, entries in sorted(policy.lists.items()):
        if entries.owner.startswith(UNKNOWN):
            yield f"lists/{name}.yaml: nobody owns this list, write who answers for it"


def _idle_lists(policy: Policy) -> Iterator[str]:
    """Lists that decide nothing: switched off, or empty, or with entries that are switched off."""
    for name, entries in sorted(policy.lists.items()):
        off = [entry.name or entry.domain or "an entry" for entry in entries.entries if not entry.active]
        if not entries.active:
            yield f"lists/{name}.yaml: is switched off until somebody has confirmed it (`active: true`)"
        elif not entries.entries:
            yield f"lists/{name}.yaml: is empty"
        elif off:
            yield f"lists/{name}.yaml: switched off until confirmed: {', '.join(off)}"


def _missing_facts(policy: Policy) -> Iterator[str]:
    missing = [name for name, value in policy.organisation if value is None and name not in _OPTIONAL]
    if missing:
        yield f"organisation.yaml: not filled in, notices leave it out: {', '.join(missing)}"
