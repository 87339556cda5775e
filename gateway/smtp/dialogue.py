"""What a client may say and what it hears: the verbs of SMTP and LMTP, one method each.

Knows the state of one dialogue (greeted, MAIL given, recipients taken) and nothing of sockets: the line is the
listener's, what is done with a message is the backend's.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from gateway.mail import reply as replies
from gateway.mail.envelope import Client, Path
from gateway.mail.reply import Reply
from gateway.smtp import forwarded
from gateway.smtp.commands import Malformed, parameters_of, parse_command, parse_path
from gateway.smtp.wire import LineTooLong, MessageTooBig, WireMessage


class Refusal(Exception):
    """A command cannot be obeyed; the reply says why. 421 ends the dialogue."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.code))
        self.reply = reply


class Line(Protocol):
    """The connection as the dialogue needs it. Every read may end in ConnectionGone."""

    def say(self, reply: Reply) -> None: ...

    async def flush(self) -> None: ...

    async def read_line(self) -> bytes: ...

    async def read_message(self) -> WireMessage: ...

    async def read_chunk(self, size: int) -> bytes: ...

    async def swallow(self, size: int) -> None: ...

    async def start_tls(self, ready: Reply) -> str:
        """Say that we are ready, then switch to TLS; what it is now, in words for the record."""

    def message_done(self) -> None:
        """The message has been answered: it is no longer in flight."""

    @property
    def is_gone(self) -> bool: ...


