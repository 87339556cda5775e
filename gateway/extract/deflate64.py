"""Inflate for zip method 9 (Deflate64), which Windows' own zip writes for large files and zlib does not know.

Slow beside zlib, so its output is metered like everything else. The tables are those of APPNOTE.TXT and RFC 1951 with
the two changes of the format: distances reach 65536, and length code 285 carries sixteen bits.
"""

from __future__ import annotations

from gateway.extract.budget import DamagedError, Meter

_LENGTHS = [
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    13,
    15,
    17,
    19,
    23,
    27,
    31,
    35,
    43,
    51,
    59,
    67,
    83,
    99,
    115,
    131,
    163,
    195,
    227,
    3,
]
_LENGTH_BITS = [0] * 8 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 4 + [16]
_DISTANCE_BITS = [0, 0] + [bits for bits in range(15) for _ in range(2)]
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_METERED = 1 << 16

Codes = dict[tuple[int, int], int]


def _distances() -> list[int]:
    starts, at = [], 1
    for bits in _DISTANCE_BITS:
        starts.append(at)
        at += 1 << bits
    return starts


_DISTANCES = _distances()


class _Bits:
    """The input, lowest bit first."""

    __slots__ = ("at", "count", "data", "hold")

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.hold, self.count = data, 0, 0, 0

    def take(self, wanted: int) -> int:
        while self.count < wanted:
            if self.at >= len(self.data):
                raise DamagedError
            self.hold |= self.data[self.at] << self.count
            self.at += 1
            self.count += 8
        value = self.hold & ((1 << wanted) - 1)
        self.hold >>= wanted
        self.count -= wanted
        return value

    def symbol(self, codes: Codes) -> int:
        code = 0
        for length in range(1, 16):
            code = code << 1 | self.take(1)
            found = codes.get((length, code))
            if found is not None:
                return found
        raise DamagedError

    def align(self) -> None:
        self.take(self.count % 8)


def _codes(lengths: list[int]) -> Codes:
    """The canonical Huffman codes of these code lengths (rfc1951#3.2.2)."""
    codes: Codes = {}
    code = 0
    for length in range(1, 16):
        for symbol, its_length in enumerate(lengths):
            if its_length == length:
                codes[length, code] = symbol
                code += 1
        code <<= 1
    return codes


_FIXED = _codes([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8), _codes([5] * 32)


def inflate(data: bytes, meter: Meter) -> bytes:
    """The bytes behind a Deflate64 stream; a stream that breaks off gives what came until then."""
    bits, out, is_last, metered = _Bits(data), bytearray(), 0, 0
    try:
        while not is_last:
            is_last, kind = bits.take(1), bits.take(2)
            if kind == 0:
                _stored(bits, out)
            elif kind == 3:
                raise DamagedError
            else:
                metered = _block(bits, out, _FIXED if kind == 1 else _dynamic(bits), meter, metered)
    except DamagedError:
        if not out:
            raise
    meter.expand(len(out) - metered)
    return bytes(out)


def _stored(bits: _Bits, out: bytearray) -> None:
    bits.align()
    size = bits.take(16)
    bits.take(16)
    out.extend(bits.take(8) for _ in range(size))


def _dynamic(bits: _Bits) -> tuple[Codes, Codes]:
    """The two code tables a block brings with it (rfc1951#3.2.7)."""
    literals, distances, order = bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4
    lengths = [0] * 19
    for index in _ORDER[:order]:
        lengths[index] = bits.take(3)
    meta, found = _codes(lengths), list[int]()
    while len(found) < literals + distances:
        symbol = bits.symbol(meta)
        if symbol < 16:
            found.append(symbol)
        elif symbol == 16:
            found += [found[-1] if found else 0] * (bits.take(2) + 3)
        else:
            found += [0] * (bits.take(3) + 3 if symbol == 17 else bits.take(7) + 11)
    return _codes(found[:literals]), _codes(found[literals : literals + distances])


def _block(bits: _Bits, out: bytearray, tables: tuple[Codes, Codes], meter: Meter, metered: int) -> int:
    literals, distances = tables
    while (symbol := bits.symbol(literals)) != 256:
        if symbol < 256:
            out.append(symbol)
        else:
            _copy(bits, out, symbol - 257, distances)
        if len(out) - metered >= _METERED:
            meter.expand(len(out) - metered)
            metered = len(out)
    return metered


def _copy(bits: _Bits, out: bytearray, index: int, distances: Codes) -> None:
    """Repeats what was written before, which may reach into what is being written."""
    if index >= len(_LENGTHS):
        raise DamagedError
    length = _LENGTHS[index] + bits.take(_LENGTH_BITS[index])
    code = bits.symbol(distances)
    distance = _DISTANCES[code] + bits.take(_DISTANCE_BITS[code])
    if distance > len(out):
        raise DamagedError
    start = len(out) - distance
    piece = bytes(out[start : start + length])
    out += (piece * (length // len(piece) + 1))[:length]
