"""What only the machine can answer before anything runs: are certificates, keys and passwords there and good, may we
open as many files as the limits ask for, does the next hop offer the TLS it must. Every answer is `FILE:LINE: …`.
"""

from __future__ import annotations

import resource
import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.settings import NextHop, NextHopTls, Settings

PROBE_SECONDS = 5.0
_OWN_FILES = 100
"""Open files of a worker that are no connections: record, readers of attachments, listening sockets, log."""

Key = tuple[str | int, ...]


class _Encrypted(Exception):
    """The key file wants a passphrase, and nobody is there to be asked."""


def faults(settings: Settings) -> list[str]:
    """What keeps the gateway from starting, or from taking these settings on a reload."""
    found = [
        *_open_files(settings),
        *(fault for here, certificate, key in _pairs(settings) for fault in _pair_faults(here, certificate, key)),
        *(fault for here, hop in _hops(settings) for fault in _hop_faults(here, hop)),
    ]
    return [settings.complaint(path, fault) for path, fault in found]


def ageing(settings: Settings, now: datetime) -> list[str]:
    """Certificates of ours that are out of date: we could still show them, and careful peers would hang up."""
    found = ((here, _age_fault(certificate, now)) for here, certificate, _ in _pairs(settings))
    return [settings.complaint((*here, "certificate"), fault) for here, fault in found if fault]


# ---------------------------------------------------------------- open files


def _open_files(settings: Settings) -> Iterator[tuple[Key, str]]:
    """Ask for what a worker may come to need: a line to the client and one to the next hop for each connection. With
    less than one for each it could not keep what the settings promise."""
    connections = settings.limits.connections
    least, wanted = connections + _OWN_FILES, 2 * connections + _OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _enough(soft, wanted):
        return
    for soft_limit, hard_limit in ((wanted, hard), (wanted, wanted), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard_limit))
            break
        except (ValueError, OSError):
            continue
    if not _enough(hard, least) and not _enough(resource.getrlimit(resource.RLIMIT_NOFILE)[0], least):
        yield (
            ("limits", "connections"),
            f"{connections} connections need at least {least} open files, the system allows {hard}; "
            "write fewer, or raise the limit (systemd: LimitNOFILE)",
        )


def _enough(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted


# ---------------------------------------------------------------- certificates and passwords


def _hops(settings: Settings) -> Iterator[tuple[Key, NextHop]]:
    if settings.next_hop is not None:
        yield ("next_hop",), settings.next_hop
    for number, listener in enumerate(settings.listeners):
        if listener.next_hop is not None:
            yield ("listeners", number, "next_hop"), listener.next_hop


def _pairs(settings: Settings) -> Iterator[tuple[Key, Path, Path]]:
    """Every certificate of ours with its key."""
    for number, listener in enumerate(settings.listeners):
        if listener.tls is not None:
            yield ("listeners", number, "tls"), listener.tls.certificate, listener.tls.key
    for here, hop in _hops(settings):
        if hop.client_certificate is not None:
            yield (*here, "client_certificate"), hop.client_certificate.certificate, hop.client_certificate.key


def _pair_faults(here: Key, certificate: Path, key: Path) -> Iterator[tuple[Key, str]]:
    unreadable = False
    for name, path in (("certificate", certificate), ("key", key)):
        if why := _unreadable(path):
            unreadable = True
            yield (*here, name), why
    if unreadable:
        return
    if not _certificates(certificate):
        yield (*here, "certificate"), f"{certificate}: holds no certificate in PEM form"
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, _no_passphrase)
    except _Encrypted:
        yield (*here, "key"), f"{key}: the key is encrypted, and nobody is there to type its passphrase"
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        what = f"is not the key of {certificate}" if mismatch else "holds no private key in PEM form"
        yield (*here, "key"), f"{key}: {what}"


def _no_passphrase() -> str:
    raise _Encrypted


def _hop_faults(here: Key, hop: NextHop) -> Iterator[tuple[Key, str]]:
    if hop.ca is not None:
        if why := _unreadable(hop.ca):
            yield (*here, "ca"), why
        elif not _certificates(hop.ca):
            yield (*here, "ca"), f"{hop.ca}: holds no certificate in PEM form"
    if hop.auth is not None:
        file = hop.auth.password_file
        if why := _unreadable(file):
            yield (*here, "auth", "password_file"), why
        elif not file.read_bytes().strip():
            yield (*here, "auth", "password_file"), f"{file}: is empty, the password stands alone in it"


def _unreadable(path: Path) -> str:
    """Why the file cannot be read; empty when it can."""
    try:
        path.read_bytes()
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    return ""


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        return []


def _age_fault(path: Path, now: datetime) -> str:
    """Only the first certificate is ours; what follows it is the chain."""
    certificate = _certificates(path)[0]
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > ends:
        return f"{path}: the certificate expired on {ends:%Y-%m-%d}, put a new one in its place"
    return f"{path}: the certificate is not valid before {begins:%Y-%m-%d}" if now < begins else ""


# ---------------------------------------------------------------- the next hop


def next_hop_faults(
    settings: Settings, context_of: Callable[[NextHop], ssl.SSLContext | None]
) -> tuple[list[str], list[str]]:
    """Ask every next hop with `tls: required` for it, as a message would: faults, and who did not answer at all."""
    wrong, silent = [], []
    for here, hop in _hops(settings):
        if hop.tls is not NextHopTls.REQUIRED:
            continue
        for host, port in _addresses(hop):
            try:
                fault = _tls_fault(host, port, settings.hostname or "localhost", context_of(hop))
            except (OSError, smtplib.SMTPException) as error:
                silent.append(settings.complaint(here, f"{host}:{port} does not answer now ({type(error).__name__})"))
                continue
            if fault:
                wrong.append(settings.complaint((*here, "tls"), f"{host}:{port} {fault}"))
    return wrong, silent


def _addresses(hop: NextHop) -> Iterable[tuple[str, int]]:
    return (hop.host, hop.port), *((each.host, each.port) for each in hop.fallback)


def _tls_fault(host: str, port: int, name: str, context: ssl.SSLContext | None) -> str:
    with smtplib.SMTP(timeout=PROBE_SECONDS, local_hostname=name) as line:
        line.connect(host, port)
        line.ehlo()
        if not line.has_extn("starttls"):
            return "offers no STARTTLS, and `tls: required` wants it"
        try:
            line._host = host  # type: ignore[attr-defined]  # what the certificate is checked for
            line.starttls(context=context)
        except ssl.SSLCertVerificationError as error:
            return f"shows a certificate that is not accepted: {error.verify_message}"
        except (ssl.SSLError, smtplib.SMTPResponseException) as error:
            return f"offers STARTTLS, and it fails ({type(error).__name__})"
    return ""
