"""What lies in a zip, by its directory and by its local headers, whole or cut off, without ever writing to disk.

Two tools may see two archives in the same bytes: one trusts the directory at the end, another walks the headers from
the start. Both are read. A member's size is what it expands to here, never what its header claims.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gateway.extract import deflate64
from gateway.extract.budget import DamagedError, EncryptedError, Meter, UnsupportedError
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.place import Place

_LOCAL = b"PK\x03\x04"
_LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")
_STORED, _DEFLATED, _DEFLATE64, _AES = 0, 8, 9, 99
_CHUNK, _SMALL = 1 << 20, 4 << 20


class Member(NamedTuple):
    """One member: its name as stored, its bytes, and why they are missing, or not to be trusted, when they are."""

    name: str
    data: bytes
    failure: Exception | None = None


def told(failure: Exception, place: Place) -> Unreadable:
    """That a member of the file at this place is not read, or not as it was; what is locked is raised."""
    if isinstance(failure, EncryptedError):
        raise failure
    is_unknown = isinstance(failure, UnsupportedError)
    return Unreadable(place, Reason.UNSUPPORTED_FORMAT if is_unknown else Reason.DAMAGED)


def names_and_readers(data: bytes) -> zipfile.ZipFile | None:
    """The archive by its directory, or None when it has none that can be used."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError, RecursionError, EOFError):
        return None


def _everything(name: str) -> bool:
    return True


def members(
    data: bytes, meter: Meter, passwords: tuple[str, ...] = (), is_wanted: Callable[[str], bool] = _everything
) -> Iterator[Member]:
    """Every member that any tool would see, and whose name is wanted; DamagedError in the end when some are lost."""
    archive = names_and_readers(data)
    if archive is None:
        yield from _walked(data, meter, 0)
        raise DamagedError
    known: set[int] = set()
    for info in archive.infolist():
        known.add(info.header_offset)
        if (info.is_dir() and not info.file_size) or not is_wanted(info.filename):
            continue
        meter.part()
        try:
            yield Member(info.filename, read(archive, data, info, meter, passwords))
        except DamagedError as failure:
            yield Member(info.filename, _in_spite_of(data, info, meter), failure)
        except (EncryptedError, UnsupportedError) as failure:
            yield Member(info.filename, b"", failure)
    if archive.infolist() and data.count(_LOCAL) > len(known):
        yield from _outside_directory(data, archive, meter)


def read(
    archive: zipfile.ZipFile, data: bytes, info: zipfile.ZipInfo, meter: Meter, passwords: tuple[str, ...]
) -> bytes:
    """The bytes of one member within the budget, with the mail's own words tried as its password."""
    if info.compress_type == _AES:
        raise EncryptedError
    if info.compress_type == _DEFLATE64 and not info.flag_bits & 1:
        return deflate64.inflate(_raw(data, info), meter)
    if not info.flag_bits & 1:
        return _small(data, info, meter) or _opened(archive, info, meter, None)
    for password in passwords:
        try:
            return _opened(archive, info, meter, password.encode())
        except EncryptedError:
            continue
    raise EncryptedError


def _small(data: bytes, info: zipfile.ZipInfo, meter: Meter) -> bytes:
    """A whole and ordinary member at a third of zipfile's cost; empty when there is anything special about it."""
    if info.compress_type != _DEFLATED or info.compress_size > _CHUNK:
        return b""
    inflater = zlib.decompressobj(-15)
    try:
        found = inflater.decompress(_raw(data, info), _SMALL)
    except (zlib.error, DamagedError):
        return b""
    if not inflater.eof or zlib.crc32(found) != info.CRC:
        return b""
    meter.expand(len(found))
    return found


def _in_spite_of(data: bytes, info: zipfile.ZipInfo, meter: Meter) -> bytes:
    """What programs write out with a warning: a member whose checksum is wrong, or that breaks off."""
    try:
        raw = _raw(data, info)
        return _inflated(raw, 0, info.compress_type, len(raw), bool(info.flag_bits & 1), meter)[0]
    except (EncryptedError, UnsupportedError, DamagedError):
        return b""


def _opened(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter, password: bytes | None) -> bytes:
    chunks: list[bytes] = []
    try:
        with archive.open(info, pwd=password) as stream:
            while chunk := stream.read(_CHUNK):
                meter.expand(len(chunk))
                chunks.append(chunk)
    except RuntimeError as error:
        raise EncryptedError from error
    except NotImplementedError as error:
        raise UnsupportedError from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
        if password is not None:
            raise EncryptedError from error
        if not chunks:
            raise DamagedError from error
    return b"".join(chunks)


def _raw(data: bytes, info: zipfile.ZipInfo) -> bytes:
    """The compressed bytes of a member, for a method that zipfile does not know."""
    start = info.header_offset
    if data[start : start + 4] != _LOCAL or len(data) < start + 30:
        raise DamagedError
    name_length, extra_length = struct.unpack_from("<HH", data, start + 26)
    start += 30 + name_length + extra_length
    return data[start : start + info.compress_size]


def _outside_directory(data: bytes, archive: zipfile.ZipFile, meter: Meter) -> Iterator[Member]:
    """Members that only a tool that walks the headers sees: before, between or behind those of the directory."""
    taken = sorted((info.header_offset, info.header_offset + 30 + info.compress_size) for info in archive.infolist())
    at = 0
    for start, end in taken:
        if start - at >= 30:
            yield from _walked(data[at:start], meter, 0)
        at = max(at, end)
    yield from _walked(data[at:], meter, 0)


def _walked(data: bytes, meter: Meter, start: int) -> Iterator[Member]:
    """Members by their local headers alone: what is left of an archive that was cut off."""
    at = data.find(_LOCAL, start)
    while 0 <= at <= len(data) - _LOCAL_HEADER.size:
        header = _LOCAL_HEADER.unpack_from(data, at)
        flags, method, compressed, name_length, extra_length = header[2], header[3], header[7], header[9], header[10]
        name_at = at + _LOCAL_HEADER.size
        body_at = name_at + name_length + extra_length
        name = data[name_at : name_at + name_length].decode("utf-8", "replace")
        meter.part()
        consumed = compressed
        try:
            content, consumed = _inflated(data, body_at, method, compressed, bool(flags & 1), meter)
            if content or not name.endswith("/"):
                yield Member(name, content)
        except (EncryptedError, UnsupportedError, DamagedError) as failure:
            yield Member(name, b"", failure)
        at = data.find(_LOCAL, body_at + max(consumed, 0))


def _inflated(data: bytes, start: int, method: int, size: int, is_locked: bool, meter: Meter) -> tuple[bytes, int]:
    """What a member holds, as far as it reaches, and how many bytes of the archive that took."""
    if is_locked or method == _AES:
        raise EncryptedError
    if method == _STORED:
        end = start + size if size else max(data.find(b"PK", start), start)
        meter.expand(end - start)
        return data[start:end], end - start
    if method == _DEFLATE64:
        return deflate64.inflate(data[start : start + size] if size else data[start:], meter), size
    if method != _DEFLATED:
        raise UnsupportedError
    inflater, chunks, at = zlib.decompressobj(-15), [], start
    try:
        while at < len(data) and not inflater.eof:
            pending = data[at : at + _CHUNK]
            at += len(pending)
            while pending and not inflater.eof:
                chunk = inflater.decompress(pending, _CHUNK)
                meter.expand(len(chunk))
                chunks.append(chunk)
                pending = inflater.unconsumed_tail
    except zlib.error as error:
        if not chunks:
            raise DamagedError from error
    return b"".join(chunks), at - start - len(inflater.unused_data)
