"""RAR 3 and 4 archives that are locked with a word of the mail: their locks are taken off, as in locked_rar.py.

Whether a word is the right one shows where headers are locked, too; else what is unpacked has to have the checksums
that the headers tell, for libarchive does not look.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from gateway.extract.budget import DamagedError, EncryptedError, UnsupportedError
from gateway.extract.locked_rar import Opened, decrypted

MAGIC = b"Rar!\x1a\x07\x00"

_MAIN, _FILE, _SERVICE, _END = 0x73, 0x74, 0x7A, 0x7B
_HEADERS_LOCKED, _LOCKED, _SOLID, _LARGE, _SALTED, _HAS_DATA = 0x80, 0x04, 0x10, 0x100, 0x400, 0x8000
_FOLDER = 0xE0
_SHORTEST, _BLOCK, _SALT = 7, 16, 8
_PACKED, _UNPACKED, _CHECKSUM, _VERSION, _METHOD, _NAME_SIZE, _HIGH, _NAME = 7, 11, 16, 24, 25, 26, 32, 32
"""Where the fields of a file's header stand."""

_AES_SINCE = 29
"""The version that locks with AES; older ones have ciphers of their own."""

_STORED = 0x30
_LONGEST = 28
"""Letters of a word: with longer ones RAR's own SHA-1 slips."""

_ROUNDS = 1 << 14
"""So many, sixteen times over; after the first of each a byte of the chain's start is taken."""


def opened(data: bytes, word: str) -> Opened:
    """The archive as the word opens it; an EncryptedError where the word is seen not to be the one."""
    archive = _Archive(data, word)
    return Opened(b"".join(archive.blocks()), archive.checks)


def is_locked(data: bytes) -> bool:
    """Whether names or contents are locked; of a broken archive, as far as it can be followed."""
    with suppress(DamagedError):
        return any(_locks(header) for header, _ in _Archive(data, "").in_clear())
    return False


def emptied(data: bytes) -> bytes:
    """The archive with nothing in what is locked: what is left are names in clear, and what is not locked."""
    blocks = [MAGIC]
    with suppress(DamagedError):
        for header, at in _Archive(data, "").in_clear():
            if not _locks(header):
                blocks.append(header + data[at : at + _size_of_data(header)])
            elif header[2] != _MAIN:
                blocks.append(_emptied(header))
    return b"".join(blocks)


