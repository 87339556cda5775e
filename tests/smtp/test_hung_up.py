"""A message whose end arrives in the moment we hang up: the client has heard 421 and will come again.

So what is made of the message must know that nobody hears its answer, and the next hop must not get it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from support.fed_dialogue import TakingBackend
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

from gateway.mail import reply as replies
from gateway.mail.reply import Reply
from gateway.smtp.dialogue import Terms
from gateway.smtp.flight import Flight
from gateway.smtp.listener import Conversation, Patience
from gateway.smtp.wire import WireMessage


class Wire(asyncio.Transport):
    """The transport of a connection that is not there: it remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._closing = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = pause_reading = resume_reading = close

    def get_write_buffer_size(self) -> int:
        return 0


class Backend(TakingBackend):
    def __init__(self) -> None:
        super().__init__()
        self.was_gone: list[bool] = []

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Sequence[Reply]:
        self.was_gone.append(is_gone())
        return [replies.LATER] * self.recipients


async def held(then: Callable[[Conversation], None]) -> tuple[bytes, list[bool]]:
    """A dialogue up to the middle of a message; then what the test wants; what was heard, and who was gone."""
    wire, backend, flight = Wire(), Backend(), Flight(1_000_000)
    conversation = Conversation(backend, Terms("gateway.example"), Patience(), flight, peer=("192.0.2.7", 4711))
    conversation.connection_made(wire)
    conversation.data_received(
        b"EHLO x\r\nMAIL FROM:<a@lavuk.dk>\r\nRCPT TO:<a@example.org>\r\nDATA\r\nSubject: x\r\n\r\nhalf"
    )
    await asyncio.sleep(0.05)
    assert b"354" in wire.written
    then(conversation)
    await asyncio.sleep(0.05)
    assert flight.used == 0
    return wire.written, backend.was_gone


def test_a_message_that_ends_as_we_hang_up_is_taken_for_one_nobody_waits_for() -> None:
    def hang_up_while_it_ends(conversation: Conversation) -> None:
        conversation._lose_patience(replies.TOO_SLOW)
        conversation.data_received(b" and half\r\n.\r\n")

    heard, was_gone = asyncio.run(held(hang_up_while_it_ends))
    assert heard.endswith(replies.TOO_SLOW.encode()), "the last word is that it took too long"
    assert was_gone in ([], [True]), "not read at all, or as of a client that is gone"


def test_a_message_that_ends_in_time_is_taken() -> None:
    heard, was_gone = asyncio.run(held(lambda conversation: conversation.data_received(b"\r\n.\r\n")))
    assert was_gone == [False]
    assert heard.endswith(replies.LATER.encode())


def test_a_client_that_left_while_its_message_was_read_keeps_it(tmp_path: Path) -> None:
    """All of it came, then the line broke. It is inspected, and not given on: the client does not know of it."""
    hop = ScriptedHop()
    gateway = RunningGateway(tmp_path, hop.port).start()
    try:
        with RawClient(gateway.port) as client:
            client.hello()
            for line in ("MAIL FROM:<dagklub@lavuk.dk>", "RCPT TO:<a@example.org>", "DATA"):
                client.say(line)
            client.send(b"Subject: stor\r\n\r\n" + b"Husk regntoj og madpakke.\r\n" * 400_000 + b".\r\n")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.stream.close()
            client.socket.close()
        with RawClient(gateway.port) as client:
            client.hello()
            assert client.transaction(b"Subject: x\r\n\r\nnext\r\n")[:3] == "250"
    finally:
        gateway.stop()
        hop.close()
    assert [b"stor" in message for message in hop.messages] == [False]
    refusals = [event.details.get("refusal") for event in gateway.events()]
    assert "the client left before the message was given on" in refusals or len(refusals) == 1
