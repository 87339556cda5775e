"""The next hop of a listener: a small pool of sessions, and what the next hop can do.

A session waits in the pool for a few seconds only and is used again only when nothing speaks against it: still open,
no byte unasked for. A failure before DATA on a session from the pool is tried once more on a fresh one, because
nothing of the message has left us.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.mail.envelope import Client
from gateway.smtp.opening import open_session
from gateway.smtp.session import NextHopError, Session
from gateway.smtp.target import Capabilities, Target

log = logging.getLogger(__name__)

POOL_SECONDS = 2.0
"""How long an idle session is kept, as Postfix does; next hops drop idle sessions without a word."""
POOL_SIZE = 64
LEARN_SECONDS = 300.0
"""How long what the next hop can do is believed before it is asked again."""


class NextHop:
    """The next hop of a listener: opens sessions, keeps a few for the next message, remembers what it can do."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._idle: list[Session] = []
        self._is_swept = False
        self._known: Capabilities | None = None
        self._known_since = 0.0
        self._is_failing = False

    async def session(self, client: Client | None = None) -> Session:
        """A session ready for MAIL: one that waited, or a new one. Raises NextHopError."""
        if self.target.xclient:
            return await self.fresh_session(client)
        now = asyncio.get_running_loop().time()
        while self._idle:
            session = self._idle.pop()
            if session.is_usable and now - session.idle_since < POOL_SECONDS:
                return session
            session.leave()
        return await self.fresh_session(client)

    async def fresh_session(self, client: Client | None = None) -> Session:
        """A new session at the first address that answers. Raises NextHopError when none does."""
        return await self._at_any_address(lambda host, port: self._opened(host, port, client))

    async def _at_any_address(self, open_at: Callable[[str, int], Awaitable[Session]]) -> Session:
        trouble: NextHopError | None = None
        for host, port in self.target.addresses:
            try:
                session = await open_at(host, port)
            except NextHopError as error:
                trouble = error
                continue
            self._note_well(session)
            return session
        assert trouble is not None
        raise trouble

    async def _opened(self, host: str, port: int, client: Client | None) -> Session:
        session = Session(self.target, host)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.target.timeouts.connect):
                await loop.create_connection(lambda: session, host, port)
        except (OSError, TimeoutError) as error:
            raise NextHopError(f"no connection to {host}:{port}: {type(error).__name__}") from error
        try:
            await open_session(session, client)
        except NextHopError:
            session.abort()
            raise
        return session

    async def learn(self) -> Capabilities:
        """What the next hop can do: from memory, or by asking it now. Raises NextHopError."""
        now = asyncio.get_running_loop().time()
        if self._known is None or now - self._known_since > LEARN_SECONDS:
            try:
                self.give_back(await self.fresh_session())
            except NextHopError:
                if self._known is None:
                    raise
        assert self._known is not None
        return self._known

    def note_trouble(self, error: NextHopError) -> None:
        """Say in the log that the next hop fails: once when it begins, not per message."""
        if not self._is_failing:
            self._is_failing = True
            log.error("next hop %s: %s; clients hear 4xx and keep their messages", self.target, error)

    def _note_well(self, session: Session) -> None:
        self._known = session.capabilities
        self._known_since = asyncio.get_running_loop().time()
        if self._is_failing:
            self._is_failing = False
            log.warning("next hop %s answers again", self.target)

    async def release(self, session: Session) -> None:
        """A transaction is over, finished or not; keep the session for the next one when it can be made clean.

        A session that is lent belongs to who still waits for its answer.
        """
        if session.is_lent:
            return
        if session.in_transaction and session.is_usable:
            try:
                is_clean = (await session.reset()).is_positive
            except NextHopError:
                is_clean = False
            if not is_clean:
                session.abort()
                return
        self.give_back(session)

    def give_back(self, session: Session) -> None:
        """Keep a clean session for a few seconds; drop any other, and those that stand for one client only."""
        if self.target.xclient and session.is_usable:
            session.leave()
            return
        if session.in_transaction or not session.is_usable or len(self._idle) >= POOL_SIZE:
            session.abort()
            return
        session.idle_since = asyncio.get_running_loop().time()
        self._idle.append(session)
        if not self._is_swept:
            self._is_swept = True
            asyncio.get_running_loop().call_later(POOL_SECONDS, self._drop_stale)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().leave()

    def _drop_stale(self) -> None:
        """Say goodbye to sessions that waited too long, so that the next hop's slots are free again."""
        loop = asyncio.get_running_loop()
        stale = [session for session in self._idle if loop.time() - session.idle_since >= POOL_SECONDS]
        self._idle = [session for session in self._idle if session not in stale]
        for session in stale:
            session.leave()
        self._is_swept = bool(self._idle)
        if self._is_swept:
            longest = min(session.idle_since for session in self._idle)
            loop.call_at(longest + POOL_SECONDS, self._drop_stale)
