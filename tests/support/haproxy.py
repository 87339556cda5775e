"""Real HAProxy in front of us, on loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.ports import free_port, wait_for_port


class HaProxy:
    """Copies bytes to `port`, each connection under a PROXY header. option: `send-proxy` or `send-proxy-v2`."""

    def __init__(self, folder: Path, port: int, option: str) -> None:
        self.port = free_port()
        self._file = folder / f"{option}.cfg"
        self._file.write_text(
            "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
            f"listen smtp\n bind 127.0.0.1:{self.port}\n server postvagt 127.0.0.1:{port} {option}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> HaProxy:
        command = ["haproxy", "-db", "-q", "-f", str(self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_for_port(self.port)
        return self

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
