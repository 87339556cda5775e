"""The settings that docs/deploy/ shows are settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.settings import parse_settings

PAGES = Path(__file__).resolve().parents[2] / "docs" / "deploy"
BLOCKS = [
    (page.name, block)
    for page in sorted(PAGES.glob("*.md"))
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[page for page, _ in BLOCKS])
def test_the_settings_of_a_page_are_good(page: str, block: str, tmp_path: Path) -> None:
    assert parse_settings(block, page, tmp_path).listeners


def test_every_position_has_its_page() -> None:
    named = set(re.findall(r"\]\(([a-z0-9-]+\.md)\)", (PAGES / "README.md").read_text(encoding="utf-8")))
    assert named == {page.name for page in PAGES.glob("*.md")} - {"README.md"}
    for page in PAGES.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert "Tried" in text or "Not tried here" in text, page.name
