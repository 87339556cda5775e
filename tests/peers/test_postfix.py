"""The gateway between real mail servers."""

from __future__ import annotations

import email
import email.policy
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.numbers import shows_number
from support.postfix import Postfix, Sink, smtp_source
from support.running import RunningGateway

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="peer needs root: a Postfix instance")


@pytest.mark.peer("smtp-source", "smtp-sink")
def test_smtp_source_to_smtp_sink(tmp_path: Path, open_folder: Path) -> None:
    """200 messages over 20 sessions: every one is taken, none twice."""
    sink = Sink(dump=open_folder / "dump")
    gateway = RunningGateway(tmp_path, sink.port, workers=2).start()
    try:
        result = smtp_source(gateway.port, "-d", "-s", "20", "-m", "200", "-l", "3000", "-f", "dagklub@lavuk.dk")
        assert result.returncode == 0, result.stderr
        assert len(sink.messages) == 200
        assert [event.verdict for event in gateway.events()] == ["relay"] * 200
    finally:
        gateway.stop()
        sink.stop()


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, open_folder: Path) -> Iterator[tuple[RunningGateway, Postfix]]:
    """swaks → gateway → Postfix → Maildir, with a certificate on the gateway."""
    import trustme

    postfix = Postfix(open_folder / "postfix").start()
    home = tmp_path_factory.mktemp("gateway")
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(home / "both.pem")
    listener = {"tls": {"certificate": "both.pem", "key": "both.pem"}}
    gateway = RunningGateway(home, postfix.port, listener=listener).start()
    yield gateway, postfix
    gateway.stop()
    postfix.stop()


def swaks(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--timeout", "20", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@needs_root
@pytest.mark.peer("postfix", "swaks")
def test_swaks_to_postfix(relay: tuple[RunningGateway, Postfix]) -> None:
    gateway, postfix = relay
    before = len(postfix.delivered(0))
    result = swaks(gateway.port, "--from", "dagklub@lavuk.dk", "--to", "forening@example.org", "--body", "Tur fredag")
    assert result.returncode == 0, result.stdout
    message = postfix.delivered(before + 1)[-1]
    assert message.rstrip().endswith(b"Tur fredag")
    parsed = email.message_from_bytes(message)
    assert [field.split(" ")[0] for field in parsed.get_all("Received", [])] == ["from", "from"], "Postfix's and ours"


@needs_root
@pytest.mark.peer("postfix", "swaks")
def test_swaks_with_starttls(relay: tuple[RunningGateway, Postfix]) -> None:
    gateway, postfix = relay
    before = len(postfix.delivered(0))
    result = swaks(gateway.port, "--tls", "--from", "dagklub@lavuk.dk", "--to", "forening@example.org")
    assert result.returncode == 0, result.stdout
    assert "TLS started" in result.stdout
    assert b"with ESMTPS id PV-" in postfix.delivered(before + 1)[-1]


@needs_root
@pytest.mark.peer("postfix", "swaks")
def test_a_bounce_reaches_the_senders_mailbox(relay: tuple[RunningGateway, Postfix]) -> None:
    gateway, postfix = relay
    before = len(postfix.delivered(0))
    body = "Barnets cpr-nummer er 070761-4285"
    result = swaks(gateway.port, "--from", "dagklub@lavuk.dk", "--to", "sagsbehandler@hvidovre.dk", "--body", body)
    assert result.returncode == 0, result.stdout
    bounce = email.message_from_bytes(postfix.delivered(before + 1)[-1], policy=email.policy.default)
    assert bounce["Return-Path"] == "<>"
    assert bounce["Delivered-To"] == "dagklub@lavuk.dk"
    assert bounce.get_content_type() == "multipart/report"
    text = bounce.get_body(("plain",))
    assert text is not None
    assert "borgervænget@kk.dk" in text.get_content()
    assert not shows_number(bounce.as_string())


@needs_root
@pytest.mark.peer("postfix", "swaks")
def test_letters_outside_ascii_all_the_way(relay: tuple[RunningGateway, Postfix]) -> None:
    """Pers.lærkevej@lavuk.dk is a real address of the guide: as sender, as recipient, and as the bounce's reader."""
    gateway, postfix = relay
    before = len(postfix.delivered(0))
    addresses = ("--from", "Pers.lærkevej@lavuk.dk", "--to", "borgervænget@kk.dk")
    result = swaks(gateway.port, *addresses, "--body", "Tur fredag")
    assert result.returncode == 0, result.stdout
    message = postfix.delivered(before + 1)[-1]
    assert "Delivered-To: borgervænget@kk.dk".encode() in message
    assert "Return-Path: <Pers.lærkevej@lavuk.dk>".encode() in message
    result = swaks(gateway.port, *addresses, "--body", "cpr 070761-4285")
    assert result.returncode == 0, result.stdout
    bounce = postfix.delivered(before + 2)[-1]
    assert "Delivered-To: Pers.lærkevej@lavuk.dk".encode() in bounce
    parsed = email.message_from_bytes(bounce, policy=email.policy.default)
    text = parsed.get_body(("plain",))
    assert text is not None
    assert "lærkevej@kk.dk" in text.get_content()
