"""A real PostgreSQL from Debian's packages on a loopback port, for as long as the tests run."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from itertools import count
from pathlib import Path

from support.ports import free_port


class Postgres:
    """A PostgreSQL server of our own, run by a user that is not root, gone when the tests are."""

    def __init__(self, folder: Path) -> None:
        self._programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self._user = _a_user_that_is_not_root()
        self._data, self._folder = folder / "data", folder
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", self._data, "-U", "audit", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.port = free_port()
        self._numbers = count(1)
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c shared_buffers=16MB"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        name = f"audit{next(self._numbers)}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "audit", name)
        return f"postgresql://audit@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *words: object) -> None:
        who = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        command = [str(self._programs / program), *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, timeout=60, **who)


def _a_user_that_is_not_root() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LookupError("PostgreSQL does not run as root and there is no other user here")