class _Archive:
    """One archive and a word that may open it."""

    def __init__(self, data: bytes, word: str) -> None:
        if len(word) > _LONGEST:
            raise EncryptedError
        self._data = data
        self._word = word.encode("utf-16-le", "surrogatepass")
        self._keys: dict[bytes, tuple[bytes, bytes]] = {}
        self.checks: list[Callable[[bytes], bool]] = []

    def blocks(self) -> Iterator[bytes]:
        """The signature, and each block as it would be without a lock."""
        yield MAGIC
        at, are_locked = self._data.index(MAGIC) + len(MAGIC), False
        while at + _SHORTEST <= len(self._data):
            header, at = self._locked_header(at) if are_locked else self._header(at)
            contents = self._data[at : at + _size_of_data(header)]
            at += len(contents)
            are_locked = are_locked or (header[2] == _MAIN and _locks(header))
            if header[2] == _FILE and _short(header, 3) & _FOLDER != _FOLDER:
                self.checks.append(partial(_has_checksum, header[_CHECKSUM : _CHECKSUM + 4]))
            yield self._without_lock(header, contents) if _locks(header) else header + contents
            if header[2] == _END:
                return

    def in_clear(self) -> Iterator[tuple[bytes, int]]:
        """The headers as they stand, up to the one that locks the rest, and where what follows each begins."""
        at = self._data.index(MAGIC) + len(MAGIC)
        while at + _SHORTEST <= len(self._data):
            header, at = self._header(at)
            yield header, at
            if header[2] == _END or (header[2] == _MAIN and _locks(header)):
                return
            at += _size_of_data(header)

    def _header(self, at: int) -> tuple[bytes, int]:
        """A header, and where what follows it begins."""
        size = _short(self._data, at + 5)
        header = self._data[at : at + size]
        if not _fits(header, size):
            raise DamagedError
        return header, at + size

    def _locked_header(self, at: int) -> tuple[bytes, int]:
        key, start = self._key(self._data[at : at + _SALT])
        at += _SALT
        size = _short(decrypted(self._data[at : at + _BLOCK], key, start).ljust(_SHORTEST, b"\0"), 5)
        whole = -(-size // _BLOCK) * _BLOCK
        header = decrypted(self._data[at : at + whole], key, start)[:size]
        if not _fits(header, size):
            raise EncryptedError
        return header, at + whole

    def _without_lock(self, header: bytes, contents: bytes) -> bytes:
        if header[2] == _MAIN:
            return _written(header, _short(header, 3) & ~_HEADERS_LOCKED)
        if len(header) < _NAME or header[_VERSION] < _AES_SINCE:
            raise UnsupportedError
        flags, (bare, salt) = _short(header, 3), _without_salt(header)
        contents = decrypted(contents, *self._key(salt))
        if header[_METHOD] == _STORED:
            contents = contents[: _long(header, _UNPACKED, flags, _HIGH + 4)]
        bare = _with_size(bare, _PACKED, _HIGH, len(contents))
        return _written(bare, flags & ~(_LOCKED | _SALTED)) + contents

    def _key(self, salt: bytes) -> tuple[bytes, bytes]:
        """The key that the word makes with this salt, and where the chain of blocks starts."""
        if salt not in self._keys:
            self._keys[salt] = _key(self._word + salt)
        return self._keys[salt]


def _key(seed: bytes) -> tuple[bytes, bytes]:
    """SHA-1 over the seed and a counter of three bytes, 2^18 times; many rounds are written at once."""
    stride = len(seed) + 3
    block = bytearray((seed + bytes(3)) * _ROUNDS)
    block[len(seed) :: stride] = bytes(range(256)) * (_ROUNDS >> 8)
    hasher, start = hashlib.sha1(usedforsecurity=False), b""
    for turn in range(16):
        first = turn * _ROUNDS
        middle = b"".join(bytes((number & 255,)) * 256 for number in range(first >> 8, (first + _ROUNDS) >> 8))
        block[len(seed) + 1 :: stride] = middle
        block[len(seed) + 2 :: stride] = bytes((first >> 16,)) * _ROUNDS
        hasher.update(block[:stride])
        start += hasher.digest()[19:]
        hasher.update(block[stride:])
    words = struct.unpack(">4I", hasher.digest()[:16])
    return struct.pack("<4I", *words), start


def _locks(header: bytes) -> bool:
    """Whether a header says that what it heads is locked: all that follows, or one file."""
    flags = _short(header, 3)
    if header[2] == _MAIN:
        return bool(flags & _HEADERS_LOCKED)
    return header[2] in (_FILE, _SERVICE) and bool(flags & _LOCKED)


def _has_checksum(checksum: bytes, content: bytes) -> bool:
    return zlib.crc32(content).to_bytes(4, "little") == checksum


def _emptied(header: bytes) -> bytes:
    """The header of a file with nothing in it."""
    bare, _ = _without_salt(header)
    bare = _with_size(_with_size(bare, _PACKED, _HIGH, 0), _UNPACKED, _HIGH + 4, 0)
    bare = bare[:_CHECKSUM] + bytes(4) + bare[_CHECKSUM + 4 : _METHOD] + bytes((_STORED,)) + bare[_METHOD + 1 :]
    return _written(bare, _short(header, 3) & ~(_LOCKED | _SALTED | _SOLID))


def _without_salt(header: bytes) -> tuple[bytes, bytes]:
    """A file's header without the salt of its lock, and the salt."""
    flags = _short(header, 3)
    behind = _NAME + (8 if flags & _LARGE else 0) + _short(header, _NAME_SIZE)
    salt = header[behind : behind + _SALT] if flags & _SALTED else b""
    return header[:behind] + header[behind + len(salt) :], salt


def _with_size(header: bytes, low: int, high: int, size: int) -> bytes:
    """A file's header with one of its sizes changed: four bytes, and four more of a large file."""
    header = header[:low] + struct.pack("<I", size & 0xFFFFFFFF) + header[low + 4 :]
    if _short(header, 3) & _LARGE:
        header = header[:high] + struct.pack("<I", size >> 32) + header[high + 4 :]
    return header


def _fits(header: bytes, size: int) -> bool:
    """Whether a header is whole and its checksum right."""
    return size >= _SHORTEST and len(header) == size and zlib.crc32(header[2:]) & 0xFFFF == _short(header, 0)


def _written(header: bytes, flags: int) -> bytes:
    """A header with these flags, its size and its checksum made anew."""
    rest = header[2:3] + struct.pack("<HH", flags, len(header)) + header[_SHORTEST:]
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest


def _size_of_data(header: bytes) -> int:
    """How much data follows a header."""
    flags = _short(header, 3)
    if header[2] in (_FILE, _SERVICE):
        return _long(header, _PACKED, flags, _HIGH)
    return struct.unpack("<I", header[7:11].ljust(4, b"\0"))[0] if flags & _HAS_DATA else 0


def _long(header: bytes, low: int, flags: int, high: int) -> int:
    """A size of four bytes, and four more of a large file."""
    size: int = struct.unpack("<I", header[low : low + 4].ljust(4, b"\0"))[0]
    if flags & _LARGE:
        size |= struct.unpack("<I", header[high : high + 4].ljust(4, b"\0"))[0] << 32
    return size


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
