"""A policy that is wrong stops every verb: one line a fault, file and line first, exit status 2 and no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """\
listeners: [{role: outbound, listen: "127.0.0.1:10025"}]
next_hop: {host: 127.0.0.1, port: 10026}
policy: policy
audit: {store: "sqlite:///audit.db"}
"""

Spoil = Callable[[str], str]


def instead(old: str, new: str) -> Spoil:
    return lambda text: text.replace(old, new, 1)


LAUGHS = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))

FAULTS: list[tuple[str, str, Spoil, str]] = [
    ("no YAML", "matrix.yaml", instead("rows:", "rows: ]:"), "7: this is no YAML"),
    ("a tab", "senders.yaml", instead("  kk:", "\tkk:"), "12: a tab stands where spaces must be"),
    (
        "a duplicate key",
        "verdict.yaml",
        lambda text: text + "on_block: reject\n",
        "the key `on_block` stands here twice",
    ),
    ("a class no list defines", "matrix.yaml", instead("andre: ikke", "anden: ikke"), "no class is called `anden`"),
    (
        "two rows for one address",
        "faellesmail.yaml",
        instead("[Sdr.f", "[Dagklub@LAVUK.dk, Sdr.f"),
        "has a row already",
    ),
    ("a cycle", "faellesmail.yaml", instead("[dagklub@lavuk.dk]", "[dagklub@lavuk.dk, borgervænget@kk.dk]"), "circle"),
    ("a domain that is none", "lists/kommuner.yaml", instead("domain: balk.dk", "domain: balk"), "`balk` is no domain"),
    ("an empty file", "organisation.yaml", lambda _: "", "1: the file is empty"),
    ("10 MB", "recipients.yaml", lambda text: text + "# " + "x" * (10 * 1024 * 1024), "1: the file has "),
    ("aliases that explode", "verdict.yaml", lambda _: LAUGHS, "2: the alias `*a` is not allowed here"),
    ("a million brackets", "verdict.yaml", lambda _: "a: " + "[" * 1_000_000, "1: nested deeper than 32 levels"),
]


@pytest.mark.parametrize(("name", "file", "spoil", "says"), FAULTS, ids=[name for name, *_ in FAULTS])
def test_bad_input(tmp_path: Path, name: str, file: str, spoil: Spoil, says: str) -> None:
    from gateway.cli.check import command

    shutil.copytree(ROOT / "policies" / "lavuk", tmp_path / "policy")
    spoiled = tmp_path / "policy" / file
    spoiled.write_text(spoil(spoiled.read_text("utf-8")), "utf-8")
    (tmp_path / "postvagt.yaml").write_text(SETTINGS, "utf-8")
    result = CliRunner().invoke(command, ["--config", str(tmp_path / "postvagt.yaml")])
    assert (result.exit_code, result.stdout) == (2, ""), name
    lines = result.stderr.splitlines()
    assert any(says in line for line in lines), lines
    assert all(line.startswith(f"{tmp_path / 'policy' / file}:") for line in lines)
    assert all(line.removeprefix(f"{tmp_path / 'policy' / file}:").split(":")[0].isdigit() for line in lines)
