"""Proving an export: the same chain, seals and prunings as in the store, read from its three files.

What was not asked for is there as a digest, so the walk needs nothing else; the filters of the export prove themselves
by the chain that holds without what they left out. `docs/verify_audit.py` does the same and needs no Postvagt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit import chain
from gateway.audit.errors import AuditError
from gateway.audit.export import EVENTS, FORMAT, MANIFEST
from gateway.audit.rows import PAGE, Row
from gateway.audit.seal import Checkpoint, complaint
from gateway.audit.verify import Fault, Proof, Pruning, fault_at, missing, pruning_of, told_apart

MOST_FAULTS = 1000


class _Manifest(NamedTuple):
    store: str
    first: int
    last: int
    before: bytes
    to_the_end: bool
    seals: list[Checkpoint]
    sums: dict[str, str]


class _Line(NamedTuple):
    """A line of the export; `row.line` is there when the event was asked for, `is_pruned` when retention took it."""

    row: Row
    is_pruned: bool


def verify_export(
    folder: Path,
    keys: Mapping[str, Ed25519PublicKey],
    kept_elsewhere: Iterable[Checkpoint] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """Prove what `export` wrote. AuditError when there is no export to prove."""
    manifest = _manifest(folder)
    proof = Proof(first=manifest.first, last=manifest.last, faults=_changed_files(folder, manifest))
    walk = _Walk(manifest, keys, kept_elsewhere, proof)
    try:
        with (folder / EVENTS).open("rb") as lines:
            walk.over(_lines(lines), progress)
    except OSError as error:
        raise AuditError(f"cannot read {folder / EVENTS}: {error.strerror}") from error
    return told_apart(proof, walk.acknowledged)


class _Walk:
    """One walk along the lines of an export."""

    def __init__(
        self,
        manifest: _Manifest,
        keys: Mapping[str, Ed25519PublicKey],
        kept_elsewhere: Iterable[Checkpoint],
        proof: Proof,
    ) -> None:
        self._manifest, self._keys, self._proof = manifest, keys, proof
        self._seals: dict[int, list[Checkpoint]] = {}
        for seal in (*manifest.seals, *kept_elsewhere):
            if seal.seq >= manifest.first:
                self._seals.setdefault(seal.seq, []).append(seal)
        self._pruned: list[Row] = []
        self._prunings: list[Pruning] = []
        self.acknowledged: set[str] = set()

    def over(self, lines: Iterable[_Line | None], progress: Callable[[int, int], None]) -> None:
        manifest, proof = self._manifest, self._proof
        if manifest.last not in self._seals:
            self._fault(manifest.last, "is the end of the export, and no seal says so", "unsealed")
        seq, previous = manifest.first - 1, manifest.before
        for line in lines:
            if line is None:
                self._fault(seq + 1, "cannot be read", "unreadable")
                previous = b""
                continue
            row = line.row
            if row.seq != seq + 1:
                self._missing(seq + 1, row.seq - 1)
                previous = b""
            seq = row.seq
            digest = chain.digest_of(row.line) if row.line is not None else row.digest or b""
            if previous and chain.link(previous, seq, row.at, row.keep, digest) != row.hash:
                self._fault(seq, "is not the one that was recorded here (changed, moved or put in)", digest, row.hash)
            previous = row.hash
            self._note(line)
            for seal in self._seals.pop(seq, ()):
                self._check(seal, row)
            proof.events += 1
            if not proof.events % PAGE:
                progress(proof.events, manifest.last - manifest.first + 1)
        self._finish(seq)

    def _note(self, line: _Line) -> None:
        """What retention took, and what the service itself says of prunings and acknowledged faults."""
        row = line.row
        if line.is_pruned:
            self._proof.pruned += 1
            self._pruned.append(row)
        elif row.line is not None and row.keep == "service":
            match orjson.loads(row.line):
                case {"kind": "prune", "details": dict(details)}:
                    self._prunings.append(pruning_of(row.seq, details))
                case {"kind": "reseal", "details": {"faults": [*tokens]}}:
                    self.acknowledged.update(map(str, tokens))

    def _check(self, seal: Checkpoint, row: Row) -> None:
        self._proof.seals += 1
        if seal.store != self._manifest.store:
            self._fault(row.seq, "has a checkpoint of another store", "store", seal.store)
        elif wrong := complaint(seal, self._keys):
            self._fault(row.seq, f"has a checkpoint whose seal {wrong}", wrong, seal.signature)
        elif seal.hash != row.hash:
            what = "has a checkpoint sealed on another chain: it or one before it was changed"
            self._fault(row.seq, what, "seal", seal.hash, row.hash)

    def _finish(self, seq: int) -> None:
        end = max(self._manifest.last, max(self._seals, default=0))
        if seq < end:
            self._missing(seq + 1, end)
        if not self._manifest.to_the_end:
            return  # the pruning that emptied an event may stand behind the end of this export
        for row in self._pruned:
            if not any(pruning.allows_emptied(row) for pruning in self._prunings):
                self._fault(row.seq, "was emptied, and no pruning says so", "emptied", row.hash)

    def _missing(self, first: int, last: int) -> None:
        if len(self._proof.faults) < MOST_FAULTS:
            self._proof.faults.append(missing(first, last))

    def _fault(self, seq: int, what: str, *evidence: str | bytes) -> None:
        if len(self._proof.faults) < MOST_FAULTS:
            self._proof.faults.append(fault_at(seq, what, *evidence))


# ---------------------------------------------------------------- reading the files


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        given = json.loads(path.read_bytes())
        if given["format"] > FORMAT:
            raise AuditError(f"{path} was made by a newer Postvagt")
        return _Manifest(
            given["store"],
            int(given["first"]),
            int(given["last"]),
            bytes.fromhex(given["hash_before_first"]),
            bool(given["to_the_end"]),
            [Checkpoint.parse(json.dumps(seal)) for seal in given["seals"]],
            {str(name): str(sum_) for name, sum_ in given["sha256"].items()},
        )
    except AuditError:
        raise
    except OSError as error:
        raise AuditError(f"there is no export in {folder}: cannot read {MANIFEST} ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AuditError(f"{path} is not the manifest of an export") from None


def _changed_files(folder: Path, manifest: _Manifest) -> list[Fault]:
    faults = []
    for name, expected in manifest.sums.items():
        if Path(name).name != name or not (folder / name).is_file():
            faults.append(Fault(manifest.first, f"and others: the file {name!r} of the manifest is not there", ""))
        elif _sum(folder / name) != expected:
            faults.append(Fault(manifest.first, f"and others: {name} is not the file that the manifest names", ""))
    return faults


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(file: Iterable[bytes]) -> Iterator[_Line | None]:
    for raw in file:
        try:
            yield _line(raw.rstrip(b"\n"))
        except (ValueError, KeyError, TypeError, AttributeError):
            yield None


def _line(raw: bytes) -> _Line:
    """The frame, and the event's own bytes when they are there: they are what is hashed."""
    frame, _, rest = raw.partition(b',"event":')
    line = rest[:-1].decode() if rest else None
    given: dict[str, Any] = orjson.loads(frame + b"}" if rest else raw)
    if line is not None:
        orjson.loads(line)
    digest = None if rest else bytes.fromhex(given["digest"])
    row = Row(int(given["seq"]), int(given["at"]), given["keep"], "", line, digest, bytes.fromhex(given["hash"]))
    return _Line(row, is_pruned=not rest and given["why"] == "pruned")
