"""The keys of the record, from files of mode 0600 or the environment, made when absent. Never from a setting's text.

The identity key recognises equal values (HMAC); the signing key seals the chain (Ed25519). Its public half lies beside
it as `audit-signing.pub`: give that to the auditor, and keep the private one where the database's keepers are not.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.errors import AuditError
from gateway.audit.seal import Signer, keyring, public_key

IDENTITY_VARIABLE = "POSTVAGT_IDENTITY_KEY"
"""The environment's way to give the identity key: at least 64 hexadecimal digits."""

SIGNING_FILE, PUBLIC_SUFFIX = "audit-signing.pem", ".pub"
"""The signing key in the folder of keys. Every `*.pub` beside it is a key whose seals are believed (other nodes')."""

_KEY_BYTES = 32


def identity_key(path: Path) -> bytes:
    """The key of the HMACs: from the environment, else from the file, which is made when it is not there.

    Destroy it and what the record holds of found values can be recognised by nobody (danish-rules §7).
    """
    text = os.environ.get(IDENTITY_VARIABLE)
    if text is None:
        text = kept_or_made(path, lambda: secrets.token_hex(_KEY_BYTES).encode("ascii") + b"\n").decode(
            "ascii", "replace"
        )
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < _KEY_BYTES:
        raise AuditError(f"the identity key is not {2 * _KEY_BYTES} hexadecimal digits ({IDENTITY_VARIABLE} or {path})")
    return key


def signing_key(folder: Path) -> Signer:
    """The key that seals, made with its public half when the folder has none."""
    path = folder / SIGNING_FILE
    signer = Signer(kept_or_made(path, Signer.new_pem))
    kept_or_made(path.with_suffix(PUBLIC_SUFFIX), lambda: signer.public_pem)
    return signer


def believed_keys(folder: Path, more: Iterable[Path] = ()) -> dict[str, Ed25519PublicKey]:
    """The public keys of the folder and those named beside it, by their ids."""
    try:
        paths = [*sorted(folder.glob("*" + PUBLIC_SUFFIX)), *more]
        return keyring(public_key(path.read_bytes()) for path in paths)
    except OSError as error:
        raise AuditError(f"cannot read the public key {error.filename}: {error.strerror}") from error


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