class Backend(Protocol):
    """What stands behind one connection: a relay to the next hop, or the embedded outbox."""

    def refusal(self, client: Client) -> Reply | None:
        """Why this client may not talk here at all; None when it may."""

    async def hello(self, client: Client) -> tuple[bytes, ...]:
        """EHLO keywords that what lies behind us can honour, beside our own. May raise Refusal."""

    async def log_in(self, user: str, password: str, client: Client) -> Reply:
        """Whether these credentials are good: 235, or the refusal. They are forgotten at once."""

    async def mail(self, path: Path, client: Client) -> Reply: ...

    async def rcpt(self, path: Path) -> Reply: ...

    async def data(self, message: WireMessage, is_gone: Callable[[], bool]) -> Sequence[Reply]:
        """Take responsibility for the message, or say why not: a reply for each accepted recipient, in order."""

    async def reset(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a listener offers and where its patience ends; each bound has a reply of its own."""

    hostname: str
    message_bytes: int = 52_428_800
    command_bytes: int = 4096
    recipients: int = 1000
    commands: int = 5000
    bad_commands: int = 20
    offers_tls: bool = False
    is_lmtp: bool = False
    needs_login: bool = False
    takes_xforward: bool = False


Answer = Reply | Sequence[Reply] | None
"""What a verb ends in: a reply, several (LMTP after the dot), or none because it has been said."""


class Dialogue:
    """One client's dialogue, from its greeting to QUIT."""

    def __init__(self, line: Line, backend: Backend, terms: Terms, client: Client) -> None:
        self._line = line
        self._backend = backend
        self._terms = terms
        self.client = client
        self._forwarded: Client | None = None
        self._user = ""
        self._has_mail = False
        self._recipients = 0
        self._chunks = bytearray()
        self._in_chunks = False
        self._commands = 0
        self._bad_commands = 0
        self.is_over = False

    def greet(self) -> None:
        refusal = self._backend.refusal(self.client)
        self._line.say(refusal or replies.GREETING.filled(hostname=self._terms.hostname))
        self.is_over = refusal is not None

    async def obey(self, line: bytes) -> Answer:
        """One command, without its line end. Raises nothing but ConnectionGone and errors of ours."""
        self._commands += 1
        if self._commands >= self._terms.commands:
            self.is_over = True
            return replies.TOO_MANY_COMMANDS
        command = parse_command(line)
        method = self._VERBS.get(command.verb)
        if method is None:
            return self.bad_command(replies.BAD_SYNTAX)
        try:
            return await method(self, command.argument)
        except Refusal as refusal:
            self.is_over = refusal.reply.code == 421
            return refusal.reply

    def bad_command(self, reply: Reply) -> Reply:
        """The reply to rubbish; after too much of it the dialogue is over."""
        self._bad_commands += 1
        if self._bad_commands <= self._terms.bad_commands:
            return reply
        self.is_over = True
        return replies.TOO_MANY_BAD_COMMANDS

    async def forget_message(self) -> None:
        """Back to where MAIL may come (rfc5321#4.1.1.5)."""
        self._has_mail = self._in_chunks = False
        self._recipients = 0
        self._chunks.clear()
        self._forwarded = None
        self._line.message_done()
        await self._backend.reset()

    async def close(self) -> None:
        self._chunks.clear()
        await self._backend.close()

    # Who is there

    async def _helo(self, name: bytes) -> Answer:
        if self._terms.is_lmtp:
            return replies.BAD_SYNTAX  # rfc2033#4.1: HELO and EHLO are not for LMTP
        if not name:
            return replies.BAD_ARGUMENTS.filled(syntax="HELO hostname")
        await self._introduced(name, esmtp=False)
        await self._backend.hello(self.client)
        return replies.HELLO.filled(hostname=self._terms.hostname)

    async def _ehlo(self, name: bytes) -> Answer:
        return replies.BAD_SYNTAX if self._terms.is_lmtp else await self._extended_hello(name, "EHLO")

    async def _lhlo(self, name: bytes) -> Answer:
        return await self._extended_hello(name, "LHLO") if self._terms.is_lmtp else self.bad_command(replies.BAD_SYNTAX)

    async def _extended_hello(self, name: bytes, verb: str) -> Reply:
        if not name:
            return replies.BAD_ARGUMENTS.filled(syntax=f"{verb} hostname")
        await self._introduced(name, esmtp=True)
        keywords = [b"PIPELINING", b"ENHANCEDSTATUSCODES", *await self._backend.hello(self.client)]
        if self._terms.offers_tls and not self.client.tls:
            keywords.append(b"STARTTLS")
        if self._terms.needs_login and self.client.tls:  # rfc4954#4: never where a password would go in clear
            keywords.append(b"AUTH PLAIN LOGIN")
        if self._terms.takes_xforward:
            keywords.append(b"XFORWARD " + forwarded.XFORWARD_ATTRIBUTES)
        lines = [self._terms.hostname, *(word.decode("ascii", "replace") for word in keywords)]
        return Reply(250, "", "\n".join(lines))

    async def _introduced(self, name: bytes, *, esmtp: bool) -> None:
        await self.forget_message()
        self.client = replace(self.client, helo=name.decode("ascii", "replace"), esmtp=esmtp)

    async def _starttls(self, argument: bytes) -> Answer:
        """Switch to TLS and forget all that was said before, also what the client pipelined (rfc3207#4.2)."""
        if argument:
            return replies.BAD_ARGUMENTS.filled(syntax="STARTTLS")
        if not self._terms.offers_tls or self.client.tls:
            return replies.TLS_NOT_AVAILABLE
        await self.forget_message()
        tls = await self._line.start_tls(replies.READY_FOR_TLS)
        self.client = Client(self.client.ip, self.client.port, tls=tls)
        return None

    async def _auth(self, argument: bytes) -> Answer:
        """AUTH PLAIN and LOGIN, checked by the next hop (rfc4954)."""
        if not self._terms.needs_login:
            return self.bad_command(replies.NOT_IMPLEMENTED)
        if not self.client.tls:
            return replies.TLS_FIRST
        if self._user or self._has_mail:
            return replies.BAD_SEQUENCE.filled(what="Nothing may come before AUTH, and AUTH only once; RSET")
        mechanism, _, initial = argument.partition(b" ")
        if mechanism.upper() not in (b"PLAIN", b"LOGIN"):
            return replies.UNKNOWN_MECHANISM
        try:
            user, password = await self._credentials(mechanism.upper(), initial.strip(b" "))
        except (ValueError, UnicodeDecodeError, LineTooLong):
            return replies.BAD_CREDENTIALS_FORM
        reply = await self._backend.log_in(user, password, self.client)
        if reply.is_positive:
            self._user = user
            self.client = replace(self.client, user=user)
            return reply
        return self.bad_command(reply)  # passwords are not to be guessed for ever

    async def _credentials(self, mechanism: bytes, initial: bytes) -> tuple[str, str]:
        """User and password as the mechanism brings them. Raises ValueError when they are none, or `*` (rfc4954#4)."""
        if mechanism == b"PLAIN":
            blob = _unbase64(initial) if initial else await self._challenged("")
            _, user, password = blob.split(b"\0")
        else:
            user = _unbase64(initial) if initial else await self._challenged("Username:")
            password = await self._challenged("Password:")
        if not user:
            raise ValueError("no user")
        return user.decode(), password.decode()

    async def _challenged(self, prompt: str) -> bytes:
        self._line.say(Reply(334, "", b64encode(prompt.encode()).decode()))
        await self._line.flush()
        return _unbase64((await self._line.read_line()).rstrip(b"\r\n"))

    async def _xforward(self, argument: bytes) -> Answer:
        """The real client, named by a trusted one; holds for the next transaction (Postfix XFORWARD_README)."""
        if not self._terms.takes_xforward:
            return self.bad_command(replies.BAD_SYNTAX)
        if self._has_mail:
            return replies.BAD_SEQUENCE.filled(what="RSET or DATA")
        try:
            self._forwarded = forwarded.taken(self._forwarded or self.client, argument)
        except forwarded.BadAttribute:
            return replies.BAD_ARGUMENTS.filled(syntax="XFORWARD attribute=value")
        return replies.OK

    # The envelope

    async def _mail(self, argument: bytes) -> Answer:
        if not self.client.helo:
            return replies.BAD_SEQUENCE.filled(what="LHLO" if self._terms.is_lmtp else "HELO or EHLO")
        if self._terms.needs_login and not self._user:
            return replies.LOGIN_FIRST
        if self._has_mail:
            return replies.BAD_SEQUENCE.filled(what="RSET or DATA")
        try:
            path = parse_path(argument, b"FROM:")
        except Malformed as error:
            return error.reply
        size = parameters_of(path).get(b"SIZE")
        if size is not None and not (size.isdigit() and len(size) <= 20):
            return replies.BAD_ARGUMENTS.filled(syntax="MAIL FROM:<address> [SIZE=bytes]")
        if size and int(size) > self._terms.message_bytes:  # rfc1870#6.1
            return replies.TOO_BIG.filled(limit=self._terms.message_bytes)
        reply = await self._backend.mail(path, self._forwarded or self.client)
        self._has_mail = reply.is_positive
        return reply

    async def _rcpt(self, argument: bytes) -> Answer:
        if not self._has_mail or self._in_chunks:
            return replies.BAD_SEQUENCE.filled(what="MAIL")
        try:
            path = parse_path(argument, b"TO:")
        except Malformed as error:
            return error.reply
        if path.address.is_null:
            return replies.BAD_ADDRESS
        if self._recipients >= self._terms.recipients:
            return replies.TOO_MANY_RECIPIENTS  # rfc5321#4.5.3.1.10
        reply = await self._backend.rcpt(path)
        self._recipients += reply.is_positive
        return reply

    # The message

    async def _data(self, argument: bytes) -> Answer:
        if argument:
            return replies.BAD_ARGUMENTS.filled(syntax="DATA")
        if not self._recipients or self._in_chunks:
            return replies.BAD_SEQUENCE.filled(what="RCPT" if self._has_mail else "MAIL")
        self._line.say(replies.GO_AHEAD)
        await self._line.flush()
        try:
            message = await self._line.read_message()
        except MessageTooBig:
            recipients = self._recipients
            await self.forget_message()
            return self._to_each(replies.TOO_BIG.filled(limit=self._terms.message_bytes), recipients)
        return await self._taken(message)

    async def _bdat(self, argument: bytes) -> Answer:
        """One chunk (rfc3030#2). Its bytes are read whatever we think of it, or they would be taken for commands."""
        words = argument.split()
        if not words or not words[0].isdigit() or len(words[0]) > 12 or words[1:] not in ([], [b"LAST"], [b"last"]):
            self.is_over = True  # nobody knows where the chunk ends
            return replies.BAD_ARGUMENTS.filled(syntax="BDAT size [LAST]")
        size, is_last = int(words[0]), len(words) > 1
        if not self._recipients or len(self._chunks) + size > self._terms.message_bytes:
            return await self._refused_chunk(size)
        self._in_chunks = True
        self._chunks += await self._line.read_chunk(size)
        if not is_last:
            return replies.OK
        message = WireMessage.of_chunks(bytes(self._chunks))
        self._chunks.clear()
        return await self._taken(message)

    async def _refused_chunk(self, size: int) -> Reply:
        await self._line.swallow(size)
        if not self._recipients:
            return replies.BAD_SEQUENCE.filled(what="RCPT" if self._has_mail else "MAIL")
        await self.forget_message()
        return replies.TOO_BIG.filled(limit=self._terms.message_bytes)

    async def _taken(self, message: WireMessage) -> Answer:
        recipients = self._recipients
        self._commands = 0
        try:
            answers = await self._backend.data(message, lambda: self._line.is_gone)
        finally:
            await self.forget_message()
        if self._terms.is_lmtp:
            assert len(answers) == recipients
            return answers  # rfc2033#4.2: a reply for each recipient that was accepted
        return answers[0]

    def _to_each(self, reply: Reply, recipients: int) -> Answer:
        return [reply] * recipients if self._terms.is_lmtp else reply

    # The rest

    async def _rset(self, _argument: bytes) -> Answer:
        await self.forget_message()
        return replies.OK

    async def _noop(self, _argument: bytes) -> Answer:
        return replies.OK

    async def _vrfy(self, _argument: bytes) -> Answer:
        return replies.CANNOT_VERIFY  # rfc5321#3.5.3

    async def _help(self, _argument: bytes) -> Answer:
        return replies.HELP

    async def _quit(self, _argument: bytes) -> Answer:
        self.is_over = True
        return replies.BYE

    _VERBS: ClassVar[dict[bytes, Callable[[Dialogue, bytes], Awaitable[Answer]]]] = {
        b"HELO": _helo,
        b"EHLO": _ehlo,
        b"LHLO": _lhlo,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"BDAT": _bdat,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"QUIT": _quit,
        b"VRFY": _vrfy,
        b"HELP": _help,
        b"AUTH": _auth,
        b"STARTTLS": _starttls,
        b"XFORWARD": _xforward,
    }


def _unbase64(text: bytes) -> bytes:
    """The bytes; ValueError for anything that is no base64, `*` among it. `=` is the empty string (rfc4954#4)."""
    if text == b"=":
        return b""
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
