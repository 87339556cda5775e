"""RAR archives that are locked with a word of the mail: their locks are taken off, and libarchive reads what is left.

libarchive unpacks RAR and opens no lock. So headers and contents are decrypted here, the marks that say they were
locked removed, and the headers' checksums made anew; nothing is unpacked. This is RAR 5.0 (RARLAB's technote describes
it), which tells by a check value whether a word is the right one; RAR 3 and 4 are locked_rar4.py.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial, reduce
from operator import xor
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract.budget import DamagedError, EncryptedError, UnsupportedError
from gateway.extract.rar_header import END, FILE, LOCK, RECORD_OF_HASH, RECORD_OF_LOCK, Fields, Header, Member

MAGIC = b"Rar!\x1a\x07\x01\x00"

_BLOCK = 16
_HAS_CHECK, _SUMS_ARE_KEYED = 1, 2
_MOST_POWER = 18
"""RAR makes 2^15 rounds of SHA-256, which take a hundredth of a second."""


class Opened(NamedTuple):
    """An archive without its locks, and for each of its files what says whether a content is the one it held."""

    data: bytes
    checks: Sequence[Callable[[bytes], bool]]

    def holds(self, contents: Sequence[bytes]) -> bool:
        pairs = zip(self.checks, contents, strict=False)
        return len(self.checks) == len(contents) and all(check(content) for check, content in pairs)


def opened(data: bytes, word: str) -> Opened:
    """The archive as the word opens it; an EncryptedError where the word is not the one."""
    archive = _Archive(data, word)
    return Opened(b"".join(archive.blocks()), archive.checks)


def is_locked(data: bytes) -> bool:
    """Whether names or contents are locked; of a broken archive, as far as it can be followed."""
    with suppress(DamagedError):
        return any(header.type == LOCK or header.lock is not None for header, _ in _Archive(data, "").in_clear())
    return False


def emptied(data: bytes) -> bytes:
    """The archive with nothing in what is locked: what is left are names in clear, and what is not locked."""
    blocks = [MAGIC]
    with suppress(DamagedError):
        for header, at in _Archive(data, "").in_clear():
            if header.lock is not None:
                blocks.append(header.emptied().written())
            elif header.type != LOCK:
                blocks.append(header.written() + data[at : at + header.size])
    return b"".join(blocks)


def decrypted(contents: bytes, key: bytes, start: bytes) -> bytes:
    """AES-CBC; what is no whole block at the end is left out. DamagedError where the start of the chain is cut off."""
    if len(start) != _BLOCK:
        raise DamagedError
    opener = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    return opener.update(contents[: len(contents) // _BLOCK * _BLOCK]) + opener.finalize()


class _Lock(NamedTuple):
    """How a lock makes its key of a word, where its chain of blocks starts, and by what it knows the right word.

    keyed: checksums are made with the word, too.
    """

    power: int
    salt: bytes
    start: bytes
    check: bytes
    keyed: bool

    @classmethod
    def of_contents(cls, fields: Fields) -> _Lock:
        return cls._read(fields, _BLOCK)

    @classmethod
    def of_headers(cls, fields: Fields) -> _Lock:
        """Its chain starts anew in every header."""
        return cls._read(fields, 0)

    @classmethod
    def _read(cls, fields: Fields, size_of_start: int) -> _Lock:
        version, flags = fields.number(), fields.number()
        if version or not flags & _HAS_CHECK:
            raise UnsupportedError
        power = fields.take(1)[0]
        salt, start, check = fields.take(16), fields.take(size_of_start), fields.take(8)
        return cls(power, salt, start, check, bool(flags & _SUMS_ARE_KEYED))


class _Keys(NamedTuple):
    """What a word and a salt make: the key of headers and contents, and that of checksums."""

    contents: bytes
    checksums: bytes


class _Archive:
    """One archive and a word that may open it."""

    def __init__(self, data: bytes, word: str) -> None:
        self._data = data
        self._word = word.encode("utf-8", "surrogatepass")
        self._keys: dict[tuple[int, bytes], _Keys] = {}
        self.checks: list[Callable[[bytes], bool]] = []

    def blocks(self) -> Iterator[bytes]:
        """The signature, and each block as it would be without a lock. DamagedError where the end is not there."""
        yield MAGIC
        at, key = self._data.index(MAGIC) + len(MAGIC), b""
        while True:
            header, at = self._header(at, key)
            contents = Fields(self._data, at).take(header.size)
            at += header.size
            if header.type == LOCK:
                key = self._keys_for(_Lock.of_headers(Fields(header.fields))).contents
            else:
                yield self._without_lock(header, contents)
            if header.type == END:
                return

    def in_clear(self) -> Iterator[tuple[Header, int]]:
        """The headers as they stand, up to the one that locks the rest, and where what follows each begins."""
        at = self._data.index(MAGIC) + len(MAGIC)
        while at < len(self._data):
            header, at = self._header(at, b"")
            yield header, at
            if header.type in (LOCK, END):
                return
            at += header.size

    def _header(self, at: int, key: bytes) -> tuple[Header, int]:
        """The header that begins here, and where what follows it does; key: of all headers, if they are locked."""
        start = self._data[at : at + _BLOCK] if key else b""
        at += len(start)
        first = decrypted(self._data[at : at + _BLOCK], key, start) if key else self._data[at : at + _BLOCK]
        fields = Fields(first, 4)
        size = fields.number()
        size += fields.at
        if at + size > len(self._data):
            raise DamagedError
        whole = -(-size // _BLOCK) * _BLOCK if key else size
        header = self._data[at : at + whole]
        header = decrypted(header, key, start)[:size] if key else header
        if zlib.crc32(header[4:]) != int.from_bytes(header[:4], "little"):
            raise DamagedError
        return Header.read(header[fields.at :]), at + whole

    def _without_lock(self, header: Header, contents: bytes) -> bytes:
        record, member = header.lock, Member.read(header.fields) if header.type == FILE else None
        if record is None:
            self._note(member, b"")
            return header.written() + contents
        lock = _Lock.of_contents(Fields(record))
        keys = self._keys_for(lock)
        self._note(member, keys.checksums if lock.keyed else b"")
        member = member or Member.read(header.fields)
        contents = decrypted(contents, keys.contents, lock.start)
        if member.is_stored:  # what fills up the last block only an unpacker knows to leave
            contents = contents[: member.size]
        header = header.without_records(RECORD_OF_LOCK)._replace(size=len(contents))
        if lock.keyed:
            header = header.without_records(RECORD_OF_HASH)._replace(fields=member.without_checksum().written())
        return header.written() + contents

    def _note(self, member: Member | None, key: bytes) -> None:
        """How the content of a file is checked. One with BLAKE2 alone, as few are made, is not."""
        if member is not None and not member.is_folder:
            self.checks.append(partial(_has_checksum, member.checksum, key))

    def _keys_for(self, lock: _Lock) -> _Keys:
        """EncryptedError when the word is not the one."""
        secret = (lock.power, lock.salt)
        if secret not in self._keys:
            if lock.power > _MOST_POWER:
                raise UnsupportedError
            rounds = 1 << lock.power
            if _folded(self._hashed(lock.salt, rounds + 32)) != lock.check:
                raise EncryptedError
            self._keys[secret] = _Keys(self._hashed(lock.salt, rounds), self._hashed(lock.salt, rounds + 16))
        return self._keys[secret]

    def _hashed(self, salt: bytes, rounds: int) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", self._word, salt, rounds)


def _has_checksum(checksum: bytes, key: bytes, content: bytes) -> bool:
    """Whether a content has this checksum. key: what the word makes of it, where the word is in it, too."""
    own = zlib.crc32(content).to_bytes(4, "little")
    if key:
        digest = hmac.digest(key, own, "sha256")
        own = bytes(reduce(xor, digest[at::4]) for at in range(4))
    return not checksum or own == checksum


def _folded(digest: bytes) -> bytes:
    """The check value of a word: eight bytes of the longer one."""
    return bytes(reduce(xor, digest[at::8]) for at in range(8))
