"""What the record holds and what its commands are called stands in docs/audit.md, all of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from gateway.audit import Event, danish
from gateway.audit.event import KEEPS, KINDS
from gateway.cli.audit import command
from gateway.mail.finding import CATEGORIES, Confidence
from gateway.mail.fragment import Reason
from gateway.policy.verdict import FollowUp

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "audit.md").read_text()


@pytest.mark.parametrize("name", [each.name for each in fields(Event) if each.name != "at"])
def test_every_field_is_explained(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", [*KINDS, *KEEPS])
def test_every_kind_and_class_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_every_fixed_word_has_a_danish_one() -> None:
    assert set(danish.KINDS) == set(KINDS)
    assert set(danish.CATEGORIES) == set(CATEGORIES)
    assert set(danish.REASONS) >= set(Reason)
    assert set(danish.CONFIDENCES) == set(map(str, Confidence))
    assert set(danish.FOLLOW_UPS) == set(FollowUp)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("subject", "emne"),
        ("header:reply-to", "mailfelt reply-to"),
        ("attachment:xlsx 2 › sheet 1 › cell B7", "vedhæftet xlsx 2 › ark 1 › celle B7"),
        ("attachment:7z 1 › attachment:eml 1 › text", "vedhæftet 7z 1 › vedhæftet eml 1 › tekst"),
        ("", ""),
        ("Something else", "Something else"),
    ],
)
def test_a_place_is_told_in_danish(where: str, words: str) -> None:
    assert danish.place_in_danish(where) == words


def test_every_step_of_a_place_has_a_danish_word() -> None:
    """Those that the notices know."""
    inside = yaml.safe_load((ROOT / "gateway/notice/templates/da/words.yaml").read_text())["inside"]
    assert set(danish.PLACES) == set(inside)


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_command_is_explained(name: str) -> None:
    assert f"audit {name}" in TEXT or f"`{name}`" in TEXT


@pytest.mark.parametrize(
    "option", [o for each in ("list", "prune") for p in command.commands[each].params for o in p.opts]
)
def test_every_filter_is_named(option: str) -> None:
    assert option in TEXT or option in ("--config", "--by")
