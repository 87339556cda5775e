"""The keys of the record, from files of mode 0600 or the environment, made when absent. Never from a setting's text."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from gateway.audit.errors import AuditError

IDENTITY_VARIABLE = "POSTVAGT_IDENTITY_KEY"
"""The environment's way to give the identity key: at least 64 hexadecimal digits."""

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
