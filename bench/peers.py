"""The peers of the benchmark, each with the few lines of configuration it needs, all of them on loopback.

    haproxy          copies bytes and reads nothing: the ceiling
    postfix proxy    Postfix as a before-queue proxy that reads nothing
    postfix+rspamd   Postfix that stores and forwards, rspamd as its milter with one CPR pattern
    haraka           Haraka with one CPR pattern over every decoded text, forwarding as each message ends

A peer that is not installed says so, and the others run without it. Each gets two processes or threads, as Postvagt
gets two workers.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from support.ports import free_port, wait_for_port
from support.postfix import Postfix

HARAKA = Path(__file__).resolve().parent.parent / ".tools" / "haraka" / "node_modules" / ".bin" / "haraka"
"""Where scripts/bench-peers lays it."""
CPR = r"\b(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{2}[- ]?\d{4}\b"


class Missing(Exception):
    """The peer is not here; the text says what would bring it."""


class Peer:
    """A running filter.

    pids: the processes it and all its children are found from.
    settle: wait until it has given on everything it took, which counts to its processor time and not to its rate.
    """

    def __init__(self, port: int, pids: Callable[[], list[int]], stop: Callable[[], None]) -> None:
        self.port = port
        self.pids = pids
        self.stop = stop
        self.settle: Callable[[], None] = lambda: None


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise Missing(f"`{name}` is not installed (Debian's package {package})")
    return found


def _spawned(*command: str, log: Path, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, cwd=cwd)


def _ended(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def _listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    if not wait_for_port(port, 60):
        _ended(process)
        raise Missing(f"it did not start: {log.read_text(errors='replace').strip()[-300:]}")


# ---------------------------------------------------------------- HAProxy


def haproxy(folder: Path, sink: int) -> Peer:
    program = _program("haproxy", "haproxy")
    port = free_port()
    configuration = folder / "haproxy.cfg"
    configuration.write_text(
        "global\n nbthread 2\n"
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
        f"listen smtp\n bind 127.0.0.1:{port}\n server sink 127.0.0.1:{sink}\n"
    )
    log = folder / "haproxy.log"
    process = _spawned(program, "-db", "-q", "-f", str(configuration), log=log)
    _listening(port, process, log)
    return Peer(port, lambda: [process.pid], lambda: _ended(process))


# ---------------------------------------------------------------- Postfix


def _postfix(folder: Path, **settings: object) -> tuple[Postfix, Peer]:
    _program("postfix", "postfix")
    postfix = Postfix(
        folder,
        default_process_limit="100",
        smtpd_client_connection_rate_limit="0",
        **settings,  # type: ignore[arg-type]
    ).start()
    master = folder / "spool" / "pid" / "master.pid"
    return postfix, Peer(postfix.port, lambda: [int(master.read_text())], postfix.stop)


def postfix_proxy(folder: Path, sink: int) -> Peer:
    smtpd = ("-o", f"smtpd_proxy_filter=127.0.0.1:{sink}", "-o", "smtpd_proxy_options=speed_adjust")
    return _postfix(folder / "postfix-proxy", smtpd=smtpd)[1]


# ---------------------------------------------------------------- Postfix and rspamd

_RSPAMD = """
lua = "{folder}/none.lua";
options {{
  filters = "regexp"; pidfile = "{folder}/pid"; hs_cache_dir = "{folder}"; cache_file = "{folder}/map";
  control_socket = "{folder}/control mode=0600"; rrd = ""; stats_file = "{folder}/stats"; tempdir = "/tmp";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  dns {{ nameserver = ["127.0.0.1:{no_dns}:10"]; timeout = 0.05s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{port}"; milter = yes; count = 2;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
actions {{ reject = 15; add_header = null; greylist = null; }}
regexp {{ CPR {{ re = '/{cpr}/{{sa_body}}'; score = 20.0; }} }}
"""


def postfix_rspamd(folder: Path, sink: int) -> Peer:
    program = _program("rspamd", "rspamd")
    home, port = folder / "rspamd", free_port()
    home.mkdir()
    home.joinpath("none.lua").write_text("")
    configuration = home / "rspamd.conf"
    configuration.write_text(_RSPAMD.format(folder=home, port=port, no_dns=free_port(), cpr=CPR))
    user = pwd.getpwnam("_rspamd")
    for path in (home, *home.iterdir()):
        shutil.chown(path, user.pw_uid, user.pw_gid)
    process = _spawned(
        *(program, "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", str(configuration)), log=folder / "rspamd.out"
    )
    _listening(port, process, folder / "rspamd.out")
    time.sleep(2)  # it compiles its pattern after it listens
    milter = ("-o", f"smtpd_milters=inet:127.0.0.1:{port}", "-o", "milter_default_action=tempfail")
    postfix, peer = _postfix(folder / "postfix-rspamd", smtpd=milter, relayhost=f"[127.0.0.1]:{sink}")
    both = Peer(
        peer.port,
        lambda: [*peer.pids(), process.pid],
        lambda: (peer.stop(), _ended(process)),  # type: ignore[func-returns-value]
    )
    both.settle = lambda: _until_empty(postfix)
    return both


def _until_empty(postfix: Postfix, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while postfix.queued and time.monotonic() < end:
        time.sleep(0.2)


# ---------------------------------------------------------------- Haraka

_HARAKA_SCAN = f"""
const cpr = /{CPR}/
const found = (part) => cpr.test(part.bodytext) || part.children.some(found)
exports.hook_rcpt = (next, connection) => {{ connection.relaying = true; next(OK) }}
exports.hook_data = (next, connection) => {{ connection.transaction.parse_body = true; next() }}
exports.hook_data_post = (next, connection) => found(connection.transaction.body) ? next(DENY, 'CPR') : next()
"""


def haraka(folder: Path, sink: int) -> Peer:
    if not HARAKA.exists() or shutil.which("node") is None:
        raise Missing("Haraka is not installed (scripts/bench-peers, with npm)")
    home, port = folder / "haraka", free_port()
    subprocess.run([str(HARAKA), "-i", str(home)], check=True, capture_output=True)
    files = {
        "config/smtp.ini": f"listen=127.0.0.1:{port}\nnodes=2\n",
        "config/smtp_forward.ini": f"[main]\nhost=127.0.0.1\nport={sink}\nenable_tls=false\n",
        "config/plugins": "scan\nqueue/smtp_forward\n",
        "config/me": "haraka.example\n",
        "config/loglevel": "LOGERROR\n",
        "config/databytes": "60000000\n",
        "config/internalcmd_key": "1\n",
        "plugins/scan.js": _HARAKA_SCAN,
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    log = folder / "haraka.log"
    process = _spawned(str(HARAKA), "-c", str(home), log=log)
    _listening(port, process, log)
    return Peer(port, lambda: [process.pid], lambda: _ended(process))


PEERS: dict[str, Callable[[Path, int], Peer]] = {
    "haproxy": haproxy,
    "postfix proxy": postfix_proxy,
    "postfix+rspamd": postfix_rspamd,
    "haraka": haraka,
}
