"""Attachments through a running gateway: labelled ones are stopped, and what cannot be read is as policy says."""

from __future__ import annotations

import json
import shutil
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import ROOT, RunningGateway
from support.scripted_hop import ScriptedHop

FILES = Path(__file__).parent / "files"


def letter(text: str, attachment: bytes) -> bytes:
    message = EmailMessage()
    message["From"] = "dagklub@lavuk.dk"
    message["To"] = "forening@example.org"
    message["Subject"] = "Regnskab"
    message.set_content(text)
    message.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="fil.bin")
    return message.as_bytes().replace(b"\n", b"\r\n")


def policy_with(folder: Path, unreadable: str) -> Path:
    """The organisation's policy, but for what becomes of unreadable parts from insecure senders."""
    shutil.copytree(ROOT / "policies" / "lavuk", folder)
    verdict = folder / "verdict.yaml"
    text = verdict.read_text(encoding="utf-8")
    assert "  insecure: block" in text
    verdict.write_text(text.replace("  insecure: block", f"  insecure: {unreadable}"), encoding="utf-8")
    return folder


@pytest.mark.parametrize("unreadable", ["block", "relay", "notify"])
def test_what_cannot_be_read_is_as_policy_says(tmp_path: Path, unreadable: str) -> None:
    hop = ScriptedHop()
    folder = tmp_path / "gateway"
    folder.mkdir()
    gateway = RunningGateway(folder, hop.port, policy=policy_with(tmp_path / "policy", unreadable)).start()
    locked = letter("Koden kommer på sms.", (FILES / "locked_lzma2.7z").read_bytes())
    with RawClient(gateway.port) as client:
        client.hello()
        assert client.transaction(locked).startswith("250 ")
    events = gateway.events()
    gateway.stop()
    hop.close()
    assert [event.verdict for event in events] == ["block" if unreadable == "block" else "relay"]
    relayed = [message for message in hop.messages if b"locked" not in message and b'filename="fil.bin"' in message]
    letters = [message for taken, message in zip(hop.taken, hop.messages, strict=True) if b"MAIL FROM:<>" in taken.mail]
    assert len(relayed) == (unreadable != "block")
    assert len(letters) == (unreadable != "relay")
    assert all("adgangskode" in _text(message) for message in letters)


def _text(message: bytes) -> str:
    import email
    from email import policy

    parsed = email.message_from_bytes(message, policy=policy.default)
    return "\n".join(part.get_content() for part in parsed.walk() if part.get_content_type() == "text/plain")


def test_a_locked_archive_is_opened_with_the_word_of_its_mail(tmp_path: Path) -> None:
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port).start()
    with RawClient(gateway.port) as client:
        client.hello()
        client.transaction(letter("Koden er hemmelig42.", (FILES / "locked_lzma2.7z").read_bytes()))
    (event,) = gateway.events()
    gateway.stop()
    hop.close()
    assert event.verdict == "block"
    assert "cpr" in {finding.category for finding in event.findings}


@pytest.mark.shared
def test_attachments_of_the_corpus_are_judged_as_they_are_labelled(tmp_path: Path, shared: Path) -> None:
    folder = shared / "corpus" / "dev"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    inside = [
        label for label in labels if label["label"] == "block" and any("attachment" in at for at in label["where"])
    ]
    assert len(inside) > 20
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port, workers=2).start()
    with RawClient(gateway.port) as client:
        client.hello()
        for label in inside:
            content = (folder / label["file"]).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            client.transaction(content, recipients=["forening@example.org"])
    events = gateway.events()
    gateway.stop()
    hop.close()
    passed = [label["case"] for label, event in zip(inside, events, strict=True) if event.verdict != "block"]
    assert not passed
