"""Messages a second and processor time a message, through the gateway and through its peers, in one run.

The same smtp-source into each in turn, over 20 sessions that stay open, all of them to one smtp-sink. The rounds of
all are taken in turn, so that a machine that grows slower grows slower for all; the medians are printed, the ratio to
Postfix's before-queue proxy, which reads nothing, and the microseconds of processor time that the filter's processes
took for a message. Postvagt runs with two workers and everything on but OCR, and reuses nothing between messages.

    bench/run.py [--rounds 3] [--seconds 1.5] [--only NAME,NAME] [--peers NAME,NAME] [--mail DIR] [--no-costs]

Quote the ratio and the processor time: machines are shared and noisy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.postfix import Sink, smtp_source  # noqa: E402
from support.running import RunningGateway  # noqa: E402

from bench import costs  # noqa: E402
from bench.messages import messages  # noqa: E402
from bench.peers import PEERS, Missing, Peer  # noqa: E402
from bench.processes import cpu_seconds  # noqa: E402

SESSIONS = 20
WARM_UP = 40
BASE = "postfix proxy"
ENVELOPE = ("-f", "dagklub@lavuk.dk", "-t", "forening@example.org")
POSTVAGT = {"workers": 2, "extraction": {"ocr": False, "reuse_seconds": 0}}


@dataclass(slots=True)
class Measured:
    """What the rounds of one filter with one message gave."""

    count: int
    rates: list[float] = field(default_factory=list)
    micros: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="rough length of a round")
    parser.add_argument("--only", default="", help="messages by name")
    parser.add_argument("--peers", default=",".join(PEERS), help="peers by name; none with ''")
    parser.add_argument("--mail", type=Path, help="a folder of .eml files instead of the usual messages")
    parser.add_argument("--no-costs", action="store_true", help="rates only: no latency, memory or empty lines")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("bench: needs root, Postfix does not start without", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="postvagt-bench-") as name:
        side_by_side(Path(name), options)
    return 0


def side_by_side(folder: Path, options: argparse.Namespace) -> None:
    folder.chmod(0o755)
    sink = Sink("-c")
    running: dict[str, Peer] = {}
    try:
        for name in filter(None, options.peers.split(",")):
            try:
                running[name] = PEERS[name](folder, sink.port)
            except Missing as missing:
                print(f"{name}: left out: {missing}", file=sys.stderr)
        (folder / "gateway").mkdir()
        gateway = RunningGateway(folder / "gateway", sink.port, quiet=True, **POSTVAGT).start()
        process = gateway.process
        assert process is not None
        running["postvagt"] = Peer(gateway.port, lambda: [process.pid], lambda: gateway.stop() and None)
        if not options.no_costs:
            costs.print_idle_memory(process.pid, "at start")
        table(running, wanted(options), folder, options)
        if not options.no_costs:
            costs.print_all(process.pid, gateway.port, sink.port)
    finally:
        for peer in running.values():
            peer.stop()
        sink.stop()


def wanted(options: argparse.Namespace) -> dict[str, bytes]:
    names = options.only.split(",") if options.only else None
    return {name: content for name, content in messages(options.mail).items() if names is None or name in names}


def table(running: dict[str, Peer], mails: dict[str, bytes], folder: Path, options: argparse.Namespace) -> None:
    print(f"{'message':<9}{'KiB':>6}" + "".join(f"{name:>28}" for name in running))
    for name, content in mails.items():
        file = folder / f"{name}.eml"
        file.write_bytes(for_smtp_source(content))
        results = measured(running, file, options.rounds, options.seconds)
        base = results[BASE].rate if BASE in results else None
        print(
            f"{name:<9}{len(content) / 1024:>6.0f}" + "".join(_cell(results.get(each), base) for each in running),
            flush=True,
        )


def for_smtp_source(content: bytes) -> bytes:
    """It ends each line itself; of a file with CRLF it would make CR CR LF."""
    return content.replace(b"\r\n", b"\n")


def _cell(result: Measured | None, base: float | None) -> str:
    if result is None:
        return f"{'-':>28}"
    ratio = f"{result.rate / base:.2f}x" if base else ""
    return f"{result.rate:>9.0f}/s {ratio:>7}{statistics.median(result.micros):>8.0f}µs"


def measured(running: dict[str, Peer], file: Path, rounds: int, seconds: float) -> dict[str, Measured]:
    """The rounds of all filters, taken in turn and each time from another one on."""
    results = {}
    for name, peer in running.items():
        try:
            took = send(peer.port, file, WARM_UP)
        except RuntimeError as error:
            print(f"{name}: {file.stem}: {error}", file=sys.stderr)
            continue
        peer.settle()
        results[name] = Measured(max(WARM_UP, min(20_000, int(WARM_UP / took * seconds))))
    names = list(results)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            one_round(running[name], file, results[name])
    return results


def one_round(peer: Peer, file: Path, result: Measured) -> None:
    before = cpu_seconds(peer.pids())
    took = send(peer.port, file, result.count)
    peer.settle()
    result.rates.append(result.count / took)
    result.micros.append((cpu_seconds(peer.pids()) - before) / result.count * 1e6)


def send(port: int, file: Path, count: int) -> float:
    """Seconds smtp-source takes to hand over this many copies."""
    begin = time.perf_counter()
    result = smtp_source(port, *("-d", "-s", str(SESSIONS), "-m", str(count), "-F", str(file)), *ENVELOPE)
    if result.returncode:
        raise RuntimeError(result.stderr.strip()[-300:])
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
