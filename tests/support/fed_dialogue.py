"""A whole dialogue without a socket: all the client ever says goes in, all it hears and all that was taken comes out.

What fuzzers drive, thousands of times a second. Raises whatever bug it finds; nothing here forgives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Path
from gateway.mail.reply import Reply
from gateway.smtp.dialogue import Dialogue, Terms
from gateway.smtp.wire import ConnectionGone, Inbox, LineTooLong, WireMessage

LIMIT = 20_000


class FedLine:
    """The client's line (dialogue.Line), closed after the last byte."""

    is_gone = False

    def __init__(self, data: bytes) -> None:
        self.heard: list[Reply] = []
        self._inbox = Inbox()
        self._inbox.feed(data)
        self._inbox.end()

    def say(self, reply: Reply) -> None:
        self.heard.append(reply)

    async def flush(self) -> None:
        pass

    async def read_line(self) -> bytes:
        return await self._inbox.line(1000)

    async def read_message(self) -> WireMessage:
        return await self._inbox.message(LIMIT)

    async def read_chunk(self, size: int) -> bytes:
        return await self._inbox.exactly(size)

    async def swallow(self, size: int) -> None:
        await self._inbox.swallow(size)

    async def start_tls(self, ready: Reply) -> str:
        raise ConnectionGone

    def message_done(self) -> None:
        pass


class TakingBackend:
    """Takes everything (dialogue.Backend), and checks that what it is given is fit to be sent on."""

    def __init__(self) -> None:
        self.messages: list[WireMessage] = []
        self.recipients = 0

    def refusal(self, client: Client) -> Reply | None:
        return None

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        return (b"SIZE 20000", b"CHUNKING")

    async def log_in(self, user: str, password: str, client: Client) -> Reply:
        return replies.OK

    async def mail(self, path: Path, client: Client) -> Reply:
        check_path(path)
        return replies.OK

    async def rcpt(self, path: Path) -> Reply:
        check_path(path)
        self.recipients += 1
        return replies.OK

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Sequence[Reply]:
        assert self.recipients
        assert message.size <= LIMIT + 2
        assert b"\r\n.\r\n" not in b"\r\n" + message.wire, "it would end early at the next hop"
        assert message.wire == b"" or message.wire.endswith(b"\r\n")
        assert isinstance(message.has_doubtful_end, bool)
        self.messages.append(message)
        return [replies.ACCEPTED] * self.recipients

    async def reset(self) -> None:
        self.recipients = 0

    async def close(self) -> None:
        pass


def check_path(path: Path) -> None:
    assert not set(path.address.raw + path.parameters) & {0, 10, 13}, "it would be a command of its own"


def held(data: bytes, **terms: bool) -> tuple[list[Reply], list[WireMessage]]:
    """Hold the dialogue: the replies, and the messages that were taken."""
    line, backend = FedLine(data), TakingBackend()
    dialogue = Dialogue(line, backend, Terms("gateway.example", message_bytes=LIMIT, **terms), Client("192.0.2.7"))
    asyncio.run(_held(line, dialogue))
    for reply in line.heard:
        assert 200 <= reply.code < 600
        assert all(part.isdigit() for part in reply.enhanced.split(".") if reply.enhanced)
        assert reply.encode().endswith(b"\r\n")
    accepted = sum(reply == replies.ACCEPTED for reply in line.heard)
    assert accepted >= len(backend.messages), "no message without its reply"
    return line.heard, backend.messages


async def _held(line: FedLine, dialogue: Dialogue) -> None:
    """As listener.Conversation does it, without its forgiveness."""
    dialogue.greet()
    try:
        while not dialogue.is_over:
            try:
                command = await line.read_line()
            except LineTooLong:
                line.say(dialogue.bad_command(replies.LINE_TOO_LONG))
                continue
            if not command.endswith(b"\r\n") or b"\r" in command[:-2] or b"\0" in command:
                line.say(dialogue.bad_command(replies.BAD_SYNTAX))
                continue
            answer = await dialogue.obey(command[:-2])
            for reply in (answer,) if isinstance(answer, Reply) else answer or ():
                line.say(reply)
    except ConnectionGone:
        pass
    await dialogue.close()
