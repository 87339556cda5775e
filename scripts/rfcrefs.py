#!/usr/bin/env python3
"""Writes docs/smtp-conformance.md from the tags in the code, `rfc5321#4.5.2` in a comment or a docstring.

    scripts/rfcrefs.py            write it
    scripts/rfcrefs.py --check    exit 1 when it is not what the code says

The tag is put where the code does what the section asks; the page then names the place and the tests of that section
(their names, or tags in them). What we do not do stands in NOT_DONE below, with why.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "smtp-conformance.md"
CODE = (
    "gateway/smtp",
    "gateway/mail",
    "gateway/notice",
    "gateway/settings",
    "gateway/worker.py",
)
TESTS = ("tests/smtp", "tests/peers", "tests/fuzz", "tests/notice")
TAG = re.compile(r"rfc(\d+)#(\d+(?:\.\d+)*)")
TEST_NAME = re.compile(r"^(?:async )?def test_\w+", re.MULTILINE)
NAMED = re.compile(r"rfc(\d{4})((?:_\d+)*)")

TITLES = {
    1870: "Message size declaration",
    2033: "LMTP",
    2034: "Enhanced error codes",
    2920: "Command pipelining",
    3030: "CHUNKING (BDAT)",
    3207: "STARTTLS",
    3461: "Delivery status notifications, the SMTP parameters",
    3463: "Enhanced status codes",
    3464: "Delivery status notifications, the report",
    3834: "Automatic responses",
    3848: "Words after `with` in Received",
    4954: "AUTH",
    5321: "SMTP",
    5322: "Message format, as far as a relay looks at it",
    6152: "8BITMIME",
    6531: "SMTPUTF8",
    6533: "Internationalised delivery reports",
    8314: "Implicit TLS",
    8689: "REQUIRETLS",
}
"""The RFCs of this page, in its order; tags of others (charsets, archives, DNS) are for readers of the code."""

NOT_DONE = (
    (
        "rfc5321#4.5.4.1",
        "A queue with retries",
        "The client keeps the message until the next hop has it: no queue, no loss.",
    ),
    ("rfc5321#5.1", "Looking up MX records", "The next hop is named in the settings; routing is the relay's business."),
    (
        "rfc5321#3.5.3",
        "VRFY and EXPN that tell something",
        "VRFY answers 252, EXPN is not known: both help those who collect addresses.",
    ),
    (
        "rfc5321#4.5.3.1.5",
        "Reply lines of at most 512 bytes from the next hop",
        "Up to 4096 are taken and passed; Postfix sends 2048.",
    ),
    (
        "rfc5321#4.5.3.1.6",
        "Refusing text lines over 1000 bytes",
        "They are passed as they are: real mail has them, a refusal would be a bounce made here.",
    ),
    (
        "rfc5321#2.3.8",
        "Refusing every bare CR or LF in a message",
        "They pass, for signatures' sake; refused are those around a lone dot, and every one in a command.",
    ),
    (
        "rfc5321#4.5.3.2",
        "Ten minutes for the final dot",
        "Budgets are shorter and nest: scan < total < the client's patience; each is a setting.",
    ),
    (
        "rfc5321#3.7.2",
        "Rewriting or adding to header fields of old mail",
        "Bytes are sacred: two header fields on top, nothing else.",
    ),
    ("rfc6409#8", "Fixing up submitted messages (Date, Message-ID, Sender)", "The same; the next hop may."),
    ("rfc3030#3", "BINARYMIME", "Not offered: what cannot go on by DATA cannot be promised."),
    (
        "rfc3461#5.2",
        "Delivery notifications of our own: success, delay, relayed; NOTIFY=NEVER for our bounce",
        "The next hop gets the parameters. Whoever is stopped is always told: mail that vanishes is worse.",
    ),
    (
        "rfc8689#4",
        "REQUIRETLS",
        "Not offered. The header fields `TLS-Required` and `Require-TLS-ESMTP` pass as they are.",
    ),
    (
        "rfc4954#4",
        "AUTH mechanisms beyond PLAIN and LOGIN",
        "Others cannot be passed on to the next hop by somebody in the middle, which is their point.",
    ),
    (
        "rfc6531#3.4",
        "Refusing UTF-8 addresses that come without SMTPUTF8",
        "Postfix sends them so; they pass raw, and the next hop decides.",
    ),
    ("rfc7505#3", "Null MX", "No MX is looked up."),
    ("rfc1985", "ETRN", "There is no queue to start."),
)


class Place(NamedTuple):
    """Where a tag stands: the file from the root, and the function or class around it."""

    path: str
    name: str

    def __str__(self) -> str:
        return f"`{self.path}`" + (f" `{self.name}`" if self.name else "")


Section = tuple[int, tuple[int, ...]]


def files_of(folders: tuple[str, ...]) -> list[Path]:
    found = []
    for folder in folders:
        path = ROOT / folder
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def section_of(rfc: str, number: str) -> Section:
    """`rfc5321#4.5.2`, `test_rfc5321_4_5_2_…`, or the whole of an RFC when a test's name says no more."""
    return int(rfc), tuple(int(part) for part in re.findall(r"\d+", number))


