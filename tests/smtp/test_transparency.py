"""Row by row: what makes a proxy on plain aiosmtpd change, refuse, double or lose mail, and that we do none of it.

Rows a to p are defects of aiosmtpd 1.4.6 for this purpose; where it is quick, the same dialogue is held with aiosmtpd
as it comes and its failure shown beside. The rest are the RFCs' demands on a relay that simple proxies miss.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import hashlib
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from aiosmtpd.smtp import SMTP
from support.plain import LmtpController, PlainAiosmtpd
from support.ports import free_port
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop, without_our_fields

from gateway.smtp.commands import parse_path

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
WITH_CPR = b"From: dagklub@lavuk.dk\r\nSubject: Sag\r\n\r\nBarnets cpr er 070761-4285.\r\n"


@pytest.fixture(scope="module")
def plain() -> Iterator[PlainAiosmtpd]:
    with PlainAiosmtpd(enable_SMTPUTF8=True) as running:
        yield running


@pytest.fixture
def plain_client(plain: PlainAiosmtpd) -> Iterator[RawClient]:
    with RawClient(plain.port) as connected:
        connected.hello()
        yield connected


def sent(client: RawClient, mail: bytes, rcpt: bytes, content: bytes = HARMLESS) -> str:
    """A transaction with these very command lines; the last reply, or the first refusal."""
    for line in (mail, rcpt, b"DATA"):
        reply = client.say(line)
        if reply[0] not in "23":
            return reply
    return client.message(content)


# ---------------------------------------------------------------- a, b, c: addresses

REWRITTEN = [
    (b"<=?utf-8?q?a=0d=0aRSET=0d=0a?=@e.dk>", "a\r\nRSET\r\n@e.dk", "an encoded word becomes a command of its own"),
    (b"<=?utf-8?q?a=40evil.dk=3E=20NOTIFY=3DNEVER?=@e.dk>", '"a@evil.dk> NOTIFY=NEVER"@e.dk', "… or a parameter"),
    (b"<a@=?utf-8?q?evil.dk?=>", "a@evil.dk", "… or another domain"),
    (b'<"ab"@c.dk>', "ab@c.dk", "quotes are taken away"),
]


@pytest.mark.parametrize(("path", "rewritten", "reason"), REWRITTEN, ids=[row[2] for row in REWRITTEN])
def test_row_a_and_b_addresses_pass_as_they_stand(
    client: RawClient, hop: ScriptedHop, plain_client: RawClient, plain: PlainAiosmtpd, path, rewritten, reason
) -> None:
    assert sent(plain_client, b"MAIL FROM:<a@lavuk.dk>", b"RCPT TO:" + path)[:3] == "250"
    assert plain.last.rcpt_tos == [rewritten], "aiosmtpd as it comes"
    assert sent(client, b"MAIL FROM:<a@lavuk.dk>", b"RCPT TO:" + path)[:3] == "250"
    assert hop.taken[0].rcpt == [b"RCPT TO:" + path]


@pytest.mark.parametrize(
    ("path", "plain_says", "we_say", "reason"),
    [
        (b"<a b@c.dk>", "250", "501", "a blank: aiosmtpd invents quotes"),
        (b"<a@b.dk", "250", "501", "no closing bracket"),
        (b"<a@b.dk.>", "553", "250", "a trailing dot is the next hop's business"),
    ],
)
def test_row_b_what_is_doubtful_is_refused_and_what_is_odd_passes(
    client: RawClient, plain_client: RawClient, path: bytes, plain_says: str, we_say: str, reason: str
) -> None:
    for connected, expected in ((plain_client, plain_says), (client, we_say)):
        connected.say("MAIL FROM:<a@lavuk.dk>")
        assert connected.say(b"RCPT TO:" + path)[:3] == expected, reason


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions are called: a cost that no busy machine changes."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_row_c_an_address_costs_a_few_calls_and_not_a_parser() -> None:
    plain_parser = SMTP.__new__(SMTP)
    plain_cost = calls_of(lambda: plain_parser._getaddr("<dagklub@lavuk.dk>"))
    our_cost = calls_of(lambda: parse_path(b"TO:<dagklub@lavuk.dk>", b"TO:"))
    assert our_cost < 12
    assert plain_cost > 5 * our_cost


# ---------------------------------------------------------------- d, e, f: what stands around and in an address


@pytest.mark.parametrize(
    ("mail", "rcpt"),
    [
        (b" RET=HDRS ENVID=QQ314aBc", b""),
        (b" AUTH=<>", b""),
        (b" AUTH=dagklub+40lavuk.dk", b""),
        (b" MT-PRIORITY=-3", b""),
        (b" HOLDFOR=300", b""),
        (b" REQUIRETLS", b""),
        (b"", b" NOTIFY=FAILURE,DELAY ORCPT=rfc822;A+2BX@Example.org"),
        (b"", b" NOTIFY=never"),
    ],
)
def test_row_d_parameters_pass_with_their_case(
    client: RawClient, hop: ScriptedHop, plain_client: RawClient, mail: bytes, rcpt: bytes
) -> None:
    lines = b"MAIL FROM:<dagklub@lavuk.dk>" + mail, b"RCPT TO:<a@example.org>" + rcpt
    assert sent(plain_client, *lines)[:3] in ("555", "501"), "aiosmtpd refuses them for good"
    assert sent(client, *lines)[:3] == "250"
    assert (hop.taken[0].mail, *hop.taken[0].rcpt) == lines


def test_row_e_the_null_reverse_path_is_a_value(
    client: RawClient, hop: ScriptedHop, plain_client: RawClient, plain: PlainAiosmtpd
) -> None:
    sent(plain_client, b"MAIL FROM:<>", b"RCPT TO:<dagklub@lavuk.dk>")
    assert plain.last.mail_from == "<>", "aiosmtpd gives two letters for nothing"
    assert sent(client, b"MAIL FROM:<>", b"RCPT TO:<dagklub@lavuk.dk>")[:3] == "250"
    assert hop.taken[0].mail == b"MAIL FROM:<>"


@pytest.mark.parametrize(
    "address", ["borgervænget@kk.dk".encode(), "borgervænget@kk.dk".encode("latin-1")], ids=["utf-8", "latin-1"]
)
def test_row_f_raw_bytes_in_an_address(client: RawClient, hop: ScriptedHop, address: bytes) -> None:
    with PlainAiosmtpd(enable_SMTPUTF8=False) as strict, RawClient(strict.port) as strict_client:
        strict_client.hello()
        assert strict_client.say(b"MAIL FROM:<" + address + b">")[:3] == "500", "aiosmtpd, without SMTPUTF8"
    assert sent(client, b"MAIL FROM:<" + address + b">", b"RCPT TO:<" + address + b">")[:3] == "250"
    assert hop.taken[0].mail == b"MAIL FROM:<" + address + b">"
    assert hop.taken[0].rcpt == [b"RCPT TO:<" + address + b">"]


# ---------------------------------------------------------------- g, h, i, j: faults, hanging up, timers, limits


def test_row_g_a_bug_of_ours_is_temporary_and_says_nothing(tmp_path: Path, plain: PlainAiosmtpd) -> None:
    """tests/smtp/test_faults.py breaks each of our parts in turn; here it is only set beside aiosmtpd."""
    plain.recorder.fault = KeyError("hemmelig")
    try:
        with RawClient(plain.port) as connected:
            connected.hello()
            reply = sent(connected, b"MAIL FROM:<a@b.dk>", b"RCPT TO:<a@b.dk>")
    finally:
        plain.recorder.fault = None
    assert reply.startswith("500 "), "aiosmtpd: for good"
    assert "hemmelig" in reply
    hop = ScriptedHop()
    starter = tmp_path / "broken.py"
    starter.write_text(
        "from gateway.smtp.relay import Relay\n"
        "async def broken(self, path): raise KeyError('hemmelig')\n"
        "Relay.rcpt = broken\n"
        "from gateway.cli import main\nmain(prog_name='postvagt')\n"
    )
    gateway = RunningGateway(tmp_path, hop.port)
    gateway.command = [str(starter)]
    gateway.start()
    try:
        with RawClient(gateway.port) as connected:
            connected.hello()
            reply = sent(connected, b"MAIL FROM:<a@b.dk>", b"RCPT TO:<a@b.dk>")
        assert reply.startswith("451 4.3.0 ")
        assert "hemmelig" not in reply + gateway.log.read_text()
    finally:
        gateway.stop()
        hop.close()


def test_row_h_a_half_closed_client_does_not_undo_its_message(
    client: RawClient, hop: ScriptedHop, plain_client: RawClient, plain: PlainAiosmtpd
) -> None:
    before = plain.recorder.cancelled
    plain.recorder.wait = 0.5
    try:
        assert half_closed(plain_client) == "", "aiosmtpd says nothing"
    finally:
        plain.recorder.wait = 0.0
    assert plain.recorder.cancelled == before + 1, "… and stops in the middle, whatever has been done by then"
    hop.slow_dot = 0.5
    assert half_closed(client)[:3] == "250"
    assert len(hop.taken) == 1


def half_closed(client: RawClient) -> str:
    for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>", "DATA"):
        client.say(line)
    client.send(HARMLESS + b".\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    return client.hear()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ScriptedHop]]:
    """A gateway that allows a second of silence."""
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path_factory.mktemp("impatient"), hop.port, limits={"idle_seconds": 1}).start()
    yield gateway, hop
    gateway.stop()
    hop.close()


def test_row_i_a_slow_but_steady_client_is_heard_out(impatient: tuple[RunningGateway, ScriptedHop]) -> None:
    """The timer runs from the last byte, not from the last command (rfc5321#4.5.3.2)."""
    with PlainAiosmtpd(timeout=1) as plain:
        assert steadily(plain.port) == "", "aiosmtpd hangs up in the middle"
    gateway, hop = impatient
    hop.slow_dot = 1.5
    assert steadily(gateway.port)[:3] == "250"
    hop.slow_dot = 0.0


def steadily(port: int) -> str:
    """A message over two seconds, never silent for long."""
    with RawClient(port) as client:
        client.hello()
        for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>", "DATA"):
            client.say(line)
        try:
            for _ in range(8):
                client.send(b"X-Slow: yes\r\n")
                time.sleep(0.25)
            return client.message(HARMLESS)
        except OSError:
            return ""


def test_row_j_one_clients_limits_are_not_anothers(gateway: RunningGateway, hop: ScriptedHop) -> None:
    long_line = b"MAIL FROM:<" + b"a" * 60 + b"@" + b"b" * 440 + b".dk>"
    with PlainAiosmtpd(enable_SMTPUTF8=True) as plain:
        assert other_client_in_between(plain.port, long_line) == ("250", "500"), "aiosmtpd: depends on the others"
    assert other_client_in_between(gateway.port, long_line) == ("250", "250")


def other_client_in_between(port: int, line: bytes) -> tuple[str, str]:
    with RawClient(port) as client:
        client.hello()
        first = client.say(line)[:3]
        client.say("RSET")
        with RawClient(port):
            return first, client.say(line)[:3]


# ---------------------------------------------------------------- k, l, m: line ends, EHLO, bounds


def test_row_k_a_command_ends_in_crlf(client: RawClient, plain_client: RawClient) -> None:
    plain_client.send(b"NOOP\n")
    assert plain_client.hear()[:3] == "250", "aiosmtpd takes a bare line feed"
    client.send(b"NOOP\n")
    assert client.hear()[:3] == "500"


def test_row_l_ehlo_offers_what_works_and_nothing_else(client: RawClient, plain_client: RawClient) -> None:
    plain_says, we_say = plain_client.hello(), client.hello()
    for keyword in ("PIPELINING", "ENHANCEDSTATUSCODES", "DSN"):
        assert keyword not in plain_says
        assert keyword in we_say
    assert "AUTH" not in we_say


def test_row_l_replies_carry_enhanced_codes(client: RawClient, plain_client: RawClient) -> None:
    assert not re.match(r"\d{3} \d\.\d", plain_client.say("RSET"))
    for line in ("RSET", "NOOP", "DATA", "FOO", "MAIL FROM:<a b@c.dk>", "VRFY x", "QUIT"):
        reply = client.say(line)
        assert re.match(r"([245])\d\d \1\.\d+\.\d+ ", reply), reply


def test_row_m_connections_are_bounded(tmp_path: Path, hop: ScriptedHop) -> None:
    """aiosmtpd would serve them all; tests/smtp/test_bounds.py has the other bounds."""
    gateway = RunningGateway(tmp_path, hop.port, limits={"connections": 5}).start()
    clients = [RawClient(gateway.port) for _ in range(5)]
    try:
        with RawClient(gateway.port) as one_more:
            assert one_more.greeting.startswith("421 4.3.2")
    finally:
        for client in clients:
            client.__exit__()
        gateway.stop()


# ---------------------------------------------------------------- n, o: PROXY and LMTP


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A gateway with a listener behind a balancer, and one for LMTP."""
    folder = tmp_path_factory.mktemp("behind")
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    hop = ScriptedHop()
    lmtp = free_port()
    gateway = RunningGateway(
        folder,
        hop.port,
        listener={
            "proxy_protocol": True,
            "tls": {"certificate": "both.pem", "key": "both.pem"},
            "trust": ["192.0.2.0/24"],
        },
        more_listeners=[{"role": "outbound", "listen": f"127.0.0.1:{lmtp}", "protocol": "lmtp"}],
    ).start()
    yield SimpleNamespace(proxied=gateway.port, lmtp=lmtp, hop=hop, context=context)
    gateway.stop()
    hop.close()


def test_row_n_the_balancers_client_is_still_known_after_starttls(behind: SimpleNamespace) -> None:
    """aiosmtpd forgets it (its issue 287); see tests/peers/test_positions.py for a real HAProxy."""
    behind.hop.forget()
    header = b"PROXY TCP4 192.0.2.7 192.0.2.1 45678 25\r\n"
    with RawClient(behind.proxied, before=header) as client:
        assert client.greeting[:3] == "220"
        client.hello()
        client.start_tls(behind.context)
        client.hello()
        assert client.transaction(HARMLESS)[:3] == "250"
    assert b"([192.0.2.7])" in behind.hop.messages[0].partition(b"\r\n")[0]


def test_row_n_who_skips_the_proxy_header_is_not_served(behind: SimpleNamespace) -> None:
    with socket.create_connection(("127.0.0.1", behind.proxied), timeout=20) as line:
        line.sendall(b"EHLO client.example\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"250" not in line.recv(1000)


def test_row_o_lmtp_answers_for_each_recipient(behind: SimpleNamespace) -> None:
    with PlainAiosmtpd(LmtpController) as plain:
        assert lmtp_replies(plain.port) == ["250"], "aiosmtpd answers once, for two"
    behind.hop.forget()
    assert lmtp_replies(behind.lmtp) == ["250", "250"]
    assert len(behind.hop.taken) == 1


def lmtp_replies(port: int) -> list[str]:
    """The replies to the dot of a message to two recipients; the last one waited for is that to NOOP."""
    with RawClient(port) as client:
        client.say("LHLO client.example")
        for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"):
            assert client.say(line)[0] in "23"
        client.send(HARMLESS + b".\r\nVRFY x\r\n")
        replies = []
        while (reply := client.hear())[:3] != "252":
            replies.append(reply[:3])
        return replies


# ---------------------------------------------------------------- p: STARTTLS


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, ssl.SSLContext]]:
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    hop = ScriptedHop()
    gateway = RunningGateway(
        folder,
        hop.port,
        listener={"tls": {"certificate": "both.pem", "key": "both.pem"}},
        limits={"scan_seconds": 2, "total_seconds": 6},
    ).start()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    yield gateway, context
    gateway.stop()
    hop.close()


def injected(client: RawClient, context: ssl.SSLContext, command: bytes) -> None:
    """STARTTLS with a command glued behind it, in the clear."""
    client.send(b"STARTTLS\r\n" + command)
    assert client.hear()[:3] == "220"
    client.socket.settimeout(3)
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    client.stream = client.socket.makefile("rb")


def test_row_p_commands_injected_before_tls_are_dropped(secured) -> None:
    gateway, context = secured
    with RawClient(gateway.port) as client:
        client.hello()
        injected(client, context, b"MAIL FROM:<evil@example.org>\r\n")
        assert client.say("MAIL FROM:<a@b.dk>")[:3] == "503", "EHLO is forgotten"
        hello = client.hello()
        assert "STARTTLS" not in hello
        assert "AUTH" not in hello, "aiosmtpd offers AUTH as soon as there is TLS (row l)"
        assert client.say("RCPT TO:<a@example.org>")[:3] == "503", "MAIL was never heard"


def test_rfc3207_starttls_in_the_middle_of_a_transaction_forgets_it(secured) -> None:
    gateway, context = secured
    with RawClient(gateway.port) as client:
        client.hello()
        client.say("MAIL FROM:<dagklub@lavuk.dk>")
        injected(client, context, b"RCPT TO:<evil@example.org>\r\n")
        client.hello()
        assert client.say("RCPT TO:<a@example.org>")[:3] == "503", "MAIL is forgotten"


# ---------------------------------------------------------------- what the RFCs ask of a relay


def test_rfc5321_4_5_2_dots_pass_unchanged(client: RawClient, hop: ScriptedHop) -> None:
    content = b"X: y\r\n\r\n.\r\n..\r\n...\r\n.x\r\n\r\n.\r\n"
    assert client.transaction(content)[:3] == "250"
    assert without_our_fields(hop.messages[0]) == content


def test_rfc5321_4_5_3_1_6_long_lines_pass_unchanged(
    client: RawClient, hop: ScriptedHop, plain_client: RawClient
) -> None:
    content = b"X: y\r\n\r\n" + b"x" * 200_000 + b"\r\n"
    assert plain_client.transaction(content)[:3] == "500", "aiosmtpd refuses them for good"
    assert client.transaction(content)[:3] == "250"
    assert without_our_fields(hop.messages[0]) == content


def test_rfc5321_4_4_exactly_one_received_field_on_top(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(b"Received: from a by b; x\r\n" + HARMLESS)[:3] == "250"
    fields = email.message_from_bytes(hop.messages[0], policy=email.policy.compat32).items()
    assert [name for name, _ in fields] == ["Received", "Postvagt-Passed", "Received", "From", "Subject"]


def test_rfc5321_6_3_loops_end(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(b"Received: x\r\n" * 51 + HARMLESS).startswith("554 5.4.6")
    assert hop.taken == []


def test_rfc5321_6_1_a_bounce_is_never_bounced(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(WITH_CPR, sender="").startswith("550 5.7.1")
    assert hop.taken == []


def test_rfc5321_4_2_5_positive_only_after_the_next_hop_was(client: RawClient, hop: ScriptedHop) -> None:
    hop.answers = {b".": b"452 4.3.1 full\r\n"}
    assert client.transaction(HARMLESS) == "452 4.3.1 full"
    assert hop.taken == []


def test_rfc1870_size_is_checked_early_and_passed_with_what_we_add(client: RawClient, hop: ScriptedHop) -> None:
    assert client.say("MAIL FROM:<a@lavuk.dk> SIZE=999999999").startswith("552 5.3.4")
    assert sent(client, b"MAIL FROM:<a@lavuk.dk> SIZE=2000", b"RCPT TO:<a@example.org>")[:3] == "250"
    announced = int(hop.taken[0].mail.partition(b"SIZE=")[2])
    assert 2000 + len(hop.messages[0]) - len(HARMLESS) <= announced <= 2000 + 2048


def test_rfc2920_a_whole_transaction_in_one_piece(client: RawClient, hop: ScriptedHop) -> None:
    transaction = b"RSET\r\nMAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
    client.send(transaction + b"DATA\r\n")
    assert [client.hear()[:3] for _ in range(5)] == ["250", "250", "250", "250", "354"]
    client.send(HARMLESS + b".\r\nNOOP\r\nQUIT\r\n")
    assert [client.hear()[:3] for _ in range(3)] == ["250", "250", "221"]
    assert len(hop.taken[0].rcpt) == 2


def test_rfc3030_chunking_is_offered_only_when_it_works(client: RawClient) -> None:
    """Without it Exchange and Postfix use DATA."""
    if "CHUNKING" not in client.hello():
        assert client.say("BDAT 0 LAST")[:2] == "50"


def test_rfc6152_body_8bitmime_passes(client: RawClient, hop: ScriptedHop) -> None:
    content = HARMLESS + "Husk regntøj.\r\n".encode()
    assert sent(client, b"MAIL FROM:<a@lavuk.dk> BODY=8BITMIME", b"RCPT TO:<a@example.org>", content)[:3] == "250"
    assert hop.taken[0].mail == b"MAIL FROM:<a@lavuk.dk> BODY=8BITMIME"
    assert without_our_fields(hop.messages[0]) == content


def test_rfc6531_utf8_passes_with_its_flag_and_is_never_punycode(client: RawClient, hop: ScriptedHop) -> None:
    lines = "MAIL FROM:<Pers.lærkevej@lavuk.dk> SMTPUTF8".encode(), "RCPT TO:<x@æble.dk>".encode()
    assert sent(client, *lines)[:3] == "250"
    assert (hop.taken[0].mail, *hop.taken[0].rcpt) == lines
    assert sent(client, lines[0].removesuffix(b" SMTPUTF8"), lines[1])[:3] == "250"
    assert hop.taken[1].mail == lines[0].removesuffix(b" SMTPUTF8"), "the flag is never added"


def test_extensions_are_offered_only_when_the_next_hop_offers_them(tmp_path: Path) -> None:
    """One gateway, and for each extension a listener whose next hop has all the others."""
    extensions = (b"SIZE 60000000", b"8BITMIME", b"SMTPUTF8", b"DSN", b"CHUNKING")
    hops = {
        left_out: ScriptedHop(tuple(word for word in extensions if word != left_out)) for left_out in extensions[1:]
    }
    ports = {left_out: free_port() for left_out in hops}
    gateway = RunningGateway(
        tmp_path,
        hops[b"DSN"].port,
        more_listeners=[
            {
                "role": "outbound",
                "listen": f"127.0.0.1:{ports[left_out]}",
                "next_hop": {"host": "127.0.0.1", "port": hop.port},
            }
            for left_out, hop in hops.items()
        ],
    ).start()
    try:
        for left_out, port in ports.items():
            with RawClient(port) as client:
                offered = {line[4:].split(" ")[0].encode() for line in client.hello().split("\n")}
            assert left_out not in offered
            assert {word.split()[0] for word in extensions if word != left_out} <= offered
    finally:
        gateway.stop()
        for hop in hops.values():
            hop.close()


def test_rfc3464_rfc3834_our_bounce_is_a_report_from_nobody(client: RawClient, hop: ScriptedHop) -> None:
    assert client.transaction(WITH_CPR)[:3] == "250"
    bounce = email.message_from_bytes(hop.messages[0], policy=email.policy.default)
    assert hop.taken[0].mail.startswith(b"MAIL FROM:<>")
    assert bounce["Auto-Submitted"].startswith("auto-")
    assert bounce.get_content_type() == "multipart/report"
    assert bounce.get_param("report-type") == "delivery-status"
    status = next(part for part in bounce.walk() if part.get_content_type() == "message/delivery-status")
    blocks = status.get_payload()
    assert blocks[0]["Reporting-MTA"].startswith("dns;")
    assert blocks[1]["Action"] == "failed"
    assert blocks[1]["Status"].startswith("5.7.1")
    assert blocks[1]["Final-Recipient"] == "rfc822; a@example.org"


def test_rfc8689_rfc8461_header_fields_about_tls_stay(client: RawClient, hop: ScriptedHop) -> None:
    content = b"TLS-Required: No\r\nRequire-TLS-ESMTP: yes\r\n" + HARMLESS
    assert client.transaction(content)[:3] == "250"
    assert without_our_fields(hop.messages[0]) == content
    assert "REQUIRETLS" not in client.hello(), "never offered where the next hop does not"


def test_rfc6376_a_signature_survives(client: RawClient, hop: ScriptedHop) -> None:
    """All that DKIM signs, header fields and body in their order and spelling, is the same bytes."""
    content = (
        b"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=lavuk.dk; s=x;\r\n\th=From : SUBJECT; bh=x; b=y\r\n"
        b"FROM:  dagklub@lavuk.dk \r\nSubject:Tur\t \r\n folded\r\n\r\nto  blanke \t\r\nuden\nslut\r\n\r\n\r\n"
    )
    assert client.transaction(content)[:3] == "250"
    assert hashlib.sha256(without_our_fields(hop.messages[0])).digest() == hashlib.sha256(content).digest()


def test_no_backscatter_to_senders_that_are_not_ours(client: RawClient, hop: ScriptedHop) -> None:
    content = WITH_CPR.replace(b"dagklub@lavuk.dk", b"x@example.net")
    assert client.transaction(content, sender="x@example.net").startswith("550 5.7.1")
    assert hop.taken == []


def test_rfc5321_3_5_3_vrfy_and_expn_tell_nothing(client: RawClient) -> None:
    assert client.say("VRFY dagklub@lavuk.dk")[:3] == "252"
    assert client.say("EXPN dagklub")[:2] == "50"
