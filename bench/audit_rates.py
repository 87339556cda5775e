"""How many events a second the record takes, durable, from one and from two worker processes.

    python bench/audit_rates.py [--postgres | --store URL]        (default: an SQLite file in a temporary folder)

Prints the table that stands in docs/audit.md. Every row is one stretch of seconds in which all its workers append at
once; what was durable when it ended is counted. Half a minute on two cores. `--postgres` starts a server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import uvloop
from own_postgres import own_postgres

from gateway.audit import Event, Recipient, open_store

SECONDS = 4
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
    """One worker: says that it is ready, waits for the word to begin, and tells how many it got through."""
    store = open_store(url, keys)
    store.start()
    await store.append(an_event(worker, 0))
    print("ready", flush=True)
    sys.stdin.readline()
    numbers, done = count(1), 0
    begin, cpu = time.perf_counter(), time.process_time()

    async def client() -> None:
        nonlocal done
        while time.perf_counter() - begin < SECONDS:
            await store.append(an_event(worker, next(numbers)))
            done += time.perf_counter() - begin < SECONDS

    await asyncio.gather(*(client() for _ in range(clients)))
    cpu = time.process_time() - cpu
    store.close()
    print(done, cpu / next(numbers) * 1e6)


def measure(url: str, keys: str, workers: int, clients: int) -> None:
    words = [sys.executable, __file__, "--store", url, "--worker-of", keys]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*words, str(worker), str(clients)], **pipes) for worker in range(workers)]
    for process in running:
        process.stdout.readline()
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    figures = [tuple(map(float, process.communicate()[0].split())) for process in running]
    rate, cpu = sum(done for done, _ in figures) / SECONDS, max(cpu for _, cpu in figures)
    print(f"| {workers} | {clients} | {rate:,.0f} | {cpu:.0f} µs |".replace(",", " "), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true", help="a server of its own, from Debian's packages")
    parser.add_argument("--store", help="postgresql://… or sqlite:////…")
    parser.add_argument("--worker-of", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker_of:
        keys, worker, clients = options.worker_of
        uvloop.run(append_all(options.store, Path(keys), int(worker), int(clients)))
        return
    with tempfile.TemporaryDirectory() as folder, own_postgres(options.postgres) as own:
        url = own or options.store or f"sqlite:///{folder}/audit.db"
        print("| worker processes | messages in flight in each | events a second, durable | processor time an event |")
        print("|---|---|---|---|")
        for workers, clients in ((1, 1), (1, 20), (2, 10), (2, 50), (2, 200)):
            measure(url, f"{folder}/keys", workers, clients)


if __name__ == "__main__":
    main()
