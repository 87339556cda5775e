"""What a notice is made of, and what comes out. Every time, id and name is given, none is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.mail.address import Address, masked_numbers
from gateway.mail.envelope import Envelope
from gateway.policy.verdict import Verdict

LONGEST_SUBJECT = 100
"""Characters of the original's subject that a notice shows."""


class Organisation(Protocol):
    """Who speaks, as policy has it. What is None is not known, and its line is left out of every notice."""

    @property
    def name(self) -> str: ...
    @property
    def short_name(self) -> str | None: ...
    @property
    def contact(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def homepage(self) -> str | None: ...
    @property
    def borger_link(self) -> str | None: ...
    @property
    def virk_link(self) -> str | None: ...
    @property
    def authorities_write_to(self) -> str | None: ...
    @property
    def secure_mail(self) -> str | None: ...
    @property
    def secure_domain(self) -> str | None: ...
    @property
    def notice_from(self) -> str | None: ...
    @property
    def language(self) -> str: ...
    @property
    def languages(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """One stopped message, ready to be told about.

    sender: the reverse-path. time: when we took the message, in the time people here live by.
    host: the name this gateway reports as (`Reporting-MTA`).
    message_id, boundary: of the notice; given, so that equal facts give equal bytes.
    envelope: as it came, for what a report has to give back (ENVID, ORCPT); without it those fields are left out.
    original_message_id, original_subject: as the message had them; used only when they cannot carry what was found.
    asked_language: for a preview; empty: the sender's domain decides.
    """

    verdict: Verdict = field(repr=False)
    sender: Address = field(repr=False)
    case_id: str
    time: datetime
    host: str
    organisation: Organisation
    message_id: str = ""
    boundary: str = ""
    envelope: Envelope | None = field(default=None, repr=False)
    original_message_id: str = field(default="", repr=False)
    original_subject: str = field(default="", repr=False)
    asked_language: str = ""

    @property
    def recipient(self) -> Address:
        """Whom the notice goes to. Asked only when policy named somebody."""
        if self.verdict.notice_to is None:
            raise ValueError("policy says that nobody may be told of this message")
        return self.verdict.notice_to

    @property
    def language(self) -> str:
        """What was asked for, else the language of the sender's domain, else the organisation's."""
        by_domain = self.organisation.languages.get(self.sender.domain)
        return self.asked_language or by_domain or self.organisation.language

    @property
    def safe_subject(self) -> str:
        """The original's subject when nothing was found in it; long numbers are dots all the same.

        Only beside CPR numbers: a name in it, next to `oplysninger om helbred`, would say what nobody may hear.
        """
        findings = self.verdict.findings
        if any(each.place.outermost.kind == "subject" or each.category != "cpr" for each in findings):
            return ""
        subject = self.original_subject
        if self.holds_a_finding(subject):
            return ""
        return masked_numbers(subject if len(subject) <= LONGEST_SUBJECT else f"{subject[:LONGEST_SUBJECT]}…")

    def holds_a_finding(self, text: str) -> bool:
        """Whether a found value shows in the text, whatever separators stand between its characters."""
        shown = _bare(text)
        values = {each.identity.reveal() for each in self.verdict.findings}
        return bool(shown) and any(needle and needle in shown for needle in map(_bare, values))


@dataclass(frozen=True, slots=True)
class Notice:
    """A message ready for DATA (CRLF line ends, not dot-stuffed). Its reverse-path is always null (rfc3464#2).

    needs_smtputf8: MAIL must say SMTPUTF8 (and BODY=8BITMIME): the recipient's address is not ASCII (rfc6531#3.4).
    """

    content: bytes = field(repr=False)
    recipient: Address = field(repr=False)
    needs_smtputf8: bool
    message_id: str


def _bare(text: str) -> str:
    """Letters and digits alone, case folded; a thousand numbers cost nothing."""
    return text if text.isdecimal() else "".join(ch for ch in text.casefold() if ch.isalnum())
