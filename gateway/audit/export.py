"""Taking a part of the record out of the house, so that it can still be proved there.

A folder with three files: `events.jsonl` (every event of the span, each with its exact line; an event that was pruned
or not asked for is only its digest, so that the chain holds without it), `events.csv` (those asked for, for a Danish
Excel) and `manifest.json` (what was asked, how it is anchored, checksums). `docs/verify_audit.py` proves the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from gateway.audit import chain
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.event import Event, record_of
from gateway.audit.rows import PAGE, Ends, Row, checkpoints, ends_of, rows_between
from gateway.audit.seal import Checkpoint
from gateway.audit.search import Filter, seq_span
from gateway.audit.table import HEAD, row_of

FORMAT = 1
EVENTS, TABLE, MANIFEST = "events.jsonl", "events.csv", "manifest.json"


_NEEDED = ("prune", "reseal")
"""Kinds that are given unasked: they say why other events are emptied, and which faults are known."""


class Exported(NamedTuple):
    """What an export holds: events given, events that are only a digest, and the checksum of its manifest."""

    events: int
    left_out: int
    sha256: str


def export(
    database: Database,
    folder: Path,
    wanted: Filter,
    now: datetime,
    software: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write the three files into a folder that must not exist yet."""
    with database.reading() as connection:
        ends = ends_of(connection)
        first, last = seq_span(connection, wanted)
        first = max(first, ends.origin_seq + 1)
        seals = sorted([*checkpoints(connection, ends), ends.seal], key=lambda seal: seal.seq)
        anchor = next((seal for seal in seals if seal.seq >= last), ends.seal)
        before = _hash_before(database, first, ends)
    try:
        folder.mkdir(mode=0o700, parents=True)  # what is in it is personal data
    except OSError as error:
        raise AuditError(f"cannot make the folder {folder}: {error.strerror}") from error
    counts, sums = _write(database, folder, wanted, (first, anchor.seq), progress)
    manifest = {
        "format": FORMAT,
        "made": now.isoformat(timespec="seconds"),
        "software": software,
        "store": ends.store,
        "asked": _asked(wanted),
        "first": first,
        "last": anchor.seq,
        "hash_before_first": before.hex(),
        "to_the_end": anchor.seq == ends.seal.seq,
        "events": counts[0],
        "left_out": counts[1],
        "seals": [seal.as_json() for seal in _within(seals, first, anchor.seq)],
        "sha256": sums,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    (folder / MANIFEST).write_bytes(text)
    return Exported(*counts, hashlib.sha256(text).hexdigest())


def _within(seals: list[Checkpoint], first: int, last: int) -> Iterator[Checkpoint]:
    """One seal for each number: the newest event may have both a checkpoint and the seal of the end."""
    yield from {seal.seq: seal for seal in seals if first <= seal.seq <= last}.values()


def _hash_before(database: Database, first: int, ends: Ends) -> bytes:
    row = next(rows_between(database, first - 1, first - 1), None)
    return row.hash if row else ends.origin_hash


def _asked(wanted: Filter) -> dict[str, str]:
    """The filter in words; an address asked about is not repeated, who asked knows it."""
    asked = {each.name: getattr(wanted, each.name) for each in fields(wanted)}
    if wanted.about is not None:
        asked["about"] = "one address"
    return {name: str(value) for name, value in asked.items() if value}


def _write(
    database: Database, folder: Path, wanted: Filter, span: tuple[int, int], progress: Callable[[int, int], None]
) -> tuple[tuple[int, int], dict[str, str]]:
    given = left_out = 0
    with ExitStack() as files:
        lines = files.enter_context(_Summed(folder / EVENTS))
        table = files.enter_context(_Summed(folder / TABLE))
        table.write(HEAD)
        for number, row in enumerate(rows_between(database, *span), start=1):
            event = _event_asked_for(row, wanted)
            if event is None:
                lines.write(_without_event(row))
                left_out += 1
            else:
                lines.write(_full(row, row.line or b""))
                table.write(row_of(row.seq, row.hash, event))
                given += 1
            if not number % PAGE:
                progress(number, span[1] - span[0] + 1)
        return (given, left_out), {EVENTS: lines.sum, TABLE: table.sum}


def _event_asked_for(row: Row, wanted: Filter) -> Event | None:
    """The event, unless it was not asked for, is gone, or is damaged."""
    record = record_of(row.line) if row.line is not None else None
    if record is None or row.line is None or not wanted.fits(row, record):
        return None
    return Event.decode(row.line)


class _Summed:
    """A file that knows its checksum."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._sum = hashlib.sha256()

    def __enter__(self) -> _Summed:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._sum.update(data)

    @property
    def sum(self) -> str:
        return self._sum.hexdigest()


def _full(row: Row, line: bytes) -> bytes:
    """The event's line goes in as it is, last, so that its exact bytes can be cut out and hashed."""
    return b'%s,"event":%s}\n' % (_frame(row), line)


def _without_event(row: Row) -> bytes:
    """Its digest is enough for the chain; what the proof itself reads is there in any case."""
    if row.line is None:
        return _digest_only(row, row.digest or b"", "pruned")
    record = record_of(row.line)
    if record is None:
        return _digest_only(row, chain.digest_of(row.line), "damaged")
    if record["kind"] in _NEEDED:
        return _full(row, row.line)
    return _digest_only(row, chain.digest_of(row.line), "left out")


def _digest_only(row: Row, digest: bytes, why: str) -> bytes:
    return b'%s,"digest":"%s","why":"%s"}\n' % (_frame(row), digest.hex().encode(), why.encode())


def _frame(row: Row) -> bytes:
    keep = json.dumps(str(row.keep))
    return f'{{"seq":{row.seq},"at":{row.at},"keep":{keep},"hash":"{row.hash.hex()}"'.encode()


def export_details(wanted: Filter, made: Exported, by: str) -> dict[str, Any]:
    """What the record says of an export."""
    return {"by": by, "asked": _asked(wanted), "events": made.events, "manifest_sha256": made.sha256}
