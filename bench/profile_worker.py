"""Processor time of the gateway's workers for a message, without any peer: for comparing two states of the code.

    bench/profile_worker.py [--only NAME,NAME] [--count N] [--rounds 5] [--sessions 20]

For each message: user and system microseconds of the workers, the part of their first thread (the loop) and of their
other threads (the record, long inspections), and what the readers of attachments below them took. The median of the
rounds; /proc counts in hundredths of a second, so a round should take a second or more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.postfix import Sink, smtp_source  # noqa: E402
from support.running import RunningGateway  # noqa: E402

from bench.costs import workers  # noqa: E402
from bench.messages import messages  # noqa: E402
from bench.processes import cpu_seconds  # noqa: E402
from bench.run import ENVELOPE, POSTVAGT, for_smtp_source  # noqa: E402

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_SECONDS = 1.5


class Spent(NamedTuple):
    user: float
    system: float
    loop: float
    others: float
    readers: float

    def per_message(self, before: Spent, count: int) -> Spent:
        return Spent(*((now - then) / count * 1e6 for now, then in zip(self, before, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="messages by name")
    parser.add_argument("--count", type=int, default=0, help="messages a round; else about 1.5 seconds of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postvagt-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        sink = Sink("-c")
        gateway = RunningGateway(folder, sink.port, quiet=True, **POSTVAGT).start()
        try:
            assert gateway.process is not None
            profile(gateway.process.pid, gateway.port, folder, options)
        finally:
            gateway.stop()
            sink.stop()
    return 0


def profile(supervisor: int, port: int, folder: Path, options: argparse.Namespace) -> None:
    print(f"{'µs a message':<14}" + "".join(f"{name:>9}" for name in ("all", *Spent._fields)))
    for name, content in messages().items():
        if options.only and name not in options.only.split(","):
            continue
        file = folder / f"{name}.eml"
        file.write_bytes(for_smtp_source(content))
        send(port, file, 40, options.sessions)
        before = spent(supervisor)
        send(port, file, 40, options.sessions)
        first = spent(supervisor).per_message(before, 40)
        count = options.count or max(40, int(_SECONDS * 1e6 / max(100.0, first.user + first.system + first.readers)))
        rounds = []
        for _ in range(options.rounds):
            before = spent(supervisor)
            send(port, file, count, options.sessions)
            rounds.append(spent(supervisor).per_message(before, count))
        medians = Spent(*map(statistics.median, zip(*rounds, strict=True)))
        whole = statistics.median(each.user + each.system for each in rounds)
        print(f"{name:<14}" + "".join(f"{value:>9.0f}" for value in (whole, *medians)), flush=True)


def send(port: int, file: Path, count: int, sessions: int) -> None:
    result = smtp_source(port, *("-d", "-s", str(sessions), "-m", str(count), "-F", str(file)), *ENVELOPE)
    if result.returncode:
        raise RuntimeError(result.stderr.strip()[-300:])


def spent(supervisor: int) -> Spent:
    """Seconds so far, of all workers together."""
    user = system = loop = readers = 0.0
    for pid in workers(supervisor):
        mine = _times(Path(f"/proc/{pid}/stat"))
        user += mine[0]
        system += mine[1]
        loop += sum(_times(Path(f"/proc/{pid}/task/{pid}/stat")))
        readers += cpu_seconds([pid]) - sum(mine)
    return Spent(user, system, loop, user + system - loop, readers)


def _times(stat: Path) -> tuple[float, float]:
    fields = stat.read_text().rpartition(") ")[2].split()
    return int(fields[11]) * _TICK, int(fields[12]) * _TICK


if __name__ == "__main__":
    sys.exit(main())
