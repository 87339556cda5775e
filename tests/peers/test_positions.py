"""The gateway in the positions its docs tell of, between real mail servers (docs/deploy/)."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from support.exim import Exim
from support.haproxy import HaProxy
from support.mailbox import Mailbox
from support.numbers import shows_number
from support.ports import free_port
from support.postfix import Postfix, Sink, smtp_source
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="peer needs root: instances of Postfix and Exim")

WITH_CPR = "Barnets cpr-nummer er 070761-4285"
SENDER, RECIPIENT = "dagklub@lavuk.dk", "forening@example.org"


def swaks(
    port: int, body: str, *options: str, sender: str = SENDER, recipient: str = RECIPIENT
) -> subprocess.CompletedProcess[str]:
    words = ("--from", sender, "--to", recipient, "--body", body, "--header", "Subject: Tur", *options)
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--timeout", "30", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Position(NamedTuple):
    """entrance: the port clients send to. mailbox: where the last server keeps what arrives."""

    entrance: int
    gateway: RunningGateway
    mailbox: Mailbox


def assert_mail_flows(position: Position) -> None:
    """A harmless message arrives once and whole; a blocked one does not, and its sender gets the bounce."""
    before = len(position.mailbox.delivered(0))
    assert swaks(position.entrance, "Husk regntøj på fredag").returncode == 0
    message = position.mailbox.delivered(before + 1)[-1]
    assert "Husk regntøj på fredag".encode() in message
    assert message.count(b"Postvagt-Passed: id=PV-") == 1
    assert swaks(position.entrance, WITH_CPR).returncode == 0
    bounce = position.mailbox.delivered(before + 2)[-1]
    assert b"multipart/report" in bounce
    assert SENDER.encode() in bounce
    assert not shows_number(bounce)
    assert len(position.mailbox.delivered(0)) == before + 2


def assert_letters_outside_ascii_flow(position: Position) -> None:
    before = len(position.mailbox.delivered(0))
    result = swaks(position.entrance, "Tur", sender="Pers.lærkevej@lavuk.dk", recipient="borgervænget@kk.dk")
    assert result.returncode == 0, result.stdout
    assert "borgervænget@kk.dk".encode() in position.mailbox.delivered(before + 1)[-1]


# ---------------------------------------------------------------- Postfix before us, as its relay


@pytest.mark.peer("postfix", "swaks", "smtp-sink")
def test_postfix_with_relayhost(tmp_path: Path, open_folder: Path) -> None:
    """What comes when the next hop is down waits in Postfix's queue, and is there when it is back."""
    last = Postfix(open_folder / "last").start()
    gateway = RunningGateway(tmp_path, last.port).start()
    first = Postfix(open_folder / "first", relayhost=f"[127.0.0.1]:{gateway.port}", minimal_backoff_time="1s").start()
    try:
        position = Position(first.port, gateway, last)
        assert_mail_flows(position)
        assert_letters_outside_ascii_flow(position)
        assert first.queued == 0
        last.stop()
        assert swaks(first.port, "mens den var nede").returncode == 0
        wait_until(lambda: "status=deferred" in first.log.read_text(), first)
        assert first.queued == 1, "4xx: Postfix keeps it"
        last.start()
        first.flush()
        assert b"mens den var nede" in last.delivered(4)[-1]
        wait_until(lambda: first.queued == 0, first)
    finally:
        for server in (first, gateway, last):
            server.stop()


@pytest.mark.peer("postfix", "swaks")
def test_postfix_with_relayhost_tells_the_sender_itself_when_we_refuse(tmp_path: Path, open_folder: Path) -> None:
    """An inbound listener answers 550: Postfix makes the bounce, with our line in it."""
    last = Postfix(open_folder / "last550").start()
    gateway = RunningGateway(tmp_path, last.port, listener={"role": "inbound"}).start()
    first = Postfix(
        open_folder / "first550",
        relayhost=f"[127.0.0.1]:{gateway.port}",
        notify_classes="",
        bounce_size_limit="1",
    ).start()
    try:
        assert swaks(first.port, WITH_CPR, sender="x@example.net", recipient="dagklub@lavuk.dk").returncode == 0
        wait_until(lambda: "status=bounced" in first.log.read_text(), first)
        wait_until(lambda: "550 5.7.1" in first.log.read_text(), first)
        assert not shows_number(b"".join(last.delivered(0)))
    finally:
        for server in (first, gateway, last):
            server.stop()


