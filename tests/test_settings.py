"""postvagt.yaml: the file of the design, what defaults to what, and every way to get it wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.mail.role import Role
from gateway.settings import (
    Endpoint,
    Mode,
    NextHopTls,
    Protocol,
    Settings,
    SettingsError,
    parse_settings,
)

FOLDER = Path("/etc/postvagt")

DESIGN = """\
listeners:
  - {role: outbound, listen: "127.0.0.1:10025", trust: ["127.0.0.0/8", "::1/128"], protocol: smtp}   # or lmtp
next_hop: {host: 127.0.0.1, port: 10026, tls: none}   # none | opportunistic | required; a listener may have its own
policy: policies/lavuk
audit: {store: "sqlite:///var/audit.db"}                  # or postgresql://…
workers: 2
mode: enforce                                              # or monitor
limits: {message_bytes: 52428800, connections: 500, scan_seconds: 30, total_seconds: 90}
"""

SMALLEST = """\
listeners: [{role: outbound, listen: "127.0.0.1:25"}]
next_hop: {host: relay.example.org}
policy: policy
audit: {store: "sqlite:////var/lib/postvagt/audit.db"}
"""


def test_the_file_of_the_design() -> None:
    settings = parse_settings(DESIGN, "postvagt.yaml", FOLDER)
    (listener,) = settings.listeners
    assert (listener.role, listener.listen, listener.protocol) == (
        Role.OUTBOUND,
        Endpoint("127.0.0.1", 10025),
        Protocol.SMTP,
    )
    hop = settings.next_hop_of(listener)
    assert (hop.host, hop.port, hop.tls) == ("127.0.0.1", 10026, NextHopTls.NONE)
    assert settings.policy == FOLDER / "policies/lavuk"
    assert settings.audit.store == "sqlite:////etc/postvagt/var/audit.db"
    assert (settings.workers, settings.mode) == (2, Mode.ENFORCE)
    assert settings.limits.message_bytes == 52_428_800


def test_what_is_not_said_has_a_default() -> None:
    settings = parse_settings(SMALLEST, "postvagt.yaml", FOLDER)
    limits = settings.limits
    assert (limits.scan_seconds, limits.total_seconds, limits.idle_seconds, limits.hops) == (30, 90, 300, 50)
    assert (settings.workers, settings.mode, settings.hostname, settings.outbox) == (1, Mode.ENFORCE, None, None)
    assert settings.key == FOLDER / "var/postvagt.key"
    assert settings.audit.store == "sqlite:////var/lib/postvagt/audit.db"
    assert settings.next_hop_of(settings.listeners[0]).port == 25


def test_the_embedded_default() -> None:
    settings = Settings.embedded(FOLDER, Path("/somewhere/policy"))
    assert settings.listeners[0].listen == Endpoint("127.0.0.1", 10025)
    assert settings.next_hop is not None
    assert (settings.next_hop.host, settings.next_hop.port) == ("127.0.0.1", 10026)
    assert settings.policy == Path("/somewhere/policy")
    assert settings.audit.store == "sqlite:////etc/postvagt/var/audit.db"
    assert settings.outbox == FOLDER / "var/outbox"


@pytest.mark.parametrize(
    ("trust", "ip", "trusted"),
    [
        ("", "127.0.0.1", True),
        ("", "::1", True),
        ("", "192.0.2.7", False),
        (', trust: ["192.0.2.0/24"]', "192.0.2.7", True),
        (', trust: ["192.0.2.0/24"]', "::ffff:192.0.2.7", True),
        (', trust: ["192.0.2.7"]', "192.0.2.8", False),
        (', trust: ["2001:db8::/32"]', "2001:db8::1", True),
        (', trust: ["192.0.2.0/24"]', "", False),
    ],
)
def test_trust(trust: str, ip: str, trusted: bool) -> None:
    text = SMALLEST.replace('"127.0.0.1:25"', '"127.0.0.1:25"' + trust)
    assert parse_settings(text, "f", FOLDER).listeners[0].trusts(ip) is trusted


def test_an_inbound_listener_serves_the_world() -> None:
    settings = parse_settings(SMALLEST.replace("outbound", "inbound"), "f", FOLDER)
    assert settings.listeners[0].trusts("203.0.113.9")
    assert settings.listeners[0].trusts("2001:db8::9")


def test_a_listener_may_have_its_own_certificate_and_next_hop() -> None:
    text = SMALLEST.replace(
        '"127.0.0.1:25"',
        '"[::1]:465", tls: {certificate: tls/cert.pem, key: /etc/ssl/key.pem}, next_hop: {host: "::1", port: 2525}',
    ).replace("next_hop: {host: relay.example.org}\n", "")
    (listener,) = parse_settings(text, "f", FOLDER).listeners
    assert listener.tls is not None
    assert (listener.tls.certificate, listener.tls.key) == (FOLDER / "tls/cert.pem", Path("/etc/ssl/key.pem"))
    assert listener.listen == Endpoint("::1", 465)
    assert str(listener.listen) == "[::1]:465"


WRONG = [
    ("workers: 2", "worker: 2", "6: unknown key `worker`, did you mean `workers`?"),
    ("workers: 2", "workers: 0", "6: `workers`: the number is too small, write at least 1, not `0`"),
    ("connections: 500", "connexions: 500", "8: unknown key `limits.connexions`, did you mean `connections`?"),
    ("mode: enforce", "mode: watch", "7: `mode`: one of these words is wanted: 'enforce' or 'monitor', not `watch`"),
    ("tls: none", "tls: maybe", "3: `next_hop.tls`: one of these words is wanted"),
    ('"127.0.0.1:10025"', '"127.0.0.1"', "2: `listeners[1].listen`: `127.0.0.1` is no address to listen on"),
    ('"127.0.0.1:10025"', '"localhost:25"', "2: `listeners[1].listen`: `localhost` is no IP address"),
    ('"127.0.0.1:10025"', '"127.0.0.1:99999"', "2: `listeners[1].listen`: `127.0.0.1:99999` is no address"),
    ("::1/128", "::1/64", "2: `listeners[1].trust[2]`: `::1/64` has host bits set"),
    ("::1/128", "::/0", "2: trusting everyone makes the outbound listener an open relay"),
    ("host: 127.0.0.1", "host: not_a_host", "3: `next_hop.host`: `not_a_host` is neither a host name nor an IP"),
    ("port: 10026", "port: 10025", "2: the next hop is this listener itself"),
    ("port: 10026", "port: 0", "3: `next_hop.port`: the number is too small"),
    ("sqlite:///var/audit.db", "mysql://x/y", "5: `audit.store`: a store is written"),
    ("sqlite:///var/audit.db", "sqlite://var/audit.db", "5: `audit.store`: an SQLite store is written"),
    (
        "sqlite:///var/audit.db",
        "postgresql://u:secret@h/d",
        "5: `audit.store`: a password never stands in the settings",
    ),
    ("scan_seconds: 30", "scan_seconds: 90", "8: `scan_seconds` must be less than `total_seconds`"),
    (
        "scan_seconds: 30",
        "in_flight_bytes: 5000, in_flight_bytes_per_address: 6000",
        "8: `in_flight_bytes_per_address` must not be more",
    ),
    ("policy: policies/lavuk", "policy:", "4: `policy`: the value is missing"),
    ("policy: policies/lavuk\n", "", "1: the key `policy` is missing"),
    ("next_hop: {host: 127.0.0.1, port: 10026, tls: none}", "", "2: this listener has no next hop"),
    ("workers: 2", "hostname: -x-", "6: `hostname`: `-x-` is no host name"),
]


@pytest.mark.parametrize(("right", "wrong", "line"), WRONG, ids=[line for *_, line in WRONG])
def test_a_mistake_is_named_by_line(right: str, wrong: str, line: str) -> None:
    assert right in DESIGN
    with pytest.raises(SettingsError) as caught:
        parse_settings(DESIGN.replace(right, wrong), "postvagt.yaml", FOLDER)
    (fault,) = caught.value.lines
    assert fault.startswith(f"postvagt.yaml:{line}")
    assert "secret" not in fault


def test_all_mistakes_are_told_at_once() -> None:
    text = DESIGN.replace("workers: 2", "workers: two").replace("tls: none", "tls: maybe").replace("enforce", "watch")
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "postvagt.yaml", FOLDER)
    assert [line.split(":")[1] for line in caught.value.lines] == ["3", "6", "7"]


def test_two_listeners_on_one_port() -> None:
    text = DESIGN.replace("next_hop:", '  - {role: inbound, listen: "127.0.0.1:10025"}\nnext_hop:')
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "postvagt.yaml", FOLDER)
    assert caught.value.lines == ("postvagt.yaml:3: 127.0.0.1:10025 is taken by listener 1",)


def test_no_listener_at_all() -> None:
    with pytest.raises(SettingsError, match="there is no listener"):
        parse_settings("listeners: []\npolicy: p\naudit: {store: 'sqlite:///a.db'}\n", "f", FOLDER)
