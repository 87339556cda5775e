"""Case ids: drawn here and nowhere else."""

from __future__ import annotations

import os
import secrets
import time

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is read as another one when a case id is said on the phone."""


class Entropy:
    """Random bits from the system, fetched many at a time: one call for a thousand ids instead of one for each."""

    def __init__(self) -> None:
        self._pool = b""
        self._owner = 0

    def bits(self, count: int) -> int:
        """At most 32 bits. A forked process begins a pool of its own."""
        if len(self._pool) < 4 or self._owner != os.getpid():
            self._pool, self._owner = secrets.token_bytes(4096), os.getpid()
        word, self._pool = self._pool[:4], self._pool[4:]
        return int.from_bytes(word, "big") >> (32 - count)


_entropy = Entropy()


def new_case_id() -> str:
    """What the notice, the reply and the event share, to be said on the phone: `PV-3KQ7-9XAT-M2FD`.

    Thousandths of a second, so that ids grow with time and the record's index grows at its end, and 19 random bits.
    """
    value = (int(time.time() * 1024) & 0x1FFFFFFFFFF) << 19 | _entropy.bits(19)
    letters = "".join(_LETTERS[value >> shift & 31] for shift in range(55, -1, -5))
    return f"PV-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
