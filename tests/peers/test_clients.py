"""The programs that submit mail here, as they are: swaks, msmtp, Python's smtplib, in the clear and with STARTTLS."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from support.ports import free_port
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

HARMLESS = "From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntøj.\r\n.\r\n.. prikker\r\n"
WITH_CPR = "From: x@example.net\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"


class Place(NamedTuple):
    """outbound, inbound: ports of one gateway. authority: the file of who signed its certificate."""

    outbound: int
    inbound: int
    hop: ScriptedHop
    authority: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("clients")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "authority.pem")
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(home / "both.pem")
    hop = ScriptedHop()
    inbound = free_port()
    tls = {"certificate": "both.pem", "key": "both.pem"}
    gateway = RunningGateway(
        home,
        hop.port,
        listener={"tls": tls},
        more_listeners=[{"role": "inbound", "listen": f"127.0.0.1:{inbound}", "tls": dict(tls)}],
    ).start()
    yield Place(gateway.port, inbound, hop, home / "authority.pem")
    assert "Traceback" not in gateway.log.read_text()
    gateway.stop()
    hop.close()


class Heard(NamedTuple):
    """Whether the client was content, and all it printed."""

    is_sent: bool
    output: str


def by_swaks(place: Place, port: int, content: str, *, tls: bool) -> Heard:
    words = ["swaks", "--server", f"127.0.0.1:{port}", "--from", "dagklub@lavuk.dk", "--to", "a@example.org"]
    words += ["--data", content.replace("\r\n", "\n"), *(["--tls"] if tls else [])]
    return ran(words, "")


def by_msmtp(place: Place, port: int, content: str, *, tls: bool) -> Heard:
    words = ["msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={port}", "--from=dagklub@lavuk.dk"]
    words += ["--tls=on", f"--tls-trust-file={place.authority}"] if tls else ["--tls=off"]
    return ran([*words, "a@example.org"], content.replace("\r\n", "\n"))


def by_smtplib(place: Place, port: int, content: str, *, tls: bool) -> Heard:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            if tls:
                client.starttls(context=ssl.create_default_context(cafile=str(place.authority)))
            client.sendmail("dagklub@lavuk.dk", ["a@example.org"], content.encode(), ["BODY=8BITMIME"])
    except smtplib.SMTPDataError as error:
        return Heard(False, f"{error.smtp_code} {error.smtp_error!r}")
    return Heard(True, "")


def ran(words: list[str], given: str) -> Heard:
    result = subprocess.run(words, input=given, capture_output=True, text=True, timeout=60, check=False)
    return Heard(result.returncode == 0, result.stdout + result.stderr)


CLIENTS = [
    pytest.param(by_swaks, marks=pytest.mark.peer("swaks"), id="swaks"),
    pytest.param(by_msmtp, marks=pytest.mark.peer("msmtp"), id="msmtp"),
    pytest.param(by_smtplib, id="smtplib"),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "starttls"])
def test_a_message_arrives_as_it_was_written(place: Place, client: Callable[..., Heard], tls: bool) -> None:
    place.hop.forget()
    heard = client(place, place.outbound, HARMLESS, tls=tls)
    assert heard.is_sent, heard.output
    [message] = place.hop.messages
    assert message.rstrip(b"\r\n").endswith("\r\n\r\nHusk regntøj.\r\n.\r\n.. prikker".encode())
    assert (b"with ESMTPS id PV-" in message) is tls


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refusal_is_told_with_our_line(place: Place, client: Callable[..., Heard]) -> None:
    place.hop.forget()
    heard = client(place, place.inbound, WITH_CPR, tls=False)
    assert not heard.is_sent
    assert "5.7.1" in heard.output
    assert "PV-" in heard.output
    assert place.hop.taken == []


def test_smtplib_with_letters_outside_ascii(place: Place) -> None:
    """`send_message` asks for SMTPUTF8 by itself where an address needs it."""
    place.hop.forget()
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Pers.lærkevej@lavuk.dk", "borgervænget@kk.dk", "På tur"
    message.set_content("Husk regntøj.\n")
    with smtplib.SMTP("127.0.0.1", place.outbound, timeout=20) as client:
        assert client.send_message(message) == {}
    [taken] = place.hop.taken
    assert taken.rcpt == ["RCPT TO:<borgervænget@kk.dk>".encode()]
    assert b"SMTPUTF8" in taken.mail
