"""What leaders and the data protection officer hear: a word at once when it is bad, and a list a day. Never content.

Senders come masked (`d…@institution.example`): whoever may know more finds it in the block log by the case id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from gateway.mail.address import Address
from gateway.mail.finding import guessed
from gateway.notice.facts import Facts, Notice, Organisation
from gateway.notice.letter import Block, parse, plain
from gateway.notice.mime import alternative, head
from gateway.notice.places import in_category, spoken_date, spoken_time
from gateway.notice.texts import Wording, standard_wording


@dataclass(frozen=True, slots=True)
class Stopped:
    """One case, as much of it as leaders need.

    sender: masked. categories: those that are no guess. numbers: distinct CPR numbers. recipients: how many.
    delivered: it went on (`mode: monitor`).
    """

    case_id: str
    time: datetime
    sender: str
    categories: tuple[str, ...]
    numbers: int = 0
    recipients: int = 1
    delivered: bool = False

    @classmethod
    def of(cls, facts: Facts, *, delivered: bool = False) -> Stopped:
        verdict = facts.verdict
        recipients = len(verdict.judgements)
        guesses = guessed((finding.detector, finding.category) for finding in verdict.findings)
        categories = tuple(category for category in verdict.categories if category not in guesses)
        return cls(
            facts.case_id, facts.time, facts.sender.masked, categories, verdict.numbers, recipients, delivered=delivered
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A day's cases, or the one that cannot wait, for one reader. Times are local, as in Facts.

    passed: how many messages were relayed that day.
    """

    to: Address
    organisation: Organisation
    time: datetime
    day: date
    host: str
    message_id: str
    boundary: str
    cases: tuple[Stopped, ...] = ()
    passed: int = 0
    asked_language: str = ""

    @property
    def language(self) -> str:
        return self.asked_language or self.organisation.language


class Row(NamedTuple):
    """A case in words."""

    id: str
    time: str
    clock: str
    sender: str
    recipients: str
    what: tuple[str, ...]
    numbers: int
    delivered: bool


def build_alert(report: Report, wording: Wording | None = None) -> Notice:
    """At once: the report's first case holds many numbers."""
    if not report.cases:
        raise ValueError("an alert has no case to tell of")
    return _notice(report, "alert", wording)


def build_digest(report: Report, wording: Wording | None = None) -> Notice:
    """Once a day: every case, or that there was none."""
    return _notice(report, "digest", wording)


def leaders_letter(report: Report, block: str, wording: Wording | None = None) -> tuple[str, tuple[Block, ...]]:
    """Subject and letter, before they are bytes."""
    texts = (wording or standard_wording()).texts(report.language)
    known = _values(report, texts.words)
    return plain(texts.fill(f"{block}-subject", known)), parse(texts.fill(block, known))


def _notice(report: Report, block: str, wording: Wording | None) -> Notice:
    subject, letter = leaders_letter(report, block, wording)
    organisation = report.organisation
    lines = head(
        sent=report.time,
        author=(organisation.name, organisation.notice_from or f"postmaster@{report.host}"),
        to=report.to,
        subject=subject,
        message_id=report.message_id,
        language=report.language,
        auto_submitted="auto-generated",
    )
    body = alternative(letter, subject, report.language, report.boundary)
    content = "\r\n".join([*lines, *body]).encode("utf-8")
    return Notice(content, report.to, needs_smtputf8=not report.to.is_ascii, message_id=report.message_id)


def _values(report: Report, words: Mapping[str, Any]) -> dict[str, object]:
    rows = [_row(case, words) for case in report.cases]
    return {
        "cases": rows,
        "case": rows[0] if rows else None,
        "day": spoken_date(report.day, words),
        "passed": report.passed,
        "organisation": report.organisation.name,
    }


def _row(case: Stopped, words: Mapping[str, Any]) -> Row:
    many = words["recipients"]
    recipients = str(many["one"] if case.recipients == 1 else many["many"].format(count=case.recipients))
    what = tuple(in_category(category, case.numbers if category == "cpr" else 1, words) for category in case.categories)
    time, clock = spoken_time(case.time, words), f"{case.time:%H.%M}"
    return Row(
        case.case_id,
        time,
        clock,
        case.sender,
        recipients,
        what or (str(words["other_category"]),),
        case.numbers,
        case.delivered,
    )
