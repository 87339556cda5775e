"""Memory is kept where the C library can be told so, and nothing happens elsewhere."""

from __future__ import annotations

import ctypes

import pytest

from gateway.allocator import KEPT_BYTES, keep_freed_memory


def test_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Library:
        @staticmethod
        def mallopt(name: int, value: int) -> None:
            told.append((name, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library)
    keep_freed_memory()
    assert told == [(-3, KEPT_BYTES), (-1, KEPT_BYTES), (-8, 1)]


def test_a_library_that_cannot_be_told_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    keep_freed_memory()
