"""Ten thousand idle connections and two hundred slow ones do not stop a fast client.

They sit in a process of their own, with as many file descriptors as that takes; the gateway has its own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

IDLE, SLOW = 10_000, 200
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
    if most != resource.RLIM_INFINITY and most < IDLE + SLOW + 500 and os.geteuid() != 0:
        pytest.skip("needs a higher limit of open files, or root")
    hop = ScriptedHop()
    gateway = RunningGateway(
        tmp_path,
        hop.port,
        quiet=True,
        workers=2,
        limits={"connections": 12_000, "connections_per_address": 500, "scan_seconds": 10, "total_seconds": 20},
    )
    starter = tmp_path / "many_files.py"
    starter.write_text(
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({IDLE + SLOW + 2000},) * 2)\n"
        "from gateway.cli import main\nmain(prog_name='postvagt')\n"
    )
    gateway.command = [str(starter)]
    gateway.start()
    command = [sys.executable, "-c", CROWD, str(gateway.port), str(IDLE), str(SLOW)]
    crowd = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == b"there\n", crowd.stderr.read() if crowd.stderr else b""
        began = time.monotonic()
        with RawClient(gateway.port) as client:
            client.hello()
            for _ in range(50):
                assert client.transaction(HARMLESS)[:3] == "250"
        print(f"\n50 messages beside {IDLE} idle and {SLOW} slow clients: {time.monotonic() - began:.2f} s")
        assert len(hop.taken) == 50
        assert crowd.poll() is None
    finally:
        crowd.kill()
        crowd.wait()
        gateway.stop()
        hop.close()
    assert "Too many open files" not in gateway.log.read_text()
