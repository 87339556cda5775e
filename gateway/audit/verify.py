"""Proving the record: every link, every seal, every gap, and that what is searched is what was sealed.

A fault never ends the proof. The stored hash of a faulty event is taken as given and the proof goes on behind it, so
that one flipped letter is one fault and everything after it is still proved. A fault that an operator has acknowledged
with `audit reseal` is told apart, and only as long as the fault is exactly the one that was acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, func, select

from gateway.audit import chain, schema
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.event import marks_of
from gateway.audit.rows import PAGE, Ends, Row, Sums, checkpoints, ends_of, rows_between
from gateway.audit.seal import Checkpoint, complaint

MOST_FAULTS = 1000
"""Faults that are named; a store with more is no record any longer."""


class Fault(NamedTuple):
    """Something that is not as it was sealed. `token` names it exactly, for an acknowledgement."""

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
            ends = ends_of(connection)
            prunings = list(_details(connection, "prune", ends.seal.seq, _pruning))
            prunings_before = _prunings(connection)
            acknowledged = {
                token for tokens in _details(connection, "reseal", ends.seal.seq, _tokens) for token in tokens
            }
            seals = [*checkpoints(connection, ends), *kept_elsewhere]
        walk = _Walk(ends, prunings, keys, seals)
        proof = walk.over(rows_between(database, 0, ends.seal.seq), progress)
        with database.reading() as connection:
            walk.compare_marks(walk.sums.in_database(connection, ends.seal.seq))
        with database.reading() as connection:
            if (ends.origin_seq, _prunings(connection)) == (ends_of(connection).origin_seq, prunings_before):
                return _told_apart(proof, acknowledged)
    raise AuditError("the record is being pruned, please verify again when that is done")


class _Walk:
    """One walk along the chain, from its origin to its sealed end."""

    def __init__(
        self,
        ends: Ends,
        prunings: list[Pruning],
        keys: Mapping[str, Ed25519PublicKey],
        seals: list[Checkpoint],
    ) -> None:
        self._ends = ends
        self._prunings = sorted(prunings, key=lambda pruning: pruning.seq)
        self._keys = keys
        self._seals: dict[int, list[Checkpoint]] = {}
        for seal in [*seals, ends.seal]:
            self._seals.setdefault(seal.seq, []).append(seal)
        self._proof = Proof()
        self.sums = Sums()
        self._marks: dict[str, list[int]] = {}

    def over(self, rows: Iterable[Row], progress: Callable[[int, int], None]) -> Proof:
        seq, previous = self._begin()
        proof, seals, total = self._proof, self._seals, self._ends.seal.seq - self._ends.origin_seq
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
            if not proof.events % PAGE:
                progress(proof.events, total)
        self._finish(seq)
        progress(total, total)
        return proof

    def compare_marks(self, in_database: Mapping[str, tuple[int, ...]]) -> None:
        """What the events say they are found by, against what the store finds them by."""
        if in_database != {word: tuple(sums) for word, sums in self._marks.items()}:
            what = "and others: the search index finds other events than the record holds; see `audit reindex`"
            self._fault(self._proof.first, what, "index")

    def _begin(self) -> tuple[int, bytes]:
        origin, hash_ = self._ends.origin_seq, self._ends.origin_hash
        self._proof.first = origin + 1
        born_here = origin == 0 and hash_ == chain.genesis(self._ends.store)
        if not born_here and not any(pruning.allows_origin(origin, hash_) for pruning in self._prunings):
            self._fault(origin + 1, "begins the chain, and neither its birth nor a pruning says so", "origin", hash_)
        for seal in self._seals.pop(origin, ()):
            if origin and seal.hash != hash_:
                self._fault(origin, "was sealed with another chain before it than the one that was pruned", seal.hash)
        return origin, hash_

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
        first, second, third = self.sums.of(seq)
        for word in words:
            sums = self._marks.setdefault(word, [0, 0, 0, 0])
            sums[0] += 1
            sums[1] += first
            sums[2] += second
            sums[3] += third

    def _check_pruned(self, row: Row) -> None:
        self._proof.pruned += 1
        if not any(pruning.allows_emptied(row) for pruning in reversed(self._prunings)):
            self._fault(row.seq, "was emptied, and no pruning says so", "emptied", row.hash)

    def _check_seals(self, row: Row) -> None:
        for seal in self._seals.pop(row.seq):
            self._proof.seals += 1
            name = "the end" if seal is self._ends.seal else "a checkpoint"
            if seal.store != self._ends.store:
                self._fault(row.seq, f"has {name} of another store", "store", seal.store)
            elif wrong := complaint(seal, self._keys):
                self._fault(row.seq, f"has {name} whose seal {wrong}", wrong, seal.signature)
            elif seal.hash != row.hash:
                what = f"has {name} sealed on another chain: it or one before it was changed"
                self._fault(row.seq, what, "seal", seal.hash, row.hash)

    def _finish(self, seq: int) -> None:
        """No seal may stand beyond the newest event: what it sealed was cut off."""
        self._proof.last = seq
        sealed = max(self._seals, default=0)
        if seq < sealed:
            self._missing(seq + 1, sealed)

    def _missing(self, first: int, last: int) -> None:
        what = "is missing" if first == last else f"and those up to {last} are missing"
        self._fault(first, what, "missing", str(last))

    def _fault(self, seq: int, what: str, *evidence: str | bytes) -> None:
        if len(self._proof.faults) < MOST_FAULTS:
            words = " ".join(each.hex() if isinstance(each, bytes) else each for each in evidence)
            token = f"{seq} {sha256(words.encode()).hexdigest()[:16]}"
            self._proof.faults.append(Fault(seq, what, token))


def _told_apart(proof: Proof, acknowledged: set[str]) -> Proof:
    proof.acknowledged = [fault for fault in proof.faults if fault.token in acknowledged]
    proof.faults = [fault for fault in proof.faults if fault.token not in acknowledged]
    return proof


# ---------------------------------------------------------------- reading the store


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


def _pruning(seq: int, details: dict[str, Any]) -> Pruning:
    return Pruning(seq, details.get("before", {}), details.get("origin", -1), details.get("origin_hash", ""))


def _tokens(_: int, details: dict[str, Any]) -> list[str]:
    return list(details.get("faults", ()))
