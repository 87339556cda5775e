"""A gateway as its admin runs it: `postvagt serve --config FILE` in a process of its own, on ports of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from support.ports import free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]


class RunningGateway:
    """Settings over the usual ones; `port` is the first listener's."""

    def __init__(self, folder: Path, next_hop_port: int, **settings: Any) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "gateway.log"
        self._environment = settings.pop("environment", {})
        self._debug = [] if settings.pop("quiet", False) else ["--debug"]
        listener = {"role": "outbound", "listen": f"127.0.0.1:{self.port}"} | settings.pop("listener", {})
        self.settings = {
            "listeners": [listener, *settings.pop("more_listeners", ())],
            "next_hop": {"host": "127.0.0.1", "port": next_hop_port, "tls": "none"},
            "policy": str(settings.pop("policy", ROOT / "policies" / "lavuk")),
            "audit": {"store": "sqlite:///audit.db"},
            "hostname": "gateway.example",
            "workers": 1,
            **settings,
        }
        self.config = folder / "postvagt.yaml"
        self.config.write_text(yaml.safe_dump(self.settings, allow_unicode=True), encoding="utf-8")
        self.command = ["-m", "gateway"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> RunningGateway:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command, "serve", *self._debug, "--config", str(self.config)],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT), **self._environment},
            )
        if not wait_for_port(self.port) or self.process.poll() is not None:
            raise RuntimeError(f"the gateway did not start:\n{self.log.read_text()}")
        return self

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    @property
    def workers(self) -> list[int]:
        """The processes of its workers, oldest first; a gateway that has just begun to listen may have none yet."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, check=False
        )
        return [int(word) for word in listing.stdout.split()]

    def events(self) -> list[Any]:
        """The events of kind `message`, oldest first."""
        return [event for event in self.all_events() if event.kind == "message"]

    def all_events(self) -> list[Any]:
        from gateway.audit import open_store

        store = open_store(f"sqlite:///{self.folder / 'audit.db'}")
        try:
            records = store.recent(100_000)
        finally:
            store.close()
        return [record.event for record in reversed(records) if record.event]

    def everything_written(self) -> bytes:
        """Every byte the gateway wrote anywhere in its folder: log, record, key, outbox, and the names of its files."""
        files = (path for path in self.folder.rglob("*") if path.is_file() and path != self.config)
        return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in sorted(files))
