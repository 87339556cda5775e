"""What a 7z archive says of itself: which stretches of bytes hold what, and how they were packed.

Every count is bounded by the bytes that are left, so a lie costs no more than the header it stands in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.extract.budget import DamagedError, UnsupportedError

MAGIC = b"7z\xbc\xaf\x27\x1c"
_FIRST = 32
_END, _HEADER, _PROPERTIES, _STREAMS, _FILES, _PACKED, _FOLDERS, _PARTS = 0, 1, 2, 4, 5, 6, 7, 8
_SIZES, _CHECKSUMS, _FOLDER, _FOLDER_SIZES, _PARTS_IN_FOLDER, _EMPTY, _NAMES, _ENCODED = 9, 10, 11, 12, 13, 14, 17, 23


class Coder(NamedTuple):
    """One step of packing: its method's number and its settings."""

    method: bytes
    properties: bytes


@dataclass
class Folder:
    """Files that were packed as one stretch."""

    coders: list[Coder]
    feeds: dict[int, int]
    """Which coder's output goes into which coder, while unpacking."""
    sizes: list[int] = field(default_factory=list)
    checksum: int | None = None
    file_sizes: list[int] = field(default_factory=list)
    file_checksums: list[int | None] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How much it holds."""
        return list(self.chain())[-1][1]

    def chain(self) -> Iterator[tuple[Coder, int]]:
        """The coders in the order of unpacking, each with the size of what it gives."""
        at = next(iter(set(range(len(self.coders))) - set(self.feeds.values())), None)
        for _ in self.coders:
            if at is None:
                raise DamagedError
            yield self.coders[at], self.sizes[at]
            at = self.feeds.get(at)
            if at is not None and at >= len(self.coders):
                raise DamagedError


@dataclass
class Streams:
    """Where the folders lie in the file."""

    start: int = _FIRST
    packed_sizes: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)

    def packed(self, number: int) -> tuple[int, int]:
        """Start and size of a folder's packed bytes; each folder here has one stretch of them."""
        if number >= len(self.packed_sizes):
            raise DamagedError
        return self.start + sum(self.packed_sizes[:number]), self.packed_sizes[number]


@dataclass
class Archive:
    """The streams, and the names of the files in them."""

    streams: Streams | None
    names: list[str]
    is_empty: list[bool]

    def members(self) -> Iterator[tuple[str, int, int]]:
        """Name, folder and size of every file in the order of their bytes; folder -1 when it has none."""
        places = [
            (number, size)
            for number, folder in enumerate(self.streams.folders if self.streams else ())
            for size in folder.file_sizes
        ]
        left = iter(places)
        for name, is_empty in zip(self.names, self.is_empty, strict=True):
            folder, size = (-1, 0) if is_empty else next(left, (-1, 0))
            yield name, folder, size


def outer(data: bytes) -> tuple[Streams | None, bytes]:
    """The header, or where it is packed when it is."""
    try:
        offset, size = struct.unpack_from("<QQ", data, 12)
        raw = data[_FIRST + offset : _FIRST + offset + size]
        if raw[:1] == bytes((_ENCODED,)):
            return _Reading(raw[1:]).streams(), raw
    except (struct.error, IndexError) as error:
        raise DamagedError from error
    return None, raw


def archive(raw: bytes) -> Archive:
    """The header once it is unpacked."""
    try:
        return _Reading(raw).archive()
    except (struct.error, IndexError) as error:
        raise DamagedError from error


