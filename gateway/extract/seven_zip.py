"""7z archives that libarchive opens not: those locked with a word of the mail, and those behind a program it knows not.

Only what 7-Zip itself makes for documents: AES-256 before Copy, LZMA, LZMA2, Deflate or BZip2, one after the other.
Whether a word was the right one is told by the checksums of the archive (its description: DOC/7zFormat.txt of 7-Zip).
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract import seven_zip_header as header
from gateway.extract.budget import DamagedError, EncryptedError, Meter, UnsupportedError
from gateway.extract.document import Document, Embedded
from gateway.extract.seven_zip_header import Archive, Coder, Folder, Streams

_AES, _DEFLATE, _BZIP2 = map(bytes.fromhex, ("06f10701", "040108", "040202"))
_LZMA = {b"\3\1\1": lzma.FILTER_LZMA1, b"\x21": lzma.FILTER_LZMA2}
_MOST_ROUNDS = 200 << 19
"""What all tries of an archive may hash: 7-Zip wants 2^19 rounds for one, which take a hundredth of a second."""

_WRONG = (DamagedError, lzma.LZMAError, zlib.error, OSError, EOFError, ValueError)
_COUNTED_AT_ONCE = 4096

Key = Callable[[bytes], bytes]
"""From the properties of a lock to its key."""


class _Secret(NamedTuple):
    """How a lock makes its key of a password, and where its chain of blocks starts."""

    power: int
    salt: bytes
    start: bytes


def members(document: Document) -> Iterator[Embedded]:
    """The members and their names; the names alone and an EncryptedError when no word of the mail fits."""
    data, meter = document.data[max(0, document.data.find(header.MAGIC)) :], document.meter
    packed, raw = header.outer(data)
    if packed and _is_locked(packed):
        key = _key_for(data, packed, document)
        archive = header.archive(_whole(data, packed, 0, key, meter))
    else:
        archive = header.archive(_whole(data, packed, 0, _no_key, meter) if packed else raw)
        try:
            streams = archive.streams
            key = _key_for(data, streams, document) if streams and _is_locked(streams) else _no_key
        except EncryptedError:
            yield from (Embedded(b"", (name,)) for name, *_ in archive.members())
            raise
    yield from _members(data, archive, key, meter)


def _is_locked(streams: Streams) -> bool:
    return any(coder.method == _AES for folder in streams.folders for coder in folder.coders)


def _no_key(properties: bytes) -> bytes:
    raise DamagedError


def _members(data: bytes, archive: Archive, key: Key, meter: Meter) -> Iterator[Embedded]:
    streams, number, contents, at = archive.streams, -1, b"", 0
    for name, folder, size in archive.members():
        meter.part()
        if folder != number:
            number, at = folder, 0
            contents = _whole(data, streams, folder, key, meter) if streams and folder >= 0 else b""
        yield Embedded(contents[at : at + size], (name,))
        at += size


def _key_for(data: bytes, streams: Streams, document: Document) -> Key:
    """The word that opens the smallest locked folder, as what makes keys of it; an EncryptedError when none does."""
    locks = [
        (folder.size, number, coder)
        for number, folder in enumerate(streams.folders)
        for coder in folder.coders
        if coder.method == _AES
    ]
    _, number, lock = min(locks)
    for password in document.passwords[: _MOST_ROUNDS >> _secret(lock).power]:
        key = _Keys(password)
        try:
            _whole(data, streams, number, key, Meter(document.meter.budget))
        except _WRONG:
            continue
        return key
    raise EncryptedError


class _Keys:
    """The keys of one password, each made once."""

    def __init__(self, password: str) -> None:
        self._password = password.encode("utf-16-le", "surrogatepass")
        self._made: dict[tuple[int, bytes], bytes] = {}

    def __call__(self, properties: bytes) -> bytes:
        secret = _secret(Coder(_AES, properties))
        wanted = (secret.power, secret.salt)
        if wanted not in self._made:
            self._made[wanted] = _key(self._password, *wanted)
        return self._made[wanted]


def _secret(coder: Coder) -> _Secret:
    words = coder.properties
    if len(words) < 2 or not words[0] & 0xC0:
        salt_size = start_size = 0
    else:
        salt_size, start_size = (words[0] >> 7) + (words[1] >> 4), (words[0] >> 6 & 1) + (words[1] & 15)
    power = words[0] & 0x3F if words else 0
    if power > 24:
        raise UnsupportedError
    salt, start = words[2 : 2 + salt_size], words[2 + salt_size : 2 + salt_size + start_size]
    return _Secret(power, salt, start.ljust(16, b"\0"))


def _key(password: bytes, power: int, salt: bytes) -> bytes:
    """SHA-256 over salt, password and a counter, 2^power times; the counters of many rounds are written at once."""
    stride, rounds = len(salt) + len(password) + 8, 1 << power
    at_once = min(rounds, _COUNTED_AT_ONCE)
    block = bytearray((salt + password + bytes(8)) * at_once)
    counter = stride - 8
    block[counter::stride] = bytes(number & 255 for number in range(at_once))
    hasher = hashlib.sha256()
    for first in range(0, rounds, at_once):
        block[counter + 1 :: stride] = _second_bytes(first, at_once)
        for byte in (2, 3):
            block[counter + byte :: stride] = bytes((first >> 8 * byte & 255,)) * at_once
        hasher.update(block)
    return hasher.digest()


def _second_bytes(first: int, count: int) -> bytes:
    """The second byte of each of these numbers, which changes with every 256th."""
    return b"".join(bytes((number >> 8 & 255,)) * 256 for number in range(first, first + count, 256))[:count]


def _whole(data: bytes, streams: Streams, number: int, key: Key, meter: Meter) -> bytes:
    """Everything a folder holds, unlocked and unpacked. Raises one of _WRONG when its checksums do not fit."""
    folder = streams.folders[number]
    start, size = streams.packed(number)
    contents = data[start : start + size]
    for coder, unpacked in folder.chain():
        if coder.method == _AES:
            mode = modes.CBC(_secret(coder).start)
            opener = Cipher(algorithms.AES(key(coder.properties)), mode).decryptor()
            contents = (opener.update(contents[: len(contents) // 16 * 16]) + opener.finalize())[:unpacked]
        else:
            contents = _unpacked(coder, contents, unpacked, meter)
    _check(folder, contents)
    return contents


def _check(folder: Folder, contents: bytes) -> None:
    sums = [folder.checksum] if folder.checksum is not None else folder.file_checksums
    sizes = [len(contents)] if folder.checksum is not None else folder.file_sizes
    if not any(checksum is not None for checksum in sums):
        _check_by_itself(folder, contents)
        return
    at = 0
    for checksum, size in zip(sums, sizes, strict=True):
        if checksum is not None and zlib.crc32(contents[at : at + size]) != checksum:
            raise DamagedError
        at += size


def _check_by_itself(folder: Folder, contents: bytes) -> None:
    """py7zr gives its packed headers no checksum: they must be a header, or have been unpacked whole."""
    try:
        header.archive(contents)
    except (DamagedError, UnsupportedError):
        if len(contents) != folder.size or all(coder.method in (_AES, b"\0") for coder in folder.coders):
            raise DamagedError from None


def _unpacked(coder: Coder, contents: bytes, size: int, meter: Meter) -> bytes:
    """What one coder makes of its input, paid for before it is made."""
    meter.expand(size)
    method, properties = coder
    if method == b"\0":
        return contents[:size]
    if method in _LZMA:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_lzma(method, properties, size)]).decompress(
            contents, size
        )
    if method == _DEFLATE:
        return zlib.decompressobj(-15).decompress(contents, size)
    if method == _BZIP2:
        return bz2.BZ2Decompressor().decompress(contents, size)
    raise UnsupportedError


def _lzma(method: bytes, properties: bytes, size: int) -> dict[str, int]:
    """The settings of liblzma; no dictionary is larger than what it is for."""
    if method == b"\x21":
        bits = properties[0]
        words = {}
        dictionary = (2 | bits & 1) << (bits // 2 + 11)
    else:
        settings, dictionary = struct.unpack("<BI", properties[:5])
        rest, literal = divmod(settings, 9)
        words = {"lc": literal, "lp": rest % 5, "pb": rest // 5}
    return {"id": _LZMA[method], "dict_size": max(4096, min(dictionary, size)), **words}
