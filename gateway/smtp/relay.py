"""Behind a client's dialogue: the next hop, heard live. MAIL and RCPT go to it as they come and its replies come back.

So every refusal of a recipient happens where SMTP can express it, and after DATA one answer is left to give
(rfc5321#3.3). The message itself is the transaction's business.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Envelope, Path
from gateway.mail.reply import Reply
from gateway.smtp.gate import Gate
from gateway.smtp.listener import Refusal
from gateway.smtp.nexthop import NextHopError, Session
from gateway.smtp.transaction import Transaction
from gateway.smtp.wire import WireMessage

_OFFERED_WHEN_THE_NEXT_HOP_DOES = (b"8BITMIME", b"SMTPUTF8", b"DSN")
"""EHLO keywords whose parameters pass through as they stand."""

_ADDED_BYTES = 1024
"""Room for our header fields in the SIZE we pass on (rfc1870#3)."""


class Relay:
    """The backend of one connection (listener.Backend)."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._client = Client("")
        self._session: Session | None = None
        self._reverse_path: Path | None = None
        self._forward_paths: list[Path] = []

    def refusal(self, client: Client) -> Reply | None:
        """Why this client may not talk to this listener at all; None when it may."""
        return None if self._gate.trusts(client.ip) else replies.NOT_TRUSTED

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        """What both we and the next hop can do. Raises Refusal when the next hop was never heard and is not there."""
        try:
            known = await self._gate.hop.learn()
        except NextHopError as error:
            self._gate.hop_trouble(error)
            raise Refusal(replies.NEXT_HOP_DOWN) from error
        limit = min(filter(None, (self._gate.message_bytes, max(0, known.size - _ADDED_BYTES))))
        return b"SIZE %d" % limit, *(word for word in _OFFERED_WHEN_THE_NEXT_HOP_DOES if word in known)

    async def mail(self, path: Path, client: Client) -> Reply:
        self._client = client
        try:
            session = await self._gate.hop.session()
            reply = await self._mail_on(session, path)
        except NextHopError as error:
            return self._lost(error)
        if reply.is_positive:
            self._reverse_path = path
        else:
            await self._let_go()
        return reply

    async def _mail_on(self, session: Session, path: Path) -> Reply:
        """MAIL on this session; once more on a fresh one when a session from the pool proves dead."""
        from_pool = not session.is_fresh
        self._session = session
        try:
            return await session.mail(self._as_the_next_hop_wants(path, session))
        except NextHopError:
            if not from_pool:
                raise
        self._session = await self._gate.hop.fresh_session()
        return await self._session.mail(self._as_the_next_hop_wants(path, self._session))

    def _as_the_next_hop_wants(self, path: Path, session: Session) -> Path:
        """The parameters as they stand, but SIZE counts what we add, and goes only to who offers SIZE."""
        if b"SIZE" not in path.parameters.upper():
            return path
        words = []
        for word in path.parameters.split(b" "):
            keyword, _, value = word.partition(b"=")
            if keyword.upper() != b"SIZE":
                words.append(word)
            elif b"SIZE" in session.capabilities:
                words.append(b"SIZE=%d" % (int(value) + _ADDED_BYTES))
        return Path(path.address, b" ".join(words))

    async def rcpt(self, path: Path) -> Reply:
        if self._session is None:
            return replies.NEXT_HOP_UNREACHABLE
        try:
            reply = await self._session.rcpt(path)
        except NextHopError as error:
            return self._lost(error)
        if reply.is_positive:
            self._forward_paths.append(path)
        return reply

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Reply:
        if self._session is None or self._reverse_path is None:
            return replies.NEXT_HOP_UNREACHABLE
        envelope = Envelope(self._reverse_path, tuple(self._forward_paths), self._client)
        return await Transaction(self._gate, self._session, envelope, message, is_gone).run()

    async def reset(self) -> None:
        """The client begins anew, or has been answered."""
        self._reverse_path = None
        self._forward_paths.clear()
        await self._let_go()

    async def close(self) -> None:
        await self.reset()

    async def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await self._gate.hop.release(session)

    def _lost(self, error: NextHopError) -> Reply:
        """The next hop vanished before DATA: nothing of the message has left us, the client tries again."""
        self._gate.hop_trouble(error)
        if self._session is not None:
            self._session.abort()
            self._session = None
        return error.reply
