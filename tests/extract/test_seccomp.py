"""The filter of the readers, tried in a process of its own: what it refuses, and what parsers still need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.extract import seccomp

ROOT = Path(__file__).resolve().parents[2]


def outcome(action: str) -> str:
    """What becomes of an action behind the filter: `done`, or the name of the error."""
    code = (
        "import errno, os, socket, threading, subprocess\n"
        "from gateway.extract import seccomp\n"
        "assert seccomp.forbid()\n"
        f"try:\n    {action}\n"
        "except OSError as error:\n    print(errno.errorcode[error.errno], flush=True)\n"
        "else:\n    print('done', flush=True)\n"
        "os._exit(0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    return run.stdout.strip()


@pytest.mark.skipif(not seccomp.is_available(), reason="no filter for this processor")
@pytest.mark.parametrize(
    ("action", "want"),
    [
        pytest.param("socket.socket()", "EPERM", id="a socket"),
        pytest.param("socket.socketpair()", "EPERM", id="a pair of sockets"),
        pytest.param("os.fork()", "EPERM", id="a process"),
        pytest.param("os.execv('/bin/true', ['true'])", "EPERM", id="another program"),
        pytest.param("os.kill(os.getppid(), 0)", "EPERM", id="a signal to another"),
        pytest.param("os.unlink('/nothing')", "EPERM", id="removing a file"),
        pytest.param("t = threading.Thread(target=print); t.start(); t.join()", "done", id="a thread"),
        pytest.param("open('/etc/hostname').read()", "done", id="reading a file"),
    ],
)
def test_the_filter(action: str, want: str) -> None:
    assert outcome(action) == want
