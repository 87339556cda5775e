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
from gateway.audit.proof import Fault, Proof, Pruning, acknowledged_by
from gateway.audit.rows import PAGE, Row
from gateway.audit.seal import Checkpoint
from gateway.audit.walk import Begin, Walk

HASH_BYTES = 32


class _Manifest(NamedTuple):
    store: str
    first: int
    last: int
    before: bytes
    to_the_end: bool
    seals: list[Checkpoint]
    sums: dict[str, str]


def verify_export(
    folder: Path,
    keys: Mapping[str, Ed25519PublicKey],
    kept_elsewhere: Iterable[Checkpoint] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """Prove what `export` wrote. AuditError when there is no export to prove."""
    manifest = _manifest(folder)
    proof = Proof(first=manifest.first, last=manifest.last, faults=_changed_files(folder, manifest))
    seals = [seal for seal in (*manifest.seals, *kept_elsewhere) if seal.seq >= manifest.first]
    walk = Walk(Begin(manifest.first - 1, manifest.before), manifest.store, seals, keys, proof)
    if not walk.has_seal_of(manifest.last):
        proof.fault(manifest.last, "is the end of the export, and no seal says so", "unsealed")
    events = _Events(proof)
    try:
        with (folder / EVENTS).open("rb") as lines:
            last = walk.over(_told(events.read(lines), manifest, progress), events.digest)
    except OSError as error:
        raise AuditError(f"cannot read {folder / EVENTS}: {error.strerror}") from error
    walk.end_at(last, manifest.last)
    if manifest.to_the_end:  # otherwise the pruning that emptied an event may stand behind the end of this export
        events.check_prunings()
    return proof.told_apart(events.acknowledged)


class _Events:
    """The events of an export, and what they say of prunings and of acknowledged faults."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self._pruned: list[Row] = []
        self._prunings: list[Pruning] = []
        self.acknowledged: set[str] = set()

    def read(self, lines: Iterable[bytes]) -> Iterator[Row | None]:
        """The rows, None for a line that is none. Those that retention took are remembered."""
        for raw in lines:
            try:
                row, is_pruned = _row(raw.rstrip(b"\n"))
            except (ValueError, KeyError, TypeError, AttributeError):
                yield None
                continue
            if is_pruned:
                self._proof.pruned += 1
                self._pruned.append(row)
            yield row

    def digest(self, row: Row) -> bytes:
        if row.line is None:
            return row.digest or b""
        if row.keep == "service":
            record = orjson.loads(row.line)
            self._prunings += filter(None, [Pruning.of(row.seq, record)])
            self.acknowledged.update(acknowledged_by(record))
        return chain.digest_of(row.line)

    def check_prunings(self) -> None:
        for row in self._pruned:
            if not any(pruning.allows_emptied(row) for pruning in self._prunings):
                self._proof.fault(row.seq, "was emptied, and no pruning says so", "emptied", row.hash)


def _told(
    rows: Iterable[Row | None], manifest: _Manifest, progress: Callable[[int, int], None]
) -> Iterator[Row | None]:
    """The same rows, and how far it is."""
    total = manifest.last - manifest.first + 1
    for number, row in enumerate(rows, start=1):
        if not number % PAGE:
            progress(number, total)
        yield row


# ---------------------------------------------------------------- reading the files


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        given = json.loads(path.read_bytes())
        if given["format"] > FORMAT:
            raise AuditError(f"{path} was made by a newer Postvagt")
        if len(bytes.fromhex(given["hash_before_first"])) != HASH_BYTES:
            raise ValueError
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


def _row(raw: bytes) -> tuple[Row, bool]:
    """A line: its frame with the event's own bytes, which are what is hashed, if they are there; is it pruned?"""
    frame, _, rest = raw.partition(b',"event":')
    line = rest[:-1] if rest else None
    given: dict[str, Any] = orjson.loads(frame + b"}" if rest else raw)
    if line is not None:
        orjson.loads(line)
    digest = None if rest else bytes.fromhex(given["digest"])
    row = Row(int(given["seq"]), int(given["at"]), given["keep"], "", line, digest, bytes.fromhex(given["hash"]))
    return row, not rest and given["why"] == "pruned"
