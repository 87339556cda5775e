"""OpenDocument files saved with a password (OpenDocument 1.2 part 3, 3.16 and 4.8): opened with a word of the mail.

Each part of the file is locked by itself, under a key of its own, and a checksum tells whether a word was right.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from typing import NamedTuple
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.extract import zips
from gateway.extract.budget import DamagedError, EncryptedError, Meter
from gateway.extract.document import Document, Embedded, Items
from gateway.mail import transfer

MANIFEST = "META-INF/manifest.xml"
_CHUNK = 1 << 20
_CHECKED = 1024
"""So many bytes of a part, packed and not locked, its checksum is of."""
_MOST_TRIES, _MOST_SPINS = 10, 20_000_000
"""A try takes a twentieth of a second, as the format wants it, and so does each part; ten seconds at most."""
_HASHES = {"sha256-1k": "sha256", "sha1-1k": "sha1", "sha1/1k": "sha1", "sha256": "sha256", "sha1": "sha1"}


class _Lock(NamedTuple):
    """How one part is locked."""

    start: str
    checksum_of: str
    checksum: bytes
    vector: bytes
    salt: bytes
    spins: int
    key_bytes: int

    def opened(self, password: str, data: bytes) -> bytes | None:
        """The part, still packed; None for the wrong password."""
        start = hashlib.new(self.start, password.encode("utf-8", "surrogatepass")).digest()
        key = hashlib.pbkdf2_hmac("sha1", start, self.salt, self.spins, self.key_bytes)
        opener = Cipher(algorithms.AES(key), modes.CBC(self.vector)).decryptor()
        padded = opener.update(data[: len(data) // 16 * 16]) + opener.finalize()
        packed = padded[: -padded[-1]] if padded and 0 < padded[-1] <= 16 else padded
        right = hashlib.new(self.checksum_of, packed[:_CHECKED]).digest() == self.checksum
        return packed if right else None


def is_locked(manifest: bytes) -> bool:
    """Whether the file's list of parts says that they are locked."""
    return b"encryption-data" in manifest


def read_locked_odf(document: Document, manifest: bytes) -> Items:
    """The file without its lock, as a document of its own; an EncryptedError when no word opens it."""
    locks = _locks_of(manifest)
    parts = {
        name: data
        for name, data, failure in zips.members(document.data, document.meter)
        if failure is None and name != MANIFEST
    }
    try:
        yield Embedded(_unlocked(parts, locks, document.passwords, document.meter), (), "", "attachment")
    except (zlib.error, ValueError) as error:
        raise DamagedError from error


def _unlocked(parts: dict[str, bytes], locks: dict[str, _Lock], passwords: tuple[str, ...], meter: Meter) -> bytes:
    name = min(locks.keys() & parts.keys(), key=lambda part: len(parts[part]), default="")
    if not name:
        raise EncryptedError
    tries = min(_MOST_TRIES, _MOST_SPINS // max(1, locks[name].spins))
    password = next((word for word in passwords[:tries] if locks[name].opened(word, parts[name]) is not None), None)
    if password is None or sum(lock.spins for lock in locks.values()) > _MOST_SPINS:
        raise EncryptedError
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for part, data in parts.items():
            packed = locks[part].opened(password, data) if part in locks else None
            archive.writestr(part, data if part not in locks else _inflated(packed, meter))
    return whole.getvalue()


def _inflated(packed: bytes | None, meter: Meter) -> bytes:
    """Bounded by the message's budget, whatever the part claims to be. ValueError for a part of another password."""
    if packed is None:
        raise ValueError("another password")
    inflater, pieces = zlib.decompressobj(-zlib.MAX_WBITS), []
    while packed and not inflater.eof:
        piece = inflater.decompress(packed, _CHUNK)
        meter.expand(len(piece))
        pieces.append(piece)
        packed = inflater.unconsumed_tail
    return b"".join(pieces)


def _locks_of(manifest: bytes) -> dict[str, _Lock]:
    """The lock of each part; EncryptedError for a kind of lock that is not opened here."""
    entries: dict[str, dict[str, str]] = {}
    words: dict[str, str] = {}

    def begin(name: str, values: dict[str, str]) -> None:
        nonlocal words
        kind = name.rpartition(" ")[2]
        plain = {key.rpartition(" ")[2]: value for key, value in values.items()}
        if kind == "file-entry":
            words = entries.setdefault(plain.get("full-path", ""), {})
        else:
            words.update({f"{kind} {key}": value for key, value in plain.items()})

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(manifest, True)
        return {name: _lock_of(words) for name, words in entries.items() if "encryption-data checksum" in words}
    except (expat.ExpatError, ValueError, KeyError) as error:
        raise EncryptedError from error


def _lock_of(words: dict[str, str]) -> _Lock:
    def last(key: str, default: str = "") -> str:
        return words.get(key, default).rpartition("#")[2].lower()

    if last("algorithm algorithm-name") != "aes256-cbc" or last("key-derivation key-derivation-name") != "pbkdf2":
        raise ValueError("another lock")
    vector = transfer.base64(words["algorithm initialisation-vector"].encode())
    if len(vector) != 16:
        raise ValueError("no vector")
    return _Lock(
        start=_HASHES[last("start-key-generation start-key-generation-name", "sha1")],
        checksum_of=_HASHES[last("encryption-data checksum-type")],
        checksum=transfer.base64(words["encryption-data checksum"].encode()),
        vector=vector,
        salt=transfer.base64(words["key-derivation salt"].encode()),
        spins=max(1, int(words["key-derivation iteration-count"][:9])),
        key_bytes=32,
    )


def _refuse(*_: object) -> None:
    raise ValueError
