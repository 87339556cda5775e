"""`postvagt notice`: every kind in both languages, and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.notice import command

POLICY = Path(__file__).resolve().parents[2] / "policies" / "lavuk"


def run(*words: str) -> Any:
    return CliRunner().invoke(command, words)


KINDS = run("--preview", "list").output.split()


def test_list() -> None:
    assert {"kommune", "unknown", "several-kinds", "notify", "alert", "digest", "reply", "reply-inbound"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str) -> None:
    danish, english = (run("--preview", kind, "--lang", language) for language in ("da", "en"))
    assert danish.exit_code == english.exit_code == 0
    assert danish.output != english.output
    assert len(danish.output) > 80


def test_html_and_raw() -> None:
    assert run("--preview", "kommune", "--html").output.startswith("<!DOCTYPE html>")
    assert "Content-Type: multipart/report;" in run("--preview", "kommune", "--raw").output
    assert "Content-Type: multipart/alternative;" in run("--preview", "digest", "--raw").output


def test_the_policys_own_mailboxes_play() -> None:
    output = run("--preview", "kommune").output
    assert "dagklub@lavuk.dk" in output
    assert "borgervænget@kk.dk" in output


def test_page() -> None:
    danish, english = run("--page").output, run("--page", "--lang", "en").output
    assert "Din mail er ikke modtaget" in danish
    assert "MitID" in danish
    assert "We did not receive your email" in english


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        pytest.param([], "say --preview KIND", id="nothing asked"),
        pytest.param(["--preview", "kommunne"], "did you mean `kommune`?", id="a name that nearly is one"),
        pytest.param(["--page", "--lang", "sv"], "'sv' is not one of", id="a language we do not have"),
    ],
)
def test_faults(words: list[str], fault: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert fault in result.output
    assert "Traceback" not in result.output


def test_a_fault_in_an_own_text_has_its_file_and_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    for file in POLICY.rglob("*"):
        if file.is_file():
            copy = policy / file.relative_to(POLICY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    own = policy / "beskeder" / "da" / "mailbox.txt"
    own.parent.mkdir(parents=True)
    own.write_text("### Sådan\n\n{{ mailboks }}\n", "utf-8")
    config = tmp_path / "postvagt.yaml"
    config.write_text(
        'listeners: [{role: outbound, listen: "127.0.0.1:0"}]\nnext_hop: {host: 127.0.0.1, port: 1}\npolicy: policy\n'
        'audit: {store: "sqlite:///audit.db"}\n'
    )
    result = run("--preview", "kommune", "--config", str(config))
    assert result.exit_code == 2
    assert "beskeder/da/mailbox.txt:3: 'mailboks' is undefined" in result.output
