"""The story of one message between two dialogues: taken from the client, inspected, carried out, recorded, answered.

    relay        the message goes on byte for byte under our two header fields; the client hears the next hop's reply
    block        it never goes on; the sender gets a bounce through the same next hop, or the client hears 550
    defer        4xx, and the client keeps the message
    the event    is durable before the client hears anything

So 250 is never ours to give: it is the next hop's, for the message or for the bounce (promise 1, rfc5321#4.2.5).
Whatever goes wrong on our side, in inspection, notice or record, is a 4xx: it never fails open (promise 2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from gateway.audit import AuditError, Event, recorded_findings
from gateway.audit.event import danish_time
from gateway.audit.release import Release
from gateway.faults import told
from gateway.inspect import Inspection
from gateway.mail import reply as replies
from gateway.mail.address import Address
from gateway.mail.envelope import Envelope, Path
from gateway.mail.message import Message, header_fits
from gateway.mail.reply import Reply
from gateway.notice import Facts, Notice, build_bounce, build_notification, reply_line
from gateway.notice.leaders import Report, Stopped, build_alert
from gateway.policy.verdict import Action, FollowUp, Severity, Verdict
from gateway.smtp.case import Case
from gateway.smtp.gate import Gate
from gateway.smtp.session import NextHopError, Session
from gateway.smtp.wire import WireMessage

log = logging.getLogger(__name__)

NULL_PATH = Path(Address(b""))
SEEN_TOO_OFTEN = 3
"""A body that has passed us three times goes round in circles; once or twice happens, when a list sends it back."""


class ClientGone(ConnectionError):
    """The client vanished before our final dot: it keeps the message and will come again, so nobody else gets it."""


class Transaction:
    """One message whose envelope the next hop has accepted on `session`."""

    def __init__(
        self,
        gate: Gate,
        session: Session,
        envelope: Envelope,
        message: WireMessage,
        case_id: str,
        is_gone: Callable[[], bool],
    ) -> None:
        self._gate = gate
        self._session = session
        self._envelope = envelope
        self._message = message
        self._is_gone = is_gone
        self._rejected_for: tuple[Reply, frozenset[Address]] | None = None
        self._case = Case(case_id, gate.now(), envelope, message.size, next_hop_tls=session.tls)

    async def run(self) -> Sequence[Reply]:
        """Carry the message to its end. A reply for each recipient, in order; the event is durable by then."""
        with self._gate.store.expecting(), self._session.within(self._gate.total_seconds):
            reply = await self._answer()
        reply = await self._recorded(reply)
        if not reply.is_temporary:
            self._alert_leaders()
        if self._rejected_for is None or not reply.is_positive:
            return [reply] * len(self._envelope.forward_paths)
        rejection, addresses = self._rejected_for
        return [rejection if address in addresses else reply for address in self._envelope.recipients]

    async def _answer(self) -> Reply:
        """Inspect and carry out; every failure of ours or of the next hop is a reply that makes the client keep it."""
        try:
            return await self._inspected_and_carried_out()
        except NextHopError as error:
            self._gate.hop.note_trouble(error)
            self._case.in_doubt = error.message_sent
            return error.reply
        except AuditError:
            return replies.LATER
        except ClientGone:
            self._case.refusal = "the client left before the message was given on"
            return replies.LATER
        except TimeoutError:
            log.error("case %s: not inspected in time", self._case.id)
            return replies.NOT_INSPECTED
        except Exception as error:
            log.error("case %s ended in an error of ours: %s", self._case.id, told(error))
            return replies.LATER

    async def _inspected_and_carried_out(self) -> Reply:
        content = self._message.content
        if not self._gate.answers.is_empty:
            known = self._gate.answers.recall(self._gate.answers.identity(self._envelope, content))
            if known is not None:
                self._case.is_repeat = True
                return known
        if refusal := self._refused_for_its_header(content):
            return refusal
        message = Message(content)
        if refusal := self._refused_for_its_form(message):
            return refusal
        begin = self._gate.clock()
        inspection = await self._gate.desk.inspect(message, self._envelope, self._gate.role)
        self._case.inspection = inspection
        begin = self._case.took("inspect", begin, self._gate.clock())
        await self._record_works()
        reply = await self._carried_out(inspection, content)
        self._case.took("carry out", begin, self._gate.clock())
        return reply

    def _refused_for_its_header(self, content: bytes) -> Reply | None:
        limit = self._gate.header_bytes
        if not header_fits(content, limit):
            self._case.refusal = "header too large"
            return replies.HEADER_TOO_BIG.filled(limit=limit)
        return None

    def _refused_for_its_form(self, message: Message) -> Reply | None:
        """What no policy need judge: a message two servers would read differently, or one that goes in circles."""
        if self._message.has_doubtful_end:
            self._case.refusal = "a lone dot between bare line ends"
            return replies.BARE_LINE_END
        if message.received_count > self._gate.hops:  # rfc5321#6.3
            self._case.refusal = "too many hops"
            return replies.TOO_MANY_HOPS
        if self._gate.tracer.times_seen(message) >= SEEN_TOO_OFTEN:
            self._case.refusal = "loop"
            return replies.TOO_MANY_HOPS
        return None

    async def _carried_out(self, inspection: Inspection, content: bytes) -> Reply:
        verdict = inspection.verdict
        if self._gate.monitor:
            return await self._relayed(content)
        if verdict.action is Action.RELAY:
            reply = await self._relayed(content)
            if reply.is_positive and verdict.follow_up is FollowUp.NOTIFY:
                await self._notified(inspection)
            return reply
        if verdict.action is Action.DEFER:
            return replies.LATER
        holder = ""
        for release in await self._releases(verdict):
            holder = holder or self._gate.answers.identity(self._envelope, content).hex()
            if await asyncio.to_thread(self._gate.store.claim, release, holder, self._case.taken_at):
                return await self._relayed_once(release, holder, content)
        if verdict.follow_up is FollowUp.BOUNCE:
            return await self._bounced(inspection, content)
        if self._gate.answers_each and verdict.relayed_to:
            return await self._split_by_replies(inspection, content)
        return self._rejected(inspection)

    async def _releases(self, verdict: Verdict) -> list[Release]:
        """Leaves, given by a person, to send exactly these values once more (`postvagt release`)."""
        if verdict.unreadable or not self._gate.desk.policy.owns(self._envelope.sender):
            return []
        now, key = self._case.taken_at, self._gate.record_key
        releases = await asyncio.to_thread(self._gate.store.open_releases, self._envelope.sender, now)
        if not releases:
            return []
        values = {value for found in recorded_findings(verdict.findings, key) for value in found.identities}
        return [release for release in releases if release.covers(values)]

    async def _relayed_once(self, release: Release, holder: str, content: bytes) -> Reply:
        """By a release that this message has claimed: used when the next hop says yes, its own while that is in doubt,
        given back otherwise."""
        case = self._case
        case.release = release.id
        is_in_doubt = False
        try:
            reply = await self._relayed(content)
            case.is_release_used = reply.is_positive
        except NextHopError as error:
            is_in_doubt = error.message_sent
            raise
        finally:
            if not case.is_release_used and not is_in_doubt:
                await asyncio.to_thread(self._gate.store.give_back, release, holder)
        return reply

    async def _split_by_replies(self, inspection: Inspection, content: bytes) -> Reply:
        """LMTP can say yes to some and no to others, so nobody need be bounced to (rfc2033#4.2)."""
        self._rejected_for = self._rejected(inspection), frozenset(inspection.verdict.stopped_for)
        await self._readdressed(inspection.verdict.relayed_to)
        return await self._relayed(content)

    async def _record_works(self) -> None:
        """While the record fails, nothing is given on: the client would hear 451 all the same, and each of its tries
        would be delivered once more. A small event is tried first, to notice when the record works again."""
        if self._gate.health.record_fails:
            probe = Event(self._gate.new_case_id(), self._gate.now(), kind="resumed", node=self._gate.node)
            await self._gate.store.append(probe)
            self._gate.health.record_fails = False

    # Relay

    async def _relayed(self, content: bytes) -> Reply:
        """Give the message on. The reply is the next hop's own."""
        if self._is_gone():
            raise ClientGone
        client, case = self._envelope.client, self._case
        utf8 = b"SMTPUTF8" in self._envelope.reverse_path.parameters.upper()
        added = self._gate.tracer.fields(content, client, case.id, case.taken_at, utf8=utf8)
        try:
            reply = self._heard(await self._session.data(added, self._message))
        except NextHopError as error:
            if error.message_sent and self._session.is_usable:
                self._session.is_lent = True
                self._gate.spawn(self._hear_late_reply(self._session, content))
            raise
        if reply.is_positive and self._is_gone():
            self._remember(content, reply)
        return reply

    def _heard(self, reply: Reply) -> Reply:
        """The next hop's reply as our client may hear it."""
        self._case.next_hop_reply = reply
        return passed_on(reply)

    async def _hear_late_reply(self, session: Session, content: bytes) -> None:
        """The client has heard 451 by now. If the next hop says yes after all, its next try is answered yes."""
        try:
            reply = await session.late_reply(self._gate.answers.seconds)
        except NextHopError:
            return
        if reply.is_positive:
            self._remember(content, reply)

    def _remember(self, content: bytes, reply: Reply) -> None:
        """One reply is remembered for all recipients, so never where some of them were refused (LMTP)."""
        if self._rejected_for is None:
            self._gate.answers.remember(self._gate.answers.identity(self._envelope, content), reply)

    async def _notified(self, inspection: Inspection) -> None:
        """Tell the sender what could not be read. The message is safe by now, so a failure here changes nothing."""
        notice = build_notification(self._facts(inspection), self._gate.wording)
        try:
            told = await self._sent(notice)
        except NextHopError as error:
            self._gate.hop.note_trouble(error)
            return
        if told.is_positive:
            self._case.follow_up = FollowUp.NOTIFY.value
            self._case.notice_id = notice.message_id

    # Block

    async def _bounced(self, inspection: Inspection, content: bytes) -> Reply:
        """Tell the sender first, then relay to those the message may lawfully reach (`split`), if any."""
        notice = build_bounce(self._facts(inspection), self._gate.wording)
        told = self._heard(await self._sent(notice))
        if told.is_temporary:
            return told
        if not told.is_positive:
            return self._rejected(inspection)
        self._case.follow_up = FollowUp.BOUNCE.value
        self._case.notice_id = notice.message_id
        lawful = inspection.verdict.relayed_to
        if not lawful:
            return replies.STOPPED.filled(case_id=self._case.id)
        await self._readdressed(lawful)
        return await self._relayed(content)

    async def _sent(self, notice: Notice) -> Reply:
        """Hand the notice to the next hop, reverse-path null (rfc3464#2). Its first refusal, or its last reply."""
        session = self._session
        if notice.needs_smtputf8 and b"SMTPUTF8" not in session.capabilities:
            return replies.NEEDS_SMTPUTF8
        await self._started_anew()
        eight_bit = not notice.content.isascii() and b"8BITMIME" in session.capabilities
        words = [b"BODY=8BITMIME"] * eight_bit + [b"SMTPUTF8"] * notice.needs_smtputf8
        reply = await session.mail(Path(NULL_PATH.address, b" ".join(words)))
        if reply.is_positive:
            reply = await session.rcpt(Path(notice.recipient))
        if reply.is_positive:
            reply = await session.data(b"", WireMessage.of(notice.content))
        return reply

    async def _readdressed(self, recipients: Iterable[Address]) -> None:
        """The same envelope for fewer recipients. All were accepted a moment ago; if one is not now, we try later."""
        wanted = {address.raw for address in recipients}
        await self._started_anew()
        answers = [await self._session.mail(self._envelope.reverse_path)]
        for path in self._envelope.forward_paths:
            if path.address.raw in wanted:
                answers.append(await self._session.rcpt(path))
        if not all(answer.is_positive for answer in answers):
            raise NextHopError("it refused an envelope that it had accepted")

    async def _started_anew(self) -> None:
        if self._session.in_transaction and not (await self._session.reset()).is_positive:
            raise NextHopError("it refused RSET")

    def _rejected(self, inspection: Inspection) -> Reply:
        self._case.follow_up = FollowUp.REJECT.value
        return replies.REFUSED._replace(text=reply_line(self._facts(inspection), self._gate.wording))

    def _facts(self, inspection: Inspection) -> Facts:
        case, policy, message = self._case, self._gate.desk.policy, inspection.message
        return Facts(
            verdict=inspection.verdict,
            sender=self._envelope.sender,
            case_id=case.id,
            time=danish_time(case.taken_at),
            host=self._gate.tracer.hostname,
            organisation=policy.organisation,
            message_id=f"<{case.id}@{self._gate.tracer.hostname}>",
            boundary=f"=_postvagt_{case.id}",
            original_message_id=message.message_id.decode("ascii", "replace"),
            original_subject=message.subject,
            envelope=self._envelope,
        )

    # Leaders

    def _alert_leaders(self) -> None:
        """A case of the highest severity is told to leaders at once, beside the answer that the client waits for."""
        inspection = self._case.inspection
        if inspection is None or inspection.verdict.severity is not Severity.HIGH:
            return
        if addresses := self._gate.desk.policy.organisation.alert_to:
            self._gate.spawn(self._alerted(inspection, [Address.of(str(address)) for address in addresses]))

    async def _alerted(self, inspection: Inspection, addresses: Iterable[Address]) -> None:
        """One letter to each, on sessions of their own: the client's transaction is over by then."""
        for number, address in enumerate(addresses, 1):
            try:
                self._session = await self._gate.hop.session()
                told_them = await self._sent(self._alert(inspection, address, number))
                await self._gate.hop.release(self._session)
            except NextHopError as error:
                self._gate.hop.note_trouble(error)
                return
            if not told_them.is_positive:
                log.error("case %s: a leader was not told, the next hop answered %d", self._case.id, told_them.code)

    def _alert(self, inspection: Inspection, address: Address, number: int) -> Notice:
        case, host, at = self._case, self._gate.tracer.hostname, danish_time(self._case.taken_at)
        report = Report(
            to=address,
            organisation=self._gate.desk.policy.organisation,
            time=at,
            day=at.date(),
            host=host,
            message_id=f"<{case.id}.{number}@{host}>",
            boundary=f"=_postvagt_{case.id}",
            cases=(Stopped.of(self._facts(inspection), delivered=self._gate.monitor),),
        )
        return build_alert(report, self._gate.wording)

    # Record

    async def _recorded(self, reply: Reply) -> Reply:
        """The event, durable. Without it nobody hears yes or no: the client keeps the message and tries again."""
        try:
            await self._gate.store.append(self._case.event(self._gate, reply))
        except AuditError as error:
            self._gate.health.record_fails = True
            log.error("case %s could not be recorded (%s); the client hears 4xx", self._case.id, told(error))
            if reply.is_positive:
                self._remember(self._message.content, reply)
            return replies.LATER
        return reply


def passed_on(reply: Reply) -> Reply:
    """A next hop's reply as our client may hear it: 421 would tell it that our own line closes (rfc5321#3.8)."""
    return reply._replace(code=451) if reply.code == 421 else reply
