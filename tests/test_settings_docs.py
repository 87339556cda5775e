"""docs/settings.md under test: its examples are read, every key is named in its table, every default is the code's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.policy.schema import schema_of
from gateway.settings import Settings, parse_settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"


def tables() -> Iterator[tuple[list[str], list[str]]]:
    """The keys of each row, and its defaults."""
    for row in re.findall(r"^\| (`.+) \|$", PAGE.read_text("utf-8"), re.M):
        cells = row.split(" | ")
        yield (
            re.findall(r"`(\w+)`", cells[0]),
            [default.partition(" (")[0].strip("`") for default in cells[-1].split(", ")],
        )


def keys_of(schema: dict[str, Any]) -> set[str]:
    return {key for one in (schema, *schema["$defs"].values()) for key in one.get("properties", ())}


@pytest.mark.parametrize("example", re.findall(r"^```yaml\n(.+?)^```$", PAGE.read_text("utf-8"), re.M | re.S))
def test_every_example_is_read(example: str) -> None:
    assert parse_settings(example, "postvagt.yaml", Path("/etc/postvagt")).listeners


def test_every_key_is_named() -> None:
    page = PAGE.read_text("utf-8")
    assert {key for key in keys_of(schema_of(Settings)) if f"`{key}`" not in page and f"`{key}:" not in page} == set()


def test_every_default_is_the_codes() -> None:
    schema = schema_of(Settings)
    says = {key: default for keys, defaults in tables() for key, default in zip(keys, defaults, strict=False)}
    for name in ("Limits", "Extraction"):
        for key, field in schema["$defs"][name]["properties"].items():
            default = field["default"]
            if isinstance(default, bool):
                assert says[key] == str(default).lower(), key
            elif default is not None:
                assert float(says[key]) == default, key
