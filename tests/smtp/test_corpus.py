"""Every labelled mail of the shared corpus through a running gateway: none is lost, none doubled, none leaked."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import ROOT, RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

from gateway.detect.engine import Engine, Pattern

_HASHES = re.compile(rb"[0-9a-f]{16,}")
"""Keyed hashes and signatures in the record: random digits, among which any number shows up sooner or later."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, shared: Path):
    """What became of each mail: its bytes as sent, the reply, and what the next hop got for it."""
    hop, folder = ScriptedHop(), tmp_path_factory.mktemp("corpus")
    (folder / "tmp").mkdir()
    gateway = RunningGateway(folder, hop.port, environment={"TMPDIR": str(folder / "tmp")}).start()
    outcomes = []
    with RawClient(gateway.port) as client:
        client.hello()
        for path in sorted((shared / "corpus" / "dev").glob("*.eml")):
            content = path.read_bytes()
            content = content if b"\r\n" in content else content.replace(b"\n", b"\r\n")
            content = content if content.endswith(b"\r\n") else content + b"\r\n"
            hop.forget()
            reply = client.transaction(content, recipients=["forening@example.org", "sagsbehandler@hvidovre.dk"])
            outcomes.append((path.name, content, reply, list(hop.taken), list(hop.messages)))
    events = gateway.events()
    written = gateway.everything_written()
    gateway.stop()
    hop.close()
    return outcomes, events, written


@pytest.mark.shared
def test_relayed_ones_arrive_byte_for_byte_and_blocked_ones_give_one_bounce(run) -> None:
    outcomes, events, _ = run
    assert len(outcomes) == len(events) == 500
    for (name, content, reply, taken, messages), event in zip(outcomes, events, strict=True):
        if event.follow_up == "reject":
            assert reply.startswith("550 5.7.1 "), name
            assert taken == [], f"{name}: what a machine sent is refused and never bounced (rfc3834#2)"
            continue
        assert reply[:3] == "250", (name, reply)
        assert len(taken) == 1, f"{name}: one in, one out"
        if event.verdict == "relay":
            assert hashlib.sha256(without_our_fields(messages[0])).digest() == hashlib.sha256(content).digest(), name
            assert len(taken[0].rcpt) == 2
        else:
            assert taken[0].mail.startswith(b"MAIL FROM:<>"), name
            assert taken[0].rcpt == [b"RCPT TO:<dagklub@lavuk.dk>"], name
            assert b"multipart/report" in messages[0]


@pytest.mark.shared
def test_no_number_of_any_mail_shows_in_anything_the_gateway_says_or_writes(run, shared: Path) -> None:
    """Replies, bounces, log at debug level, record: the digits of a found number, however separated, are in none."""
    outcomes, events, written = run
    numbers = json.loads((shared / "corpus" / "dev" / "numbers.json").read_text())
    patterns = {
        number: re.compile(rb"[^0-9]{0,3}".join(bytes([digit]) for digit in number.encode()))
        for held in numbers.values()
        for number in held
    }
    for (name, _, reply, _, messages), event in zip(outcomes, events, strict=True):
        said = reply.encode() + (b"".join(messages) if event.verdict == "block" else b"")
        for number in numbers.get(name, ()):
            assert not patterns[number].search(said), name
    text = _HASHES.sub(b"", written)
    assert not [number for number, pattern in patterns.items() if pattern.search(text)]


@pytest.mark.shared
def test_no_sentence_subject_or_file_name_of_any_mail_shows_either(run) -> None:
    """Nothing that a person wrote: not in the record, the log at debug level, a file left behind, or the bounce."""
    outcomes, events, written = run
    ours = _spaced((ROOT / "policies" / "lavuk" / "organisation.yaml").read_text())  # what notices are signed with
    looked_for: dict[str, str] = {}
    told = 0
    for (name, content, reply, _, messages), event in zip(outcomes, events, strict=True):
        mail = _parsed(content)
        sentences = {words for words in _sentences(mail) if words not in ours}
        bounce = " ".join(_spaced(text) for text in _texts(_parsed(messages[0]))) if event.follow_up == "bounce" else ""
        subject = _spaced(str(mail["Subject"]))  # the bounce has it, when nothing was found in it
        assert not [words for words in sentences if words in reply], name
        assert not [words for words in sentences if words in bounce and words not in subject], name
        names = {_spaced(part.get_filename() or "") for part in mail.walk()} | {subject}
        looked_for |= dict.fromkeys((*sentences, *(words for words in names if len(words) >= 12)), name)
        told += len(sentences)
    assert told > 1000, "there was something to leak"
    everything = _spaced(written.decode("utf-8", "replace"))
    assert not _any_of(looked_for, everything)
    some = sorted(looked_for)[:: len(looked_for) // 100]
    assert _any_of(looked_for, f"{everything} {' '.join(some)}") >= {looked_for[words] for words in some}


def _any_of(looked_for: dict[str, str], text: str) -> set[str]:
    """The mails of those texts that occur in a long one, which is read once for all of them."""
    texts = list(looked_for)
    engine = Engine([Pattern(at, words.encode()) for at, words in enumerate(texts)], literal=True, starts=False)
    return {looked_for[texts[at]] for at, _, _ in engine.matches(text.encode())}


def _parsed(content: bytes) -> EmailMessage:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _texts(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = (part.get_payload(decode=True) or b"").decode(_charset(part), "replace")
            yield html.unescape(re.sub("<[^>]*>", "\n", text)) if part.get_content_subtype() == "html" else text


def _charset(part: EmailMessage) -> str:
    name = part.get_content_charset() or "utf-8"
    try:
        "".encode(name)
    except LookupError:
        return "latin-1"
    return name


def _sentences(mail: EmailMessage) -> Iterator[str]:
    """The lines of its texts that are long enough to be nobody else's."""
    for text in _texts(mail):
        yield from (line for line in map(_spaced, text.splitlines()) if len(line) >= 30)


def _spaced(text: str) -> str:
    return " ".join(text.split())
