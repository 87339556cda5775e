"""Compiled patterns between starts: taken where they lie whole, else compiled, and never from strangers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.detect import engine
from gateway.detect.engine import Engine, Pattern, keep_compiled
from gateway.shelf import Shelf, usual_folder

WORDS = [Pattern(number, b"word%d" % number) for number in range(engine._WORTH_KEEPING)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    before = engine._shelf
    made = Shelf(tmp_path / "kept")
    keep_compiled(made)
    yield made
    keep_compiled(before)


def found(words: list[Pattern]) -> list[int]:
    return [number for number, _, _ in Engine(words, literal=True, starts=False).matches(b"a word3 and a word7")]


def test_what_was_compiled_once_is_taken(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(WORDS) == [3, 7]
    [kept] = (tmp_path / "kept").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(engine, "_compiled", lambda *_: pytest.fail("compiled again"))
    assert found(WORDS) == [3, 7]


def test_other_words_are_others(shelf: Shelf, tmp_path: Path) -> None:
    found(WORDS)
    assert found([*WORDS[:3], Pattern(3, b"a word7"), *WORDS[4:]]) == [3, 7]
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda whole: b"", id="empty"),
        pytest.param(lambda whole: b"rubbish" * 100, id="rubbish"),
        pytest.param(lambda whole: whole[:-9], id="cut off"),
        pytest.param(lambda whole: whole[:600] + bytes([whole[600] ^ 1]) + whole[601:], id="one bit"),
    ],
)
def test_what_is_not_whole_is_compiled_again(shelf: Shelf, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    found(WORDS)
    [kept] = (tmp_path / "kept").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(spoil(whole))
    assert found(WORDS) == [3, 7]
    assert kept.read_bytes() == whole


def test_a_folder_that_others_may_write_to_is_not_used(shelf: Shelf, tmp_path: Path) -> None:
    found(WORDS)
    [kept] = (tmp_path / "kept").iterdir()
    assert shelf.take(kept.name) is not None
    (tmp_path / "kept").chmod(0o770)
    assert shelf.take(kept.name) is None
    shelf.put("more", b"of it")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [kept.name]


def test_without_a_place_to_write_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    shelf = Shelf(tmp_path / "file" / "kept")
    shelf.put("one", b"1")
    assert shelf.take("one") is None


def test_the_oldest_is_given_up(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tmp_path.chmod(0o700)
    for number in range(60):
        shelf.put(f"{number:02}", b"1")
        os.utime(tmp_path / f"{number:02}", (number, number))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (len(names), names[-1]) == (48, "59")
    assert "00" not in names


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"CACHE_DIRECTORY": "/var/cache/p:/other", "XDG_CACHE_HOME": "/x"}, "/var/cache/p"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/home/a"}, "/x/postvagt"),
        ({"HOME": "/home/a"}, "/home/a/.cache/postvagt"),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], want: str | None) -> None:
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
        if name in given:
            monkeypatch.setenv(name, given[name])
    assert usual_folder() == (Path(want) if want else None)
