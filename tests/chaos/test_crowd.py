"""Ten thousand idle connections and two hundred slow ones do not stop a fast client.

They sit in a process of their own, with as many file descriptors as that takes; the gateway raises its own limit.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

IDLE, SLOW, MOST = 10_000, 200, 12_000
HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"

CROWD = """
import resource, socket, sys, time
port, idle, slow = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (idle + slow + 100,) * 2)
lines = []
def connect(number):
    line = socket.socket()
    line.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    line.bind((f"127.0.0.{10 + number % 100}", 0))
    line.connect(("127.0.0.1", port))
    lines.append(line)
    return line
crawling = []
for number in range(idle):
    connect(number)
    if number % 50 == 0:
        time.sleep(0.005)
for number in range(slow):
    line = connect(number)
    line.sendall(b"EHLO x\\r\\nMAIL FROM:<dagklub@lavuk.dk>\\r\\nRCPT TO:<a@example.org>\\r\\nDATA\\r\\n")
    crawling.append(line)
print("there", flush=True)
while True:
    for line in crawling:
        line.sendall(b"x")
    time.sleep(0.5)
"""


def test_ten_thousand_idle_and_two_hundred_slow_clients(tmp_path: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < MOST + 500 and os.geteuid() != 0:
        pytest.skip("needs a higher limit of open files, or root")
    hop = ScriptedHop()
    gateway = RunningGateway(
        tmp_path,
        hop.port,
        quiet=True,
        workers=2,
        limits={"connections": MOST, "connections_per_address": 500, "scan_seconds": 10, "total_seconds": 20},
    )
    gateway.start()
    command = [sys.executable, "-c", CROWD, str(gateway.port), str(IDLE), str(SLOW)]
    crowd = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == b"there\n", crowd.stderr.read() if crowd.stderr else b""
        assert gateway.process is not None
        until(lambda: open_files(gateway.process.pid) >= IDLE + SLOW, "the gateway has accepted them all")
        until(lambda: sum(line[:4] == b"RCPT" for line in hop.commands) >= SLOW, "the slow ones are within DATA")
        began = time.monotonic()
        with RawClient(gateway.port) as client:
            client.hello()
            for _ in range(50):
                assert client.transaction(HARMLESS)[:3] == "250"
        print(f"\n50 messages beside {IDLE} idle and {SLOW} slow clients: {time.monotonic() - began:.2f} s")
        assert len(hop.taken) == 50
        assert crowd.poll() is None
        assert open_files(gateway.process.pid) >= IDLE + SLOW, "and nobody was turned away for it"
    finally:
        crowd.kill()
        crowd.wait()
        gateway.stop()
        hop.close()
    assert "Too many open files" not in gateway.log.read_text()


def open_files(supervisor: int) -> int:
    """Those of its workers together."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return sum(1 for pid in children for _ in Path(f"/proc/{pid}/fd").iterdir())


def until(happened: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"not so: {what}"
        time.sleep(0.1)
