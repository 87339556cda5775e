"""A collector gets every event over TLS, in order, also after it was away; one it cannot trust gets nothing."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from gateway.audit import AuditError, Event, open_store
from gateway.audit.forward import Collector, Line, forward_step, move_cursor
from gateway.audit.store import Store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Siem:
    """A collector that takes RFC 5425 frames, one connection at a time."""

    def __init__(self, authority: trustme.CA) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("siem.example").configure_cert(context)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.messages: list[str] = []
        self.calls = 0
        self._new = threading.Condition()
        self._connection: ssl.SSLSocket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
                self.calls += 1
                self._connection = self._context.wrap_socket(plain, server_side=True)
                self._take(self._connection.makefile("rb"))
            except (OSError, ValueError):
                if self._listener.fileno() < 0:
                    return

    def _take(self, stream) -> None:
        while length := b"".join(iter(lambda: stream.read(1).strip(), b"")):
            message = stream.read(int(length)).decode()
            with self._new:
                self.messages.append(message)
                self._new.notify()

    def hang_up(self) -> None:
        self._connection.close()

    def wait_for(self, count: int) -> list[str]:
        with self._new:
            assert self._new.wait_for(lambda: len(self.messages) >= count, timeout=10), self.messages
            return list(self.messages)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def siem(authority: trustme.CA):
    made = Siem(authority)
    yield made
    made.close()


@pytest.fixture
def line(siem: Siem, tmp_path: Path):
    made = Line(Collector("127.0.0.1", siem.port, tmp_path / "ca.pem", "siem.example"), seconds=5)
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/audit.db")
    opened.open()
    opened.write([Event("PV-1", NOW, node="gw 1", verdict="relay", sender="ø@lavuk.dk")])
    opened.write([Event("PV-2", NOW, node="gw1", verdict="block", mode="enforce")])
    yield opened
    opened.close()


def sent_all(store: Store, line: Line) -> int:
    sent = 0
    while step := forward_step(store.database, line):
        sent += step
    return sent


def bodies(messages: list[str]) -> list[dict]:
    return [json.loads(message.partition("\ufeff")[2]) for message in messages]


def test_events_arrive_in_order_with_number_hash_and_the_exact_line(store: Store, siem: Siem, line: Line) -> None:
    assert sent_all(store, line) == 2
    first, checkpoint, second = siem.wait_for(3)
    assert first.startswith("<110>1 2026-11-24T12:00:00.000000Z gw1 postvagt - message - \ufeff")
    assert second.startswith("<108>1 "), "what was stopped is a warning"
    records = {record.seq: record for record in store.recent()}
    for seq, message in ((1, first), (2, second)):
        assert f'"event":{records[seq].event.encode()}}}' in message
        assert bodies([message])[0]["hash"] == records[seq].hash.hex()
    assert bodies([checkpoint])[0]["seq"] == 1


def test_it_goes_on_where_it_stopped(store: Store, siem: Siem, line: Line) -> None:
    sent_all(store, line)
    siem.wait_for(3)
    assert sent_all(store, line) == 0
    store.write([Event("PV-3", NOW, verdict="relay")])
    assert sent_all(store, line) == 1
    assert bodies(siem.wait_for(4))[-1]["event"]["case_id"] == "PV-3"
    assert siem.calls == 1, "one line for as long as it holds"


def test_a_collector_that_hung_up_is_called_again(store: Store, siem: Siem, line: Line) -> None:
    sent_all(store, line)
    siem.wait_for(3)
    siem.hang_up()
    store.write([Event("PV-3", NOW, verdict="relay")])
    assert sent_all(store, line) == 1
    siem.wait_for(4)


def test_a_collector_that_is_not_there_loses_nothing(store: Store, siem: Siem, line: Line) -> None:
    away = Line(Collector("127.0.0.1", 1), seconds=1)
    with pytest.raises(AuditError, match=r"the collector 127\.0\.0\.1:1"):
        forward_step(store.database, away)
    assert sent_all(store, line) == 2


def test_a_collector_with_another_name_or_authority_gets_nothing(store: Store, siem: Siem, tmp_path: Path) -> None:
    for collector in (
        Collector("127.0.0.1", siem.port, tmp_path / "ca.pem", "other.example"),
        Collector("127.0.0.1", siem.port, None, "siem.example"),
    ):
        with pytest.raises(AuditError, match=r"certificate verify failed|CERTIFICATE_VERIFY_FAILED"):
            forward_step(store.database, Line(collector, seconds=5))
    assert siem.messages == []


def test_it_can_be_sent_again(store: Store, siem: Siem, line: Line) -> None:
    sent_all(store, line)
    move_cursor(store.database, 1)
    assert sent_all(store, line) == 1