# ---------------------------------------------------------------- Postfix around us, before its queue


def around(
    folder: Path, home: Path, role: str, *options: str, protocol: str = "smtp", **parameters: str
) -> tuple[RunningGateway, Postfix]:
    """One Postfix: its smtpd gives everything to us, and a second smtpd takes what we give back.

    options: for the first smtpd, with `{gateway}` where our address goes.
    """
    back = free_port()
    gateway = RunningGateway(home, back, listener={"role": role, "xforward": role == "outbound", "protocol": protocol})
    postfix = Postfix(
        folder,
        smtpd=tuple(word.format(gateway=f"127.0.0.1:{gateway.port}") for word in options),
        services=(
            f"127.0.0.1:{back} inet n - n - - smtpd"
            " -o content_filter= -o smtpd_authorized_xforward_hosts=127.0.0.0/8 -o smtpd_client_restrictions="
            " -o smtpd_recipient_restrictions=permit_mynetworks,reject"
            " -o receive_override_options=no_unknown_recipient_checks",
        ),
        **parameters,
    )
    postfix.start()
    gateway.start()
    return gateway, postfix


@pytest.fixture(scope="module", params=[(), ("-o", "smtpd_proxy_options=speed_adjust")], ids=["plain", "speed_adjust"])
def proxy_filter(
    request: pytest.FixtureRequest, open_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Position, Position]]:
    """Two such servers: with an outbound and with an inbound listener."""
    options = ("-o", "smtpd_proxy_filter={gateway}", *request.param)
    pairs = [
        around(open_folder / f"{role}{len(request.param)}", tmp_path_factory.mktemp(role), role, *options)
        for role in ("outbound", "inbound")
    ]
    yield tuple(Position(postfix.port, gateway, postfix) for gateway, postfix in pairs)
    for gateway, postfix in pairs:
        gateway.stop()
        postfix.stop()


@pytest.mark.peer("postfix", "swaks")
def test_postfix_with_smtpd_proxy_filter(proxy_filter: tuple[Position, Position]) -> None:
    position, _ = proxy_filter
    assert_mail_flows(position)
    assert_letters_outside_ascii_flow(position)


@pytest.mark.peer("postfix", "swaks")
def test_smtpd_proxy_filter_refuses_within_the_clients_own_dialogue(proxy_filter: tuple[Position, Position]) -> None:
    """Who sends hears our own line, from Postfix, before it has taken anything."""
    _, position = proxy_filter
    result = swaks(position.entrance, WITH_CPR, sender="x@example.net", recipient="dagklub@lavuk.dk")
    assert "550 5.7.1 " in result.stdout, result.stdout
    assert "PV-" in result.stdout
    assert position.mailbox.delivered(0) == []


@pytest.mark.peer("postfix", "swaks")
def test_the_server_behind_us_logs_the_real_client(proxy_filter: tuple[Position, Position]) -> None:
    """XFORWARD from Postfix to us, and from us to Postfix."""
    position, _ = proxy_filter
    before = len(position.mailbox.delivered(0))
    assert swaks(position.entrance, "Tur", "--local-interface", "127.0.0.2").returncode == 0
    message = position.mailbox.delivered(before + 1)[-1]
    assert re.search(rb"by gateway\.example \(Postvagt\)", message)
    assert re.search(rb"Received: from [^\r]*\[127\.0\.0\.2\]\)?\r\n\tby gateway\.example", message), message
    passed = re.search(rb"Postvagt-Passed: id=(PV-[0-9A-Z-]+);", message)
    assert passed is not None

    def is_told() -> bool:
        """Twice who the client is, and the case id in the log behind us; Postfix writes its log beside the mail."""
        log = position.mailbox.log.read_text()
        clients = log.count("client=unknown[127.0.0.2]") + log.count("client=localhost[127.0.0.2]")
        return clients >= 2 and f"orig_queue_id={passed[1].decode()}" in log

    wait_until(is_told, position.mailbox)


