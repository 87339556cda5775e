"""Keys come from files that only we can read, or from the environment; several processes get the same."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.audit import AuditError, identity_key


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch) -> None:
    monkeypatch.delenv("POSTVAGT_IDENTITY_KEY", raising=False)


def test_a_missing_key_is_made_for_our_eyes_only_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "identity.key"
    key = identity_key(path)
    assert (len(key), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    assert identity_key(path) == key
    assert [each.name for each in path.parent.iterdir()] == ["identity.key"]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(identity_key, [tmp_path / "identity.key"] * 8))
    assert len(keys) == 1


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("POSTVAGT_IDENTITY_KEY", "ab" * 32)
    assert identity_key(tmp_path / "identity.key") == b"\xab" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "kort", "ab" * 31, "zz" * 32])
def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "identity.key").write_text(text)
    with pytest.raises(AuditError, match="64 hexadecimal digits") as caught:
        identity_key(tmp_path / "identity.key")
    assert not text or text not in str(caught.value)


def test_a_key_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "identity.key").mkdir()
    with pytest.raises(AuditError, match="cannot read the key"):
        identity_key(tmp_path / "identity.key")
