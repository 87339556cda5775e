"""Who is connected to a listener: our own relay, a staff member's mail program, or the world."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OUTBOUND = "outbound"
    SUBMISSION = "submission"
    INBOUND = "inbound"