@pytest.mark.peer("postfix", "smtp-source")
def test_smtpd_proxy_filter_under_load_loses_nothing(proxy_filter: tuple[Position, Position]) -> None:
    position, _ = proxy_filter
    before = len(position.mailbox.delivered(0))
    load = smtp_source(position.entrance, "-d", "-s", "10", "-m", "100", "-l", "3000", "-f", SENDER, "-t", RECIPIENT)
    assert load.returncode == 0, load.stderr
    assert len(position.mailbox.delivered(before + 100)) == before + 100


# ---------------------------------------------------------------- Postfix around us, after its queue


@pytest.fixture(scope="module", params=["lmtp", "smtp"])
def content_filter(
    request: pytest.FixtureRequest, open_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Position]:
    gateway, postfix = around(
        open_folder / f"after-{request.param}",
        tmp_path_factory.mktemp("after"),
        "outbound",
        "-o",
        f"content_filter={request.param}:inet:{{gateway}}"
        if request.param == "lmtp"
        else "content_filter=smtp:{gateway}",
        protocol=request.param,
        lmtp_send_xforward_command="yes",
        smtp_send_xforward_command="yes",
    )
    yield Position(postfix.port, gateway, postfix)
    gateway.stop()
    postfix.stop()


@pytest.mark.peer("postfix", "swaks")
def test_postfix_with_content_filter(content_filter: Position) -> None:
    assert_mail_flows(content_filter)
    assert_letters_outside_ascii_flow(content_filter)


@pytest.mark.peer("postfix", "smtp-source")
def test_content_filter_under_load_loses_nothing(content_filter: Position) -> None:
    before = len(content_filter.mailbox.delivered(0))
    load = smtp_source(content_filter.entrance, "-d", "-s", "5", "-m", "50", "-r", "3", "-f", SENDER, "-t", RECIPIENT)
    assert load.returncode == 0, load.stderr
    assert len(content_filter.mailbox.delivered(before + 150, 40)) == before + 150, "three recipients each"


# ---------------------------------------------------------------- Exim


@pytest.mark.peer("exim4", "swaks")
def test_exim_on_both_sides(tmp_path: Path, open_folder: Path) -> None:
    """swaks → Exim → gateway → Exim → Maildir, by BDAT on both sides of us."""
    last = Exim(open_folder / "exim-last").start()
    gateway = RunningGateway(tmp_path, last.port).start()
    first = Exim(open_folder / "exim-first", next_port=gateway.port).start()
    try:
        position = Position(first.port, gateway, last)
        assert_mail_flows(position)
        assert_letters_outside_ascii_flow(position)
        wait_until(lambda: "byte chunk, total" in first.log.read_text(), first)
        wait_until(lambda: "P=esmtp K" in last.log.read_text(), last)
    finally:
        for server in (first, gateway, last):
            server.stop()


@pytest.mark.peer("exim4", "swaks")
def test_exim_keeps_what_we_cannot_give_on(tmp_path: Path, open_folder: Path) -> None:
    """The next hop comes up after the message was sent: Exim tries again, and it arrives once."""
    back = free_port()
    gateway = RunningGateway(tmp_path, back).start()
    first = Exim(open_folder / "exim-waits", next_port=gateway.port).start()
    try:
        assert swaks(first.port, "mens den var nede").returncode == 0
        wait_until(lambda: " == forening@example.org" in first.log.read_text(), first)
        sink = Sink(dump=open_folder / "exim-sink", port=back)
        try:
            wait_until(lambda: " Completed" in first.log.read_text(), first)
            assert len(sink.messages) == 1
        finally:
            sink.stop()
    finally:
        first.stop()
        gateway.stop()


