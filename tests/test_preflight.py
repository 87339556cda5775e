"""What only the machine can answer: a certificate, key, password or limit that is wrong is told by file and line."""

from __future__ import annotations

import datetime
import resource
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from support.ports import free_port
from support.raw_client import RawClient
from support.running import ROOT, RunningGateway
from support.scripted_hop import ScriptedHop

HARMLESS = b"From: dagklub@lavuk.dk\r\nSubject: Tur\r\n\r\nHusk regntoj.\r\n"
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
AUTHORITY = trustme.CA()

TEMPLATE = """\
listeners:
  - role: outbound
    listen: "127.0.0.1:10025"
    tls:
      certificate: {certificate}
      key: {key}
next_hop:
  host: 127.0.0.1
  port: {port}
  tls: {tls}
  ca: {ca}
policy: {policy}
audit: {{store: "sqlite:///audit.db"}}
limits:
  connections: {connections}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates and keys, good and bad, each in a file of its own."""
    good = AUTHORITY.issue_cert("localhost", "127.0.0.1")
    good.cert_chain_pems[0].write_to_path(tmp_path / "good.pem")
    good.private_key_pem.write_to_path(tmp_path / "good.key")
    old = AUTHORITY.issue_cert("localhost", not_before=YESTERDAY - datetime.timedelta(9), not_after=YESTERDAY)
    old.private_key_and_cert_chain_pem.write_to_path(tmp_path / "old.pem")
    AUTHORITY.issue_cert("other.example").private_key_pem.write_to_path(tmp_path / "other.key")
    key = serialization.load_pem_private_key(good.private_key_pem.bytes(), None)
    encrypted = serialization.BestAvailableEncryption(b"hemmelig")
    form = serialization.PrivateFormat.TraditionalOpenSSL
    (tmp_path / "locked.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encrypted))
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "rubbish.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n")
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path


def written(folder: Path, **values: object) -> Path:
    usual = {
        "certificate": "good.pem",
        "key": "good.key",
        "port": free_port(),
        "tls": "none",
        "ca": "ca.pem",
        "connections": 500,
        "policy": ROOT / "policies" / "lavuk",
    }
    config = folder / "postvagt.yaml"
    config.write_text(TEMPLATE.format(**{**usual, **values}))
    return config


def told(config: Path, verb: str = "check", limit: int = 0) -> tuple[int, str]:
    """Exit status and standard error; limit: the most open files the system allows."""

    def bounded() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit // 2, limit))

    command = [sys.executable, "-m", "gateway", verb, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, preexec_fn=bounded)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


WRONG = [
    ({"certificate": "missing.pem"}, "5: ", "missing.pem: cannot be read (No such file or directory)"),
    ({"certificate": "empty.pem"}, "5: ", "empty.pem: holds no certificate in PEM form"),
    ({"certificate": "rubbish.pem"}, "5: ", "rubbish.pem: holds no certificate in PEM form"),
    ({"certificate": "good.key"}, "5: ", "good.key: holds no certificate in PEM form"),
    ({"certificate": "old.pem", "key": "old.pem"}, "5: ", f"old.pem: the certificate expired on {YESTERDAY:%Y-%m-%d}"),
    ({"key": "missing.key"}, "6: ", "missing.key: cannot be read"),
    ({"key": "empty.pem"}, "6: ", "empty.pem: holds no private key in PEM form"),
    ({"key": "other.key"}, "6: ", "other.key: is not the key of"),
    ({"key": "locked.key"}, "6: ", "locked.key: the key is encrypted"),
    ({"ca": "missing.pem"}, "11: ", "missing.pem: cannot be read"),
    ({"ca": "empty.pem"}, "11: ", "empty.pem: holds no certificate"),
]


@pytest.mark.parametrize(("values", "line", "fault"), WRONG, ids=[fault for *_, fault in WRONG])
def test_check_names_the_file_and_the_line(folder: Path, values: dict[str, str], line: str, fault: str) -> None:
    config = written(folder, **values)
    status, stderr = told(config)
    assert status == 2
    assert stderr.startswith(f"{config}:{line}")
    assert fault in stderr
    assert stderr.count("\n") == 1


