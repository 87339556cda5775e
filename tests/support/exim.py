"""Real Exim: an instance with folders of its own, never root.

Debian's Exim and Debian's Postfix cannot be installed together, so `scripts/debian-unpacked` lays Exim's package out in
a folder of this project; it runs from a copy that its own user may enter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.ports import free_port, wait_for_port
from support.postfix import Mailbox
from support.running import ROOT

UNPACKED = ROOT / ".tools" / "debian" / "usr" / "sbin"
USER = "Debian-exim"
"""Compiled into Debian's binary, which does not start where nobody has this name."""

_CONFIGURATION = """
exim_path = {folder}/exim4
exim_user = {user}
exim_group = {user}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
primary_hostname = exim.example
keep_environment =
deliver_drop_privilege
message_size_limit = 60M
{main}
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
prdr_enable
acl_smtp_rcpt = accept
acl_smtp_data = accept
allow_utf8_domains

begin acl
begin routers
{onwards}
keep:
  driver = accept
  transport = maildir

begin transports
smtp:
  driver = smtp
  port = {next_port}
  {client}
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  return_path_add
  delivery_date_add
  envelope_to_add

begin retry
* * F,1h,2s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{dagklub}}}}{{eq{{$auth3}}{{hemmelig}}}}}}}}
  server_set_id = $auth2
"""

_ONWARDS = """
onwards:
  driver = manualroute
  senders = ! :
  route_list = * 127.0.0.1
  transport = smtp
  self = send
"""


class Exim(Mailbox):
    """One instance on loopback.

    next_port: give everything on to this port, but keep its own bounces; without it keep everything in one Maildir.
    client: more options for the transport towards the next hop. certificate: a PEM file with key and chain; with it,
    clients may use TLS, and log in as `dagklub` with the password `hemmelig`.
    """

    def __init__(self, folder: Path, next_port: int = 0, client: str = "", certificate: Path | None = None) -> None:
        folder.mkdir()
        super().__init__(folder / "mail", folder / "log" / "main")
        self.port = free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("spool", "log", "mail"):
            (folder / name).mkdir()
        shutil.copy(program() or "exim4", folder / "exim4")
        (folder / "exim4").chmod(0o755)
        configuration = _CONFIGURATION.format(
            folder=folder,
            user=USER,
            port=self.port,
            next_port=next_port or 25,
            onwards=_ONWARDS if next_port else "",
            client=client,
            main=_tls(certificate),
        )
        (folder / "exim.conf").write_text(configuration)
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, USER, USER)

    def start(self) -> Exim:
        command = [f"{self.folder}/exim4", "-C", f"{self.folder}/exim.conf", "-bdf", "-q1s"]
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(command, user=USER, group=USER, stdout=output, stderr=output, env={})
        assert wait_for_port(self.port), (self.folder / "output").read_text()
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def _tls(certificate: Path | None) -> str:
    if certificate is None:
        return "tls_advertise_hosts =\nauth_advertise_hosts ="
    lines = (
        "tls_advertise_hosts = *",
        f"tls_certificate = {certificate}",
        "auth_advertise_hosts = ${if def:tls_in_cipher{*}}",
    )
    return "\n".join(lines)


def program() -> str | None:
    """Where Exim is, installed or unpacked."""
    return shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:{UNPACKED}")
