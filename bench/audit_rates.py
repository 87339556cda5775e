"""How many events a second the record takes, durable, from one and from two worker processes.

    python bench/audit_rates.py [STORE-URL]        (default: an SQLite file in a temporary folder)

Prints the table that stands in docs/audit.md. Ten seconds on two cores.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from gateway.audit import Event, Recipient, open_store

EVENTS = 10_000
CITIZEN = Recipient("f…@example.org", "example.org", "other", "ab" * 16)


def an_event(worker: int, number: int) -> Event:
    """What a relayed short message leaves."""
    return Event(
        case_id=f"PV-{worker}-{number:08}", at=datetime.now(UTC), node="gw1", worker=worker,
        listener="127.0.0.1:10025", role="outbound", client="127.0.0.1", sender="dagklub@lavuk.dk", sender_class="own",
        recipients=(CITIZEN,), size=2048, rows=("own/anyone",), verdict="relay", mode="enforce", follow_up="none",
        reply="250 2.0.0 Message accepted", next_hop_reply="250 2.0.0 Ok: queued as 4F2A1",
        timings={"inspect": 0.31, "relay": 0.87}, policy="lavuk@0123456789ab", software="0.2.0",
    )  # fmt: skip


async def append_all(url: str, keys: Path, worker: int, clients: int) -> None:
    store = open_store(url, keys)
    store.start()
    numbers = iter(range(EVENTS))

    async def client() -> None:
        for number in numbers:
            await store.append(an_event(worker, number))

    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    store.close()
    print(EVENTS / seconds, cpu / EVENTS * 1e6)


def measure(url: str, keys: str, workers: int, clients: int) -> None:
    words = [sys.executable, __file__, url, keys]
    running = [
        subprocess.Popen([*words, str(worker), str(clients)], stdout=subprocess.PIPE, text=True)
        for worker in range(workers)
    ]
    figures = [tuple(map(float, process.communicate()[0].split())) for process in running]
    rate, cpu = sum(rate for rate, _ in figures), max(cpu for _, cpu in figures)
    print(f"| {workers} | {clients} | {rate:,.0f} | {cpu:.0f} µs |".replace(",", " "))


def main() -> None:
    if len(sys.argv) == 5:
        url, keys, worker, clients = sys.argv[1:]
        uvloop.run(append_all(url, Path(keys), int(worker), int(clients)))
        return
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/audit.db"
        print("| worker processes | messages in flight in each | events a second, durable | processor time an event |")
        print("|---|---|---|---|")
        for workers, clients in ((1, 1), (1, 20), (2, 10), (2, 50), (2, 200)):
            measure(url, f"{folder}/keys", workers, clients)


if __name__ == "__main__":
    main()
