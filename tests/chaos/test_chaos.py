"""Everything dies around the gateway while mail flows: who heard 250 is served, the others still have their message.

Clients of our own send numbered messages and write down what they hear for each of them; beside them smtp-source sends
at full speed, which does not say what it heard. Meanwhile workers are killed, the next hop is killed and started again,
and the disk of the record fills up. Then the books are compared: a message that heard 250 lies at the next hop, or its
bounce does; one that heard 4xx or nothing may lie there too, and would come twice.

`make test` gives each kind of chaos some seconds; CHAOS=60 in the environment gives it that many (`make chaos`).
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.numbers import shows_number
from support.ports import free_port
from support.postfix import Sink
from support.raw_client import RawClient
from support.running import RunningGateway

pytestmark = pytest.mark.peer("smtp-sink", "smtp-source")

SECONDS = float(os.environ.get("CHAOS", "5"))
SESSIONS = 12
NUMBER = re.compile(rb"chaos-(\d+)-")


class Load:
    """Clients that send without pause. heard: the reply to each numbered message; empty when the line was cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._next = iter(range(1, 1_000_000_000))
        self.heard: dict[int, str] = {}
        self._threads = [threading.Thread(target=self._client) for _ in range(SESSIONS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(90)
        assert not [thread for thread in self._threads if thread.is_alive()], "a client hangs"

    def _client(self) -> None:
        while not self._stop.is_set():
            try:
                with RawClient(self._port, timeout=60) as client:
                    self._session(client)
            except OSError:
                time.sleep(0.02)

    def _session(self, client: RawClient) -> None:
        if not client.hello().startswith("250"):
            time.sleep(0.05)
            return
        for _ in range(20):
            if self._stop.is_set():
                return
            number = next(self._next)
            self.heard[number] = ""
            self.heard[number] = reply = client.transaction(*message(number))
            if reply[:1] not in ("2", "4", "5") or reply.startswith("421"):
                return


def message(number: int) -> tuple[bytes, str, tuple[str, ...]]:
    """Every fifth one is to be stopped. Its number is in the text and in the sender, where its bounce goes."""
    text = b"Barnets cpr er 070761-4285." if number % 5 == 0 else b"Husk regntoj."
    content = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nchaos-%d- " % number + text + b"\r\n"
    return content + b"fyld " * 400 + b"\r\n", f"chaos-{number}-@lavuk.dk", ("a@example.org",)


class Books:
    """What lies at the next hop: how often each message, and how often its bounce."""

    def __init__(self, *folders: Path) -> None:
        self.relayed: Counter[int] = Counter()
        self.bounced: Counter[int] = Counter()
        self.leaked = 0
        self.full_speed = 0
        for path in (path for folder in folders for path in folder.iterdir()):
            content = path.read_bytes()
            numbers = NUMBER.findall(content)
            self.leaked += shows_number(content)
            self.full_speed += not numbers
            if numbers:
                (self.bounced if b"multipart/report" in content else self.relayed)[int(numbers[0])] += 1


def compare(what: str, load: Load, books: Books) -> None:
    """Fail when anything was lost or leaked; print the counts."""
    told = {number for number, reply in load.heard.items() if reply.startswith("250")}
    later = {number for number, reply in load.heard.items() if reply.startswith("4")}
    nothing = {number for number, reply in load.heard.items() if not reply}
    never = {number: reply for number, reply in load.heard.items() if reply[:1] == "5"}
    there = books.relayed.keys() | books.bounced.keys()
    twice = [number for number, times in (books.relayed + books.bounced).items() if times > 1]
    extra = sorted(there - told)
    print(
        f"\n{what}: {len(load.heard)} sent; heard 250: {len(told)}, 4xx: {len(later)}, nothing: {len(nothing)}; "
        f"at the next hop: {len(books.relayed)} messages, {len(books.bounced)} bounces; "
        f"lost: {len(told - there)}, there without 250 (duplicates to come): {len(extra)}; "
        f"beside them {books.full_speed} of smtp-source"
    )
    assert told - there == set(), "lost"
    assert never == {}, "a fault of ours or of the next hop is never for good"
    assert twice == [], "each number was sent once"
    assert not [number for number in books.relayed if number % 5 == 0], "what was to be stopped went on"
    assert books.leaked == 0
    assert told, "some messages went through between the troubles"


@contextmanager
def repeated(action: Callable[[], None], pause: float) -> Iterator[None]:
    """Do this again and again meanwhile."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(pause):
            action()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join(60)


@contextmanager
def full_speed(port: int) -> Iterator[None]:
    """smtp-source, which does not mind refusals (-A), and is started again when a cut line ends it."""
    options = ["-A", "-d", "-s", "8", "-m", "1000000", "-l", "1000", "-f", "dagklub@lavuk.dk", "-t", "b@example.org"]
    running: list[subprocess.Popen[bytes]] = []

    def keep_running() -> None:
        if not running or running[-1].poll() is not None:
            command = ["smtp-source", *options, f"127.0.0.1:{port}"]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    with repeated(keep_running, 0.05):
        yield
    for process in running:
        process.kill()
        process.wait()


def started(folder: Path, port: int, **settings: object) -> RunningGateway:
    limits = {"scan_seconds": 5, "total_seconds": 20}
    return RunningGateway(folder, port, workers=2, quiet=True, limits=limits, **settings).start()


def test_workers_are_killed(tmp_path: Path, open_folder: Path) -> None:
    sink = Sink(dump=open_folder / "killed")
    gateway = started(tmp_path, sink.port)
    dice = random.Random(1)
    kills = 0

    def kill_one() -> None:
        nonlocal kills
        workers = gateway.workers
        if workers:
            os.kill(dice.choice(workers), signal.SIGKILL)
            kills += 1

    try:
        with full_speed(gateway.port), Load(gateway.port) as load, repeated(kill_one, 1.0):
            time.sleep(SECONDS)
    finally:
        gateway.stop()
        sink.stop()
    compare(f"workers killed {kills} times", load, Books(open_folder / "killed"))
    assert kills > 0


def test_the_next_hop_stops_and_starts(tmp_path: Path, open_folder: Path) -> None:
    """smtp-sink is killed in the middle of whatever it does; what it had answered 250 to lies in its files."""
    port = free_port()
    sinks = [Sink(dump=open_folder / "hop-0", port=port)]
    gateway = started(tmp_path, port)

    def restart() -> None:
        sinks[-1].process.kill()
        sinks[-1].process.wait()
        time.sleep(0.3)
        sinks.append(Sink(dump=open_folder / f"hop-{len(sinks)}", port=port))

    try:
        with full_speed(gateway.port), Load(gateway.port) as load, repeated(restart, 1.0):
            time.sleep(SECONDS)
    finally:
        gateway.stop()
        sinks[-1].stop()
    folders = [open_folder / f"hop-{number}" for number in range(len(sinks))]
    compare(f"next hop restarted {len(sinks) - 1} times", load, Books(*folders))


def test_settings_are_read_again_while_mail_flows(tmp_path: Path, open_folder: Path) -> None:
    """SIGHUP: a new generation of workers takes over, the old one finishes what it has."""
    sink = Sink(dump=open_folder / "reloaded")
    gateway = started(tmp_path, sink.port)
    process = gateway.process
    assert process is not None
    try:
        with Load(gateway.port) as load, repeated(lambda: process.send_signal(signal.SIGHUP), 1.0):
            time.sleep(SECONDS)
    finally:
        assert gateway.stop() == 0
        sink.stop()
    compare("reloaded every second", load, Books(open_folder / "reloaded"))
    assert "reloaded, policy" in gateway.log.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a small tmpfs")
def test_the_records_disk_is_full(tmp_path: Path, open_folder: Path) -> None:
    """No event, no 250: while the disk is full clients hear 4xx. When there is room again, mail flows again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    sink = Sink(dump=open_folder / "full")
    gateway = started(tmp_path, sink.port, audit={"store": "sqlite:///disk/audit.db", "keys": "keys"})
    fill = disk / "fill"
    room = 64 + round(8 * SECONDS)  # megabytes: the record grows by one or two a second, and must not fill it itself

    def fill_and_free() -> None:
        with fill.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        time.sleep(0.7)
        fill.unlink()
        subprocess.run(["mount", "-o", f"remount,size={room}m", str(disk)], capture_output=True, check=False)

    try:
        with full_speed(gateway.port), Load(gateway.port) as load, repeated(fill_and_free, 1.0):
            time.sleep(SECONDS)
        with RawClient(gateway.port) as client:
            client.hello()
            assert client.transaction(*message(1))[:3] == "250", f"mail flows again:\n{gateway.log.read_text()[-2000:]}"
    finally:
        gateway.stop()
        sink.stop()
        shutil.rmtree(disk, ignore_errors=True)
        subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)
    load.heard.pop(1, None)
    books = Books(open_folder / "full")
    books.relayed.pop(1, None)
    compare("the record's disk was full", load, books)
    assert [reply for reply in load.heard.values() if reply.startswith("451 4.3.0")], "it was full"
