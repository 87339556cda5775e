"""The C library's memory, kept for a while instead of given back after every message.

A message of a megabyte is copied a few times on its way through. With glibc's own thresholds each copy is mapped and
unmapped, and where page faults are dear (virtual machines) that costs more than reading the message.
"""

from __future__ import annotations

import contextlib
import ctypes

KEPT_BYTES = 32 * 1024 * 1024
"""So much may stay with a process that has nothing to do; also the largest block that glibc takes from its heap."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_ARENA_MAX": "1",
}
"""The same for a process that is started."""


def give_back() -> None:
    """What is kept and not needed now, to the system."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_freed_memory() -> None:
    """For this process and its forks from now on. Nothing happens where the C library is not glibc."""
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_ARENA_MAX, 1)
