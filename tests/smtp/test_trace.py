"""The two header fields we add."""

from __future__ import annotations

import email
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.envelope import Client
from gateway.mail.message import Message
from gateway.smtp.trace import Tracer, protocol

TRACER = Tracer("gateway.example", b"k" * 32)
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MESSAGE = b"Subject: hej\r\n\r\nTur paa fredag\r\n"


def added(helo: str = "client.example", tracer: Tracer = TRACER, message: bytes = MESSAGE) -> bytes:
    return tracer.fields(message, Client("192.0.2.7", 25, helo, esmtp=True), "PV-AAAA-BBBB-CCCC", NOW)


def test_received_says_who_to_whom_how_and_when() -> None:
    """Read back with the standard library's parser."""
    received = email.message_from_bytes(added() + MESSAGE)["Received"]
    assert "from client.example ([192.0.2.7])" in received
    assert "by gateway.example (Postvagt) with ESMTP id PV-AAAA-BBBB-CCCC" in received
    assert "24 Nov 2026 10:00:00 +0000" in received


def test_the_loop_field_is_recognised_whatever_is_put_on_top() -> None:
    passed = b"Received: from x\r\n" + added() + MESSAGE
    assert TRACER.times_seen(Message(passed)) == 1
    assert TRACER.times_seen(Message(added(message=passed) + passed)) == 2


def test_a_loop_field_of_somebody_else_means_nothing() -> None:
    other = Tracer("gateway.example", b"x" * 32)
    assert TRACER.times_seen(Message(added(tracer=other) + MESSAGE)) == 0
    assert TRACER.times_seen(Message(added() + MESSAGE + b"one more line\r\n")) == 0, (
        "a copied field on another message"
    )


def test_the_protocol_word_tells_tls_and_utf8() -> None:
    plain, secured = Client("::1", esmtp=True), Client("::1", esmtp=True, tls="TLSv1.3 x")
    assert [protocol(Client("::1")), protocol(plain), protocol(secured), protocol(secured, utf8=True)] == [
        "SMTP",
        "ESMTP",
        "ESMTPS",
        "UTF8SMTPS",
    ]


@given(st.text(max_size=300))
def test_no_name_a_client_gives_breaks_the_header(helo: str) -> None:
    parsed = email.message_from_bytes(added(helo) + MESSAGE)
    assert list(parsed.keys()) == ["Received", "Postvagt-Passed", "Subject"]
    assert added(helo).isascii()