def enclosing(tree: ast.Module, line: int) -> str:
    """The innermost function or class that holds the line, with those around it."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min((decorator.lineno for decorator in node.decorator_list), default=node.lineno)
            if first <= line <= (node.end_lineno or first):
                names.append((first, node.name))
    return ".".join(name for _, name in sorted(names))


def places_in_code() -> dict[Section, list[Place]]:
    places: dict[Section, list[Place]] = defaultdict(list)
    for path in files_of(CODE):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        for number, line in enumerate(text.splitlines(), 1):
            for tag in TAG.finditer(line):
                place = Place(str(path.relative_to(ROOT)), enclosing(tree, number))
                if place not in places[section_of(*tag.groups())]:
                    places[section_of(*tag.groups())].append(place)
    return places


def files_of_tests() -> dict[Section, list[str]]:
    shown: dict[Section, list[str]] = defaultdict(list)
    for path in files_of(TESTS):
        text = path.read_text(encoding="utf-8")
        names = " ".join(TEST_NAME.findall(text))
        sections = [section_of(*tag.groups()) for tag in (*TAG.finditer(text), *NAMED.finditer(names))]
        for section in dict.fromkeys(sections):
            shown[section].append(str(path.relative_to(ROOT)))
    return shown


def page() -> str:
    places, shown = places_in_code(), files_of_tests()
    lines = [
        "# What of SMTP we do, and where",
        "",
        "Written by `scripts/rfcrefs.py` from the tags in the code; do not edit it. A section is named where the code",
        "does what it asks. `tests/smtp/test_transparency.py` tests, row by row, what simple proxies get wrong.",
    ]
    for rfc, title in TITLES.items():
        sections = sorted({section for section in (*places, *shown) if section[0] == rfc})
        if not sections:
            continue
        lines += ["", f"## RFC {rfc}: {title}", "", "| section | done in | shown by |", "|---|---|---|"]
        for section in sections:
            done = "<br>".join(map(str, places.get(section, [])))
            tests = "<br>".join(f"`{name}`" for name in shown.get(section, []))
            lines.append(f"| {'.'.join(map(str, section[1])) or 'all'} | {done} | {tests} |")
    lines += ["", "## What we do not do, and why", "", "| section | what | why not |", "|---|---|---|"]
    lines += [f"| {section} | {what} | {why} |" for section, what, why in NOT_DONE]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write docs/smtp-conformance.md from the tags in the code.")
    parser.add_argument("--check", action="store_true", help="only say whether it is fresh")
    arguments = parser.parse_args()
    wanted = page()
    if arguments.check:
        if PAGE.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what the code says; run scripts/rfcrefs.py", file=sys.stderr)
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
