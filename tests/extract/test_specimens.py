"""The specimens of the evaluation: every hidden number is in the text that is read, every hostile file ends."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from gateway.extract import Budget
from gateway.extract.sandbox import Sandbox
from gateway.mail.message import Message

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "specimens"
NUMBER = re.compile(r"0?70761\s{0,2}-?\s{0,3}4285")
NO_LETTER = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
HYPHEN = re.compile("[\u2010-\u2015\u2212]")
NEEDS_OCR = {"image", "pdf-scan"}

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FOLDER.is_dir(), reason="../shared/specimens is not here")]


def cases(manifest: str) -> list[Any]:
    path = FOLDER / manifest
    if not path.is_file():
        return []
    return [pytest.param(case, id=case["file"]) for case in json.loads(path.read_text(encoding="utf-8"))]


def holds_number(text: str) -> bool:
    return NUMBER.search(HYPHEN.sub("-", NO_LETTER.sub("", unicodedata.normalize("NFKC", text)))) is not None


@pytest.mark.parametrize("case", cases("manifest.json"))
def test_a_specimen_gives_its_number_or_says_why_not(sandbox: Sandbox, attached: Any, case: dict[str, Any]) -> None:
    data = (FOLDER / case["file"]).read_bytes()
    message = Message(data) if case["case"] == "eml" else attached(data)
    got = sandbox.read_now(message, Budget(ocr=False))
    found = [str(fragment.place) for fragment in got.fragments if holds_number(fragment.text)]
    if case["case"] in NEEDS_OCR or case["file"] in ("docx_image.docx", "html_dataimg.html"):
        assert found or got.unreadable
    elif case["must_find"]:
        assert found
        assert not any(case["file"] in place for place in found)


@pytest.mark.parametrize("case", cases("hostile/manifest.json"))
def test_a_hostile_file_ends(sandbox: Sandbox, attached: Any, case: dict[str, Any]) -> None:
    data = (FOLDER / "hostile" / case["file"]).read_bytes()
    got = sandbox.read_now(Message(data) if case["file"].endswith(".eml") else attached(data), Budget(ocr=False))
    assert got.fragments or got.unreadable
