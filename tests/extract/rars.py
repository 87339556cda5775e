"""Makes RAR archives, locked or not: nothing free packs RAR. Contents are stored as they are."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import zlib
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

POWER = 15


def encrypted(data: bytes, key: bytes, start: bytes) -> bytes:
    filled = data + bytes(-len(data) % 16)
    sealer = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return sealer.update(filled) + sealer.finalize()


# ---------------------------------------------------------------- RAR 5.0


def rar5(
    files: Mapping[str, bytes],
    word: str = "",
    *,
    headers: bool = False,
    keyed: bool = True,
    clear: Mapping[str, bytes] | None = None,
    version: int = 0,
    power_told: int = POWER,
) -> bytes:
    """headers: names are locked, too. keyed: checksums tell nothing without the word, as RAR makes them.

    clear: files before them that are not locked. version: of the lock; there is one. power_told: of its rounds, as its
    record has it.
    """
    salt, out = os.urandom(16), [b"Rar!\x1a\x07\x01\x00"]
    key, sums_key, check = (hashed(word, salt, (1 << POWER) + more) for more in (0, 16, 32))
    eight = bytes(check[n] ^ check[n + 8] ^ check[n + 16] ^ check[n + 24] for n in range(8))
    lock = bytes((power_told,)) + salt, eight + hashlib.sha256(eight).digest()[:4]
    if headers:
        out.append(head5(number(4) + number(0) + number(0) + number(1) + b"".join(lock)))

    def add(header: bytes) -> None:
        if not headers:
            out.append(head5(header))
            return
        start = os.urandom(16)
        out.append(start + encrypted(head5(header), key, start))

    add(number(1) + number(0) + number(0))
    for name, content in {**(clear or {}), **files}.items():
        checksum, extra, stored = zlib.crc32(content).to_bytes(4, "little"), b"", content
        if word and name in files:
            start = os.urandom(16)
            stored = encrypted(content, key, start)
            record = number(1) + number(version) + number(3 if keyed else 1) + lock[0] + start + lock[1]
            extra = number(len(record)) + record
            if keyed:
                digest = hmac.digest(sums_key, checksum, "sha256")
                folded = [digest[n : n + 4] for n in range(0, 32, 4)]
                checksum = bytes(folded[0][n] ^ folded[1][n] for n in range(4))
                for part in folded[2:]:
                    checksum = bytes(a ^ b for a, b in zip(checksum, part, strict=True))
        flags = 3 if extra else 2
        sizes = (number(len(extra)) if extra else b"") + number(len(stored))
        raw = name.encode()
        fields = number(4) + number(len(content)) + number(0o100644) + checksum + number(0) + number(1)
        add(number(2) + number(flags) + sizes + fields + number(len(raw)) + raw + extra)
        out.append(stored)
    add(number(5) + number(0) + number(0))
    return b"".join(out)


def hashed(word: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", word.encode(), salt, rounds)


def head5(header: bytes) -> bytes:
    sized = number(len(header)) + header
    return zlib.crc32(sized).to_bytes(4, "little") + sized


def number(value: int) -> bytes:
    return bytes((value,)) if value < 0x80 else bytes((value & 0x7F | 0x80,)) + number(value >> 7)


# ---------------------------------------------------------------- RAR 3 and 4


def rar4(
    files: Mapping[str, bytes], word: str = "", *, headers: bool = False, clear: Mapping[str, bytes] | None = None
) -> bytes:
    out = [b"Rar!\x1a\x07\x00", head4(0x73, 0x80 if headers else 0, bytes(6))]

    def add(header: bytes) -> None:
        if not headers:
            out.append(header)
            return
        salt = os.urandom(8)
        out.append(salt + encrypted(header, *key4(word, salt)))

    for name, content in {**(clear or {}), **files}.items():
        is_locked = word != "" and name in files
        salt = os.urandom(8) if is_locked else b""
        stored = encrypted(content, *key4(word, salt)) if is_locked else content
        sizes = struct.pack("<II", len(stored), len(content))
        sizes += struct.pack("<BIIBBHI", 3, zlib.crc32(content), 0x5D790000, 29, 0x30, len(name), 0o100644)
        add(head4(0x74, 0x8000 | (0x404 if is_locked else 0), sizes + name.encode() + salt))
        out.append(stored)
    add(head4(0x7B, 0x4000, b""))
    return b"".join(out)


def head4(kind: int, flags: int, fields: bytes) -> bytes:
    rest = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest


def key4(word: str, salt: bytes) -> tuple[bytes, bytes]:
    """Round by round, as it is described."""
    seed, hasher, start = word.encode("utf-16-le") + salt, hashlib.sha1(usedforsecurity=False), b""
    for turn in range(1 << 18):
        hasher.update(seed + turn.to_bytes(3, "little"))
        if not turn % (1 << 14):
            start += hasher.digest()[19:]
    return b"".join(hasher.digest()[n : n + 4][::-1] for n in (0, 4, 8, 12)), start
