"""The docs name things that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from gateway.cli import VERBS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
_TEST = re.compile(r"`(tests/[\w/.]+)`")


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_and_tests_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    missing += [test for test in _TEST.findall(text) if not (ROOT / test).exists()]
    assert missing == []


_WEIGHTS = re.compile(r"^\| (`[a-z_.0-9, `]+`) \| ([-−+0-9, ]+) \|", re.MULTILINE)


def weights_told() -> dict[str, int]:
    """Each kind of evidence of the tables in docs/detection.md with its weight; one weight may be told for several."""
    told: dict[str, int] = {}
    for names, weights in _WEIGHTS.findall((ROOT / "docs/detection.md").read_text(encoding="utf-8")):
        kinds = [name.strip("` ") for name in names.split(",")]
        kinds = [kinds[0].rpartition(".")[0] + kind if kind[0] == "." else kind for kind in kinds]
        numbers = [int(weight.replace("−", "-")) for weight in weights.split(",")]
        told |= zip(kinds, numbers * (len(kinds) if len(numbers) == 1 else 1), strict=True)
    return told


def test_the_page_on_detection_says_the_weights_of_the_policy() -> None:
    policy = {}
    for file in ("cpr.yaml", "ord/scoring.yaml"):
        policy |= yaml.safe_load((ROOT / "policies/lavuk" / file).read_text(encoding="utf-8"))["weights"]
    assert weights_told() == policy


def test_every_verb_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if verb not in readme] == []
