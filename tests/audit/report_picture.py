"""Draws the monthly report of the README: a month that nobody had, from a real store, in a real browser engine.

python tests/audit/report_picture.py
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import reading
from gateway.audit import Event, Found, Recipient, Unread, open_store
from gateway.audit.keys import believed_keys
from gateway.audit.report import collect, month_of, proof_state
from gateway.audit.report_page import page
from gateway.audit.verify import verify
from gateway.cli.audit_outward import names_of

ROOT = Path(__file__).resolve().parents[2]
MADE = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
SENDERS = ("dagklub@lavuk.dk", "Sdr.fasanvej@lavuk.dk", "Pers.lærkevej@lavuk.dk", "dagtilbuddet@strodammen.dk")
FOUND = (("cpr",), ("cpr",), ("cpr", "health"), ("health",), ("family",), ("social",), ("family", "social"))
REASONS = ("encrypted", "encrypted", "encrypted", "damaged", "unknown format")
TO = (("example.org", "andre"), ("example.org", "andre"), ("hvidovre.dk", "kommune"), ("kk.dk", "kk"))
RELEASES = ((9, "Ordrenummer fra leverandøren, ikke et CPR-nummer"), (17, "Telefonnummer til lægehuset i signaturen"))


def events() -> Iterator[Event]:
    """A few hundred mails a week, on working days."""
    dice = random.Random(11)
    for day in range(1, 31):
        morning = datetime(2026, 11, day, 6, tzinfo=UTC)
        for number in range(0 if morning.weekday() > 4 else dice.randrange(90, 130)):
            yield a_mail(dice, morning + timedelta(minutes=5 * number), f"PV-{day:02}{number:03}")
        for released, why in RELEASES:
            if released == day:
                details = {"id": f"{day}", "by": "leder, borgervænget", "why": why, "identities": ["00"],
                           "until": "2026-12-24T12:00:00+00:00"}  # fmt: skip
                yield Event(f"PV-{day:02}011", morning, kind="release", sender=SENDERS[0], details=details)


def a_mail(dice: random.Random, at: datetime, case_id: str) -> Event:
    domain, kind = dice.choice(TO)
    stopped, locked = dice.random() < 0.02, dice.random() < 0.008
    found = dice.choice(FOUND) if stopped else ()
    return Event(
        case_id, at, sender=dice.choice(SENDERS), role="outbound", mode="enforce",
        verdict="block" if stopped else "defer" if dice.random() < 0.002 else "relay",
        recipients=(Recipient(f"f…@{domain}", domain, kind),),
        findings=tuple(Found(each, each, "certain", "text", 1, ("00",)) for each in found),
        unreadable=(Unread("attachment:pdf 1", dice.choice(REASONS)),) if locked else (),
    )  # fmt: skip


def main() -> None:
    sys.path.append(str(ROOT / "tests" / "notice"))
    from chromium import draw

    names = names_of(reading.read_policy(ROOT / "policies" / "lavuk"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = open_store(f"sqlite:///{folder}/audit.db")
        store.open()
        store.write(events())
        month = collect(store.database, *month_of(2026, 11), names)
        month.chain = proof_state(verify(store.database, believed_keys(store.keys)))
        store.close()
        print(draw("maanedsrapport", page(month, names, MADE), folder, 880))


if __name__ == "__main__":
    main()
