"""OpenDocument files locked with a password (ODF 1.2 part 3 §4): every part is locked by itself, or the whole in one.

The second way is that of LibreOffice from 24.8 on. Opened with a word of the mail, the file is given back as one that
was never locked, for the same reader as any other.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.extract import zips
from gateway.extract.budget import DamagedError, EncryptedError, Meter, UnsupportedError
from gateway.extract.document import Document
from gateway.mail import transfer

_MANIFEST = "META-INF/manifest.xml"
_MOST_SPINS, _MOST_TRIES = 2_000_000, 20
"""What all tries may cost: LibreOffice wants 100 000 rounds for one, which take a twentieth of a second."""

_MOST_MEMORY_KIB, _MOST_PASSES = 256 * 1024, 16
_CHECKED_BYTES = 1024
_NONCE = 12


class _Lock(NamedTuple):
    """How one part of the file is locked, as its manifest says."""

    name: str
    words: dict[str, str]

    def value(self, word: str) -> bytes:
        return transfer.base64(self.words.get(word, "").encode())

    def number(self, word: str, default: int = 0) -> int:
        return int(self.words.get(word, default))

    @property
    def spins(self) -> int:
        return max(1, self.number("iteration-count", _MOST_SPINS // _MOST_TRIES))


def opened(document: Document) -> bytes | None:
    """The file without its locks; None when it has none. Raises EncryptedError, DamagedError, UnsupportedError."""
    archive = zips.names_and_readers(document.data)
    if archive is None or _MANIFEST not in archive.namelist():
        return None
    manifest = zips.read(archive, document.data, archive.getinfo(_MANIFEST), document.meter, ())
    if b"encryption-data" not in manifest:
        return None
    try:
        locks = {lock.name: lock for lock in _locks(manifest) if lock.name in archive.namelist()}
        parts = {
            info.filename: zips.read(archive, document.data, info, document.meter, ())
            for info in archive.infolist()
            if not info.is_dir()
        }
        return _unlocked(parts, locks, document)
    except (ValueError, KeyError, expat.ExpatError) as error:
        raise DamagedError from error


def _unlocked(parts: dict[str, bytes], locks: dict[str, _Lock], document: Document) -> bytes:
    if not locks:
        raise EncryptedError
    smallest = min(locks.values(), key=lambda lock: len(parts[lock.name]))
    tries = min(_MOST_TRIES, _MOST_SPINS // smallest.spins)
    for password in document.passwords[:tries]:
        found = _opened(smallest, parts[smallest.name], password, document.meter)
        if found is None:
            continue
        for name, lock in locks.items():
            part = found if lock is smallest else _opened(lock, parts[name], password, document.meter)
            if part is None:
                raise DamagedError
            parts[name] = part
        return parts["encrypted-package"] if "encrypted-package" in locks else _packed(parts)
    raise EncryptedError


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            if name != _MANIFEST:
                archive.writestr(zipfile.ZipInfo(name), part)
    return out.getvalue()


def _locks(manifest: bytes) -> Iterator[_Lock]:
    """What the manifest says of each part that is locked; the names of its words without their namespaces."""
    found: list[_Lock] = []

    def start(name: str, values: dict[str, str]) -> None:
        words = {key.rpartition(" ")[2]: value for key, value in values.items()}
        if name.endswith(" file-entry"):
            found.append(_Lock(words.get("full-path", ""), {}))
        elif found:
            is_start_key = name.endswith(" start-key-generation")
            found[-1].words.update({f"start-{key}" if is_start_key else key: value for key, value in words.items()})

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse
    parser.Parse(manifest, True)
    return (lock for lock in found if "algorithm-name" in lock.words)


def _refuse(*_: object) -> None:
    raise ValueError


def _opened(lock: _Lock, data: bytes, password: str, meter: Meter) -> bytes | None:
    """One part; None when it is the wrong password."""
    method = lock.words["algorithm-name"].lower()
    key = _key(lock, password)
    if method.endswith("aes256-gcm"):
        return _inflated(_sealed(key, lock.value("initialisation-vector"), data), meter)
    if not method.endswith(("aes256-cbc", "aes192-cbc", "aes128-cbc")):
        raise UnsupportedError
    mode = modes.CBC(lock.value("initialisation-vector"))
    opener = Cipher(algorithms.AES(key), mode).decryptor()
    plain = opener.update(data[: len(data) // 16 * 16]) + opener.finalize()
    plain = plain[: -plain[-1]] if plain and plain[-1] <= 16 else plain
    hasher = hashlib.sha256 if "sha256" in lock.words.get("checksum-type", "").lower() else hashlib.sha1
    if hasher(plain[:_CHECKED_BYTES]).digest() != lock.value("checksum"):
        return None
    return _inflated(plain, meter)


def _sealed(key: bytes, nonce: bytes, data: bytes) -> bytes | None:
    """What AES-GCM locked; where its nonce stands before the data too, that one is not part of them (xmlenc-core1)."""
    for sealed in (data, data[_NONCE:]):
        try:
            return AESGCM(key).decrypt(nonce, sealed, None)
        except InvalidTag:
            continue
    return None


def _inflated(plain: bytes | None, meter: Meter) -> bytes | None:
    """Parts are packed before they are locked, but for a whole file, which is packed already."""
    if plain is None or plain.startswith(b"PK\3\4"):
        return plain
    inflater, room = zlib.decompressobj(-15), meter.expanded
    try:
        part = inflater.decompress(plain, room + 1)
    except zlib.error as error:
        raise DamagedError from error
    meter.expand(len(part))
    if not inflater.eof:
        raise DamagedError
    return part


def _key(lock: _Lock, password: str) -> bytes:
    """The password hashed once, then made dear."""
    size, word = lock.number("key-size", 16), password.encode("utf-8", "surrogatepass")
    hasher = hashlib.sha256 if "sha256" in lock.words.get("start-start-key-generation-name", "") else hashlib.sha1
    start, salt = hasher(word).digest(), lock.value("salt")
    kind = lock.words.get("key-derivation-name", "").lower()
    if kind.endswith("pbkdf2") and 0 < lock.spins <= _MOST_SPINS and size in (16, 24, 32):
        return hashlib.pbkdf2_hmac("sha1", start, salt, lock.spins, size)
    if kind.endswith("argon2id"):
        return _argon(lock, start, salt, size)
    raise UnsupportedError


def _argon(lock: _Lock, start: bytes, salt: bytes, size: int) -> bytes:
    passes, lanes = lock.number("argon2-iterations"), lock.number("argon2-lanes")
    memory = lock.number("argon2-memory")
    if memory > _MOST_MEMORY_KIB or passes > _MOST_PASSES:
        raise UnsupportedError
    try:
        made = Argon2id(salt=salt, length=size, iterations=passes, lanes=lanes, memory_cost=memory)
        return made.derive(start)
    except UnsupportedAlgorithm as error:
        raise UnsupportedError from error
