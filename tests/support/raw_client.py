"""An SMTP client that sends exactly the bytes it is told and returns exactly what it hears."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable


class RawClient:
    """One connection. `say` sends a command and returns the whole reply, decoded.

    tls: from the first byte on. before: sent ahead of everything, as a load balancer sends its PROXY header.
    source: the address it comes from.
    """

    def __init__(
        self,
        port: int,
        *,
        timeout: float = 20.0,
        tls: ssl.SSLContext | None = None,
        before: bytes = b"",
        source: str = "127.0.0.1",
    ) -> None:
        there, here = ("127.0.0.1", port), (source, 0)
        self.socket: socket.socket = socket.create_connection(there, timeout=timeout, source_address=here)
        self.socket.sendall(before)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")
        self.greeting = self.hear()

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> str:
        """One reply, its lines joined by newlines; empty when the line is closed."""
        lines = []
        while True:
            line = self.stream.readline()
            if not line:
                return "\n".join(lines)
            lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def say(self, line: bytes | str) -> str:
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.hear()

    def hello(self) -> str:
        return self.say("EHLO client.example")

    def start_tls(self, context: ssl.SSLContext) -> None:
        assert self.say("STARTTLS").startswith("220")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = self.socket.makefile("rb")

    def transaction(
        self, content: bytes, sender: str | bytes = "dagklub@lavuk.dk", recipients: Iterable[str] = ("a@example.org",)
    ) -> str:
        """RSET, MAIL, RCPT and DATA; the reply to the dot, or the first refusal."""
        self.say("RSET")
        raw = sender.encode() if isinstance(sender, str) else sender
        reply = self.say(b"MAIL FROM:<" + raw + b">" + (b"" if raw.isascii() else b" SMTPUTF8"))
        for recipient in recipients:
            if reply[:1] == "2":
                reply = self.say(f"RCPT TO:<{recipient}>".encode())
        if reply[:1] == "2":
            reply = self.say("DATA")
        if not reply.startswith("354"):
            return reply
        return self.message(content)

    def message(self, content: bytes) -> str:
        """The message after 354, dots doubled, and the reply to its final dot."""
        wire = content.replace(b"\r\n.", b"\r\n..")
        self.send((b"." + wire if wire.startswith(b".") else wire) + b".\r\n")
        return self.hear()
