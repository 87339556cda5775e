"""Proving the record: every link, every seal, every gap, and that what is searched is what was sealed.

A fault never ends the proof. The stored hash of a faulty event is taken as given and the proof goes on behind it, so
that one flipped letter is one fault and everything after it is still proved. A fault that an operator has acknowledged
with `audit reseal` is told apart, and only as long as the fault is exactly the one that was acknowledged.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, select

from gateway.audit import chain, schema
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.event import marks_of
from gateway.audit.rows import Ends, Row, Sums, checkpoints, ends_of, rows_between
from gateway.audit.seal import Checkpoint, complaint

STRETCH = 100_000
"""Events that are walked at a stretch; a longer record is walked by several processes at once."""

MOST_FAULTS = 1000
"""Faults that are named; a store with more is no record any longer."""


class Fault(NamedTuple):
    """Something that is not as it was sealed.

    token: names it exactly, for an acknowledgement. Empty: the search index, which is not acknowledged but built anew.
    """

    seq: int
    what: str
    token: str

    def __str__(self) -> str:
        return f"event {self.seq} {self.what}"


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a `prune` event allows to be gone: events before a time, by class, and everything up to the origin."""

    seq: int
    before: Mapping[str, int]
    origin: int
    origin_hash: str

    def allows_emptied(self, row: Row) -> bool:
        return self.seq > row.seq and row.at < self.before.get(row.keep, 0)

    def allows_origin(self, seq: int, hash_: bytes) -> bool:
        """A pruning may still be on its way to the origin it tells of; on arrival the hash is the one it told."""
        return seq < self.origin or (seq, hash_.hex()) == (self.origin, self.origin_hash)


@dataclass(slots=True)
class Proof:
    """What verifying found."""

    events: int = 0
    pruned: int = 0
    first: int = 0
    last: int = 0
    seals: int = 0
    faults: list[Fault] = field(default_factory=list)
    acknowledged: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults


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
            prunings = sorted(_details(connection, "prune", ends.seal.seq, pruning_of), key=lambda each: each.seq)
            acknowledged = {
                token for tokens in _details(connection, "reseal", ends.seal.seq, _tokens) for token in tokens
            }
            seals = [*checkpoints(connection, ends), *kept_elsewhere, ends.seal]
            known = _Known(_with_password(database), ends, prunings, _raw(keys), seals, Sums())
            stretches = list(_stretches(connection, ends))
        proof = Proof(first=ends.origin_seq + 1, last=ends.seal.seq, faults=_faults_of_the_beginning(known))
        marks = _walk_all(known, stretches, proof, progress)
        with database.reading() as connection:
            if {word: tuple(sums) for word, sums in marks.items()} != known.sums.in_database(connection, ends.seal.seq):
                what = "and others: the search index says other things than they do; `audit reindex` builds it anew"
                proof.faults.append(Fault(proof.first, what, token=""))
            if (ends.origin_seq, _prunings(connection)) == (ends_of(connection).origin_seq, prunings_before):
                return told_apart(proof, acknowledged)
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
    """A part of the chain: the event before its first, that one's hash as it is stored, and its last event.

    Each can be walked by itself: that the hash it starts from is right is what the stretch before it proves.
    """

    before: int
    previous: bytes
    last: int
    is_last: bool


def _stretches(connection: Connection, ends: Ends) -> Iterator[_Stretch]:
    before, previous, last = ends.origin_seq, ends.origin_hash, ends.seal.seq
    while last - before > STRETCH:
        query = select(schema.event.c.seq, schema.event.c.hash).where(schema.event.c.seq <= before + STRETCH)
        row = connection.execute(query.order_by(schema.event.c.seq.desc()).limit(1)).one_or_none()
        if row is None or row.seq <= before:
            break
        yield _Stretch(before, previous, row.seq, False)
        before, previous = row.seq, bytes(row.hash)
    yield _Stretch(before, previous, last, True)


def _walk_all(
    known: _Known, stretches: list[_Stretch], proof: Proof, progress: Callable[[int, int], None]
) -> dict[str, list[int]]:
    """Walk the stretches, on every core when there is more than one, and put together what they found."""
    marks: dict[str, list[int]] = {}
    total = proof.last - proof.first + 1
    for part, its_marks in _walked(known, stretches):
        proof.events += part.events
        proof.pruned += part.pruned
        proof.seals += part.seals
        proof.faults.extend(part.faults[: MOST_FAULTS - len(proof.faults)])
        for word, sums in its_marks.items():
            marks[word] = [mine + its for mine, its in zip(marks.get(word, (0, 0, 0)), sums, strict=True)]
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
        walk = _Walk(known, stretch)
        return walk.over(rows_between(database, stretch.before + 1, stretch.last)), walk.marks
    finally:
        database.close()


