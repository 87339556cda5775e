"""The record as a table for a Danish Excel: one row an event, in words that leaders and auditors read."""

from __future__ import annotations

import csv
import io
import json

from gateway.audit.danish import (
    CATEGORIES,
    CONFIDENCES,
    FOLLOW_UPS,
    KINDS,
    MODES,
    REASONS,
    ROLES,
    VERDICTS,
    in_danish,
    place_in_danish,
)  # fmt: skip
from gateway.audit.event import Event, Found

COLUMNS = (
    "Løbenummer", "Sagsnummer", "Dansk tid", "Slags", "Node", "Retning", "Klient", "Bruger", "Afsender",
    "Afsenders klasse", "Modtagere", "Modtageres klasse", "Bytes", "Afgørelse", "Tilstand", "Fund", "Kan ikke læses",
    "Regler", "Følge", "Vores besked", "Vores svar", "Næste servers svar", "TLS ind", "TLS ud", "Politik", "Program",
    "Oplysninger", "Hash",
)  # fmt: skip


def _cells(seq: int, hash_: bytes, event: Event) -> tuple[str, ...]:
    return (
        str(seq),
        event.case_id,
        event.local.strftime("%d-%m-%Y %H:%M:%S"),
        in_danish(event.kind, KINDS),
        event.node,
        in_danish(event.role, ROLES),
        event.client,
        event.user,
        event.sender,
        event.sender_class,
        ", ".join(recipient.masked for recipient in event.recipients),
        ", ".join(dict.fromkeys(recipient.kind for recipient in event.recipients if recipient.kind)),
        str(event.size),
        in_danish(event.verdict, VERDICTS),
        in_danish(event.mode, MODES),
        "; ".join(map(_found, event.findings)),
        "; ".join(f"{place_in_danish(part.where)}: {in_danish(part.reason, REASONS)}" for part in event.unreadable),
        ", ".join(event.rows),
        in_danish(event.follow_up, FOLLOW_UPS),
        event.notice_id,
        event.reply,
        event.next_hop_reply,
        event.tls_in,
        event.tls_out,
        event.policy,
        event.software,
        json.dumps(dict(event.details), ensure_ascii=False) if event.details else "",
        hash_.hex(),
    )


def _found(found: Found) -> str:
    category, confidence = in_danish(found.category, CATEGORIES), in_danish(found.confidence, CONFIDENCES)
    return f"{category} ({confidence}) {place_in_danish(found.where)} × {found.count}"


def _csv_row(cells: tuple[str, ...]) -> bytes:
    """A row as Excel reads it with Danish settings: semicolons. A cell that would be a formula becomes text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow("'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells)
    return text.getvalue().encode("utf-8", "replace")


HEAD = "\ufeff".encode() + _csv_row(COLUMNS)
"""The first bytes of the file: Excel takes it for UTF-8 by the mark before them."""


def row_of(seq: int, hash_: bytes, event: Event) -> bytes:
    return _csv_row(_cells(seq, hash_, event))
