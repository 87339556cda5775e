"""Headers of RAR 5.0, taken apart and put together again (RARLAB's technote describes them)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from gateway.extract.budget import DamagedError

FILE, SERVICE, LOCK, END = 2, 3, 4, 5
_HAS_EXTRA, _HAS_DATA = 1, 2
_IS_FOLDER, _HAS_TIME, _HAS_CHECKSUM = 1, 2, 4
RECORD_OF_LOCK, RECORD_OF_HASH = 1, 2
_METHOD = 0x380


class Fields:
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

    @property
    def are_left(self) -> bool:
        return self.at < len(self._data)


class Member(NamedTuple):
    """The fields of a file's header."""

    flags: int
    size: int
    attributes: int
    time: bytes
    checksum: bytes
    method: int
    rest: bytes

    @classmethod
    def read(cls, fields: bytes) -> Member:
        left = Fields(fields)
        flags, size, attributes = left.number(), left.number(), left.number()
        time = left.take(4) if flags & _HAS_TIME else b""
        checksum = left.take(4) if flags & _HAS_CHECKSUM else b""
        return cls(flags, size, attributes, time, checksum, left.number(), left.rest)

    def written(self) -> bytes:
        numbers = number(self.flags) + number(self.size) + number(self.attributes)
        return numbers + self.time + self.checksum + number(self.method) + self.rest

    @property
    def is_folder(self) -> bool:
        return bool(self.flags & _IS_FOLDER)

    @property
    def is_stored(self) -> bool:
        """As it is, not packed."""
        return not self.method & _METHOD

    def without_checksum(self) -> Member:
        return self._replace(flags=self.flags & ~_HAS_CHECKSUM, checksum=b"")


class Header(NamedTuple):
    """A header: its type and flags, the fields of its type, the records behind them, how much data follows it."""

    type: int
    flags: int
    fields: bytes
    records: bytes
    size: int

    @classmethod
    def read(cls, header: bytes) -> Header:
        fields = Fields(header)
        kind, flags = fields.number(), fields.number()
        extra = fields.number() if flags & _HAS_EXTRA else 0
        size = fields.number() if flags & _HAS_DATA else 0
        end = len(header) - extra
        if fields.at > end:
            raise DamagedError
        return cls(kind, flags, header[fields.at : end], header[end:], size)

    @property
    def lock(self) -> bytes | None:
        """The record that says what the contents are locked with."""
        if self.type not in (FILE, SERVICE):
            return None
        return next((rest for kind, rest in _records(self.records) if kind == RECORD_OF_LOCK), None)

    def without_records(self, *kinds: int) -> Header:
        kept = b"".join(_record(kind, rest) for kind, rest in _records(self.records) if kind not in kinds)
        return self._replace(records=kept)

    def emptied(self) -> Header:
        """The header of a file with nothing in it."""
        member = Member.read(self.fields).without_checksum()._replace(size=0, method=0)
        return self.without_records(RECORD_OF_LOCK, RECORD_OF_HASH)._replace(fields=member.written(), size=0)

    def written(self) -> bytes:
        flags = self.flags & ~_HAS_EXTRA | (_HAS_EXTRA if self.records else 0)
        sizes = (number(len(self.records)) if self.records else b"") + (number(self.size) if flags & _HAS_DATA else b"")
        header = number(self.type) + number(flags) + sizes + self.fields + self.records
        sized = number(len(header)) + header
        return zlib.crc32(sized).to_bytes(4, "little") + sized


def _record(kind: int, rest: bytes) -> bytes:
    record = number(kind) + rest
    return number(len(record)) + record


def _records(area: bytes) -> Iterator[tuple[int, bytes]]:
    """The records behind a header's fields: the type of each, and what it holds."""
    fields = Fields(area)
    while fields.are_left:
        record = Fields(fields.take(fields.number()))
        yield record.number(), record.rest


def number(value: int) -> bytes:
    """As Fields.number reads it."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))
