"""Behind a client's dialogue: the next hop, heard live. MAIL and RCPT go to it as they come and its replies come back.

So every refusal of a recipient happens where SMTP can express it, and after DATA one answer is left to give
(rfc5321#3.3). The message itself is the transaction's business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Envelope, Path
from gateway.mail.reply import Reply
from gateway.smtp.commands import parameters_of
from gateway.smtp.dialogue import Refusal
from gateway.smtp.gate import Gate
from gateway.smtp.opening import log_in
from gateway.smtp.session import NextHopError, Session
from gateway.smtp.transaction import Transaction, passed_on
from gateway.smtp.wire import WireMessage

_OFFERED_WHEN_THE_NEXT_HOP_DOES = (b"8BITMIME", b"SMTPUTF8", b"DSN", b"CHUNKING")
"""EHLO keywords whose parameters pass through as they stand. REQUIRETLS is not among them: we cannot vouch for it."""

_EXTENSIONS = {b"BODY": b"8BITMIME", b"SMTPUTF8": b"SMTPUTF8", b"RET": b"DSN", b"ENVID": b"DSN"}
"""What a next hop must offer to take a parameter of MAIL."""

_ADDED_BYTES = 1024
"""Room for our header fields in the SIZE we pass on (rfc1870#3)."""


class Relay:
    """The backend of one connection (listener.Backend)."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._client = Client("")
        self._case_id = ""
        self._session: Session | None = None
        self._own_session: Session | None = None
        self._reverse_path: Path | None = None
        self._forward_paths: list[Path] = []
        self._offered: tuple[bytes, ...] = ()

    def refusal(self, client: Client) -> Reply | None:
        """Why this client may not talk to this listener at all; None when it may."""
        return None if self._gate.trusts(client.ip) else replies.NOT_TRUSTED

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        """What both we and the next hop can do. Raises Refusal when the next hop was never heard and is not there."""
        try:
            known = await self._gate.hop.learn()
        except NextHopError as error:
            self._gate.hop.note_trouble(error)
            raise Refusal(replies.NEXT_HOP_DOWN) from error
        limit = min(filter(None, (self._gate.message_bytes, max(0, known.size - _ADDED_BYTES))))
        self._offered = tuple(word for word in _OFFERED_WHEN_THE_NEXT_HOP_DOES if word in known)
        return b"SIZE %d" % limit, *self._offered

    async def log_in(self, user: str, password: str, client: Client) -> Reply:
        """Ask the next hop, on a session that stays this client's own and never enters the pool."""
        try:
            session = await self._gate.hop.fresh_session(client)
            reply = await log_in(session, user, password)
        except NextHopError as error:
            self._gate.hop.note_trouble(error)
            return replies.LOGIN_NOT_CHECKED
        if reply.code != 235:
            session.leave()
            return replies.BAD_CREDENTIALS if not reply.is_temporary else replies.LOGIN_NOT_CHECKED
        self._own_session = session
        return replies.LOGGED_IN

    async def mail(self, path: Path, client: Client) -> Reply:
        self._client, self._case_id = client, self._gate.new_case_id()
        try:
            reply = await self._mail_on(await self._ready_session(client), path)
        except NextHopError as error:
            return self._lost(error)
        if reply.is_positive:
            self._reverse_path = path
        else:
            await self._let_go()
        return passed_on(reply)

    async def _ready_session(self, client: Client) -> Session:
        """The client's own session when it logged in, else any. Lost, it cannot be replaced: we kept no password."""
        if self._own_session is None:
            return await self._gate.hop.session(client)
        if not self._own_session.is_usable:
            raise Refusal(replies.NEXT_HOP_DOWN)
        return self._own_session

    async def _mail_on(self, session: Session, path: Path) -> Reply:
        """MAIL on this session; once more on a fresh one when a session from the pool proves dead."""
        may_repeat = not session.is_fresh and session is not self._own_session
        self._session = session
        try:
            reply = await self._first_words(session, path)
            if reply.code == 421 and may_repeat:
                raise NextHopError("it closed a session that had waited")
            return reply
        except NextHopError:
            if not may_repeat:
                raise
            session.abort()
        self._session = await self._gate.hop.fresh_session(self._client)
        return await self._first_words(self._session, path)

    async def _first_words(self, session: Session, path: Path) -> Reply:
        return await session.mail(self._as_the_next_hop_wants(path, session), self._client, self._case_id)

    def _as_the_next_hop_wants(self, path: Path, session: Session) -> Path:
        """The parameters as they stand, but SIZE counts what we add, and goes only to who offers SIZE.

        Raises NextHopError when it can no longer do what we offered in its name: it would refuse that for good.
        """
        if not path.parameters:
            return path
        used = {_EXTENSIONS.get(keyword) for keyword in parameters_of(path)}
        if any(word in used and word not in session.capabilities for word in self._offered):
            raise NextHopError("it can do less than it said before")
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
        return passed_on(reply)

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Sequence[Reply]:
        if self._session is None or self._reverse_path is None:
            return [replies.NEXT_HOP_UNREACHABLE] * len(self._forward_paths)
        envelope = Envelope(self._reverse_path, tuple(self._forward_paths), self._client)
        return await Transaction(self._gate, self._session, envelope, message, self._case_id, is_gone).run()

    async def reset(self) -> None:
        """The client begins anew, or has been answered."""
        self._reverse_path = None
        self._forward_paths.clear()
        await self._let_go()

    async def close(self) -> None:
        await self.reset()
        if self._own_session is not None:
            self._own_session.leave()

    async def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        if session is not self._own_session:
            await self._gate.hop.release(session)
        elif session.in_transaction and session.is_usable:
            with contextlib.suppress(NextHopError):  # found out again, and told, by the next MAIL
                await session.reset()

    def _lost(self, error: NextHopError) -> Reply:
        """The next hop vanished before DATA: nothing of the message has left us, the client tries again."""
        self._gate.hop.note_trouble(error)
        if self._session is not None:
            self._session.abort()
            self._session = None
        return error.reply
