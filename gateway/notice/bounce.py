"""The bounce: a whole message from facts, one function per MIME part (rfc6522, rfc3464). No copy of the original.

    multipart/report; report-type=delivery-status
    ├── multipart/alternative
    │   ├── text/plain            the letter
    │   └── text/html             the same letter
    └── message/delivery-status   for machines

All of it is 7-bit (quoted-printable), except when the notice itself has to go to an address that is not ASCII.
"""

from __future__ import annotations

import binascii
import re
from email.header import Header
from email.utils import format_datetime

from gateway.notice.advice import values
from gateway.notice.dsn import delivery_status
from gateway.notice.facts import Facts, Notice
from gateway.notice.letter import Block, as_text, one_line, parse, plain
from gateway.notice.reply_line import ascii_text
from gateway.notice.texts import Texts, page, texts_for

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,200}@[!-;=?-~]{1,200}>")


def build_bounce(facts: Facts) -> Notice:
    """The message that tells the sender what was stopped and which way is lawful."""
    texts = texts_for(facts.language)
    known = values(facts, texts)
    letter = parse(texts.fill("bounce", known))
    subject = plain(texts.fill("subject", known))
    utf8 = not facts.recipient.is_ascii
    parts = [_alternative(letter, subject, facts, texts), _status(facts, utf8=utf8)]
    body = _multipart(parts, facts.boundary)
    lines = [*_headers(facts, subject), *_report_type(facts.boundary), "", body]
    content = "\r\n".join(lines).encode("utf-8")
    return Notice(content, facts.recipient, needs_smtputf8=utf8, message_id=facts.message_id)


def _headers(facts: Facts, subject: str) -> list[str]:
    headers = [
        f"Date: {format_datetime(facts.time)}",
        f"From: {_named(facts.organisation.name, facts.organisation.notice_from or f'postmaster@{facts.host}')}",
        f"To: {_recipient(facts)}",
        f"Subject: {_encoded('Subject', subject)}",
        f"Message-ID: {facts.message_id}",
    ]
    if _is_safe_reference(facts):
        headers += [f"In-Reply-To: {facts.original_message_id}", f"References: {facts.original_message_id}"]
    return [
        *headers,
        "Auto-Submitted: auto-replied",  # rfc3834#5: nobody's holiday answer answers this
        "X-Auto-Response-Suppress: All",  # the same, as Exchange reads it
        f"Content-Language: {facts.language}",
        "MIME-Version: 1.0",
    ]


def _report_type(boundary: str) -> list[str]:
    return ["Content-Type: multipart/report; report-type=delivery-status;", f' boundary="{boundary}"']


def _alternative(letter: tuple[Block, ...], subject: str, facts: Facts, texts: Texts) -> str:
    boundary = f"{facts.boundary}-alt"
    html = page(letter, subject, texts.language)
    parts = [_text_part("plain", as_text(letter)), _text_part("html", html)]
    return "\r\n".join([f'Content-Type: multipart/alternative; boundary="{boundary}"', "", _multipart(parts, boundary)])


def _text_part(subtype: str, text: str) -> str:
    headers = [f"Content-Type: text/{subtype}; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", ""]
    return "\r\n".join([*headers, _quoted_printable(text)])


def _status(facts: Facts, *, utf8: bool) -> str:
    """The part for machines; 8-bit only where the whole notice needs SMTPUTF8 on its way anyway (rfc6533#4)."""
    kind = "global-delivery-status" if utf8 else "delivery-status"
    status = delivery_status(
        ascii_text(facts.host),
        facts.verdict.stopped_for,
        format_datetime(facts.time),
        f"message refused by content policy, case {ascii_text(facts.case_id)}",
        utf8=utf8,
    )
    headers = [f"Content-Type: message/{kind}", *(["Content-Transfer-Encoding: 8bit"] if utf8 else []), ""]
    return "\r\n".join([*headers, status.replace("\n", "\r\n")])


def _multipart(parts: list[str], boundary: str) -> str:
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def _recipient(facts: Facts) -> str:
    """The recipient as To shows it; not at all when it holds a long number (rfc5322#3.4: a group may be empty)."""
    address = facts.recipient
    return f"<{address.text}>" if address.shown == address.text else "undisclosed-recipients:;"


def _is_safe_reference(facts: Facts) -> bool:
    identity = facts.original_message_id
    return bool(_MESSAGE_ID.fullmatch(identity)) and not facts.holds_a_finding(identity)


def _named(name: str, address: object) -> str:
    return f"{_encoded('From', name)}\r\n <{address}>"


def _encoded(field: str, text: str) -> str:
    """A header's words: as they are when short and ASCII, else as encoded words (rfc2047)."""
    text = one_line(text)
    if text.isascii() and len(text) < 60:
        return text if field == "Subject" else '"' + text.replace("\\", "").replace('"', "") + '"'
    return Header(text, "utf-8", header_name=field).encode(linesep="\r\n")


def _quoted_printable(text: str) -> str:
    wire = text.replace("\n", "\r\n").encode("utf-8", "replace")
    return binascii.b2a_qp(wire, istext=True).decode("ascii")
