"""The story of one message in one screen: extract → detect → decide.

Pure: the message's bytes, its envelope and today's date go in, a verdict with everything that explains it comes out.
Between the two steps stands what cannot be pure: the risky attachments of a plan are read in processes that can be
killed (extract/sandbox.py), wherever the inspector is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from gateway.detect import Detectors, Rules
from gateway.extract import Budget, Walk, placed, plan
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.mail.fragment import Extraction, Unreadable
from gateway.mail.message import Message
from gateway.policy import Policy, decide
from gateway.policy.verdict import Role, Verdict

_SAID_BY_PROGRAMS = ("auto-submitted", "precedence", "list-id", "list-post", "list-unsubscribe")
"""Header fields that tell policy whether a person wrote this (rfc3834#5, rfc2919)."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One message, read, searched and judged. `findings` are all of them, also those that do not block."""

    verdict: Verdict
    message: Message = field(repr=False)
    findings: tuple[Finding, ...]
    unreadable: tuple[Unreadable, ...]


class Inspector:
    """Reads, searches and judges messages by one policy. Built once per policy, holds nothing of any message."""

    def __init__(self, policy: Policy, budget: Budget) -> None:
        self.policy = policy
        self.budget = budget
        self._detectors = Detectors(Rules.from_mapping(policy.detection))
        names = (*_SAID_BY_PROGRAMS, *(mark.name.lower() for mark in policy.send_sikkert.headers))
        self._asked_for = tuple(dict.fromkeys(names))

    def plan(self, message: Message) -> Walk:
        """What can be read here and now, and which parts are risky."""
        return plan(message, self.budget)

    def judge(
        self, message: Message, extraction: Extraction, envelope: Envelope, role: Role, today: date
    ) -> Inspection:
        """Search all that was read, and decide."""
        return self.decide(message, extraction, self.search(extraction, today), envelope, role)

    def search(self, extraction: Extraction, today: date) -> tuple[Finding, ...]:
        """What stands in the texts that were read."""
        return placed(self._detectors.find(extraction.fragments, today=today), extraction.fragments)

    def decide(
        self, message: Message, extraction: Extraction, findings: tuple[Finding, ...], envelope: Envelope, role: Role
    ) -> Inspection:
        """The verdict on a message in which this was found."""
        unreadable, headers = extraction.unreadable, self._headers(message)
        verdict = decide(self.policy, role, envelope, message.authors, findings, unreadable, headers)
        return Inspection(verdict, message, findings, unreadable)

    def _headers(self, message: Message) -> list[tuple[str, str]]:
        """The header fields that policy asks for, and no others."""
        return [
            (name, value.decode("utf-8", "replace"))
            for name in self._asked_for
            for value in message.header_values(name)
        ]
