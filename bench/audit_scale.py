"""How the record behaves when it is large: list and filter, prove, report, export.

    python bench/audit_scale.py [--events 1000000] [--postgres] [--folder FOLDER] [--store URL] [--fill-only]

Prints the table that stands in docs/audit.md. A million events take a minute or two to make and a gigabyte of disk.
With a folder the store is kept there, and one that has its events already is only measured; `--postgres` starts a
server of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from own_postgres import own_postgres

from gateway.audit import Event, Found, Recipient, Unread, open_store
from gateway.audit.keys import believed_keys
from gateway.audit.report import ListAge, Names, collect, month_of
from gateway.audit.report_page import page
from gateway.audit.rows import ends_of
from gateway.audit.store import Store
from gateway.audit.verify import verify

MONTHS = 6
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
WRITTEN = 5000
NAMES = Names(lambda sender: sender, {}, (ListAge("list", date(2026, 1, 1), date(2027, 1, 1)),), "bench")


def events(count: int) -> Iterator[Event]:
    """Half a year of mail: forty senders, many domains, one message in fifty stopped."""
    dice, step = random.Random(1), timedelta(days=30 * MONTHS) / count
    for number in range(count):
        domain = f"example{min(int(dice.expovariate(0.05)), 999)}.org"
        blocked = dice.random() < 0.02
        found = (Found("cpr", "cpr", "certain", "text", 1, (f"{dice.getrandbits(128):032x}",)),) if blocked else ()
        unread = (Unread("attachment:zip 1", "encrypted"),) if blocked and dice.random() < 0.1 else ()
        yield Event(
            case_id=f"PV-{number:010}", at=BEGIN + number * step, node="gw1", worker=number % 2,
            listener="127.0.0.1:10025", role="outbound", client="127.0.0.1",
            sender=f"afdeling{dice.randrange(40)}@example.dk", sender_class="own",
            recipients=(Recipient(f"f…@{domain}", domain, "other", f"{dice.getrandbits(128):032x}"),),
            size=2048, rows=("own/anyone",), verdict="block" if blocked else "relay", mode="enforce",
            findings=found, unreadable=unread, follow_up="bounce" if blocked else "none",
            reply="250 2.0.0 Message accepted", next_hop_reply="250 2.0.0 Ok: queued as 4F2A1",
            timings={"inspect": 0.31, "relay": 0.87}, policy="0123456789ab", software="0.2.0",
        )  # fmt: skip


def fill(store: Store, count: int) -> None:
    some: list[Event] = []
    for event in events(count):
        some.append(event)
        if len(some) == WRITTEN:
            store.write(some)
            some.clear()
    store.write(some)


def timed(what: str, work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    seconds = time.perf_counter() - begin
    print(f"| {what} | {seconds:.2f} s |" if seconds >= 0.1 else f"| {what} | {seconds * 1000:.0f} ms |", flush=True)
    return seconds


def measure(store: Store, count: int) -> None:
    last_case = f"PV-{count // 2:010}"
    in_a_month = {"since": BEGIN + timedelta(days=60), "until": BEGIN + timedelta(days=61)}
    timed("the newest 50", lambda: store.recent(50))
    timed("the newest 50 that were stopped", lambda: store.recent(50, verdict="block"))
    timed("by case id", lambda: store.recent(50, case_id=last_case))
    timed("by sender", lambda: store.recent(50, sender="afdeling7@example.dk"))
    timed("by sender, stopped, to one domain", lambda: store.recent(
        50, sender="afdeling7@example.dk", verdict="block", domain="example3.org"))  # fmt: skip
    timed("by a rare domain", lambda: store.recent(50, domain="example150.org"))
    timed("by a domain nobody wrote to", lambda: store.recent(50, domain="nowhere.example"))
    timed(
        "by sender and a rare domain", lambda: store.recent(50, sender="afdeling7@example.dk", domain="example150.org")
    )
    timed("unreadable, on one day in the middle", lambda: store.recent(50, category="unreadable", **in_a_month))
    timed("relayed, on one day in the middle", lambda: store.recent(50, verdict="relay", **in_a_month))
    seconds = timed(
        "the report of one month", lambda: page(collect(store.database, *month_of(2026, 8), NAMES), NAMES, BEGIN)
    )
    assert seconds
    keys, before = believed_keys(store.keys), os.times()
    seconds = timed("proving everything, search index included", lambda: verify(store.database, keys))
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    print(f"\nproved: {count / seconds:,.0f} events a second, {cpu / count * 1e6:.0f} µs of processor time each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept; a temporary folder otherwise")
    parser.add_argument("--store", help="another store than SQLite in that folder: postgresql://…")
    parser.add_argument("--postgres", action="store_true", help="a server of its own, from Debian's packages")
    parser.add_argument("--fill-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, own_postgres(options.postgres) as own:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        url = own or options.store or f"sqlite:///{folder.resolve()}/audit.db"
        store = open_store(url, folder.resolve() / "keys")
        store.open()
        print(f"| {options.events:,} events | |\n|---|---|".replace(",", " "))
        if missing := options.events - len_of(store):
            timed(
                f"writing {missing:,}".replace(",", " ") + f" of them, {WRITTEN} at a time",
                lambda: fill(store, missing),
            )
        if not options.fill_only:
            measure(store, options.events)
        store.close()


def len_of(store: Store) -> int:
    with store.database.reading() as connection:
        return ends_of(connection).seal.seq


if __name__ == "__main__":
    main()
