"""A worker in a process of its own: appends events and says each case id on stdout once `append` has returned.

python audit_appender.py URL PREFIX COUNT CONCURRENCY [KEYS]
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.audit import Event, Recipient, open_store

TO_A_CITIZEN = Recipient("f…@example.org", "example.org", "other", "ab" * 16)


def an_event(case_id: str) -> Event:
    now = datetime.now(UTC)
    return Event(case_id=case_id, at=now, sender="dagklub@lavuk.dk", recipients=(TO_A_CITIZEN,), verdict="relay")


async def append_all(url: str, prefix: str, count: int, concurrency: int, keys: Path | None) -> None:
    store = open_store(url, keys)
    store.start()
    numbers = iter(range(count))

    async def one_client() -> None:
        for number in numbers:
            case_id = f"{prefix}-{number}"
            await store.append(an_event(case_id))
            os.write(1, case_id.encode() + b"\n")

    await asyncio.gather(*(one_client() for _ in range(concurrency)))
    store.close()


if __name__ == "__main__":
    url, prefix, count, concurrency, *keys = sys.argv[1:]
    asyncio.run(append_all(url, prefix, int(count), int(concurrency), Path(keys[0]) if keys else None))