class _Walk:
    """One walk along a stretch of the chain."""

    def __init__(self, known: _Known, stretch: _Stretch) -> None:
        self._known, self._stretch = known, stretch
        self._keys = {name: Ed25519PublicKey.from_public_bytes(raw) for name, raw in known.keys.items()}
        self._seals: dict[int, list[Checkpoint]] = {}
        for seal in known.seals:
            if stretch.before < seal.seq and (stretch.is_last or seal.seq <= stretch.last):
                self._seals.setdefault(seal.seq, []).append(seal)
        self._proof = Proof()
        self.marks: dict[str, list[int]] = {}

    def over(self, rows: Iterable[Row]) -> Proof:
        seq, previous = self._stretch.before, self._stretch.previous
        proof, seals = self._proof, self._seals
        for row in rows:
            if row.seq != seq + 1:
                self._missing(seq + 1, row.seq - 1)
                previous = b""
            seq = row.seq
            digest = self._digest(row)
            if previous and chain.link(previous, seq, row.at, row.keep, digest) != row.hash:
                self._fault(seq, "is not the one that was recorded here (changed, moved or put in)", digest, row.hash)
            previous = row.hash
            if seq in seals:
                self._check_seals(row)
            proof.events += 1
        if self._stretch.is_last:
            self._finish(seq)
        return proof

    def _digest(self, row: Row) -> bytes:
        if row.line is None:
            self._check_pruned(row)
            return row.digest or b""
        self._check_columns(row, row.line)
        return chain.digest_of(row.line)

    def _check_columns(self, row: Row, line: str) -> None:
        """It is found by its own words and id. Its time and class need no check: the hash holds them."""
        try:
            record = orjson.loads(line)
            is_own = record["case_id"] == row.case_id
            self._add_marks(row.seq, marks_of(record))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._fault(row.seq, "cannot be read", "unreadable", row.hash)
        else:
            if not is_own:
                self._fault(row.seq, "is listed under a case id that is not its own", "case", row.case_id)

    def _add_marks(self, seq: int, words: tuple[str, ...]) -> None:
        one, other = self._known.sums.of(seq)
        for word in words:
            sums = self.marks.get(word)
            if sums is None:
                sums = self.marks[word] = [0, 0, 0]
            sums[0] += 1
            sums[1] += one
            sums[2] += other

    def _check_pruned(self, row: Row) -> None:
        self._proof.pruned += 1
        if not any(pruning.allows_emptied(row) for pruning in reversed(self._known.prunings)):
            self._fault(row.seq, "was emptied, and no pruning says so", "emptied", row.hash)

    def _check_seals(self, row: Row) -> None:
        for seal in self._seals.pop(row.seq):
            self._proof.seals += 1
            name = "the end" if seal == self._known.ends.seal else "a checkpoint"
            if seal.store != self._known.ends.store:
                self._fault(row.seq, f"has {name} of another store", "store", seal.store)
            elif wrong := complaint(seal, self._keys):
                self._fault(row.seq, f"has {name} whose seal {wrong}", wrong, seal.signature)
            elif seal.hash != row.hash:
                what = f"has {name} sealed on another chain: it or one before it was changed"
                self._fault(row.seq, what, "seal", seal.hash, row.hash)

    def _finish(self, seq: int) -> None:
        """No seal may stand beyond the newest event: what it sealed was cut off."""
        sealed = max(self._seals, default=0)
        if seq < sealed:
            self._missing(seq + 1, sealed)

    def _missing(self, first: int, last: int) -> None:
        if len(self._proof.faults) < MOST_FAULTS:
            self._proof.faults.append(missing(first, last))

    def _fault(self, seq: int, what: str, *evidence: str | bytes) -> None:
        if len(self._proof.faults) < MOST_FAULTS:
            self._proof.faults.append(fault_at(seq, what, *evidence))


def missing(first: int, last: int) -> Fault:
    """The fault that these events are not there."""
    what = "is missing" if first == last else f"and those up to {last} are missing"
    return fault_at(first, what, "missing", str(last))


def fault_at(seq: int, what: str, *evidence: str | bytes) -> Fault:
    """A fault and the token that names exactly this one."""
    words = " ".join(each.hex() if isinstance(each, bytes) else each for each in evidence)
    return Fault(seq, what, f"{seq} {sha256(words.encode()).hexdigest()[:16]}")


def _faults_of_the_beginning(known: _Known) -> list[Fault]:
    """The chain begins where it was born, or where a pruning says."""
    origin, hash_ = known.ends.origin_seq, known.ends.origin_hash
    born_here = origin == 0 and hash_ == chain.genesis(known.ends.store)
    faults = []
    if not born_here and not any(pruning.allows_origin(origin, hash_) for pruning in known.prunings):
        faults.append(fault_at(origin + 1, "begins the chain, and neither its birth nor a pruning says so", hash_))
    for seal in known.seals:
        if origin and seal.seq == origin and seal.hash != hash_:
            what = "was sealed with another chain before it than the one that was pruned"
            faults.append(fault_at(origin, what, seal.hash))
    return faults


def told_apart(proof: Proof, acknowledged: set[str]) -> Proof:
    """The faults an operator has acknowledged by name, apart from the others."""
    proof.acknowledged = [fault for fault in proof.faults if fault.token in acknowledged]
    proof.faults = [fault for fault in proof.faults if fault.token not in acknowledged]
    return proof


# ---------------------------------------------------------------- reading the store


def _with_password(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _raw(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, bytes]:
    return {name: key.public_bytes(Encoding.Raw, PublicFormat.Raw) for name, key in keys.items()}


def _prunings(connection: Connection) -> int:
    """How many there are, so that one that happens while we read is noticed."""
    found = select(func.count()).select_from(schema.mark).where(schema.mark.c.word == "kind:prune")
    return connection.execute(found).scalar_one()


def _details(connection: Connection, kind: str, up_to: int, of: Callable[[int, dict[str, Any]], Any]) -> Iterator[Any]:
    table = schema.event
    query = select(table.c.seq, table.c.line).join(schema.mark, schema.mark.c.seq == table.c.seq)
    for seq, line in connection.execute(query.where(schema.mark.c.word == f"kind:{kind}", table.c.seq <= up_to)):
        record = orjson.loads(line) if line is not None else {}
        if record.get("kind") == kind:
            yield of(seq, record.get("details", {}))


def pruning_of(seq: int, details: dict[str, Any]) -> Pruning:
    """What a `prune` event says."""
    return Pruning(seq, details.get("before", {}), details.get("origin", -1), details.get("origin_hash", ""))


def _tokens(_: int, details: dict[str, Any]) -> list[str]:
    return list(details.get("faults", ()))
