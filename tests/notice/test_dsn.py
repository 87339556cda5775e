"""The machine's half of a bounce."""

from __future__ import annotations

import pytest

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope, Path
from gateway.notice.dsn import Report, delivery_status, typed

ANNA = Address.of("anna@example.org")


def status(mail: bytes = b"", rcpt: bytes = b"") -> str:
    """The fields for one recipient, whose client gave these parameters."""
    envelope = Envelope(Path(Address.of("dagklub@lavuk.dk"), mail), (Path(ANNA, rcpt),), Client("127.0.0.1"))
    report = Report("gw.example", (ANNA,), "Tue, 24 Nov 2026 09:05:00 +0100", "refused, case X", envelope)
    return delivery_status(report, utf8=False)


def test_fields_in_order() -> None:
    """rfc3464#2: fields of the message, an empty line, fields of the recipient."""
    assert status(b"SIZE=10 ENVID=abc+3D1", b"NOTIFY=FAILURE ORCPT=rfc822;Anna@example.org") == (
        "Original-Envelope-Id: abc=1\n"
        "Reporting-MTA: dns; gw.example\n"
        "Arrival-Date: Tue, 24 Nov 2026 09:05:00 +0100\n"
        "\n"
        "Original-Recipient: rfc822; Anna@example.org\n"
        "Final-Recipient: rfc822; anna@example.org\n"
        "Action: failed\n"
        "Status: 5.7.1\n"
        "Diagnostic-Code: x-postvagt; refused, case X\n"
    )


@pytest.mark.parametrize(
    ("mail", "rcpt"),
    [
        pytest.param(b"", b"", id="nothing given"),
        pytest.param(b"ENVID=", b"ORCPT=", id="empty"),
        pytest.param(b"ENVID=a+0D+0AX:+20y", b"ORCPT=rfc822;a+0D+0AX:+20y", id="line ends in xtext start no field"),
        pytest.param(b"ENVID=a+zz", b"ORCPT=rfc822;a+zz", id="not xtext"),
        pytest.param(b"ENVID=251248-9996", b"ORCPT=rfc822;251248+2D9996@example.org", id="a long number"),
        pytest.param(b"ENVID=\xc3\xa6", b"ORCPT=rfc822;\xc3\xa6@example.org", id="not ASCII"),
        pytest.param(b"XENVID=a", b"XORCPT=a", id="other parameters"),
    ],
)
def test_what_is_not_given_back(mail: bytes, rcpt: bytes) -> None:
    got = status(mail, rcpt)
    assert "Original" not in got
    assert "9996" not in got
    assert got.startswith("Reporting-MTA")


@pytest.mark.parametrize(
    ("address", "seven_bit", "eight_bit"),
    [
        pytest.param("anna@example.org", "rfc822; anna@example.org", "rfc822; anna@example.org", id="ASCII"),
        pytest.param("lærkevej@kk.dk", r"utf-8; l\x{E6}rkevej@kk.dk", "utf-8; lærkevej@kk.dk", id="rfc6533#3"),
        pytest.param("a+ø@kk.dk", r"utf-8; a\x{2B}\x{F8}@kk.dk", "utf-8; a+ø@kk.dk", id="xtext's own signs"),
        pytest.param(
            "2512489996@e.example", "rfc822; xxxxxxxxxx@e.example", "rfc822; xxxxxxxxxx@e.example", id="number"
        ),
        pytest.param(
            "251248-9996@e.example", "rfc822; xxxxxxxxxxx@e.example", "rfc822; xxxxxxxxxxx@e.example", id="dash"
        ),
        pytest.param("a\r\nB: c@d", "rfc822; a??B:c@d", "rfc822; a??B:c@d", id="nothing starts a field"),
    ],
)
def test_typed(address: str, seven_bit: str, eight_bit: str) -> None:
    raw = Address(address.encode())
    assert typed(raw, utf8=False) == seven_bit
    assert typed(raw, utf8=True) == eight_bit
