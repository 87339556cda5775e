#!/usr/bin/env python3
"""Reads the specimens and the hostile files through the sandbox and prints the two tables of docs/extraction.md.

    scripts/extraction_tables.py [--ocr] [--write docs/extraction.md] [SPECIMENS]

Without --ocr the cases that need OCR are left out. With --write the tables replace what stands between the marks of
that file. Exit 1 when a case that must be found is not, a hostile file breaks a promise, or a process is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import sys
import time
from base64 import encodebytes
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gateway import reading as configuration  # noqa: E402
from gateway.detect import Detectors, Rules  # noqa: E402
from gateway.extract import Budget  # noqa: E402
from gateway.extract.sandbox import Limits, Sandbox  # noqa: E402
from gateway.mail.finding import Confidence  # noqa: E402
from gateway.mail.message import Message  # noqa: E402

NEEDS_OCR = {"image", "pdf-scan"}
NEEDS_OCR_FILES = {"docx_image.docx", "html_dataimg.html"}
MARKS = "<!-- tables: from scripts/extraction_tables.py -->", "<!-- end of tables -->"
TODAY = date(2026, 11, 24)


def message_with(path: Path) -> Message:
    """The specimen as a mail: itself when it is one, else as its only attachment, under a name that says nothing."""
    data = path.read_bytes()
    if path.suffix == ".eml":
        return Message(data)
    head = b"From: a@lavuk.dk\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=x\r\n"
    return Message(head + b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(data))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specimens", nargs="?", type=Path, default=ROOT.parent / "shared" / "specimens")
    parser.add_argument("--ocr", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    policy = configuration.read_policy(ROOT / "policies" / "lavuk")
    detectors = Detectors(Rules.from_mapping(policy.detection))
    budget = Budget(ocr=options.ocr)
    with Sandbox(Limits(seconds=15)) as sandbox:
        sandbox.start()
        found, missed = specimen_table(sandbox, detectors, budget, options.specimens, options.ocr)
        hostile, broken = hostile_table(sandbox, detectors, budget, options.specimens / "hostile")
    left = left_behind()
    broken += [f"process {pid}" for pid in left]
    text = f"\n{found}\n{hostile}{'Processes were' if left else 'No process was'} left behind.\n\n"
    if options.write:
        before, _, rest = options.write.read_text(encoding="utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        options.write.write_text(before + MARKS[0] + text + MARKS[1] + after, encoding="utf-8")
    else:
        print(text)
    return 1 if missed or broken else 0


def left_behind() -> list[int]:
    """The processes that descend from this one and still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.append(int(stat.parent.name))
    return found


def reading(sandbox: Sandbox, detectors: Detectors, budget: Budget, path: Path) -> tuple[list[str], list[str], float]:
    """Where a CPR number was found, what was not read, and the seconds it took."""
    start = time.monotonic()
    extraction = sandbox.read_now(message_with(path), budget)
    seconds = time.monotonic() - start
    findings = detectors.find(extraction.fragments, today=TODAY)
    places = [str(f.place) for f in findings if f.category == "cpr" and f.confidence >= Confidence.LIKELY]
    return places, [f"{item.place}: {item.reason}" for item in extraction.unreadable], seconds


def specimen_table(
    sandbox: Sandbox, detectors: Detectors, budget: Budget, folder: Path, ocr: bool
) -> tuple[str, list[str]]:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    missed = []
    for case in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        kind = case["file"].rsplit(".", 1)[-1] if case["case"] in ("doc", "odf") else case["case"]
        if not ocr and (case["case"] in NEEDS_OCR or case["file"] in NEEDS_OCR_FILES):
            continue
        places, unread, _ = reading(sandbox, detectors, budget, folder / case["file"])
        word = "found" if places else "not read, and said so" if unread else "no finding"
        rows[kind][word] += 1
        rows[kind]["must"] += bool(case["must_find"])
        rows[kind]["must found"] += bool(case["must_find"] and places)
        if case["must_find"] and not places:
            missed.append(case["file"])
    lines = ["| format | must be found | found | other cases found | other cases not read, and said so |"]
    lines.append("|---|---|---|---|---|")
    for kind, row in rows.items():
        others = row["found"] - row["must found"]
        lines.append(f"| {kind} | {row['must']} | {row['must found']} | {others} | {row['not read, and said so']} |")
    total: Counter[str] = sum(rows.values(), Counter())
    lines.append(f"| **all** | **{total['must']}** | **{total['must found']}** | | |")
    if missed:
        lines += ["", "Missed: " + ", ".join(missed)]
    return "\n".join(lines) + "\n", missed


def hostile_table(sandbox: Sandbox, detectors: Detectors, budget: Budget, folder: Path) -> tuple[str, list[str]]:
    lines = ["| hostile file | ends in | seconds |", "|---|---|---|"]
    broken = []
    for case in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        places, unread, seconds = reading(sandbox, detectors, budget, folder / case["file"])
        ending = "found" if places else ""
        reasons = ", ".join(dict.fromkeys(item.rpartition(": ")[2] for item in unread))
        ending += (", " if ending and reasons else "") + (f"not fully read: {reasons}" if reasons else "")
        lines.append(f"| {case['what']} | {ending or 'read'} | {seconds:.1f} |")
        if seconds > 20:
            broken.append(case["file"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines += ["", f"The reading process itself never held more than {peak} MiB; the readers are limited and apart."]
    if peak > 400:
        broken.append("memory")
    return "\n".join(lines) + "\n", broken


if __name__ == "__main__":
    sys.exit(main())
