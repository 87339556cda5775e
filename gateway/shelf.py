"""Compiled patterns on disk between starts: thirty thousand words take seconds to compile and milliseconds to load.

A cache and nothing more: it may be taken away at any time, and where it cannot be read or written all is compiled. What
lies there becomes code's tables, so a folder that others own or may write to is not used.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_MOST = 48
"""Files kept: those of four policies or versions, some twelve each."""


def usual_folder() -> Path | None:
    """Where a service manager, else the desktop's rules, want such files; None where nobody has a home.

    systemd.exec(5) for CacheDirectory=, and the XDG base directory specification.
    """
    given = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME", "") and f"{os.environ['HOME']}/.cache")
    return Path(home) / "postvagt" if home and Path(home).is_absolute() else None


class Shelf:
    """Bytes by name in one folder of this user's own, the oldest given up when there are many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str) -> bytes | None:
        """What was put under this name, or None."""
        path = self._folder / name
        try:
            if not self._is_ours():
                return None
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Keeps the bytes, whole or not at all; a disk that cannot is no matter."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours():
                return
            handle, made = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(made).replace(self._folder / name)
            except OSError:
                Path(made).unlink()
                raise
            self._give_up_oldest()

    def _is_ours(self) -> bool:
        found = self._folder.stat()
        return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

    def _give_up_oldest(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_MOST:]:
            path.unlink()
