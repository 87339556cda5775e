"""The command line: contracts of output and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.ports import free_port
from support.running import ROOT

WITH_CPR = (
    b"From: dagklub@lavuk.dk\r\nTo: sag@hvidovre.dk\r\nSubject: cpr 070761-4285\r\n\r\nBarnets cpr er 070761-4285.\r\n"
)
HARMLESS = b"From: dagklub@lavuk.dk\r\nTo: a@example.org\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"


def postvagt(*words: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return subprocess.CompletedProcess(result.args, result.returncode, result.stdout.decode(), result.stderr.decode())


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    (tmp_path / "a.eml").write_bytes(HARMLESS)
    (tmp_path / "b.eml").write_bytes(WITH_CPR)
    return tmp_path


def test_scan_json_has_the_keys_of_the_contract(mails: Path) -> None:
    result = postvagt("scan", "a.eml", "b.eml", "--json", folder=mails)
    assert result.returncode == 1
    first, second = map(json.loads, result.stdout.splitlines())
    assert list(first) == [
        "file",
        "verdict",
        "confidence",
        "categories",
        "findings",
        "unreadable",
        "notice_to",
        "ms",
    ]
    assert (first["file"], first["verdict"], first["findings"], first["notice_to"]) == ("a.eml", "relay", [], None)
    assert (second["verdict"], second["confidence"], second["categories"]) == ("block", "certain", ["cpr"])
    assert second["notice_to"] == "dagklub@lavuk.dk"
    assert second["findings"] == [
        {"detector": "cpr", "category": "cpr", "confidence": "certain", "where": where, "count": 1}
        for where in ("subject", "text")
    ]
    assert "070761" not in result.stdout


def test_scan_for_people(mails: Path) -> None:
    result = postvagt("scan", "b.eml", folder=mails)
    assert result.returncode == 1
    assert "b.eml: block (cpr)" in result.stdout
    assert "to sag@hvidovre.dk (kommune): ikke_lovlig" in result.stdout


@pytest.mark.parametrize(
    ("words", "status", "verdicts"),
    [
        (["a.eml"], 0, ["relay"]),
        (["."], 1, ["relay", "block"]),
        (["b.eml", "--sender", "x@kk.dk", "--recipient", "sag@hvidovre.dk"], 1, ["block"]),
        (["k.eml", "--recipient", "sag@hvidovre.dk"], 0, ["relay"]),
        (["k.eml", "--recipient", "foraelder@example.org"], 1, ["block"]),
        (["b.eml", "--role", "inbound"], 1, ["block"]),
        (["all.mbox"], 1, ["relay", "block"]),
        (["maildir"], 1, ["relay", "block"]),
        (["-"], 1, ["block"]),
    ],
)
def test_scan_of(mails: Path, words: list[str], status: int, verdicts: list[str]) -> None:
    """A file, a folder, mbox, Maildir, standard input; the From of the message counts beside --sender."""
    for part in ("cur", "new", "tmp"):
        (mails / "maildir" / part).mkdir(parents=True)
    (mails / "maildir" / "new" / "1.x").write_bytes(HARMLESS)
    (mails / "maildir" / "cur" / "2.x:2,S").write_bytes(WITH_CPR)
    if words != ["."]:
        (mails / "k.eml").write_bytes(WITH_CPR.replace(b"dagklub@lavuk.dk", b"x@kk.dk"))
        mbox = b"".join(
            b"From a@b Tue Nov 24\n" + mail.replace(b"\r\n", b"\n") + b"\n" for mail in (HARMLESS, WITH_CPR)
        )
        (mails / "all.mbox").write_bytes(mbox)
    result = postvagt("scan", *words, "--json", folder=mails, stdin=WITH_CPR)
    assert result.returncode == status, result.stderr
    assert [json.loads(line)["verdict"] for line in result.stdout.splitlines()] == verdicts


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["scan", "missing.eml"], "postvagt: missing.eml: cannot be read (No such file or directory)"),
        (["serve", "--config", "missing.yaml"], "postvagt: missing.yaml: cannot be read (No such file or directory)"),
        (["serve", "--config", "wrong.yaml"], "wrong.yaml:2: "),
        (["check", "--config", "wrong.yaml"], "wrong.yaml:2: "),
        (["check", "--config", "nopolicy.yaml"], "no such folder"),
    ],
)
def test_faults_are_one_line_and_status_2(tmp_path: Path, words: list[str], expected: str) -> None:
    (tmp_path / "wrong.yaml").write_text("policy: x\nworkerz: 3\n")
    (tmp_path / "nopolicy.yaml").write_text(
        'listeners: [{role: outbound, listen: "127.0.0.1:1"}]\nnext_hop: {host: 127.0.0.1, port: 2}\n'
        'policy: missing\naudit: {store: "sqlite:///a.db"}\n'
    )
    result = postvagt(*words, folder=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_policy_stops_serve_before_a_port_is_opened(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "policies" / "lavuk", tmp_path / "policy")
    matrix = tmp_path / "policy" / "matrix.yaml"
    matrix.write_text(matrix.read_text() + "\nnonsense: 1\n")
    lines = len(matrix.read_text().splitlines())
    (tmp_path / "postvagt.yaml").write_text(
        f'listeners: [{{role: outbound, listen: "127.0.0.1:{free_port()}"}}]\n'
        'next_hop: {host: 127.0.0.1, port: 2}\npolicy: policy\naudit: {store: "sqlite:///a.db"}\n'
    )
    result = postvagt("serve", "--config", "postvagt.yaml", folder=tmp_path)
    assert result.returncode == 2
    assert f"policy/matrix.yaml:{lines}: " in result.stderr


@pytest.mark.parametrize("words", [["scan", "-"], ["check"], ["evaluate", "."]])
def test_a_fault_in_the_words_of_another_policy_is_told_by_its_own_path(tmp_path: Path, words: list[str]) -> None:
    import shutil

    shutil.copytree(ROOT / "policies" / "lavuk", tmp_path / "mine")
    file = tmp_path / "mine" / "ord" / "religion.yaml"
    file.write_text(file.read_text("utf-8").replace("strong:", "stronk:", 1), "utf-8")
    result = postvagt(*words, "--policy", "mine", folder=tmp_path, stdin=b"Subject: a\r\n\r\nb\r\n")
    assert result.returncode == 2
    assert "mine/ord/religion.yaml:" in result.stderr
    assert "'stronk' is not known here" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "postvagt.yaml").write_text(
            f'listeners: [{{role: outbound, listen: "127.0.0.1:{port}"}}]\nnext_hop: {{host: 127.0.0.1, port: 2}}\n'
            f'policy: {ROOT / "policies" / "lavuk"}\naudit: {{store: "sqlite:///a.db"}}\n'
        )
        result = postvagt("serve", "--config", "postvagt.yaml", folder=tmp_path)
    assert result.returncode == 2
    assert f"port 127.0.0.1:{port} is taken by another process" in result.stderr


def test_check_prints_the_matrix(tmp_path: Path) -> None:
    result = postvagt("check", folder=ROOT)
    assert result.returncode == 0, result.stderr
    for word in ("sikker", "ikke_lovlig", "borgervænget@kk.dk", "frederiksberg.dk", "insecure/almindelig"):
        assert word in result.stdout
    assert not (tmp_path / "var").exists()


def test_check_says_what_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "postvagt.yaml").write_text(
        f'listeners: [{{role: outbound, listen: "127.0.0.1:{free_port()}"}}]\nnext_hop: {{host: 127.0.0.1, port: 2}}\n'
        f"policy: {ROOT / 'policies' / 'lavuk'}\n"
        'audit: {store: "sqlite:///record.db"}\nextraction: {ocr: false}\n'
    )
    result = postvagt("check", "--config", "postvagt.yaml", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "warning: pictures and scanned pages are not read: `ocr` is off" in result.stdout


def test_the_containers_settings_are_good(tmp_path: Path) -> None:
    text = (ROOT / "docker" / "postvagt.yaml").read_text().replace("/opt/postvagt/policies", str(ROOT / "policies"))
    (tmp_path / "postvagt.yaml").write_text(text)
    result = postvagt("check", "--config", "postvagt.yaml", folder=tmp_path)
    assert result.returncode == 0, result.stderr


def test_an_unusable_record_stops_serve_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "postvagt.yaml").write_text(
        f'listeners: [{{role: outbound, listen: "127.0.0.1:{free_port()}"}}]\nnext_hop: {{host: 127.0.0.1, port: 2}}\n'
        f'policy: {ROOT / "policies" / "lavuk"}\naudit: {{store: "sqlite:///record.db"}}\n'
    )
    (tmp_path / "record.db").write_bytes(b"this is no database " * 100)
    result = postvagt("serve", "--config", "postvagt.yaml", folder=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("audit list --since 2026-02-30", "postvagt audit list: Invalid value for '--since': 2026-02-30 is no time"),
        ("audit report --month november", "postvagt audit report: Invalid value for '--month': november is no month"),
        ("audit reseal", "postvagt audit reseal: Missing option '--why'"),
        ("release", "postvagt release: Missing argument 'CASE-ID'"),
        ("nonsense", "postvagt: No such command 'nonsense'"),
        ("--nonsense", "postvagt: No such option '--nonsense'"),
    ],
)
def test_wrong_words_are_one_line_and_status_2(tmp_path: Path, words: str, says: str) -> None:
    result = postvagt(*words.split(), folder=tmp_path)
    (line,) = result.stderr.splitlines()
    assert (result.returncode, result.stdout, line.startswith(says)) == (2, "", True), line
    assert list(tmp_path.iterdir()) == []
