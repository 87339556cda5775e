"""What docs/policy.md pastes from `postvagt tjek` is what the command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy.md"


@pytest.mark.peer("knotd", "unbound")
def test_the_pasted_tjek(resolver: int) -> None:
    from gateway.cli.tjek import command

    (block,) = re.findall(r"^```tjek\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    asked, _, printed = block.partition("\n")
    words = shlex.split(asked.removeprefix("$ postvagt tjek "))
    result = CliRunner().invoke(command, [*words, "--resolver", f"127.0.0.1:{resolver}"])
    assert result.exit_code == 0
    assert result.stdout.strip() == printed.strip()