def test_good_ones_are_good(folder: Path) -> None:
    assert told(written(folder)) == (0, "")


def test_budgets_that_do_not_nest(folder: Path) -> None:
    config = written(folder)
    config.write_text(config.read_text() + "  scan_seconds: 95\n")
    status, stderr = told(config)
    assert (status, stderr.startswith(f"{config}:16: `scan_seconds` must be less than `total_seconds`")) == (2, True)


@pytest.mark.parametrize("verb", ["check", "serve"])
def test_more_connections_than_the_system_allows_files(folder: Path, verb: str) -> None:
    """Root may raise even the hard limit, so it is asked for more than any system has."""
    config = written(folder, connections=2_000_000_000)
    status, stderr = told(config, verb, limit=1000)
    assert status == 2
    assert stderr.startswith(
        f"{config}:15: 2000000000 connections need at least 2000000100 open files, the system allows 1000;"
    )


def test_the_limit_of_open_files_is_raised_as_far_as_needed(folder: Path) -> None:
    status, stderr = told(written(folder, connections=800), limit=2000)
    assert (status, stderr) == (0, ""), "1000 at first, 1700 needed, 2000 allowed"


# ---------------------------------------------------------------- the next hop


@pytest.fixture
def hop() -> Iterator[ScriptedHop]:
    hop = ScriptedHop()
    yield hop
    hop.close()


def offering_tls(hop: ScriptedHop, certificate: trustme.LeafCert) -> ScriptedHop:
    hop.keywords = (*hop.keywords, b"STARTTLS")
    hop.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(hop.tls)
    return hop


def test_a_next_hop_without_the_tls_it_must_have(folder: Path, hop: ScriptedHop) -> None:
    config = written(folder, port=hop.port, tls="required")
    status, stderr = told(config)
    assert status == 2
    assert stderr == f"{config}:10: 127.0.0.1:{hop.port} offers no STARTTLS, and `tls: required` wants it\n"


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (AUTHORITY.issue_cert("127.0.0.1", not_after=YESTERDAY), "certificate has expired"),
        (AUTHORITY.issue_cert("other.example"), "mismatch"),
        (trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer certificate"),
    ],
    ids=["expired", "another name", "another authority"],
)
def test_a_next_hop_whose_certificate_is_not_accepted(
    folder: Path, hop: ScriptedHop, certificate: trustme.LeafCert, why: str
) -> None:
    config = written(folder, port=offering_tls(hop, certificate).port, tls="required")
    status, stderr = told(config)
    assert status == 2
    assert stderr.startswith(f"{config}:10: 127.0.0.1:{hop.port} shows a certificate that is not accepted: ")
    assert why in stderr


def test_a_next_hop_with_good_tls_and_one_that_does_not_answer(folder: Path, hop: ScriptedHop) -> None:
    offering_tls(hop, AUTHORITY.issue_cert("127.0.0.1"))
    assert told(written(folder, port=hop.port, tls="required")) == (0, "")
    assert told(written(folder, tls="required")) == (0, ""), "it may be down just now: a warning"


@pytest.mark.parametrize("trouble", ["no TLS", "expired"])
def test_at_run_time_it_is_4xx_and_one_line_in_the_log(folder: Path, hop: ScriptedHop, trouble: str) -> None:
    if trouble == "expired":
        offering_tls(hop, AUTHORITY.issue_cert("127.0.0.1", not_after=YESTERDAY))
    gateway = RunningGateway(
        folder,
        hop.port,
        next_hop={"host": "127.0.0.1", "port": hop.port, "tls": "required", "ca": "ca.pem"},
        listener={"tls": {"certificate": "old.pem", "key": "old.pem"}},
        quiet=True,
    ).start()
    try:
        for _ in range(3):
            with RawClient(gateway.port) as client:
                assert client.hello()[:1] == "4"
    finally:
        gateway.stop()
    assert hop.taken == []
    lines = gateway.log.read_text().splitlines()
    assert len([line for line in lines if "next hop" in line and "clients hear 4xx" in line]) == 1
    assert len([line for line in lines if "old.pem: the certificate expired" in line]) == 1, "and it is still shown"
