"""The embedded next hop: a real SMTP server whose mail lands in a Maildir, to try the whole path on one machine."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Path
from gateway.mail.reply import Reply
from gateway.smtp.wire import WireMessage


class Outbox:
    """The backend of one connection (listener.Backend): every message becomes a file in `new/`, byte for byte."""

    _serial = itertools.count(1)

    def __init__(self, folder: FilePath, message_bytes: int) -> None:
        self._folder = folder
        self._message_bytes = message_bytes

    def refusal(self, client: Client) -> Reply | None:
        return None

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        return b"SIZE %d" % self._message_bytes, b"8BITMIME", b"SMTPUTF8"

    async def log_in(self, user: str, password: str, client: Client) -> Reply:
        return replies.BAD_CREDENTIALS

    async def mail(self, path: Path, client: Client) -> Reply:
        return replies.OK

    async def rcpt(self, path: Path) -> Reply:
        return replies.OK

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Sequence[Reply]:
        name = f"{time.time():.6f}.P{os.getpid()}Q{next(self._serial)}.{socket.gethostname()}"
        deliver(self._folder, name, message.content)
        return [replies.ACCEPTED]

    async def reset(self) -> None:
        """Nothing is kept between messages."""

    async def close(self) -> None:
        """Nothing is open."""


def make_maildir(folder: FilePath) -> None:
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)


def deliver(folder: FilePath, name: str, content: bytes) -> None:
    """Write, flush to the disk, then move: a file in `new/` is whole and stays (Maildir)."""
    written = folder / "tmp" / name
    with written.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    written.rename(folder / "new" / name)
