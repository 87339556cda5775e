"""Promise 5 as a table: every limit of the settings, what a client does that passes it, and the reply it hears.

The table names every key of `limits`; one without a row fails.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

from gateway.settings import Limits

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"

Client = RawClient
Deed = Callable[[Client, SimpleNamespace], str]


class Bound(NamedTuple):
    """limits: set for the gateway. deed: passes the limit, returns the reply to that. after: the dialogue goes on."""

    limits: dict[str, Any]
    deed: Deed
    reply: str
    after: str = "250"


def begun(client: Client) -> None:
    for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>", "DATA"):
        client.say(line)


def dripping(client: Client, _: SimpleNamespace) -> str:
    begun(client)
    with contextlib.suppress(ConnectionError):
        for _step in range(100):
            client.send(b"x\r\n")
            time.sleep(0.1)
    return client.hear()


def silent(client: Client, _: SimpleNamespace) -> str:
    return client.hear()


def many_recipients(client: Client, _: SimpleNamespace) -> str:
    client.say("MAIL FROM:<dagklub@lavuk.dk>")
    replies = [client.say(f"RCPT TO:<r{number}@example.org>") for number in range(101)]
    assert {reply[:3] for reply in replies[:100]} == {"250"}, "rfc5321#4.5.3.1.8"
    return replies[-1]


def one_more(client: Client, place: SimpleNamespace) -> str:
    """Connections until one is refused, all of them open at once."""
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            greeting = stack.enter_context(RawClient(place.gateway.port)).greeting
            if not greeting.startswith("220"):
                return greeting
    return "none was refused"


def with_a_slow_hop(client: Client, place: SimpleNamespace) -> str:
    place.hop.slow_dot = 30.0
    return client.transaction(HARMLESS)


def again_after(client: Client, place: SimpleNamespace) -> str:
    """A late yes is answered from memory within the time, and delivered anew after it."""
    place.hop.slow_dot = 12.0
    assert client.transaction(HARMLESS).startswith("451 4.4.2")
    end = time.monotonic() + 20
    while not place.hop.taken and time.monotonic() < end:
        time.sleep(0.1)
    place.hop.slow_dot = 0.0
    time.sleep(2.5)
    reply = client.transaction(HARMLESS)
    assert len(place.hop.taken) == 2, "a second ago it was still known"
    return reply


def too_large_together(client: Client, place: SimpleNamespace) -> str:
    """One that holds more than there is room for, unfinished: a large one waits, a small one does not."""
    with RawClient(place.gateway.port) as holding, RawClient(place.gateway.port) as small:
        holding.hello()
        begun(holding)
        holding.send(b"x" * 150_000)
        small.hello()
        time.sleep(0.5)
        assert small.transaction(HARMLESS)[:3] == "250"
        begun(client)
        client.send(b"Subject: x\r\n\r\n" + b"y" * 100_000)
        time.sleep(0.5)
        client.send(b"y" * 100_000 + b"\r\n.\r\n")
        client.socket.settimeout(1.0)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(20.0)
        holding.send(b"\r\n.\r\n")
        assert holding.hear()[:3] == "250"
    client.stream = client.socket.makefile("rb")
    return client.hear()


def too_large_for_one_address(client: Client, place: SimpleNamespace) -> str:
    """A second large message from an address over its share waits; one from another address does not."""
    large = b"Subject: x\r\n\r\n" + b"y" * 100_000
    with RawClient(place.gateway.port) as holding, RawClient(place.gateway.port, source="127.0.0.2") as other:
        holding.hello()
        begun(holding)
        holding.send(b"x" * 150_000)
        time.sleep(0.5)
        begun(client)
        client.send(large)
        time.sleep(0.5)
        client.send(large + b"\r\n.\r\n")
        other.hello()
        assert other.transaction(large + large + b"\r\n")[:3] == "250"
        client.socket.settimeout(1.0)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.socket.settimeout(20.0)
        holding.send(b"\r\n.\r\n")
        assert holding.hear()[:3] == "250"
    client.stream = client.socket.makefile("rb")
    return client.hear()


BOUNDS = {
    "message_bytes": Bound(
        {"message_bytes": 5000}, lambda client, _: client.transaction(b"x" * 6000 + b"\r\n"), "552 5.3.4 The message"
    ),
    "header_bytes": Bound(
        {"header_bytes": 2000},
        lambda client, _: client.transaction(b"X: " + b"y" * 3000 + b"\r\n\r\nHej\r\n"),
        "552 5.3.4 The header",
    ),
    "recipients": Bound({"recipients": 100}, many_recipients, "452 4.5.3"),
    "hops": Bound({"hops": 5}, lambda client, _: client.transaction(b"Received: x\r\n" * 6 + HARMLESS), "554 5.4.6"),
    "connections": Bound({"connections": 4}, one_more, "421 4.3.2"),
    "connections_per_address": Bound({"connections_per_address": 4}, one_more, "421 4.7.0"),
    "in_flight_bytes": Bound({"in_flight_bytes": 100_000}, too_large_together, "250"),
    "in_flight_bytes_per_address": Bound(
        {"in_flight_bytes": 10_000_000, "in_flight_bytes_per_address": 100_000}, too_large_for_one_address, "250"
    ),
    "command_bytes": Bound({"command_bytes": 600}, lambda client, _: client.say("NOOP " + "x" * 600), "500 5.5.6"),
    "commands": Bound(
        {"commands": 200}, lambda client, _: [client.say("NOOP") for _ in range(199)][-1], "421 4.7.0", after=""
    ),
    "bad_commands": Bound(
        {"bad_commands": 3}, lambda client, _: [client.say("NONSENSE") for _ in range(4)][-1], "421 4.7.0", after=""
    ),
    "idle_seconds": Bound({"idle_seconds": 1}, silent, "421 4.4.2", after=""),
    "message_seconds": Bound({"message_seconds": 1}, dripping, "421 4.4.2", after=""),
    "scan_seconds": Bound(
        {"scan_seconds": 0.001},
        lambda client, _: client.transaction(b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 200_000),
        "451 4.7.1",
    ),
    "total_seconds": Bound({"scan_seconds": 1, "total_seconds": 3}, with_a_slow_hop, "451 4.4.2"),
    "remember_seconds": Bound(
        {"scan_seconds": 1, "total_seconds": 3, "remember_seconds": 1}, again_after, "250 2.0.0 taken"
    ),
}
NO_REPLY = {"upstream_seconds": "only compared with `total_seconds`, by `check`"}


def test_every_limit_has_its_row() -> None:
    assert set(BOUNDS) | set(NO_REPLY) == set(Limits.model_fields)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimpleNamespace]:
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port, limits=BOUNDS[request.param].limits).start()
    yield SimpleNamespace(hop=hop, gateway=gateway)
    gateway.stop()
    hop.close()


@pytest.mark.parametrize(("place", "key"), [(key, key) for key in BOUNDS], indirect=["place"], ids=list(BOUNDS))
def test_a_limit_has_its_reply(place: SimpleNamespace, key: str) -> None:
    bound = BOUNDS[key]
    with RawClient(place.gateway.port, timeout=40) as client:
        if bound.deed is not silent:
            client.hello()
        assert bound.deed(client, place).startswith(bound.reply)
        place.hop.slow_dot = 0.0
        if bound.after:
            assert client.say("NOOP").startswith(bound.after), "the dialogue goes on"
        else:
            assert client.hear() == "", "goodbye"
    assert "error of ours" not in place.gateway.log.read_text()
