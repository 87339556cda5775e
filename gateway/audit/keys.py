"""The key that seals the record, from a file of mode 0600 that is made when absent. Never from a setting's text.

Its public half lies beside it as `audit-signing.pub`: give that to the auditor, and keep the private one where the
database's keepers are not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.errors import AuditError
from gateway.audit.seal import Signer, keyring, public_key

SIGNING_FILE, PUBLIC_SUFFIX = "audit-signing.pem", ".pub"
"""The signing key in the folder of keys. Every `*.pub` beside it is a key whose seals are believed (other nodes')."""


def signing_key(folder: Path) -> Signer:
    """The key that seals, made with its public half when the folder has none."""
    path = folder / SIGNING_FILE
    signer = Signer(kept_or_made(path, Signer.new_pem))
    kept_or_made(path.with_suffix(PUBLIC_SUFFIX), lambda: signer.public_pem)
    return signer


def believed_keys(folder: Path | None, more: Iterable[Path] = ()) -> dict[str, Ed25519PublicKey]:
    """The public keys of the folder and those named beside it, by their ids."""
    paths = [*(sorted(folder.glob("*" + PUBLIC_SUFFIX)) if folder else ()), *more]
    return keyring(public_key(_read(path)) for path in paths)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuditError(f"cannot read the public key {path}: {error.strerror}") from error


def kept_or_made(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes; when there is none, the first of several processes to make it wins and all read the same."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise AuditError(f"cannot read the key {path}: {error.strerror}") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-key-")  # mode 0600 from birth
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            Path(path).hardlink_to(temporary)
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink()
        return path.read_bytes()
    except OSError as error:
        raise AuditError(f"cannot make the key {path}: {error.strerror}") from error
