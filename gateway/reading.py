"""What is read before anything runs: settings, policy, the key, certificates. Every fault is one line for the operator.

The pure rooms take texts; this is where files become texts. Opens no port and no store.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import ssl
from datetime import UTC, datetime
from pathlib import Path

from gateway import preflight
from gateway.detect.engine import keep_compiled
from gateway.extract import Budget
from gateway.extract.sandbox import Limits as SandboxLimits
from gateway.extract.sandbox import Sandbox
from gateway.inspect import Inspector
from gateway.notice.check import faults as notice_faults
from gateway.policy import Policy, PolicyError, load_policy
from gateway.settings import Listener, NextHop, NextHopTls, Settings, SettingsError, parse_settings
from gateway.shelf import Shelf, usual_folder

log = logging.getLogger(__name__)

KEY_BYTES = 32


class ServiceError(Exception):
    """What keeps the gateway from starting: one line for the operator."""


def read_settings(config: Path | None, folder: Path, policy_folder: Path, policy: Path | None = None) -> Settings:
    """The settings of a file, or the embedded default in `folder`. Raises SettingsError, ServiceError.

    policy: another policy folder than theirs.
    """
    if config is None:
        settings = Settings.embedded(folder, policy_folder)
    else:
        settings = parse_settings(_read(config), str(config), config.resolve().parent)
    return settings.model_copy(update={"policy": policy}) if policy else settings


def read_policy(folder: Path) -> Policy:
    """The policy whose YAML files lie in the folder. Raises PolicyError, ServiceError."""
    if not folder.is_dir():
        raise ServiceError(f"{folder}: no such folder, `policy` names the folder that holds the policy's YAML files")
    texts = (folder / "beskeder").rglob("*.txt")
    files = sorted(path for path in (*folder.rglob("*.yaml"), *texts) if path.is_file())
    try:
        return load_policy({path.relative_to(folder).as_posix(): _read(path) for path in files})
    except PolicyError as error:
        raise PolicyError(f"{folder}/{line}" for line in error.lines) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(f"{path}: cannot be read ({error.strerror})") from None


def inspector(settings: Settings, policy: Policy) -> Inspector:
    """What reads and judges messages by these settings. Raises PolicyError when the policy's words are wrong."""
    folder = usual_folder()
    if folder is not None:
        keep_compiled(Shelf(folder))
    try:
        return Inspector(policy, budget(settings))
    except ValueError as error:
        raise PolicyError([f"{settings.policy}/{policy.locate(str(error))}"]) from None


def budget(settings: Settings) -> Budget:
    limits = settings.extraction
    return Budget(
        depth=limits.depth,
        parts=limits.parts,
        expanded_bytes=limits.expanded_bytes,
        text_chars=limits.text_chars,
        pages=limits.pages,
        pixels=limits.pixels,
        ocr=limits.ocr,
        ocr_pages=limits.ocr_pages,
    )


def sandbox(settings: Settings) -> Sandbox:
    """The processes that read risky attachments; started with the first one, or by `start`."""
    limits = settings.extraction
    seconds, ocr_seconds = settings.reading_seconds
    return Sandbox(
        SandboxLimits(
            seconds=seconds,
            ocr_seconds=ocr_seconds,
            memory_bytes=limits.memory_bytes,
            readers=limits.readers,
            ocr_readers=limits.ocr_readers,
            reuse_seconds=limits.reuse_seconds,
        )
    )


def checked(settings: Settings, policy: Policy) -> Inspector:
    """Build what only building can prove right: words, an organisation's texts, certificates. The inspector is kept.

    A certificate that is out of date is told in the log and used: at night nobody is there to put in a new one.
    """
    if faults := preflight.faults(settings):
        raise SettingsError(faults)
    for line in preflight.ageing(settings, datetime.now(UTC)):
        log.warning("%s", line)
    built = inspector(settings, policy)
    wrong = notice_faults(policy.texts, policy.organisation)
    if wrong:
        raise PolicyError(f"{settings.policy}/beskeder/{line}" for line in wrong)
    return built


def read_or_make_key(path: Path) -> bytes:
    """The gateway's own secret. Made on the first start, readable by its owner only."""
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
    key = _read(path)
    if len(key) < KEY_BYTES:
        raise ServiceError(
            f"{path}: holds {len(key)} bytes, a key has at least {KEY_BYTES}; remove it to get a new one"
        )
    return key


def next_hop_tls(hop: NextHop) -> ssl.SSLContext | None:
    """`required` verifies the certificate's name and issuer; `opportunistic` takes what there is (rfc7435)."""
    if hop.tls is NextHopTls.NONE:
        return None
    try:
        context = ssl.create_default_context(cafile=hop.ca)
        if hop.client_certificate is not None:
            context.load_cert_chain(hop.client_certificate.certificate, hop.client_certificate.key)
    except (OSError, ssl.SSLError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise ServiceError(f"next hop {hop.host}: `ca` or `client_certificate` cannot be used ({what})") from None
    if hop.tls is NextHopTls.OPPORTUNISTIC:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def hops(settings: Settings) -> set[NextHop]:
    """Every next hop that some listener uses."""
    return {settings.next_hop_of(listener) for listener in settings.listeners}


def logins(settings: Settings) -> dict[NextHop, tuple[str, str]]:
    """User and password for the next hops that want them, from their files. Raises ServiceError."""
    return {
        hop: (hop.auth.user, _read(hop.auth.password_file).decode("utf-8", "replace").rstrip("\r\n"))
        for hop in hops(settings)
        if hop.auth is not None
    }


def derived_key(key: bytes, purpose: str) -> bytes:
    """One secret, a key for each purpose, so that none of them tells anything of another."""
    return hashlib.blake2b(purpose.encode("ascii"), key=key[:64], digest_size=32).digest()


def listener_tls(listener: Listener) -> ssl.SSLContext | None:
    """The listener's certificate, ready to be shown. Raises ServiceError when it cannot be."""
    if listener.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(listener.tls.certificate, listener.tls.key)
    except (OSError, ssl.SSLError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        files = f"{listener.tls.certificate} and {listener.tls.key}"
        raise ServiceError(f"{files}: not a certificate and its key that can be used ({what})") from None
    return context
