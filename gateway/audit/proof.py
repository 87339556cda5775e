"""What a proof found: how much adds up, and each fault with the token that names exactly this one.

A fault that an operator has acknowledged with `audit reseal` is told apart, and only as long as it is exactly the one
that was acknowledged. Pure: nothing here reads a store or a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from gateway.audit.rows import Row

MOST_FAULTS = 1000
"""Faults that are named; a store with more is no record any longer."""


class Fault(NamedTuple):
    """Something that is not as it was sealed.

    token: names it exactly, for an acknowledgement. Empty: the search index or a file beside the events, which is not
    acknowledged but made anew.
    """

    seq: int
    what: str
    token: str

    def __str__(self) -> str:
        return f"event {self.seq} {self.what}"

    @classmethod
    def at(cls, seq: int, what: str, *evidence: str | bytes) -> Fault:
        """The fault with a token drawn from what shows it, so that another change there is another fault."""
        words = " ".join(each.hex() if isinstance(each, bytes) else each for each in evidence)
        return cls(seq, what, f"{seq} {sha256(words.encode()).hexdigest()[:16]}")


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

    def missing(self, first: int, last: int, *evidence: str | bytes) -> None:
        """These events are not there. evidence: what is known of the event behind them, if no link holds it."""
        what = "is missing" if first == last else f"and those up to {last} are missing"
        self.fault(first, what, "missing", str(last), *evidence)

    def fault(self, seq: int, what: str, *evidence: str | bytes) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault.at(seq, what, *evidence))

    def add(self, part: Proof) -> None:
        """What another part of the same walk found."""
        self.events += part.events
        self.pruned += part.pruned
        self.seals += part.seals
        self.faults.extend(part.faults[: MOST_FAULTS - len(self.faults)])

    def told_apart(self, acknowledged: set[str]) -> Proof:
        """The faults an operator has acknowledged by name, apart from the others; both in their order."""
        self.faults.sort(key=lambda fault: (not fault.token, fault.seq))
        self.acknowledged = [fault for fault in self.faults if fault.token in acknowledged]
        self.faults = [fault for fault in self.faults if fault.token not in acknowledged]
        return self


def acknowledged_by(record: Any) -> list[str]:
    """The tokens of the faults that a record of `audit reseal` acknowledges; none when it is another."""
    match record:
        case {"kind": "reseal", "details": {"faults": [*tokens]}}:
            return [token for token in tokens if isinstance(token, str)]
    return []


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a `prune` event allows to be gone: events before a time, by class, and everything up to the origin."""

    seq: int
    before: Mapping[str, int]
    origin: int
    origin_hash: str

    @classmethod
    def of(cls, seq: int, record: Any) -> Pruning | None:
        """What the record says, if it is that of a pruning. Anything else allows nothing."""
        match record:
            case {
                "kind": "prune",
                "details": {"before": dict(before), "origin": int(origin), "origin_hash": str(hash_)},
            }:
                times = {keep: at for keep, at in before.items() if isinstance(at, int)}
                return cls(seq, times, origin, hash_)
        return None

    def allows_emptied(self, row: Row) -> bool:
        return self.seq > row.seq and row.at < self.before.get(row.keep, 0)

    def allows_origin(self, seq: int, hash_: bytes) -> bool:
        """A pruning may still be on its way to the origin it tells of; on arrival the hash is the one it told."""
        return seq < self.origin or (seq, hash_.hex()) == (self.origin, self.origin_hash)
