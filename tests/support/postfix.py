"""Real Postfix: an instance with folders of its own, and its test programs smtp-source and smtp-sink."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from support.mailbox import Mailbox
from support.ports import free_port, wait_for_port

MASTER_DIST = Path("/usr/share/postfix/master.cf.dist")


class Postfix(Mailbox):
    """One instance, started by root on loopback. What it is given is delivered into one Maildir.

    relayhost: give it on to `[host]:port` instead. smtpd: more options for the listening smtpd, `-o name=value`.
    services: more lines of master.cf.
    """

    def __init__(
        self,
        folder: Path,
        relayhost: str = "",
        smtpd: tuple[str, ...] = (),
        services: tuple[str, ...] = (),
        **parameters: str,
    ) -> None:
        folder.mkdir()
        super().__init__(folder / "mail" / "all", folder / "maillog")
        self.port = free_port()
        self.folder = folder
        self._etc = folder / "etc"
        self._smtpd = smtpd
        self._services = services
        user = pwd.getpwnam("nobody")
        for name in ("etc", "spool", "data", "mail"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        shutil.chown(folder / "mail", user.pw_uid)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": str(folder / "spool"),
            "data_directory": str(folder / "data"),
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": "postfix.example",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "mydestination": "",
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(folder),
            "smtputf8_enable": "yes",
            "message_size_limit": "60000000",
            "mailbox_size_limit": "0",
            "relayhost": relayhost,
            **({} if relayhost else self._delivers_all(user)),
            **parameters,
        }
        (self._etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self._etc / "master.cf").write_text(self._master())

    def _delivers_all(self, user: pwd.struct_passwd) -> dict[str, str]:
        return {
            "virtual_mailbox_domains": "static:all",
            "virtual_mailbox_base": str(self.folder / "mail"),
            "virtual_mailbox_maps": "static:all/",
            "virtual_mailbox_limit": "0",
            "virtual_minimum_uid": "1",
            "virtual_uid_maps": f"static:{user.pw_uid}",
            "virtual_gid_maps": f"static:{user.pw_gid}",
        }

    def _master(self) -> str:
        """Debian's services without chroot, and smtpd on a port of ours."""
        lines = [" ".join((f"127.0.0.1:{self.port} inet n - n - - smtpd", *self._smtpd)), *self._services]
        for line in MASTER_DIST.read_text().splitlines():
            words = line.split()
            if not line or line[0] in "# \t" or (words[0], words[1]) == ("smtp", "inet"):
                continue
            lines.append(" ".join([*words[:4], "n", *words[5:]]))
        return "\n".join(lines) + "\n"

    def start(self) -> Postfix:
        subprocess.run(["postfix", "-c", str(self._etc), "start"], check=True, capture_output=True)
        assert wait_for_port(self.port), self.log.read_text()
        return self

    def flush(self) -> None:
        """Try everything in the queue again, now."""
        subprocess.run(["postqueue", "-c", str(self._etc), "-f"], check=True, capture_output=True)

    @property
    def queued(self) -> int:
        """How many messages wait in the queue."""
        found = subprocess.run(["postqueue", "-c", str(self._etc), "-j"], check=True, capture_output=True)
        return len(found.stdout.splitlines())

    def stop(self) -> None:
        subprocess.run(["postfix", "-c", str(self._etc), "stop"], check=False, capture_output=True)


class Sink:
    """smtp-sink: takes everything; with a folder it keeps each message in a file of its own."""

    def __init__(self, *options: str, dump: Path | None = None, port: int = 0) -> None:
        self.port = port or free_port()
        self.dump = dump
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        if dump is not None:
            dump.mkdir(exist_ok=True)
            dump.chmod(0o777)
            options = (*options, "-d", f"{dump}/%M.")
        command = ["smtp-sink", *as_user, *options, f"127.0.0.1:{self.port}", "1000"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_for_port(self.port)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def messages(self) -> list[bytes]:
        assert self.dump is not None
        return [path.read_bytes() for path in self.dump.iterdir()]


def smtp_source(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Postfix's load generator; fails when a reply was not what it expects."""
    command = ["smtp-source", *options, f"127.0.0.1:{port}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
