"""Real name servers: Knot signs and serves the zones, Unbound resolves and validates. Both on loopback, both ours."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from support.ports import free_port

from gateway.policy import Policy, load_policy

ROOT = Path(__file__).resolve().parents[2]
TLSA = "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

DK = f"""\
@               3600 SOA  ns.dk. root.dk. 1 3600 600 86400 60
@               3600 NS   ns.dk.
ns              3600 A    127.0.0.1
kk              3600 MX   10 mx.kk
kk              3600 MX   20 mx2.kk
mx.kk           3600 A    127.0.0.1
mx2.kk          3600 A    127.0.0.1
_25._tcp.mx.kk  3600 TLSA {TLSA}
_25._tcp.mx2.kk 3600 TLSA {TLSA}
_mta-sts.kk     3600 TXT  "v=STSv1; id=20261123"
hvidovre        3600 MX   10 mx.hvidovre
mx.hvidovre     3600 A    127.0.0.1
half            3600 MX   10 mx.kk
half            3600 MX   20 mx.hvidovre
hb-care         3600 MX   10 frontmta.hostedsepo
frontmta.hostedsepo 3600 A 127.0.0.1
nomail          3600 MX   0 .
words           3600 TXT  "no mail here"
aonly           3600 A    127.0.0.1
moved           3600 CNAME kk
xn--brgmester-l8a 3600 MX 10 mx.kk
brief           2    MX   10 mx.kk
"""

COM = f"""\
@                   3600 SOA  ns.com. root.com. 1 3600 600 86400 60
@                   3600 NS   ns.com.
ns                  3600 A    127.0.0.1
gmail               3600 MX   10 mx.gmail
mx.gmail            3600 A    127.0.0.1
_25._tcp.mx.gmail   3600 TLSA {TLSA}
_mta-sts.gmail      3600 TXT  "v=STSv1; id=1"
_mta-sts.gmail      3600 TXT  "v=STSv1; id=2"
"""

BOGUS = """\
@      3600 SOA  ns root 1 3600 600 86400 60
@      3600 NS   ns
ns     3600 A    127.0.0.1
broken 3600 MX   10 mx.broken
"""

KNOT = """\
server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
database:
    storage: "{folder}"
log:
  - target: stderr
    any: warning
policy:
  - id: ours
    algorithm: ecdsap256sha256
    single-type-signing: on
    ksk-lifetime: 0
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: dk
    dnssec-signing: on
    dnssec-policy: ours
  - domain: bogus
    dnssec-signing: on
    dnssec-policy: ours
  - domain: com
"""

UNBOUND = """\
server:
    interface: 127.0.0.1@{port}
    port: {port}
    directory: "{folder}"
    pidfile: ""
    username: ""
    chroot: ""
    use-syslog: no
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor: "{dk_key}"
    trust-anchor: "bogus. DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    domain-insecure: "com."
    local-zone: "invalid." always_nxdomain
stub-zone:
    name: "dk."
    stub-addr: 127.0.0.1@{upstream}
stub-zone:
    name: "com."
    stub-addr: 127.0.0.1@{upstream}
stub-zone:
    name: "bogus."
    stub-addr: 127.0.0.1@{upstream}
remote-control:
    control-enable: no
"""


@pytest.fixture(scope="session")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a validating resolver that knows the zones above and nothing else."""
    folder = tmp_path_factory.mktemp("dns")
    for name, zone in (("dk", DK), ("com", COM), ("bogus", BOGUS)):
        (folder / f"{name}.zone").write_text(f"$ORIGIN {name}.\n{zone}", "utf-8")
    with contextlib.ExitStack() as stack:
        port = _first_that_works(lambda: _start_both(stack, folder))
        yield port


def _start_both(stack: contextlib.ExitStack, folder: Path) -> int:
    """Knot with the zones, and Unbound that believes its key; on ports that were free a moment ago."""
    upstream, port = free_port(), free_port()
    (folder / "knot.conf").write_text(KNOT.format(folder=folder, port=upstream), "utf-8")
    knot = stack.enter_context(_running(["knotd", "-c", str(folder / "knot.conf")], folder))
    key = _wait_for(knot, lambda: _key_of(upstream))
    text = UNBOUND.format(folder=folder, port=port, upstream=upstream, dk_key=key)
    (folder / "unbound.conf").write_text(text, "utf-8")
    unbound = stack.enter_context(_running(["unbound", "-d", "-c", str(folder / "unbound.conf")], folder))
    _wait_for(unbound, lambda: _is_validating(port))
    return port


@pytest.fixture
def answering() -> Iterator[Callable[[int | None], int]]:
    """Starts a UDP server that answers every question with one response code, or with nothing; gives its port."""
    sockets: list[socket.socket] = []

    def start(rcode: int | None) -> int:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        sockets.append(server)
        threading.Thread(target=_answer, args=(server, rcode), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in sockets:
        server.close()


@pytest.fixture(scope="session")
def lavuk() -> Policy:
    base = ROOT / "policies" / "lavuk"
    files = {path.relative_to(base).as_posix(): path.read_text("utf-8") for path in base.rglob("*.yaml")}
    return load_policy({name: text for name, text in files.items() if not name.startswith(("ord/", "cpr"))})


def _answer(server: socket.socket, rcode: int | None) -> None:
    with contextlib.suppress(OSError):
        while True:
            question, client = server.recvfrom(4096)
            if rcode is not None:
                reply = dns.message.make_response(dns.message.from_wire(question))
                reply.set_rcode(dns.rcode.Rcode(rcode))
                server.sendto(reply.to_wire(), client)


def _first_that_works(start: Callable[[], int], tries: int = 3) -> int:
    """Another program may take a free port before ours does: then once more, with other ports."""
    for _ in range(tries - 1):
        with contextlib.suppress(AssertionError):
            return start()
    return start()


@contextlib.contextmanager
def _running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = (folder / f"{command[0]}.log").open("wb")
    path = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={"PATH": path})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_for(process: subprocess.Popen[bytes], probe: Callable[[], str | None]) -> str:
    for _ in range(300):
        with contextlib.suppress(OSError, dns.exception.DNSException):
            found = probe()
            if found:
                return found
        assert process.poll() is None, f"{process.args} ended by itself"
        time.sleep(0.05)
    raise AssertionError(f"{process.args} does not answer")


def _key_of(port: int) -> str | None:
    query = dns.message.make_query("dk.", "DNSKEY", want_dnssec=True)
    answer = dns.query.tcp(query, "127.0.0.1", port=port, timeout=1).answer
    signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer)
    keys = [rrset for rrset in answer if rrset.rdtype == dns.rdatatype.DNSKEY]
    return f"dk. DNSKEY {keys[0][0].to_text()}" if signed and keys else None


def _is_validating(port: int) -> str | None:
    query = dns.message.make_query("kk.dk.", "MX", want_dnssec=True)
    return "yes" if dns.query.udp(query, "127.0.0.1", port=port, timeout=1).flags & dns.flags.AD else None
