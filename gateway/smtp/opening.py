"""How a session with the next hop begins: its greeting, EHLO, TLS, a login, and who our client is.

Anything but the expected answer is a fault of the set-up, not of the mail: it becomes a 4xx.
"""

from __future__ import annotations

from base64 import b64encode

from gateway.mail.envelope import Client
from gateway.mail.reply import Reply
from gateway.smtp.forwarded import xclient_command
from gateway.smtp.session import NextHopError, Session
from gateway.smtp.target import Capabilities


async def open_session(session: Session, client: Client | None) -> None:
    """Greeting, EHLO, STARTTLS, AUTH and XCLIENT where the target wants them. Raises NextHopError."""
    target = session.target
    _expect(await session.greeting(), 220, "greeting")
    await _hello(session)
    if target.tls is not None:
        await _secure(session)
    if target.login is not None:
        _expect(await log_in(session, *target.login), 235, "AUTH")
    if target.xclient and client is not None and b"XCLIENT" in session.capabilities:
        line = xclient_command(client, session.capabilities.parameters(b"XCLIENT"))
        _expect(await session.command(line), 220, "XCLIENT")
        await _hello(session)


async def log_in(session: Session, user: str, password: str) -> Reply:
    """AUTH PLAIN (rfc4616); the reply as it is. Never over a line in clear, unless it never leaves this machine.

    Raises NextHopError.
    """
    if not session.tls and not session.is_local:
        raise NextHopError("AUTH needs TLS")
    if b"PLAIN" not in session.capabilities.parameters(b"AUTH"):
        raise NextHopError("it offers no AUTH PLAIN")
    return await session.command(b"AUTH PLAIN " + b64encode(f"\0{user}\0{password}".encode()))


async def _hello(session: Session) -> None:
    hostname = session.target.hostname.encode("ascii", "replace")
    reply = await session.command(b"EHLO " + hostname)
    if reply.code == 250:
        session.capabilities = Capabilities.parse(reply)
        return
    _expect(await session.command(b"HELO " + hostname), 250, "HELO")


async def _secure(session: Session) -> None:
    """STARTTLS, then a new EHLO: what was said before in the clear does not count (rfc3207#4.2)."""
    target = session.target
    if b"STARTTLS" not in session.capabilities:
        if target.tls_required:
            raise NextHopError("it offers no STARTTLS, and tls is required")
        return
    _expect(await session.command(b"STARTTLS"), 220, "STARTTLS")
    assert target.tls is not None
    await session.start_tls(target.tls)
    await _hello(session)


def _expect(reply: Reply, code: int, phase: str) -> None:
    if reply.code != code:
        raise NextHopError(f"{phase} answered {reply.code}")
