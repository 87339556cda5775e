"""The text of a 550: one line of ASCII, for clients show one line and servers join several (rfc5321#4.2)."""

from __future__ import annotations

import unicodedata

from gateway.notice.facts import Facts
from gateway.notice.letter import plain
from gateway.notice.places import found
from gateway.notice.texts import Wording, standard_wording
from gateway.policy.verdict import Role

LONGEST = 400
"""Characters with code and case id: what mail programs still show of it."""

_ASCII = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "“": '"', "”": '"', "–": "-", "’": "'"}
)


def reply_line(facts: Facts, wording: Wording | None = None) -> str:
    """What was wrong, where to ask, the case id. `550 5.7.1` is the caller's."""
    block = "reply-inbound" if facts.verdict.role is Role.INBOUND else "reply-outbound"
    return _line(block, facts, wording)


def short_reply_line(facts: Facts, wording: Wording | None = None) -> str:
    """For the 250 after a bounce: stopped, told, case id."""
    return _line("reply-bounced", facts, wording)


def ascii_text(text: str) -> str:
    """Printable ASCII only: æøå as ae, oe, aa; other letters without their accents; the rest as `?`."""
    text = unicodedata.normalize("NFC", text).translate(_ASCII)
    text = "".join(ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch))
    return "".join(ch if " " <= ch <= "~" else "?" for ch in text)


def _line(block: str, facts: Facts, wording: Wording | None) -> str:
    texts = (wording or standard_wording()).texts(facts.language)
    organisation = facts.organisation
    findings = found(facts.verdict.findings, texts.words)
    markup = texts.fill(
        block,
        {
            "findings": findings,
            "only_cpr": [finding.category for finding in findings] == ["cpr"],
            "case_id": facts.case_id,
            "contact": organisation.contact or "",
            "homepage": organisation.homepage or "",
            "secure_mail": organisation.secure_mail or "",
            "mailbox": facts.verdict.faellesmail.shown if facts.verdict.faellesmail else "",
        },
    )
    return ascii_text(plain(markup))[:LONGEST]
