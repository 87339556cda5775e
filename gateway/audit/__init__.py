"""The record that auditors trust: one event for every message and every deed of the service.

`event` says what is recorded and `chain` how it is tied together, both pure; `store` makes it durable in SQLite or
PostgreSQL. Nothing here reads mail: what must not be recorded never reaches this room.
"""

from gateway.audit.errors import AuditError
from gateway.audit.event import (
    Event,
    Found,
    Recipient,
    Unread,
    danish_time,
    keyed,
    recorded_findings,
    recorded_recipient,
    recorded_sender,
    recorded_unreadable,
)
from gateway.audit.release import Release
from gateway.audit.search import Filter, Record
from gateway.audit.store import Store, open_store

__all__ = [
    "AuditError",
    "Event",
    "Filter",
    "Found",
    "Recipient",
    "Record",
    "Release",
    "Store",
    "Unread",
    "danish_time",
    "keyed",
    "open_store",
    "recorded_findings",
    "recorded_recipient",
    "recorded_sender",
    "recorded_unreadable",
]
