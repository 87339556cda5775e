"""The bounce: a whole message from facts (rfc6522, rfc3464). No copy of the original, nothing that was found.

    multipart/report; report-type=delivery-status
    ├── multipart/alternative
    │   ├── text/plain            the letter
    │   └── text/html             the same letter
    └── message/delivery-status   for machines

All of it is 7-bit (quoted-printable), except when the notice itself has to go to an address that is not ASCII.
"""

from __future__ import annotations

import re
from email.utils import format_datetime

from gateway.notice.advice import values
from gateway.notice.dsn import Report, delivery_status
from gateway.notice.facts import Facts, Notice
from gateway.notice.letter import Block, parse, plain
from gateway.notice.mime import alternative, head, multipart
from gateway.notice.reply_line import ascii_text
from gateway.notice.texts import Wording, standard_wording

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>")


def build_bounce(facts: Facts, wording: Wording | None = None) -> Notice:
    """The message that tells the sender what was stopped and which way is lawful."""
    subject, letter = bounce_letter(facts, wording)
    words = alternative(letter, subject, facts.language, f"{facts.boundary}-alt")
    utf8 = not facts.recipient.is_ascii
    report = [
        "Content-Type: multipart/report; report-type=delivery-status;",
        f' boundary="{facts.boundary}"',
        "",
        multipart(["\r\n".join(words), _status(facts, utf8=utf8)], facts.boundary),
    ]
    return _notice(facts, subject, report)


def build_notification(facts: Facts, wording: Wording | None = None) -> Notice:
    """For FollowUp.NOTIFY: the message went on, but a part of it could not be read. No report: nothing failed."""
    subject, letter = bounce_letter(facts, wording, "notify")
    return _notice(facts, subject, alternative(letter, subject, facts.language, facts.boundary))


def bounce_letter(facts: Facts, wording: Wording | None = None, block: str = "bounce") -> tuple[str, tuple[Block, ...]]:
    """Subject and letter, before they are bytes; the preview shows these."""
    texts = (wording or standard_wording()).texts(facts.language)
    known = values(facts, texts)
    return plain(texts.fill(f"{block}-subject", known)), parse(texts.fill(block, known))


def _notice(facts: Facts, subject: str, body: list[str]) -> Notice:
    organisation, recipient = facts.organisation, facts.recipient
    lines = head(
        sent=facts.time,
        author=(organisation.name, organisation.notice_from or f"postmaster@{facts.host}"),
        to=recipient,
        subject=subject,
        message_id=facts.message_id,
        language=facts.language,
        auto_submitted="auto-replied",
        references=_safe_reference(facts),
    )
    content = "\r\n".join([*lines, *body]).encode("utf-8")
    return Notice(content, recipient, needs_smtputf8=not recipient.is_ascii, message_id=facts.message_id)


def _status(facts: Facts, *, utf8: bool) -> str:
    """The part for machines; 8-bit only where the whole notice needs SMTPUTF8 on its way anyway (rfc6533#4)."""
    kind = "global-delivery-status" if utf8 else "delivery-status"
    report = Report(
        host=ascii_text(facts.host),
        stopped=facts.verdict.stopped_for,
        arrival=format_datetime(facts.time),
        diagnostic=f"message refused by content policy, case {ascii_text(facts.case_id)}",
        policy=ascii_text(facts.verdict.policy_version),
        envelope=facts.envelope,
    )
    status = delivery_status(report, utf8=utf8)
    headers = [f"Content-Type: message/{kind}", *(["Content-Transfer-Encoding: 8bit"] if utf8 else []), ""]
    return "\r\n".join([*headers, status.replace("\n", "\r\n")])


def _safe_reference(facts: Facts) -> str:
    """The original's Message-ID, if it is one and holds nothing that was found."""
    identity = facts.original_message_id
    return identity if _MESSAGE_ID.fullmatch(identity) and not facts.holds_a_finding(identity) else ""
