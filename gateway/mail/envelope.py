"""The envelope: who hands over, from whom, to whom, with the parameters exactly as they came."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mail.address import Address


@dataclass(frozen=True, slots=True)
class Path:
    """An address of MAIL or RCPT with its parameters as they stood on the wire (`SIZE=100 BODY=8BITMIME`)."""

    address: Address
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class Client:
    """Who is connected: address, port, the name it gave, how the line is protected (empty: not at all), and as whom it
    logged in (empty: it did not). `name` is what a trusted client says that DNS has for the address; nothing is decided
    by it."""

    ip: str
    port: int = 0
    helo: str = ""
    esmtp: bool = False
    tls: str = ""
    user: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail transaction as policy and audit see it (rfc5321#3.3)."""

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    client: Client

    @property
    def sender(self) -> Address:
        return self.reverse_path.address

    @property
    def recipients(self) -> tuple[Address, ...]:
        return tuple(path.address for path in self.forward_paths)