@pytest.mark.peer("exim4", "swaks", "msmtp")
def test_staff_submit_with_a_password_that_the_next_hop_checks(tmp_path: Path, open_folder: Path) -> None:
    """Port 587 and 465: AUTH goes on to Exim, over TLS, and is neither kept nor logged."""
    authority = trustme.CA()
    for folder in (tmp_path, open_folder):
        authority.cert_pem.write_to_path(folder / "authority.pem")
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    (open_folder / "both.pem").chmod(0o644)
    last = Exim(open_folder / "exim-auth", certificate=open_folder / "both.pem").start()
    tls = {"certificate": "both.pem", "key": "both.pem"}
    implicit = free_port()
    gateway = RunningGateway(
        tmp_path,
        last.port,
        listener={"role": "submission", "tls": tls},
        more_listeners=[{"role": "submission", "listen": f"127.0.0.1:{implicit}", "tls": {**tls, "implicit": True}}],
        next_hop={"host": "127.0.0.1", "port": last.port, "tls": "required", "ca": "authority.pem"},
    ).start()
    login = ("--auth", "PLAIN", "--auth-user", "dagklub", "--auth-password")
    try:
        assert swaks(gateway.port, "uden").returncode != 0, "nobody sends without a password"
        assert swaks(gateway.port, "i klartekst", *login, "hemmelig").returncode != 0, "AUTH is offered under TLS only"
        wrong = swaks(gateway.port, "forkert", "--tls", *login, "forkert")
        assert "535" in wrong.stdout, wrong.stdout
        right = swaks(gateway.port, "med kode", "--tls", *login, "hemmelig")
        assert right.returncode == 0, right.stdout
        right = swaks(implicit, "med kode paa 465", "--tlsc", *login, "hemmelig")
        assert right.returncode == 0, right.stdout
        words = ("--host=127.0.0.1", f"--port={implicit}", "--tls=on", "--tls-starttls=off", "--auth=plain")
        words = (*words, f"--tls-trust-file={tmp_path}/authority.pem", "--user=dagklub", f"--from={SENDER}")
        command = ["msmtp", "--file=/dev/null", *words, "--passwordeval=echo hemmelig", RECIPIENT]
        by_msmtp = subprocess.run(
            command, input=b"Subject: Tur\n\nmsmtp\n", capture_output=True, timeout=60, check=False
        )
        assert by_msmtp.returncode == 0, by_msmtp.stderr
        assert len(last.delivered(3)) == 3
        assert b"hemmelig" not in gateway.everything_written()
        assert base64.b64encode(b"\0dagklub\0hemmelig") not in gateway.everything_written()
    finally:
        gateway.stop()
        last.stop()


# ---------------------------------------------------------------- HAProxy


@pytest.mark.peer("haproxy", "swaks")
@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
def test_haproxy_in_front(tmp_path: Path, option: str) -> None:
    """The real client's address is known, before and after STARTTLS (row n of tests/smtp/test_transparency.py)."""
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    hop = ScriptedHop()
    tls = {"certificate": "both.pem", "key": "both.pem"}
    gateway = RunningGateway(tmp_path, hop.port, listener={"proxy_protocol": True, "tls": tls}).start()
    balancer = HaProxy(tmp_path, gateway.port, option).start()
    try:
        for options in ((), ("--tls",)):
            hop.forget()
            sent = swaks(balancer.port, "Tur", "--local-interface", "127.0.0.2", *options)
            assert sent.returncode == 0, sent.stdout
            assert b"([127.0.0.2])" in hop.messages[0].partition(b"\r\n\tby")[0]
    finally:
        balancer.stop()
        gateway.stop()
        hop.close()


def wait_until(happened, server: Mailbox, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, server.log.read_text()[-3000:]
        time.sleep(0.1)
