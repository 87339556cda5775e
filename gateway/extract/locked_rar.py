"""RAR archives that are locked with a word of the mail: their locks are taken off, and libarchive reads what is left.

libarchive unpacks RAR and opens no lock. So headers and contents are decrypted here, the marks that say they were
locked removed, and the headers' checksums made anew; nothing is unpacked. This is RAR 5.0 (RARLAB's technote describes
it), which tells by a check value whether a word is the right one; RAR 3 and 4 are locked_rar4.py.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract.budget import DamagedError, EncryptedError, UnsupportedError

MAGIC = b"Rar!\x1a\x07\x01\x00"

_BLOCK = 16
_FILE, _SERVICE, _LOCK, _END = 2, 3, 4, 5
_HAS_EXTRA, _HAS_DATA = 1, 2
_HAS_TIME, _HAS_CHECKSUM = 2, 4
_RECORD_OF_LOCK, _RECORD_OF_HASH = 1, 2
_HAS_CHECK, _SUMS_ARE_KEYED = 1, 2
_METHOD = 0x380
_MOST_POWER = 18
"""RAR makes 2^15 rounds of SHA-256, which take a hundredth of a second."""


def unlocked(data: bytes, word: str) -> bytes:
    """The archive without its locks; an EncryptedError where the word is not the one."""
    return b"".join(_Archive(data, word).blocks())


def is_locked(data: bytes) -> bool:
    """Whether names or contents are locked; of a broken archive, as far as it can be followed."""
    archive = _Archive(data, "")
    try:
        return any(header.type == _LOCK or _lock_of(header) for header, _ in archive.in_clear())
    except (DamagedError, UnsupportedError):
        return False


def decrypted(contents: bytes, key: bytes, start: bytes) -> bytes:
    """AES-CBC; what is no whole block at the end is left out. DamagedError where the start of the chain is cut off."""
    if len(start) != _BLOCK:
        raise DamagedError
    opener = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    return opener.update(contents[: len(contents) // _BLOCK * _BLOCK]) + opener.finalize()


class _Fields:
    """Reads the fields of a header one after the other. DamagedError where there are none left."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def number(self) -> int:
        """Seven bits a byte, the lowest first, the eighth where more follow; ten bytes at most."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise DamagedError

    def take(self, size: int) -> bytes:
        taken = self._data[self.at : self.at + size]
        if len(taken) < size:
            raise DamagedError
        self.at += size
        return taken

    @property
    def rest(self) -> bytes:
        return self._data[self.at :]


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
    def of_contents(cls, fields: _Fields) -> _Lock:
        return cls._read(fields, _BLOCK)

    @classmethod
    def of_headers(cls, fields: _Fields) -> _Lock:
        """Its chain starts anew in every header."""
        return cls._read(fields, 0)

    @classmethod
    def _read(cls, fields: _Fields, size_of_start: int) -> _Lock:
        version, flags = fields.number(), fields.number()
        if version or not flags & _HAS_CHECK:
            raise UnsupportedError
        power = fields.take(1)[0]
        salt, start, check = fields.take(16), fields.take(size_of_start), fields.take(8)
        return cls(power, salt, start, check, bool(flags & _SUMS_ARE_KEYED))


class _Header(NamedTuple):
    """A header: its type and flags, the fields of its type, the records behind them, how much data follows it."""

    type: int
    flags: int
    fields: bytes
    records: bytes
    size: int

    @classmethod
    def read(cls, header: bytes) -> _Header:
        fields = _Fields(header)
        kind, flags = fields.number(), fields.number()
        extra = fields.number() if flags & _HAS_EXTRA else 0
        size = fields.number() if flags & _HAS_DATA else 0
        end = len(header) - extra
        if fields.at > end:
            raise DamagedError
        return cls(kind, flags, header[fields.at : end], header[end:], size)

    def written(self) -> bytes:
        flags = self.flags & ~_HAS_EXTRA | (_HAS_EXTRA if self.records else 0)
        sizes = (_number(len(self.records)) if self.records else b"") + (
            _number(self.size) if flags & _HAS_DATA else b""
        )
        header = _number(self.type) + _number(flags) + sizes + self.fields + self.records
        sized = _number(len(header)) + header
        return zlib.crc32(sized).to_bytes(4, "little") + sized


class _Archive:
    """One archive and a word that may open it."""

    def __init__(self, data: bytes, word: str) -> None:
        self._data = data
        self._word = word.encode("utf-8", "surrogatepass")
        self._keys: dict[tuple[int, bytes], bytes] = {}

    def blocks(self) -> Iterator[bytes]:
        """The signature, and each block as it would be without a lock."""
        yield MAGIC
        at, key = self._data.index(MAGIC) + len(MAGIC), b""
        while at < len(self._data):
            header, at = self._header(at, key)
            contents = self._data[at : at + header.size]
            at += header.size
            if header.type == _LOCK:
                key = self._key(_Lock.of_headers(_Fields(header.fields)))
            else:
                yield self._without_lock(header, contents)
            if header.type == _END:
                return

    def in_clear(self) -> Iterator[tuple[_Header, int]]:
        """The headers as they stand, up to the one that locks the rest, and where what follows each begins."""
        at = self._data.index(MAGIC) + len(MAGIC)
        while at < len(self._data):
            header, at = self._header(at, b"")
            yield header, at
            if header.type in (_LOCK, _END):
                return
            at += header.size

    def _header(self, at: int, key: bytes) -> tuple[_Header, int]:
        """The header that begins here, and where what follows it does; key: of all headers, if they are locked."""
        start = self._data[at : at + _BLOCK] if key else b""
        at += len(start)
        first = decrypted(self._data[at : at + _BLOCK], key, start) if key else self._data[at : at + _BLOCK]
        fields = _Fields(first, 4)
        size = fields.number()
        size += fields.at
        if at + size > len(self._data):
            raise DamagedError
        whole = -(-size // _BLOCK) * _BLOCK if key else size
        header = self._data[at : at + whole]
        header = decrypted(header, key, start)[:size] if key else header
        if zlib.crc32(header[4:]) != int.from_bytes(header[:4], "little"):
            raise DamagedError
        return _Header.read(header[fields.at :]), at + whole

    def _without_lock(self, header: _Header, contents: bytes) -> bytes:
        lock = _lock_of(header)
        if lock is None:
            return header.written() + contents
        fields, size = _member(header.fields, lock.keyed)
        contents = decrypted(contents, self._key(lock), lock.start)[:size]
        gone = {_RECORD_OF_LOCK, _RECORD_OF_HASH} if lock.keyed else {_RECORD_OF_LOCK}
        kept = b"".join(_record(*each) for each in _records(header.records) if each[0] not in gone)
        return header._replace(fields=fields, records=kept, size=len(contents)).written() + contents

    def _key(self, lock: _Lock) -> bytes:
        """EncryptedError when the word is not the one."""
        secret = (lock.power, lock.salt)
        if secret not in self._keys:
            if lock.power > _MOST_POWER:
                raise UnsupportedError
            rounds = 1 << lock.power
            if _folded(self._hashed(lock.salt, rounds + 32)) != lock.check:
                raise EncryptedError
            self._keys[secret] = self._hashed(lock.salt, rounds)
        return self._keys[secret]

    def _hashed(self, salt: bytes, rounds: int) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", self._word, salt, rounds)


def _lock_of(header: _Header) -> _Lock | None:
    """What the contents behind a header are locked with."""
    if header.type not in (_FILE, _SERVICE):
        return None
    locks = (rest for kind, rest in _records(header.records) if kind == _RECORD_OF_LOCK)
    return next((_Lock.of_contents(_Fields(lock)) for lock in locks), None)


def _record(kind: int, rest: bytes) -> bytes:
    record = _number(kind) + rest
    return _number(len(record)) + record


def _records(area: bytes) -> Iterator[tuple[int, bytes]]:
    """The records behind a header's fields: the type of each, and what it holds."""
    fields = _Fields(area)
    while fields.rest:
        record = _Fields(fields.take(fields.number()))
        yield record.number(), record.rest


def _member(fields: bytes, keyed: bool) -> tuple[bytes, int | None]:
    """The fields of a file, without a checksum that only the word explains, and its size where it is stored as it is.

    What is locked is filled up to whole blocks, which only an unpacker knows to leave.
    """
    read = _Fields(fields)
    flags, size, attributes = read.number(), read.number(), read.number()
    time = read.take(4) if flags & _HAS_TIME else b""
    checksum = read.take(4) if flags & _HAS_CHECKSUM else b""
    method = read.number()
    if keyed:
        flags, checksum = flags & ~_HAS_CHECKSUM, b""
    numbers = _number(flags) + _number(size) + _number(attributes)
    return numbers + time + checksum + _number(method) + read.rest, None if method & _METHOD else size


def _number(value: int) -> bytes:
    """As _Fields.number reads it."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def _folded(digest: bytes) -> bytes:
    """The check value of a word: eight bytes of the longer one."""
    return bytes(a ^ b ^ c ^ d for a, b, c, d in zip(*(digest[at : at + 8] for at in (0, 8, 16, 24)), strict=True))
