"""Sending the record on, event by event, to where the keepers of the database cannot reach it: syslog over TLS.

RFC 5424 messages, each with its length before it, over TLS (rfc5425), each holding the event's own line as JSON with
its number and hash, and the signed checkpoints between them. How far it has come stands in the store, so it goes on
where it stopped, after an outage of the collector as after one of ours. Syslog has no acknowledgement: what was on its
way when a line broke may be missing there, and the numbers show it; `audit forward --from` sends again.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from gateway.audit import schema
from gateway.audit.database import Database
from gateway.audit.errors import AuditError
from gateway.audit.event import BLOCK, BREACH, record_of
from gateway.audit.rows import Row, checkpoints, ends_of, rows_between
from gateway.audit.seal import Checkpoint

BATCH = 500
"""Events sent before the store is told how far it came."""

_CURSOR = "forwarded"
_FACILITY = 13  # log audit, rfc5424#6.2.1
_WARNING, _INFORMATIONAL = 4, 6
_BOM = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class Collector:
    """Where it goes. ca: who signed its certificate (None: the system's own). name: what the certificate says."""

    host: str
    port: int = 6514
    ca: Path | None = None
    name: str | None = None


class Line:
    """The connection to the collector, made when there is something to say."""

    def __init__(self, collector: Collector, seconds: float = 10) -> None:
        self._collector = collector
        self._seconds = seconds
        self._socket: ssl.SSLSocket | None = None

    def send(self, frames: bytes) -> None:
        """All of it, on a line that was still open when we began. AuditError when it cannot be said."""
        try:
            if self._socket is not None and _was_closed(self._socket):
                self.close()
            if self._socket is None:
                self._socket = self._connected()
            self._socket.sendall(frames)
        except OSError as error:
            self.close()
            said = error.strerror or str(error) or type(error).__name__
            raise AuditError(f"the collector {self._collector.host}:{self._collector.port}: {said}") from error

    def _connected(self) -> ssl.SSLSocket:
        collector = self._collector
        context = ssl.create_default_context(cafile=str(collector.ca) if collector.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        plain = socket.create_connection((collector.host, collector.port), self._seconds)
        try:
            return context.wrap_socket(plain, server_hostname=collector.name or collector.host)
        except BaseException:
            plain.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _was_closed(line: ssl.SSLSocket) -> bool:
    """Whether the collector has hung up. It never speaks, but its TLS does (tickets), which reading takes in."""
    waits = line.gettimeout()
    line.setblocking(False)
    try:
        return line.recv(1) == b""
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    except OSError:
        return True
    finally:
        line.settimeout(waits)


def forward_step(database: Database, line: Line) -> int:
    """Send the next events, remember how far it came, say how many. Zero: all there is has been sent."""
    with database.reading() as connection:
        sent, ends = cursor(connection), ends_of(connection)
        seals = {seal.seq: seal for seal in checkpoints(connection, ends)}
    first = max(sent, ends.origin_seq) + 1
    rows = list(rows_between(database, first, min(first + BATCH - 1, ends.seal.seq)))
    if not rows:
        return 0
    line.send(b"".join(frame for row in rows for frame in _frames(row, seals.get(row.seq))))
    move_cursor(database, rows[-1].seq)
    return len(rows)


def cursor(connection: Connection) -> int:
    """The number of the last event that was sent."""
    query = select(schema.meta.c.value).where(schema.meta.c.name == _CURSOR)
    return int(connection.execute(query).scalar() or 0)


def move_cursor(database: Database, seq: int) -> None:
    mine = schema.meta.c.name == _CURSOR
    with database.writing() as connection:
        if not connection.execute(update(schema.meta).where(mine).values(value=str(seq))).rowcount:
            connection.execute(insert(schema.meta).values(name=_CURSOR, value=str(seq)))


def _frames(row: Row, seal: Checkpoint | None) -> Iterator[bytes]:
    if row.line is not None:
        record, line = record_of(row.line), row.line
        if record is None:  # it goes on all the same: the collector's numbers have no gap
            record, line = {"kind": "damaged"}, b"null"
        severity = _WARNING if row.keep in (BLOCK, BREACH) else _INFORMATIONAL
        text = b'{"seq":%d,"hash":"%s","event":%s}' % (row.seq, row.hash.hex().encode(), line)
        yield _framed(severity, row.at, record.get("node", ""), record["kind"], text)
    if seal is not None:
        yield _framed(_INFORMATIONAL, row.at, "", "checkpoint", json.dumps(seal.as_json()).encode())


def _framed(severity: int, at: int, node: str, kind: str, text: bytes) -> bytes:
    """One message, its length before it. HOSTNAME and MSGID are printable ASCII, `-` when there is none (rfc5424#6)."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    time = when.isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = f"<{_FACILITY * 8 + severity}>1 {time} {_name(node)} postvagt - {_name(kind)} - "
    message = head.encode("ascii") + _BOM + text
    return b"%d %s" % (len(message), message)


def _name(text: str) -> str:
    return "".join(letter for letter in text if "!" <= letter <= "~")[:32] or "-"
