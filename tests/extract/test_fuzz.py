"""Any damage to any document ends in text, in a reason, or in both; a reader never lets an error of its own out.

`FUZZ=5000 pytest tests/extract/test_fuzz.py` looks longer. With ../shared the specimens are damaged too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.extract import Budget, read
from gateway.mail.message import Message

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "specimens"
EXAMPLES = int(os.environ.get("FUZZ", "25"))
SMALL = Budget(ocr=False, expanded_bytes=4_000_000, text_chars=4_000_000, parts=200, pages=20, pixels=200_000)
IN_THIS_PROCESS = frozenset(
    "docx xlsx pptx odt ods odp rtf doc xls ppt msg dat zip gz tar eml html ics vcf txt csv json".split()  # noqa: SIM905
)
"""Readers written in Python; those in C are damaged only inside the sandbox."""

Damage = list[tuple[float, bytes]]
damages = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=12)


def damaged(data: bytes, damage: Damage, cut: float) -> bytes:
    found = bytearray(data)
    for where, put in damage:
        at = int(where * len(found))
        found[at : at + len(put)] = put
    return bytes(found[: max(1, int(len(found) * (0.3 + cut)))])


def documents(make: Any) -> list[bytes]:
    """One of each kind, our own and where they are the specimens."""
    word = make.docx("<w:p><w:t>070761-4285</w:t></w:p>", word__header1="<w:t>x</w:t>")
    own = [
        word,
        make.xlsx("<row><c t='s'><v>0</v></c><c><v>1.5</v></c></row>", "<si><t>x</t></si>"),
        make.zip({"a.docx": word, "b.txt": b"070761-4285"}),
        make.tnef((1, 0x2800C, b"070761-4285"), (2, 0x69002, b""), (2, 0x6800F, word)),
        b"{\\rtf1\\ansi\\u8209 -{\\pict ffd8}{\\*\\x y}\\bin3 abc\\'30}",
    ]
    if FOLDER.is_dir():
        own += [path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix[1:] in IN_THIS_PROCESS]
    return own


@pytest.mark.parametrize("chosen", range(5))
def test_damage_ends_in_text_or_a_reason(make: Any, attached: Any, chosen: int) -> None:
    sources = documents(make)[chosen::5]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(sources), damages, st.floats(0, 0.7))
    def run(data: bytes, damage: Damage, cut: float) -> None:
        hurt = damaged(data, damage, cut)
        got = read(attached(hurt), SMALL)
        inside = [
            fragment for fragment in got.fragments if fragment.place.outermost.kind == "attachment" and fragment.text
        ]
        assert inside or got.unreadable or len(hurt) < 4096
        read(Message(hurt), SMALL)

    run()


def test_damage_in_the_sandbox_ends_too(sandbox: Any, make: Any, attached: Any) -> None:
    sources = [make.pdf("070761-4285"), make.png(40, 40)]
    if FOLDER.is_dir():
        wanted = (".pdf", ".7z", ".rar", ".bz2", ".png", ".jpg", ".gif", ".tiff", ".heic")
        sources += [path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in wanted]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(sources), damages, st.floats(0, 0.7))
    def run(data: bytes, damage: Damage, cut: float) -> None:
        got = sandbox.read_now(attached(damaged(data, damage, cut)), SMALL)
        assert got.fragments or got.unreadable

    run()
