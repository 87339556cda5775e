"""The walk along the chain that the proof of a store and the proof of an export share: every link, gap and seal.

A fault never ends the walk. The stored hash of a faulty event is taken as given and the proof goes on behind it, so
that one flipped letter is one fault and everything after it is still proved. What a fault's token holds pins everything
that the broken link would have held, or an acknowledged fault would be a place for further changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit import chain
from gateway.audit.proof import Proof
from gateway.audit.rows import Row
from gateway.audit.seal import Checkpoint, complaint


class Begin(NamedTuple):
    """The event before the first one of the walk: its number and its hash."""

    seq: int
    hash: bytes


class Walk:
    """One walk. It counts and names into `proof`; seals that it does not meet must lie behind its end."""

    def __init__(
        self,
        begin: Begin,
        store: str,
        seals: Iterable[Checkpoint],
        keys: Mapping[str, Ed25519PublicKey],
        proof: Proof,
        end: Checkpoint | None = None,
    ) -> None:
        self._begin, self._store, self._keys, self._proof, self._end = begin, store, keys, proof, end
        self._seals: dict[int, list[Checkpoint]] = {}
        for seal in seals:
            self._seals.setdefault(seal.seq, []).append(seal)

    def has_seal_of(self, seq: int) -> bool:
        return seq in self._seals

    def over(self, rows: Iterable[Row | None], digest_of: Callable[[Row], bytes]) -> int:
        """Follow the rows, None being one that cannot be read; the number of the last one.

        digest_of: called once for each row, in order; it may name faults of its own.
        """
        seq = self._begin.seq
        previous: bytes | None = self._begin.hash
        proof, seals, link = self._proof, self._seals, chain.link
        for row in rows:
            if row is None:
                proof.fault(seq + 1, "cannot be read", "unreadable")
                previous = None
                continue
            number, at, keep, _, _, _, hash_ = row
            digest = digest_of(row)
            fits = previous is None or link(previous, number, at, keep, digest) == hash_
            if number != seq + 1:
                self._name_gap(seq, row, () if fits else (str(at), str(keep), digest, hash_))
            elif not fits:
                what = "is not the one that was recorded here (changed, moved or put in)"
                proof.fault(number, what, str(at), str(keep), digest, hash_)
            seq, previous = number, hash_
            if seq in seals:
                self._check_seals(row)
            proof.events += 1
        return seq

    def _name_gap(self, seq: int, row: Row, evidence: tuple[str | bytes, ...]) -> None:
        """The row does not follow number `seq`. After `audit reseal` the chain itself goes on over the gap."""
        if row.seq > seq:
            self._proof.missing(seq + 1, row.seq - 1, *evidence)
        else:
            self._proof.fault(seq + 1, f"is not here: event {row.seq} stands in its place", *evidence)

    def end_at(self, seq: int, last: int = 0) -> None:
        """No seal may stand beyond the newest event: what it sealed was cut off. last: what is known to have been."""
        last = max(last, max(self._seals, default=0))
        if seq < last:
            self._proof.missing(seq + 1, last)

    def _check_seals(self, row: Row) -> None:
        for seal in self._seals.pop(row.seq):
            self._proof.seals += 1
            name = "the end" if seal == self._end else "a checkpoint"
            if seal.store != self._store:
                self._proof.fault(row.seq, f"has {name} of another store", "store", seal.store)
            elif wrong := complaint(seal, self._keys):
                self._proof.fault(row.seq, f"has {name} whose seal {wrong}", wrong, seal.signature)
            elif seal.hash != row.hash:
                what = f"has {name} sealed on another chain: it or one before it was changed"
                self._proof.fault(row.seq, what, "seal", seal.hash, row.hash)
