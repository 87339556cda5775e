"""A Maildir that a mail server of ours delivers into."""

from __future__ import annotations

import time
from pathlib import Path


class Mailbox:
    """maildir: where messages come to lie. log: what to show when they do not."""

    def __init__(self, maildir: Path, log: Path) -> None:
        self.maildir = maildir
        self.log = log

    def delivered(self, count: int, seconds: float = 20.0) -> list[bytes]:
        """The messages in the Maildir, oldest first, with CRLF, as soon as there are this many."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            files = sorted((self.maildir / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
            if len(files) >= count:
                return [path.read_bytes().replace(b"\n", b"\r\n") for path in files]
            time.sleep(0.05)
        raise AssertionError(f"only {len(files)} of {count} delivered:\n{self.log.read_text()[-3000:]}")
