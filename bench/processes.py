"""What processes cost, read from /proc: processor time of a whole tree, memory of one process."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(roots: Iterable[int]) -> list[int]:
    """These processes and all their descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found = list(roots)
    for pid in found:
        found.extend(children[pid])
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """Processor time of these processes and their descendants, those that ended and were waited for included."""
    ticks = 0
    for pid in tree(roots):
        if fields := _stat(pid):
            ticks += sum(map(int, fields[11:15]))
    return ticks * _TICK


def memory(pid: int) -> dict[str, float]:
    """MiB: `rss` with all shared pages, `pss` with its share of them, `uss` without any."""
    kib: dict[str, int] = defaultdict(int)
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, value = line.partition(":")
        kib[name] = int(value.split()[0])
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    return {"rss": kib["Rss"] / 1024, "pss": kib["Pss"] / 1024, "uss": private / 1024}