class _Reading:
    """The bytes of a header, taken one thing after the other. Raises IndexError, struct.error at their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def archive(self) -> Archive:
        if self._byte() != _HEADER:
            raise DamagedError
        streams: Streams | None = None
        names: list[str] = []
        is_empty: list[bool] = []
        while (kind := self._number()) != _END:
            if kind == _STREAMS:
                streams = self.streams()
            elif kind == _FILES:
                names, is_empty = self._files()
            elif kind == _PROPERTIES:
                while self._number() != _END:
                    self._bytes(self._number())
            else:
                raise UnsupportedError
        return Archive(streams, names, is_empty)

    def streams(self) -> Streams:
        found = Streams()
        while (kind := self._number()) != _END:
            if kind == _PACKED:
                self._packed(found)
            elif kind == _FOLDERS:
                self._folders(found)
            elif kind == _PARTS:
                self._parts(found)
            else:
                raise UnsupportedError
        for folder in found.folders:
            folder.file_sizes = folder.file_sizes or [folder.size]
        return found

    def _packed(self, found: Streams) -> None:
        found.start += self._number()
        count = self._count()
        while (kind := self._number()) != _END:
            if kind == _SIZES:
                found.packed_sizes = [self._number() for _ in range(count)]
            elif kind == _CHECKSUMS:
                self._checksums(count)
            else:
                raise UnsupportedError

    def _folders(self, found: Streams) -> None:
        if self._number() != _FOLDER:
            raise DamagedError
        count = self._count()
        if self._byte():
            raise UnsupportedError
        found.folders = [self._folder() for _ in range(count)]
        while (kind := self._number()) != _END:
            if kind == _FOLDER_SIZES:
                for folder in found.folders:
                    folder.sizes = [self._number() for _ in folder.coders]
            elif kind == _CHECKSUMS:
                for folder, checksum in zip(found.folders, self._checksums(count), strict=True):
                    folder.checksum = checksum
            else:
                raise UnsupportedError
        if not all(folder.sizes for folder in found.folders):
            raise DamagedError

    def _folder(self) -> Folder:
        coders = []
        for _ in range(self._count()):
            flags = self._byte()
            method = self._bytes(flags & 15)
            if flags & 0xD0:  # more than one stream in or out (BCJ2), or a form nobody uses
                raise UnsupportedError
            coders.append(Coder(method, self._bytes(self._number()) if flags & 0x20 else b""))
        pairs = [(self._number(), self._number()) for _ in range(len(coders) - 1)]
        return Folder(coders, {source: target for target, source in pairs})

    def _parts(self, found: Streams) -> None:
        """The sizes of the files in each folder: all but the last are said."""
        counts = [1] * len(found.folders)
        kind = self._number()
        if kind == _PARTS_IN_FOLDER:
            counts = [self._number() for _ in found.folders]
            kind = self._number()
        for folder, count in zip(found.folders, counts, strict=True):
            said = [self._number() for _ in range(count - 1)] if kind == _SIZES else []
            if sum(said) > folder.size:
                raise DamagedError
            folder.file_sizes = [*said, folder.size - sum(said)] if count else []
        if kind == _SIZES:
            kind = self._number()
        while kind != _END:
            if kind != _CHECKSUMS:
                raise UnsupportedError
            unknown = [folder for folder in found.folders if len(folder.file_sizes) != 1 or folder.checksum is None]
            sums = iter(self._checksums(sum(len(folder.file_sizes) for folder in unknown)))
            for folder in unknown:
                folder.file_checksums = [next(sums) for _ in folder.file_sizes]
            kind = self._number()

    def _files(self) -> tuple[list[str], list[bool]]:
        count = self._count()
        names, is_empty = [""] * count, [False] * count
        while (kind := self._number()) != _END:
            inside = _Reading(self._bytes(self._number()))
            if kind == _EMPTY:
                is_empty = inside._bits(count)
            elif kind == _NAMES and not inside._byte():
                text = inside._data[1:].decode("utf-16-le", "replace")
                names = [*text.split("\0"), *names][:count]
        return names, is_empty

    def _checksums(self, count: int) -> list[int | None]:
        if count > 8 * len(self._data):
            raise DamagedError
        is_said = [True] * count if self._byte() else self._bits(count)
        return [struct.unpack("<I", self._bytes(4))[0] if said else None for said in is_said]

    def _bits(self, count: int) -> list[bool]:
        packed = self._bytes((count + 7) // 8)
        return [bool(packed[number // 8] & 0x80 >> number % 8) for number in range(count)]

    def _count(self) -> int:
        """A number of things, each of which takes at least a bit of what is left."""
        count = self._number()
        if count > 8 * (len(self._data) - self._at):
            raise DamagedError
        return count

    def _number(self) -> int:
        """A number whose first byte says how many follow."""
        first, value = self._byte(), 0
        for more in range(8):
            mask = 0x80 >> more
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * more
            value |= self._byte() << 8 * more
        return value

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise IndexError
        return self._data[start : self._at]
