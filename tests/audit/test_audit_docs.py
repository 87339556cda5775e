"""What the record holds and what its commands are called stands in docs/audit.md, all of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.audit import Event, danish
from gateway.audit.event import KEEPS, KINDS
from gateway.cli.audit import command
from gateway.mail.finding import CATEGORIES, Confidence
from gateway.mail.fragment import Reason

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text()


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


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_command_is_explained(name: str) -> None:
    assert f"audit {name}" in TEXT or f"`{name}`" in TEXT


@pytest.mark.parametrize(
    "option", [o for each in ("list", "prune") for p in command.commands[each].params for o in p.opts]
)
def test_every_filter_is_named(option: str) -> None:
    assert option in TEXT or option in ("--config", "--by")
