"""Messages a second through the gateway, beside Postfix's before-queue proxy, in one run.

The same smtp-source into each in turn, over 20 sessions that stay open, all of them to one smtp-sink; the median of
the rounds, and the ratio to Postfix, which reads nothing. Quote the ratio: machines are shared and noisy.

    bench/run.py [--rounds 3] [--seconds 1.5] [--only NAME]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.postfix import Postfix, Sink, smtp_source  # noqa: E402
from support.running import RunningGateway  # noqa: E402

from bench.messages import messages  # noqa: E402

SESSIONS = 20
WARM_UP = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="rough length of a round")
    parser.add_argument("--only", help="one message by name")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("bench: needs root, Postfix does not start without", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="postvagt-bench-") as name:
        compare(Path(name), options)
    return 0


def compare(folder: Path, options: argparse.Namespace) -> None:
    folder.chmod(0o755)
    sink = Sink("-c")
    proxy = ("-o", f"smtpd_proxy_filter=127.0.0.1:{sink.port}", "-o", "smtpd_proxy_options=speed_adjust")
    postfix = Postfix(
        folder / "postfix", smtpd=proxy, default_process_limit="100", smtpd_client_connection_rate_limit="0"
    )
    (folder / "gateway").mkdir()
    gateway = RunningGateway(folder / "gateway", sink.port, workers=2, quiet=True)
    try:
        targets = {"postfix proxy": postfix.start().port, "postvagt": gateway.start().port}
        print(f"{'message':<10}{'KiB':>7}" + "".join(f"{target:>24}" for target in targets))
        for name, content in messages().items():
            if options.only in (None, name):
                file = folder / f"{name}.eml"
                file.write_bytes(content)
                rates = measured(targets, file, options)
                base = rates["postfix proxy"]
                cells = "".join(f"{rate:>14.0f}/s {rate / base:>6.2f}x" for rate in rates.values())
                print(f"{name:<10}{len(content) / 1024:>7.0f}{cells}", flush=True)
    finally:
        gateway.stop()
        postfix.stop()
        sink.stop()


def measured(targets: dict[str, int], file: Path, options: argparse.Namespace) -> dict[str, float]:
    """Messages a second for each target, the rounds of all of them taken in turn."""
    counts = {
        target: max(WARM_UP, min(20_000, int(WARM_UP / send(port, file, WARM_UP) * options.seconds)))
        for target, port in targets.items()
    }
    rates: dict[str, list[float]] = {target: [] for target in targets}
    for _ in range(options.rounds):
        for target, port in targets.items():
            rates[target].append(counts[target] / send(port, file, counts[target]))
    return {target: statistics.median(each) for target, each in rates.items()}


def send(port: int, file: Path, count: int) -> float:
    """Seconds smtp-source takes to hand over this many copies."""
    begin = time.perf_counter()
    result = smtp_source(
        port,
        *("-d", "-s", str(SESSIONS), "-m", str(count), "-F", str(file)),
        *("-f", "dagklub@lavuk.dk", "-t", "forening@example.org"),
    )
    if result.returncode:
        raise RuntimeError(result.stderr.strip()[-300:])
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
