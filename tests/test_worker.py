"""A worker process as the system sees it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from support.postfix import Sink
from support.raw_client import RawClient
from support.running import RunningGateway

LARGE = b"Subject: stor\r\n\r\n" + b"0123456789abcdef\r\n" * 500_000


def resident(pid: int) -> int:
    """Kilobytes of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@pytest.mark.peer("smtp-sink")
def test_the_memory_of_large_messages_goes_when_they_have_gone(tmp_path: Path) -> None:
    """They leave cycles behind that Python would not look for until the next ones come."""
    sink = Sink()
    gateway = RunningGateway(tmp_path, sink.port, quiet=True).start()
    with RawClient(gateway.port) as client:
        client.hello()
        worker = gateway.workers[0]
    highest = 0
    replies: list[str] = []

    def send() -> None:
        with RawClient(gateway.port, timeout=60) as client:
            client.hello()
            replies.append(client.transaction(LARGE)[:3])

    try:
        threads = [threading.Thread(target=send) for _ in range(6)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            highest = max(highest, resident(worker))
            time.sleep(0.02)
        assert replies == ["250"] * 6
        deadline = time.monotonic() + 30
        while resident(worker) * 5 > highest * 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert resident(worker) * 5 <= highest * 2, (resident(worker), highest)
    finally:
        gateway.stop()
        sink.stop()
