"""Proving the record: every link, every seal, every gap, and that what is searched is what was sealed.

A long record is walked in stretches by several processes at once: an event's hash needs nothing but the stored hash of
the one before it, and that this one is right is what the stretch before it proves.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, select

from gateway.audit import chain, schema
from gateway.audit.database import Database, raw
from gateway.audit.errors import AuditError
from gateway.audit.event import marks_of
from gateway.audit.proof import Fault, Proof, Pruning, acknowledged_by
from gateway.audit.rows import Ends, Row, Sums, checkpoints, ends_of, outside, rows_between
from gateway.audit.seal import Checkpoint
from gateway.audit.walk import Begin, Walk

STRETCH = 100_000
"""Events that are walked at a stretch; a longer record is walked by several processes at once."""


def verify(
    database: Database,
    keys: Mapping[str, Ed25519PublicKey],
    kept_elsewhere: Iterable[Checkpoint] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """Prove the whole store. `keys`: whose seals are believed; `kept_elsewhere`: checkpoints that left it in time."""
    for _ in range(3):
        with database.reading() as connection:
            ends, prunings_before = ends_of(connection), _prunings(connection)
            first_before, last = outside(connection, ends)
            last = last or ends.seal.seq
            prunings = [each for row in records_of(connection, "prune", last) if (each := Pruning.of(*row))]
            resealings = records_of(connection, "reseal", last)
            acknowledged = {token for _, record in resealings for token in acknowledged_by(record)}
            seals = [*checkpoints(connection, ends), *kept_elsewhere, ends.seal]
            known = _Known(_with_password(database), ends, prunings, _raw(keys), seals, Sums())
            stretches = list(_stretches(connection, ends, last))
        proof = Proof(first=ends.origin_seq + 1, last=last, faults=_faults_of_the_beginning(known, first_before))
        marks = _walk_all(known, stretches, proof, progress)
        if last > ends.seal.seq:
            what = "stands behind the end that was sealed: it was put in, or the seal was set back"
            proof.fault(ends.seal.seq + 1, what, "behind", str(last))
        with database.reading() as connection:
            if {word: tuple(sums) for word, sums in marks.items()} != known.sums.in_database(connection, last):
                what = "and others: the search index says other things than they do; `audit reindex` builds it anew"
                proof.faults.append(Fault(proof.first, what, token=""))
            if (ends.origin_seq, _prunings(connection)) == (ends_of(connection).origin_seq, prunings_before):
                return proof.told_apart(acknowledged)
    raise AuditError("the record is being pruned, please verify again when that is done")


class _Known(NamedTuple):
    """What every stretch of the walk has to know; it travels to other processes, so keys are bytes."""

    url: str
    ends: Ends
    prunings: list[Pruning]
    keys: dict[str, bytes]
    seals: list[Checkpoint]
    sums: Sums


class _Stretch(NamedTuple):
    """A part of the chain: the event before its first, with that one's hash as it is stored, and its last event.

    Each can be walked by itself: that the hash it starts from is right is what the stretch before it proves.
    """

    begin: Begin
    last: int
    is_last: bool


def _stretches(connection: Connection, ends: Ends, last: int) -> Iterator[_Stretch]:
    before, previous = ends.origin_seq, ends.origin_hash
    while last - before > STRETCH:
        query = select(schema.event.c.seq, schema.event.c.hash).where(schema.event.c.seq <= before + STRETCH)
        row = connection.execute(query.order_by(schema.event.c.seq.desc()).limit(1)).one_or_none()
        if row is None or row.seq <= before:
            break
        yield _Stretch(Begin(before, previous), row.seq, False)
        before, previous = row.seq, raw(row.hash)
    yield _Stretch(Begin(before, previous), last, True)


def _walk_all(
    known: _Known, stretches: list[_Stretch], proof: Proof, progress: Callable[[int, int], None]
) -> dict[str, list[int]]:
    """Walk the stretches, on every core when there is more than one, and put together what they found."""
    marks: dict[str, list[int]] = {}
    total = proof.last - proof.first + 1
    for part, its_marks in _walked(known, stretches):
        proof.add(part)
        for word, sums in its_marks.items():
            marks[word] = _added(marks.get(word), sums)
        progress(proof.events, total)
    return marks


def _walked(known: _Known, stretches: list[_Stretch]) -> Iterator[tuple[Proof, dict[str, list[int]]]]:
    if len(stretches) == 1:
        yield _walk(known, stretches[0])
        return
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(_walk, known), stretches)


def _walk(known: _Known, stretch: _Stretch) -> tuple[Proof, dict[str, list[int]]]:
    database = Database(known.url)
    try:
        events = _Events(known, stretch)
        return events.proved(rows_between(database, stretch.begin.seq + 1, stretch.last)), events.marks()
    finally:
        database.close()


class _Events:
    """The events of a stretch: they follow each other, and each is found by its own words and id."""

    def __init__(self, known: _Known, stretch: _Stretch) -> None:
        self._known, self._stretch, self._proof = known, stretch, Proof()
        self._numbers: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        keys = {name: Ed25519PublicKey.from_public_bytes(key) for name, key in known.keys.items()}
        first, last = stretch.begin.seq + 1, None if stretch.is_last else stretch.last
        seals = (seal for seal in known.seals if first <= seal.seq and (last is None or seal.seq <= last))
        ends = known.ends
        self._walk = Walk(stretch.begin, ends.store, seals, keys, self._proof, ends.seal)

    def proved(self, rows: Iterable[Row]) -> Proof:
        last = self._walk.over(rows, self._digest)
        if self._stretch.is_last:
            self._walk.end_at(last)
        return self._proof

    def _digest(self, row: Row) -> bytes:
        line = row.line
        if line is None:
            self._check_pruned(row)
            return row.digest or b""
        try:
            record = orjson.loads(line)
            is_own = record["case_id"] == row.case_id
            self._numbers[marks_of(record)].append(row.seq)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._proof.fault(row.seq, "cannot be read", "unreadable", row.hash)
        else:
            if not is_own:
                self._proof.fault(row.seq, "is listed under a case id that is not its own", "case", row.case_id)
        return chain.digest_of(line)  # its time and class need no check: the hash holds them

    def _check_pruned(self, row: Row) -> None:
        self._proof.pruned += 1
        if not any(pruning.allows_emptied(row) for pruning in reversed(self._known.prunings)):
            self._proof.fault(row.seq, "was emptied, and no pruning says so", "emptied", row.hash)

    def marks(self) -> dict[str, list[int]]:
        """By word: how many events it must find, and the sums of their numbers. Few events' words differ."""
        marks: dict[str, list[int]] = {}
        for words, numbers in self._numbers.items():
            sums = self._known.sums.over(numbers)
            for word in words:
                marks[word] = _added(marks.get(word), sums)
        return marks


