"""One message on its way through us: what is known of it so far, and the event it ends as."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit import Event, recorded_findings, recorded_recipient, recorded_sender, recorded_unreadable
from gateway.audit.event import Recipient
from gateway.inspect import Inspection
from gateway.mail.address import LONGEST, masked_numbers
from gateway.mail.envelope import Envelope
from gateway.mail.reply import Reply
from gateway.policy.verdict import Action
from gateway.smtp.gate import Gate

_RECORDED_REPLY = 160
"""Characters of a next hop's reply kept in the record: enough for its queue id, too few for a story."""
_CODES = re.compile(r"[2-5][0-9][0-9] (?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?")
_ADDRESS = re.compile(r"[^\s<>@]+@")


@dataclass(slots=True)
class Case:
    """A message between our 354 and our answer.

    refusal: why it was refused for its form, without being inspected, in words of ours.
    is_repeat: it has been here before, and the answer that the client did not hear was given from memory.
    release: the leave by which it passes though policy would have stopped it; is_release_used: and it did pass.
    in_doubt: our final dot had left, and no answer came: the next hop may have the message (rfc1047).
    """

    id: str
    taken_at: datetime
    envelope: Envelope
    size: int
    inspection: Inspection | None = None
    refusal: str = ""
    in_doubt: bool = False
    is_repeat: bool = False
    release: str = ""
    is_release_used: bool = False
    follow_up: str = "none"
    next_hop_reply: Reply | None = None
    next_hop_tls: str = ""
    notice_id: str = ""
    timings: dict[str, float] = field(default_factory=dict)

    def took(self, stage: str, begin: float, end: float) -> float:
        """Note how long a stage took, in milliseconds for the record; the next one begins where it ended."""
        self.timings[stage] = round((end - begin) * 1000, 3)
        return end

    def event(self, gate: Gate, reply: Reply) -> Event:
        """What happened to this message and what we said."""
        client, inspection = self.envelope.client, self.inspection
        verdict = inspection.verdict if inspection else None
        return Event(
            case_id=self.id,
            at=self.taken_at,
            node=gate.node,
            worker=gate.worker,
            listener=gate.listener,
            role=gate.role.value,
            client=client.ip,
            user=client.user,
            tls_in=client.tls,
            tls_out=self.next_hop_tls,
            sender=recorded_sender(self.envelope.sender, gate.desk.policy.owns(self.envelope.sender)),
            sender_class=verdict.sender_class if verdict else "",
            recipients=self._recipients(gate),
            size=self.size,
            rows=tuple(dict.fromkeys(judged.cell for judged in verdict.judgements)) if verdict else (),
            verdict=self._verdict_word(reply),
            mode="monitor" if gate.monitor else "enforce",
            findings=recorded_findings(inspection.findings, gate.record_key) if inspection else (),
            unreadable=recorded_unreadable(inspection.unreadable) if inspection else (),
            follow_up=self.follow_up,
            reply=str(reply),
            next_hop_reply=recorded_reply(self.next_hop_reply) if self.next_hop_reply else "",
            notice_id=self.notice_id,
            timings=self.timings,
            policy=gate.desk.policy.version,
            software=gate.software,
            details=self._details(),
        )

    def _verdict_word(self, reply: Reply) -> str:
        """The verdict; for what was not judged `repeat`, `defer`, or `refuse` when its form was refused for good."""
        if self.is_repeat:
            return "repeat"
        if self.release:
            return Action.RELAY.value
        if self.inspection is not None:
            return self.inspection.verdict.action.value
        return "refuse" if self.refusal and not reply.is_temporary else "defer"

    def _recipients(self, gate: Gate) -> tuple[Recipient, ...]:
        key = gate.record_key
        if self.inspection is None:
            return tuple(recorded_recipient(address, "", key) for address in self.envelope.recipients)
        judgements = self.inspection.verdict.judgements
        return tuple(recorded_recipient(judged.address, judged.recipient_class, key) for judged in judgements)

    def _details(self) -> dict[str, str]:
        details = {}
        if self.refusal:
            details["refusal"] = self.refusal
        if self.release:
            details["release" if self.is_release_used else "release_not_used"] = self.release
        if self.inspection is not None and self.inspection.verdict.lookalikes:
            details["lookalikes"] = "; ".join(self.inspection.verdict.lookalikes)[:500]
        if self.in_doubt:
            details["ambiguity"] = "the next hop took the final dot and did not answer"
        return details


def recorded_reply(reply: Reply) -> str:
    """A next hop's reply for the record: it may repeat an address, so local parts and long numbers are masked."""
    codes = _CODES.match(str(reply))
    words = codes.group() if codes else ""
    return (words + _ADDRESS.sub("…@", masked_numbers(str(reply)[len(words) : LONGEST])))[:_RECORDED_REPLY]
