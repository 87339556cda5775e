"""Office files locked with a password (MS-OFFCRYPTO): opened with a word of the mail, or with the one everybody knows.

Excel locks a workbook against changes with a fixed password and opens it without asking, so that one is always tried.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
from typing import NamedTuple
from xml.parsers import expat

import olefile
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract.budget import DamagedError, EncryptedError, UnsupportedError
from gateway.extract.document import Document, Embedded, Items
from gateway.mail import transfer

_KNOWN_TO_ALL = "VelvetSweatshop"
_MOST_TRIES, _MOST_SPINS = 10, 2_000_000
"""A try takes a tenth of a second, as the format wants it. A file may ask for more, and gets fewer tries."""

_SEGMENT = 4096
_INPUT, _VALUE, _KEY = (
    bytes.fromhex("fea7d2763b4b9e79"),
    bytes.fromhex("d7aa0f6d3061344e"),
    bytes.fromhex("146e0be7abacd0d6"),
)
"""What is added to the password's hash for each of the three things it locks (MS-OFFCRYPTO 2.3.4.11)."""

_AGILE, _STANDARD = (4, 4), 2
_AES = frozenset((0x660E, 0x660F, 0x6610))
_HASHES = frozenset(("sha1", "sha256", "sha384", "sha512"))


def read_locked_office(document: Document) -> Items:
    """The file inside, as a document of its own; an EncryptedError when no word opens it."""
    try:
        with olefile.OleFileIO(io.BytesIO(document.data)) as ole:
            info = bytes(ole.openstream("EncryptionInfo").read())
            package = bytes(ole.openstream("EncryptedPackage").read())
        document.meter.expand(len(package))
        lock = _lock_of(info, package)
        tries = min(_MOST_TRIES, _MOST_SPINS // max(1, lock.spins))
        for password in dict.fromkeys((_KNOWN_TO_ALL, *document.passwords[:tries])):
            found = lock.unlock(password)
            if found is not None:
                yield Embedded(found, (), "", "attachment")
                return
    except (OSError, struct.error, expat.ExpatError, KeyError, ValueError, IndexError) as error:
        raise DamagedError from error
    raise EncryptedError


def _lock_of(info: bytes, package: bytes) -> _Agile | _Standard:
    major, minor = struct.unpack_from("<HH", info)
    if (major, minor) == _AGILE:
        return _Agile(info[8:], package)
    if minor == _STANDARD and major in (2, 3, 4):
        return _Standard(info, package)
    raise UnsupportedError


def _decrypted(key: bytes, mode: modes.CBC | modes.ECB, data: bytes) -> bytes:
    opener = Cipher[modes.CBC | modes.ECB](algorithms.AES(key), mode).decryptor()
    return opener.update(data[: len(data) // 16 * 16]) + opener.finalize()


class _Lock(NamedTuple):
    """How one thing is locked: the hash, its salt, the lengths of key and block."""

    hash: str
    salt: bytes
    key_bytes: int
    block: int


class _Agile:
    """The lock of Office 2010 and later: described in XML, AES in chained blocks."""

    def __init__(self, description: bytes, package: bytes) -> None:
        found: dict[str, dict[str, str]] = {}
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = lambda name, values: found.setdefault(name.rpartition(" ")[2], values)
        parser.StartDoctypeDeclHandler = _refuse
        parser.Parse(description, True)
        self._data, words = _lock(found["keyData"]), found["encryptedKey"]
        self._password = _lock(words)
        self.spins = int(words["spinCount"])
        if not 0 <= self.spins <= _MOST_SPINS:
            raise UnsupportedError
        self._input, self._value, self._key = (
            transfer.base64(words[name].encode())
            for name in ("encryptedVerifierHashInput", "encryptedVerifierHashValue", "encryptedKeyValue")
        )
        self._package = package

    def unlock(self, password: str) -> bytes | None:
        """The file for a password; None when it is the wrong one."""
        lock = self._password
        digest = _spun(lock.hash, lock.salt, password, self.spins)

        def opened(what: bytes, data: bytes) -> bytes:
            key = hashlib.new(lock.hash, digest + what).digest()[: lock.key_bytes].ljust(lock.key_bytes, b"6")
            return _decrypted(key, modes.CBC(lock.salt[: lock.block].ljust(lock.block, b"6")), data)

        asked = hashlib.new(lock.hash, opened(_INPUT, self._input)).digest()
        if opened(_VALUE, self._value)[: len(asked)] != asked:
            return None
        return self._opened(opened(_KEY, self._key)[: self._data.key_bytes])

    def _opened(self, key: bytes) -> bytes:
        lock, size = self._data, struct.unpack_from("<Q", self._package)[0]
        pieces = []
        for number, at in enumerate(range(8, len(self._package), _SEGMENT)):
            start = hashlib.new(lock.hash, lock.salt + struct.pack("<I", number)).digest()[: lock.block]
            mode = modes.CBC(start.ljust(lock.block, b"6"))
            pieces.append(_decrypted(key, mode, self._package[at : at + _SEGMENT]))
        return b"".join(pieces)[:size]


def _refuse(*_: object) -> None:
    raise ValueError


def _lock(words: dict[str, str]) -> _Lock:
    name = re.sub("[^a-z0-9]", "", words["hashAlgorithm"].lower())
    if words["cipherAlgorithm"] != "AES" or words["cipherChaining"] != "ChainingModeCBC" or name not in _HASHES:
        raise UnsupportedError
    return _Lock(
        name, transfer.base64(words["saltValue"].encode()), int(words["keyBits"]) // 8, int(words["blockSize"])
    )


class _Standard:
    """The lock of Office 2007: a fixed recipe, AES block by block."""

    spins = 50_000

    def __init__(self, info: bytes, package: bytes) -> None:
        header_size = struct.unpack_from("<I", info, 8)[0]
        algorithm, _, key_bits = struct.unpack_from("<III", info, 12 + 8)
        if algorithm not in _AES:
            raise UnsupportedError
        verifier = 12 + header_size
        salt_size = struct.unpack_from("<I", info, verifier)[0]
        at = verifier + 4
        self._salt = info[at : at + salt_size]
        self._input = info[at + salt_size : at + salt_size + 16]
        self._value = info[at + salt_size + 20 : at + salt_size + 52]
        self._key_bytes = key_bits // 8
        self._package = package

    def unlock(self, password: str) -> bytes | None:
        digest = hashlib.sha1(_spun("sha1", self._salt, password, self.spins) + bytes(4)).digest()  # noqa: S324
        padded = digest.ljust(64, b"\0")
        halves = [bytes(mask ^ byte for byte in padded) for mask in (0x36, 0x5C)]
        key = b"".join(hashlib.sha1(half).digest() for half in halves)[: self._key_bytes]  # noqa: S324
        asked = hashlib.sha1(_decrypted(key, modes.ECB(), self._input)).digest()  # noqa: S324, S305
        if _decrypted(key, modes.ECB(), self._value)[: len(asked)] != asked:  # noqa: S305
            return None
        size = struct.unpack_from("<Q", self._package)[0]
        return _decrypted(key, modes.ECB(), self._package[8:])[:size]  # noqa: S305


def _spun(name: str, salt: bytes, password: str, spins: int) -> bytes:
    digest = hashlib.new(name, salt + password.encode("utf-16-le", "surrogatepass")).digest()
    hasher, pack = getattr(hashlib, name), struct.Struct("<I").pack
    for number in range(spins):
        digest = hasher(pack(number) + digest).digest()
    return digest
