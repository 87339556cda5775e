"""Our own faults: a message is never lost by them, never passes by them, and nobody hears of them more than 451."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.raw_client import RawClient
from support.running import RunningGateway
from support.scripted_hop import ScriptedHop

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
SECRET = b"From: dagklub@lavuk.dk\r\nSubject: hemmelig\r\n\r\nhemmelig tekst\r\n"


@pytest.fixture
def hop():
    hop = ScriptedHop()
    yield hop
    hop.close()


BROKEN = {
    "inspection crashes": "from gateway.inspect import Inspector\n"
    "def broken(self, message): raise ValueError(message.content.decode())\n"
    "Inspector.plan = broken\n",
    "inspection hangs": "import time\nfrom gateway.inspect import Inspector\nfrom gateway.smtp import desk\n"
    "desk.AT_ONCE_BYTES = 0\nInspector.plan = lambda self, message: time.sleep(4)\n",
    "the record cannot be written": "from gateway.audit import AuditError, Store\n"
    "async def broken(self, event): raise AuditError('disk full')\n"
    "Store.append = broken\n",
    "the transaction itself crashes": "from gateway.smtp.transaction import Transaction\n"
    "async def broken(self): raise KeyError('hemmelig')\n"
    "Transaction.run = broken\n",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_of_ours_is_a_451_and_says_nothing(tmp_path: Path, hop: ScriptedHop, fault: str) -> None:
    """The gateway runs with one part broken."""
    starter = tmp_path / "broken.py"
    starter.write_text(f"{BROKEN[fault]}\nfrom gateway.cli import main\nmain(prog_name='postvagt')\n")
    gateway = RunningGateway(tmp_path, hop.port, limits={"scan_seconds": 1, "total_seconds": 20})
    gateway.command = [str(starter)]
    gateway.start()
    try:
        with RawClient(gateway.port) as client:
            client.hello()
            reply = client.transaction(SECRET)
            assert reply.startswith("451 4."), reply
            assert "hemmelig" not in reply
            assert client.say("NOOP")[:3] == "250", "the dialogue goes on"
        log = gateway.log.read_text()
        assert "hemmelig" not in log, "the log names the fault, not the message"
        if fault != "the record cannot be written":
            assert hop.taken == [], "it never fails open"
    finally:
        gateway.stop()


def test_a_killed_worker_is_started_again_and_loses_nothing(tmp_path: Path, hop: ScriptedHop) -> None:
    gateway = RunningGateway(tmp_path, hop.port).start()
    try:
        hop.answers = {b".": hop.HANG}
        with RawClient(gateway.port) as client:
            client.hello()
            client.say("MAIL FROM:<dagklub@lavuk.dk>")
            client.say("RCPT TO:<a@example.org>")
            client.say("DATA")
            client.send(HARMLESS + b".\r\n")
            time.sleep(0.3)
            for pid in children_of(gateway.process.pid):
                os.kill(pid, signal.SIGKILL)
            try:
                heard = client.hear()
            except ConnectionError:
                heard = ""
            assert heard == "", "a killed worker says nothing: the client keeps the message"
        hop.forget()
        with connected(gateway.port) as client:
            client.hello()
            assert client.transaction(HARMLESS)[:3] == "250"
        assert "ended by signal 9, starting it again" in gateway.log.read_text()
    finally:
        gateway.stop()


def test_a_message_under_way_is_finished_before_the_gateway_stops(tmp_path: Path, hop: ScriptedHop) -> None:
    gateway = RunningGateway(tmp_path, hop.port).start()
    with RawClient(gateway.port) as busy, RawClient(gateway.port) as idle:
        busy.hello()
        idle.hello()
        busy.say("MAIL FROM:<dagklub@lavuk.dk>")
        busy.say("RCPT TO:<a@example.org>")
        busy.say("DATA")
        hop.slow_dot = 0.7
        busy.send(HARMLESS + b".\r\n")
        time.sleep(0.2)
        gateway.process.send_signal(signal.SIGTERM)
        assert idle.hear().startswith("421 4.3.2")
        assert busy.hear()[:3] == "250"
    assert gateway.process.wait(10) == 0
    assert len(hop.taken) == 1


def test_reload_takes_new_settings_and_keeps_the_last_good_ones(tmp_path: Path, hop: ScriptedHop) -> None:
    gateway = RunningGateway(tmp_path, hop.port).start()
    good = gateway.config.read_text()
    blocked = b"From: dagklub@lavuk.dk\r\n\r\nBarnets cpr er 070761-4285\r\n"
    try:
        gateway.config.write_text(good + "mode: monitor\n")
        gateway.process.send_signal(signal.SIGHUP)
        wait_for_log(gateway, "reloaded, policy")
        with connected(gateway.port) as client:
            client.hello()
            assert client.transaction(blocked) == "250 2.0.0 taken as 4711", "monitor relays all"
        event = gateway.events()[-1]
        assert (event.verdict, event.mode) == ("block", "monitor")
        gateway.config.write_text(good + "mode: nonsense\n")
        gateway.process.send_signal(signal.SIGHUP)
        wait_for_log(gateway, "not reloaded")
        assert f"{gateway.config}:" in gateway.log.read_text()
        kinds = [event.kind for event in gateway.all_events()]
        assert kinds.count("reload") == kinds.count("refused_policy") == 1
        with connected(gateway.port) as client:
            client.hello()
            assert client.transaction(blocked) == "250 2.0.0 taken as 4711", "the last good settings stay"
    finally:
        gateway.stop()


def test_systemd_is_told(tmp_path: Path, hop: ScriptedHop, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        gateway = RunningGateway(tmp_path, hop.port).start()
        assert systemd.recv(1000) == b"READY=1"
        gateway.process.send_signal(signal.SIGHUP)
        assert systemd.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert systemd.recv(1000) == b"READY=1"
        gateway.stop()
        assert systemd.recv(1000) == b"STOPPING=1"


def test_no_worker_outlives_a_killed_supervisor(tmp_path: Path, hop: ScriptedHop) -> None:
    gateway = RunningGateway(tmp_path, hop.port).start()
    with connected(gateway.port):  # it listens before its workers are there
        workers = children_of(gateway.process.pid)
    assert workers
    gateway.process.kill()
    gateway.process.wait()
    end = time.monotonic() + 10
    while time.monotonic() < end and any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.05)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def connected(port: int) -> RawClient:
    """A client whose line stands: right after a change of workers the first one may be cut."""
    for _ in range(50):
        try:
            client = RawClient(port)
            if client.greeting.startswith("220"):
                return client
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("nobody answers")


def wait_for_log(gateway: RunningGateway, text: str) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if text in gateway.log.read_text():
            time.sleep(0.3)
            return
        time.sleep(0.05)
    raise AssertionError(gateway.log.read_text())
