"""`postvagt digest` from a record to a mailbox."""

from __future__ import annotations

import email
import email.policy
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner

from gateway.audit import open_store
from gateway.audit.event import Event, Found, Recipient
from gateway.cli.digest import command

DAY = "2026-11-24"
STOPPED = Event(
    "PV-AAAA-BBBB",
    datetime(2026, 11, 24, 8, 5, tzinfo=UTC),
    sender="dagklub@lavuk.dk",
    verdict="block",
    mode="enforce",
    recipients=(Recipient("s…@hvidovre.dk", "hvidovre.dk", "kommune"),),
    findings=(
        Found("cpr", "cpr", "certain", "text", 2, ("11", "22")),
        Found("cpr", "cpr", "certain", "subject", 1, ("11",)),
    ),
)
ON_TRIAL = Event(
    "PV-CCCC-DDDD", datetime(2026, 11, 24, 22, 59, tzinfo=UTC), sender="a@lavuk.dk", verdict="block", mode="monitor"
)
BY_ITS_WORDING = replace(
    STOPPED,
    case_id="PV-IIII-JJJJ",
    at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    findings=(Found("wording", "offence", "likely", "text", 1, ("33",)),),
)
PASSED = Event("PV-EEEE-FFFF", datetime(2026, 11, 23, 23, 30, tzinfo=UTC), sender="a@lavuk.dk", verdict="relay")
DAY_AFTER = Event("PV-GGGG-HHHH", datetime(2026, 11, 24, 23, 1, tzinfo=UTC), sender="a@lavuk.dk", verdict="block")


class Mailbox:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    handler = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    controller = Controller(handler, "127.0.0.1", port, enable_SMTPUTF8=True)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def config(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> Path:
    store = open_store(f"sqlite:///{tmp_path}/audit.db")
    store.open()
    store.write([PASSED, STOPPED, BY_ITS_WORDING, ON_TRIAL, DAY_AFTER])
    store.close()
    policy = Path(__file__).resolve().parents[2] / "policies" / "lavuk"
    path = tmp_path / "postvagt.yaml"
    path.write_text(
        f'listeners: [{{role: outbound, listen: "127.0.0.1:0"}}]\n'
        f"next_hop: {{host: 127.0.0.1, port: {mailbox[1]}}}\n"
        f"policy: {policy}\n"
        f'hostname: gw.example\naudit: {{store: "sqlite:///audit.db"}}\n',
        "utf-8",
    )
    return path


def run(*words: str) -> Any:
    return CliRunner().invoke(command, words)


def test_it_prints_the_day(config: Path) -> None:
    """A Danish day: 23:30 UTC of the day before belongs to it, 23:01 UTC of the day does not."""
    result = run("--day", DAY, "--config", str(config))
    text = " ".join(result.output.split())
    assert result.exit_code == 0, result.output
    assert "3 mails blev stoppet" in text
    assert "PV-AAAA-BBBB kl. 09.05 fra d…@lavuk.dk til 1 modtager: 2 CPR-numre." in text
    assert "PV-IIII-JJJJ kl. 11.00 fra d…@lavuk.dk til 1 modtager: personfølsomme oplysninger." in text
    assert "PV-CCCC-DDDD kl. 23.59 fra a…@lavuk.dk" in text
    assert "Sendt alligevel (prøve)." in text
    assert "sendte Postvagt 1 mail videre" in text


def test_it_sends_the_day(config: Path, mailbox: tuple[Mailbox, int]) -> None:
    """One message a reader, reverse-path null; an address outside ASCII too."""
    result = run("--day", DAY, "--send", "--to", "leder@kk.dk", "--to", "borgervænget@kk.dk", "--config", str(config))
    assert result.exit_code == 0, result.output
    assert [envelope.rcpt_tos for envelope in mailbox[0].taken] == [["leder@kk.dk"], ["borgervænget@kk.dk"]]
    for envelope in mailbox[0].taken:
        assert envelope.mail_from in ("", "<>")
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert message["Subject"] == "Postvagt den 24. november 2026: 3 mails stoppet"
        assert b"dagklub" not in envelope.content


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        pytest.param(["--day", "24/11"], "does not match the format", id="no date"),
        pytest.param(["--day", DAY, "--send"], "nobody to tell", id="nobody named"),
    ],
)
def test_faults(config: Path, words: list[str], fault: str) -> None:
    result = run(*words, "--config", str(config))
    assert result.exit_code == 2
    assert fault in result.output


def test_a_next_hop_that_is_down(config: Path) -> None:
    config.write_text(re.sub(r"port: \d+", "port: 1", config.read_text()))
    result = run("--day", DAY, "--send", "--to", "leder@kk.dk", "--config", str(config))
    assert result.exit_code == 2
    assert "not sent" in result.output
