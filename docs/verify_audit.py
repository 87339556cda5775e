"""Prove an export of Postvagt's record: python3 verify_audit.py FOLDER PUBLIC-KEY.pub [CHECKPOINT.json …]

Needs Python 3.11 and `cryptography`, nothing of Postvagt. Exit 0: everything adds up; 1: it does not; 2: no export.
Take the public key, and checkpoints if you have them, from another hand than the export itself.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def parsed(raw: bytes) -> tuple[dict, bytes, bytes | None]:
    """A line of events.jsonl: its frame, the event's digest, and the event's exact bytes when they are there."""
    start, _, event = raw.partition(b',"event":')
    frame = json.loads(start + b"}" if event else raw)
    return (frame, sha256(event[:-1]), event[:-1]) if event else (frame, bytes.fromhex(frame["digest"]), None)


def seal_complaint(seal: dict, store: str, key) -> str:
    text = f"postvagt checkpoint\n{store}\n{seal['seq']} {seal['at']}\n{seal['hash']}\n"
    try:
        key.verify(bytes.fromhex(seal["signature"]), text.encode())
    except InvalidSignature:
        return f"event {seal['seq']}: its seal is not signed with this key, or is another store's"
    return ""


def walk(folder: Path, manifest: dict, seals: dict[int, list[dict]], key) -> list[str]:
    """Follow the chain from the first event to the last, from fault to fault."""
    faults, pruned, before, seq = [], [], {}, manifest["first"] - 1
    previous = bytes.fromhex(manifest["hash_before_first"])
    with (folder / "events.jsonl").open("rb") as lines:
        for raw in lines:
            try:
                frame, digest, event = parsed(raw.rstrip(b"\n"))
                number, stored = frame["seq"], bytes.fromhex(frame["hash"])
                link = b"%d %d %s\n" % (number, frame["at"], frame["keep"].encode())
            except (ValueError, KeyError, TypeError, AttributeError):
                faults.append(f"event {seq + 1}: cannot be read")
                previous = None  # what comes behind it is proved all the same
                continue
            if number != seq + 1:
                faults.append(f"event {seq + 1}: missing")
            seq = number
            if previous is not None and sha256(previous + link + digest) != stored:
                faults.append(f"event {seq}: not the one that was recorded here")
            previous = stored
            if event is None and frame["why"] == "pruned":
                pruned.append((seq, frame["at"], frame["keep"]))
            if event and event.startswith(b'{"kind":"prune",'):
                for keep, time in json.loads(event)["details"]["before"].items():
                    before[keep] = max(before.get(keep, (0, 0)), (time, seq))
            for seal in seals.pop(seq, ()):
                faults += filter(None, [seal_complaint(seal, manifest["store"], key)])
                if seal["hash"] != frame["hash"]:
                    faults.append(f"event {seq}: sealed with another hash; it or one before it was changed")
    if seq != manifest["last"]:
        faults.append(f"event {seq + 1}: missing, the export goes to {manifest['last']}")
    faults += [f"event {at}: a checkpoint says it was there, the export ends at {seq}" for at in seals if at > seq]
    if manifest["to_the_end"]:
        unsaid = (n for n, at, keep in pruned if at >= before.get(keep, (0, 0))[0] or n > before[keep][1])
        faults += [f"event {n}: emptied, and no pruning says so" for n in unsaid]
    return faults


def main(folder: Path, key_file: str, *checkpoints: str) -> int:
    manifest = json.loads((folder / "manifest.json").read_text())
    key = load_pem_public_key(Path(key_file).read_bytes())
    faults, seals = [], {}
    for name, expected in manifest["sha256"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            faults.append(f"{name}: not the file the manifest names")
    for seal in manifest["seals"] + [json.loads(Path(name).read_text()) for name in checkpoints]:
        if seal["seq"] >= manifest["first"]:
            seals.setdefault(seal["seq"], []).append(seal)
    if manifest["last"] not in seals:
        faults.append(f"event {manifest['last']}: the end is not sealed")
    faults += walk(folder, manifest, seals, key)
    for fault in faults:
        print(fault)
    print(f"{manifest['first']}-{manifest['last']}: {'does NOT add up' if faults else 'everything adds up'}")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
    except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
        print(f"nothing could be proved ({type(error).__name__}: {error})\n{__doc__}", file=sys.stderr)
        sys.exit(2)
