"""Going on after an accident: every fault is acknowledged by name, and the chain continues behind them.

The faults stay visible for ever: the event that acknowledges them is in the chain, and any further change is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.audit import chain, index, schema
from gateway.audit.database import raw
from gateway.audit.errors import AuditError
from gateway.audit.event import Event
from gateway.audit.keeping import reindex
from gateway.audit.linking import Entry
from gateway.audit.proof import Proof, Pruning
from gateway.audit.rows import ends_of
from gateway.audit.store import Store
from gateway.audit.verify import records_of, verify

_event, _head, _checkpoint = schema.event, schema.head, schema.checkpoint
_NOBODY = {"signer": "", "signature": b""}


def reseal(store: Store, keys: Mapping[str, Ed25519PublicKey], now: datetime, details: Mapping[str, Any]) -> Proof:
    """Acknowledge every fault there is, by name, and let the chain go on behind them. `details`: who and why.

    What is only the search index is built anew instead, and so is the row of the chain's two ends when it is lost.
    """
    lost = _with_ends(store)
    proof = verify(store.database, keys)
    if not all(fault.token for fault in proof.faults):
        reindex(store)
        proof = verify(store.database, keys)
    with store.database.writing() as connection:
        _set_end(connection)
        told = {
            **details,
            **({"lost": lost} if lost else {}),
            "faults": [fault.token for fault in proof.faults],
            "said": [str(fault) for fault in proof.faults[:20]],
        }
        store.link(connection, [Entry.of(Event(f"reseal-{now:%Y%m%dT%H%M%S}", now, kind="reseal", details=told))])
    return proof


def _set_end(connection: Connection) -> None:
    """Go on behind everything that was ever numbered, so that no number is given twice, and link to what is there."""
    newest = connection.execute(select(_event.c.seq, _event.c.hash).order_by(_event.c.seq.desc()).limit(1)).first()
    head = connection.execute(select(_head)).one()
    sealed = connection.execute(select(func.max(_checkpoint.c.seq))).scalar() or 0
    last = newest.seq if newest else head.origin_seq
    end = max(last, head.seq, sealed)
    hash_ = raw(newest.hash if newest else head.origin_hash)
    connection.execute(update(_head).values(seq=end, hash=hash_))


def _with_ends(store: Store) -> str:
    """Make the row of the chain's ends anew, unsealed, where it is lost or cannot be read; what was wrong, else empty.

    Nothing is hidden by that: an end that no key has sealed is a fault, and so is a beginning that nothing speaks for.
    """
    index.catch_up(store.database)
    with store.database.writing() as connection:
        try:
            ends_of(connection)
        except AuditError as error:
            connection.execute(delete(_head))
            connection.execute(insert(_head).values(id=1, **_end(connection), **_beginning(connection), **_NOBODY))
            return str(error)
    return ""


def _end(connection: Connection) -> dict[str, Any]:
    """The newest event, as the row of the ends has it; with no event, where a new record begins."""
    newest = select(_event.c.seq, _event.c.hash, _event.c.at).order_by(_event.c.seq.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    sealed = select(func.max(_checkpoint.c.seq), func.max(_checkpoint.c.at))
    seq, at = connection.execute(sealed).one()
    end = (last.seq, raw(last.hash), last.at) if last else (0, chain.genesis(schema.store_id(connection)), 0)
    return dict(zip(("seq", "hash", "at"), end, strict=True)) | {"checkpoint_seq": seq or 0, "checkpoint_at": at or 0}


def _beginning(connection: Connection) -> dict[str, Any]:
    """Where the chain begins: at its birth, or where a pruning says that it does."""
    first = connection.execute(select(func.min(_event.c.seq))).scalar() or 1
    for row in records_of(connection, "prune"):
        pruning = Pruning.of(*row)
        if pruning is not None and pruning.origin == first - 1:
            return {"origin_seq": pruning.origin, "origin_hash": bytes.fromhex(pruning.origin_hash)}
    return {"origin_seq": first - 1, "origin_hash": chain.genesis(schema.store_id(connection)) if first == 1 else b""}
