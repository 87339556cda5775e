"""The signing key is a file that only we can read; several processes that start together get the same."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.audit import AuditError
from gateway.audit.keys import believed_keys, signing_key


def test_a_missing_key_is_made_for_our_eyes_only_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    signer = signing_key(folder)
    assert stat.S_IMODE((folder / "audit-signing.pem").stat().st_mode) == 0o600
    assert signing_key(folder).id == signer.id
    assert list(believed_keys(folder)) == [signer.id]
    assert sorted(each.name for each in folder.iterdir()) == ["audit-signing.pem", "audit-signing.pub"]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({signer.id for signer in pool.map(signing_key, [tmp_path / "keys"] * 8)}) == 1


def _another_kind_of_key() -> bytes:
    return X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        pytest.param(b"", "no private key", id="empty"),
        pytest.param(b"hemmelig", "no private key", id="no key"),
        pytest.param(_another_kind_of_key(), "not an Ed25519 key", id="another kind"),
    ],
)
def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path: Path, pem: bytes, says: str) -> None:
    (tmp_path / "audit-signing.pem").write_bytes(pem)
    with pytest.raises(AuditError, match=says) as caught:
        signing_key(tmp_path)
    assert "hemmelig" not in str(caught.value)


def test_a_key_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "audit-signing.pem").mkdir()
    with pytest.raises(AuditError, match="cannot read the key"):
        signing_key(tmp_path)


def test_a_public_key_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.pub").write_text("no key")
    with pytest.raises(AuditError, match="no public key"):
        believed_keys(tmp_path)
    with pytest.raises(AuditError, match=r"cannot read the public key.*not-there"):
        believed_keys(tmp_path / "none", [tmp_path / "not-there.pub"])
