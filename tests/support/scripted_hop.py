"""A next hop whose behaviour a test dictates, and that records every byte it was given: a server on a thread."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Taken:
    """One transaction as the hop heard it: MAIL and RCPT lines, and the message as it stood on the wire.

    What came by BDAT is in `chunks`, and in `wire` with its dots doubled.
    """

    mail: bytes = b""
    rcpt: list[bytes] = field(default_factory=list)
    wire: bytes | None = None
    chunks: bytes = b""


class ScriptedHop:
    """Answers `250` to everything unless told otherwise.

    answers: reply bytes by verb (`b"RCPT"`), or by the dot (`b"."`); a list is used up one by one, the last one stays.
    slow_dot: seconds before the dot is answered.
    Instead of a reply: `CLOSE` closes the line, `HANG` says nothing any more.
    """

    CLOSE, HANG = b"<close>", b"<hang>"

    def __init__(self, keywords: tuple[bytes, ...] = (b"SIZE 60000000", b"8BITMIME", b"SMTPUTF8", b"DSN")) -> None:
        self.keywords = keywords
        self.answers: dict[bytes, bytes | list[bytes]] = {}
        self.slow_dot = 0.0
        self.tls: ssl.SSLContext | None = None
        self.taken: list[Taken] = []
        self.commands: list[bytes] = []
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def messages(self) -> list[bytes]:
        """The messages taken with a positive answer to the dot, dots undone, our own header fields still on top."""
        return [undotted(taken.wire) for taken in self.taken if taken.wire is not None]

    def forget(self) -> None:
        self.answers = {}
        self.slow_dot = 0.0
        self.taken = []
        self.commands = []

    def close(self) -> None:
        self._listening.close()
        for connection in list(self._open):
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                self._talk(connection, stream)
        except (OSError, ValueError):
            pass
        finally:
            self._open.discard(connection)

    def _talk(self, connection: socket.socket, stream, *, greets: bool = True) -> None:
        if greets and not self._answer(connection, b"GREETING", b"220 hop\r\n"):
            return
        taken = Taken()
        while line := stream.readline():
            self.commands.append(line)
            verb = line[:4].upper().strip()
            if verb == b"BDAT":
                if not self._take_chunk(connection, stream, line, taken):
                    return
                continue
            if verb == b"EHLO":
                words = [b"hop", *self.keywords]
                usual = b"".join(b"250-" + word + b"\r\n" for word in words[:-1]) + b"250 " + words[-1] + b"\r\n"
            elif verb == b"DATA":
                usual = b"354 go\r\n"
            elif verb == b"QUIT":
                usual = b"221 bye\r\n"
            else:
                usual = b"250 2.0.0 ok\r\n"
            if verb == b"AUTH":
                usual = b"235 2.7.0 ok\r\n"
            elif verb in (b"XCLI", b"STAR"):
                usual = b"220 hop\r\n"
            answer = self._answer(connection, verb, usual)
            if not answer:
                return
            if verb == b"STAR" and answer[:1] == b"2":
                assert self.tls is not None
                with self.tls.wrap_socket(connection, server_side=True) as secured:
                    self._talk(secured, secured.makefile("rb"), greets=False)
                return
            positive = answer[:1] in b"23"
            if verb == b"MAIL":
                taken = Taken(line.rstrip(b"\r\n"))
            elif verb == b"RCPT" and positive:
                taken.rcpt.append(line.rstrip(b"\r\n"))
            elif verb == b"RSET":
                taken = Taken()
            elif verb == b"DATA" and answer.startswith(b"354"):
                wire = self._read_message(stream)
                if wire is None:
                    return
                time.sleep(self.slow_dot)
                taken.wire = wire
                answer = self._answer(connection, b".", b"250 2.0.0 taken as 4711\r\n", taken)
                taken = Taken()
                if not answer:
                    return
            elif verb == b"QUIT":
                return

    def _take_chunk(self, connection: socket.socket, stream, line: bytes, taken: Taken) -> bool:
        """One BDAT with its bytes; with LAST the message is taken as if it had come by DATA."""
        taken.chunks += stream.read(int(line.split()[1]))
        if b"LAST" not in line.upper():
            return bool(self._answer(connection, b"BDAT", b"250 2.0.0 go on\r\n"))
        time.sleep(self.slow_dot)
        taken.wire = b"." * taken.chunks.startswith(b".") + taken.chunks.replace(b"\r\n.", b"\r\n..")
        return bool(self._answer(connection, b".", b"250 2.0.0 taken as 4711\r\n", taken))

    @staticmethod
    def _read_message(stream) -> bytes | None:
        """Up to CRLF dot CRLF exactly; whatever else a line end might be stays inside."""
        wire = b""
        while not (wire.endswith(b"\r\n.\r\n") or wire == b".\r\n"):
            line = stream.readline()
            if not line:
                return None
            wire += line
        return wire[:-3]

    def _answer(self, connection: socket.socket, what: bytes, usual: bytes, taken: Taken | None = None) -> bytes:
        """Say what the test wants said here. Empty when the line is over.

        taken: what a yes takes; it is recorded before the yes is said, for who hears it may look at once.
        """
        answer = self.answers.get(what, usual)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer == self.HANG:
            time.sleep(60)
            return b""
        if answer == self.CLOSE:
            connection.close()
            return b""
        if taken is not None and answer[:1] == b"2":
            self.taken.append(taken)
        connection.sendall(answer)
        return answer


def undotted(wire: bytes) -> bytes:
    text = wire.replace(b"\r\n.", b"\r\n")
    return text[1:] if text.startswith(b".") else text


def without_our_fields(message: bytes) -> bytes:
    """The message below the two header fields the gateway puts on top; fails when they are not there."""
    head, separator, rest = message.partition(b"Postvagt-Passed: ")
    assert head.startswith(b"Received: from "), head[:60]
    assert separator
    return rest.partition(b"\r\n")[2]
