"""What a running gateway costs beside its rate: time added, memory held, and the price of empty lines."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from bench.load import on_the_wire, percentiles, seconds_each
from bench.messages import messages, of_lines, with_photo
from bench.processes import cpu_seconds, memory

MIB = 1 << 20
IN_FLIGHT = 100
IN_FLIGHT_BYTES = 10 * MIB
LONG_BYTES = 25 * MIB
_LINE = "Vi mødes ved legepladsen kl. 9.15 og er tilbage til frugt.".encode().ljust(76)


def print_all(supervisor: int, gateway: int, sink: int) -> None:
    print_latency(gateway, sink)
    print_empty_lines(supervisor, gateway)
    print_in_flight(supervisor, gateway)
    time.sleep(5)
    print_idle_memory(supervisor, "idle after all that")


def workers(supervisor: int) -> list[int]:
    """The processes that hold conversations: children of the supervisor, not the readers below them."""
    return [int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()]


def print_idle_memory(supervisor: int, when: str) -> None:
    for number, pid in enumerate(workers(supervisor), 1):
        now = memory(pid)
        print(f"worker {number}, {when}: RSS {now['rss']:.0f} MiB, PSS {now['pss']:.0f}, USS {now['uss']:.0f}")


def print_latency(gateway: int, sink: int) -> None:
    """At half of the rate that the same client reaches through the gateway, against the next hop alone."""
    for name in ("short", "reply"):
        content = messages()[name]
        begin = time.perf_counter()
        seconds_each(gateway, content, 1e6, 500)
        rate = 500 / (time.perf_counter() - begin) / 2
        count = max(500, int(rate * 4))
        through, direct = (percentiles(seconds_each(port, content, rate, count)) for port in (gateway, sink))
        print(
            f"latency, {name} at {rate:.0f}/s (half load): through the gateway p50 {through[0]:.2f} ms p99 "
            f"{through[1]:.2f}, to the next hop itself p50 {direct[0]:.2f} p99 {direct[1]:.2f}, "
            f"added p50 {through[0] - direct[0]:.2f} p99 {through[1] - direct[1]:.2f}"
        )


def print_empty_lines(supervisor: int, gateway: int) -> None:
    for name, line in (("text", _LINE), ("empty lines", b"")):
        content = of_lines(line, LONG_BYTES)
        before, begin = cpu_seconds([supervisor]), time.perf_counter()
        seconds_each(gateway, content, 1e6, 2)
        wall = (time.perf_counter() - begin) / 2
        spent = (cpu_seconds([supervisor]) - before) / 2
        print(f"25 MiB of {name}: {spent:.2f} s of processor time, {wall:.2f} s in all")


def print_in_flight(supervisor: int, gateway: int) -> None:
    """All of them sent but their final dots, as far as the gateway reads; then finished one after the other."""
    wire = on_the_wire(with_photo(IN_FLIGHT_BYTES))
    pids = workers(supervisor)
    idle = sum(memory(pid)["pss"] for pid in pids)
    lines = [_told(gateway) for _ in range(IN_FLIGHT)]
    left = [_sent(line, memoryview(wire)[:-5]) for line in lines]
    time.sleep(1)
    held = sum(memory(pid)["pss"] for pid in pids)
    stalled = sum(1 for size in left if size)
    print(
        f"{IN_FLIGHT} messages of {len(wire) / MIB:.0f} MiB in flight: all workers together PSS {held:.0f} MiB "
        f"({held - idle:+.0f}); {stalled} of them wait to be read (`in_flight_bytes`)"
    )
    for line in lines:
        line.close()


def _told(port: int) -> socket.socket:
    """A connection whose next bytes are the message."""
    line = socket.create_connection(("127.0.0.1", port))
    reader = line.makefile("rb")
    reader.readline()
    line.sendall(b"EHLO bench.example\r\n")
    while reader.readline()[3:4] == b"-":
        pass
    line.sendall(b"MAIL FROM:<dagklub@lavuk.dk>\r\nRCPT TO:<forening@example.org>\r\nDATA\r\n")
    if [reader.readline()[:3] for _ in range(3)][-1] != b"354":
        raise RuntimeError("the gateway takes no message")
    return line


def _sent(line: socket.socket, wire: memoryview) -> int:
    """Send as much as it reads; how many bytes are left when it has read nothing for a second."""
    line.settimeout(1.0)
    while wire:
        try:
            wire = wire[line.send(wire[: 1 << 18]) :]
        except TimeoutError:
            break
    return len(wire)
