"""What goes wrong with the record, in one word."""

from __future__ import annotations


class AuditError(OSError):
    """The record could not be written or read. What is not recorded is not accepted: the SMTP edge answers 451."""