def _added(sums: Sequence[int] | None, more: Sequence[int]) -> list[int]:
    return list(more) if sums is None else [one + other for one, other in zip(sums, more, strict=True)]


def _faults_of_the_beginning(known: _Known, first_before: int | None) -> list[Fault]:
    """The chain begins where it was born, or where a pruning says, and nothing stands before that."""
    origin, hash_ = known.ends.origin_seq, known.ends.origin_hash
    born_here = origin == 0 and hash_ == chain.genesis(known.ends.store)
    faults = []
    if not born_here and not any(pruning.allows_origin(origin, hash_) for pruning in known.prunings):
        faults.append(Fault.at(origin + 1, "begins the chain, and neither its birth nor a pruning says so", hash_))
    for seal in known.seals:
        if origin and seal.seq == origin and seal.hash != hash_:
            what = "was sealed with another chain before it than the one that was pruned"
            faults.append(Fault.at(origin, what, seal.hash))
    if first_before is not None:
        faults.append(Fault.at(first_before, "stands before the beginning of the chain: it was put in", "before"))
    return faults


# ---------------------------------------------------------------- reading the store


def _with_password(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _raw(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, bytes]:
    return {name: key.public_bytes(Encoding.Raw, PublicFormat.Raw) for name, key in keys.items()}


def _prunings(connection: Connection) -> int:
    """How many there are, so that one that happens while we read is noticed."""
    found = select(func.count()).select_from(schema.mark).where(schema.mark.c.word == "kind:prune")
    return connection.execute(found).scalar_one()


def records_of(connection: Connection, kind: str, up_to: int = sys.maxsize) -> Iterator[tuple[int, Any]]:
    """The service's own deeds of a kind, in order, as far as they can be read: whatever cannot, the walk names."""
    table = schema.event
    query = select(table.c.seq, table.c.line).join(schema.mark, schema.mark.c.seq == table.c.seq).order_by(table.c.seq)
    for seq, line in connection.execute(query.where(schema.mark.c.word == f"kind:{kind}", table.c.seq <= up_to)):
        with suppress(ValueError, TypeError):
            yield seq, orjson.loads(line)
