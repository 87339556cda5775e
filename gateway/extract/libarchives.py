"""The members of an archive by libarchive, from memory: what it gives until it fails is given, whatever comes then.

A tar may go on behind the blocks of zeros at its end, as tars put together do (`tar --ignore-zeros`): it is read, too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.extract.budget import DamagedError, EncryptedError, Meter

_LOCKED_WORDS = ("passphrase", "encrypt", "password")
_GO_ON = b"tar:read_concatenated_archives"
_BLOCK = 16 * 1024
"""What is asked for at once: of a member that breaks off, all but the last such piece is given."""


def _library() -> Any:
    """libarchive, or None where the system's library behind the wheel is not installed (Debian: libarchive13)."""
    try:
        import libarchive
        import libarchive.read
    except (ImportError, AttributeError, OSError):
        return None
    return libarchive


LIBRARY = _library()


def members(data: bytes, meter: Meter, format_name: str, password: str | None) -> Iterator[tuple[str, bytes]]:
    """The path and the content of every member; EncryptedError or DamagedError where it cannot go on."""
    if LIBRARY is None:
        raise ImportError("libarchive")
    given = 0
    try:
        with _opened(data, format_name, password, goes_on=True) as archive:
            for entry in archive:
                meter.part()
                given += 1
                if not entry.isdir:
                    yield from _content(entry, meter)
    except LIBRARY.exception.ArchiveError as error:
        words = str(error).lower()
        if any(word in words for word in _LOCKED_WORDS):
            raise EncryptedError from error
        if given and " tar " in words and _ends_after(data, format_name, given):
            return
        raise DamagedError from error


def _content(entry: Any, meter: Meter) -> Iterator[tuple[str, bytes]]:
    """A member, also as far as it reaches where it breaks off: programs write that out with a warning."""
    chunks: list[bytes] = []
    path = str(entry.pathname or "")
    try:
        for block in entry.get_blocks(_BLOCK):
            meter.expand(len(block))
            chunks.append(bytes(block))
    except LIBRARY.exception.ArchiveError:
        if chunks:
            yield path, b"".join(chunks)
        raise
    yield path, b"".join(chunks)


def _ends_after(data: bytes, format_name: str, given: int) -> bool:
    """Whether a tar is whole after so many members: what is behind its end is no tar, then, and no part of it."""
    try:
        with _opened(data, format_name, None, goes_on=False) as archive:
            return sum(1 for _ in archive) == given
    except LIBRARY.exception.ArchiveError:
        return False


@contextmanager
def _opened(data: bytes, format_name: str, password: str | None, *, goes_on: bool) -> Iterator[Any]:
    read, ffi = LIBRARY.read, LIBRARY.ffi
    with read.new_archive_read(format_name, "all", password) as archive:
        if goes_on:
            _set_options(ffi.libarchive, archive)
        ffi.read_open_memory(archive, ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p), len(data))
        yield read.ArchiveRead(archive)


def _set_options(library: Any, archive: Any) -> None:
    """An option that a reader of another format does not know is no error."""
    call = library.archive_read_set_options
    call.argtypes, call.restype = (ctypes.c_void_p, ctypes.c_char_p), ctypes.c_int
    call(archive, _GO_ON)
