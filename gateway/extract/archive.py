"""Archives: every member is a document of its own, streamed in memory, never written to disk.

zip is read by our own reader (two directories, broken ends, Deflate64), 7z that is locked by seven_zip.py, the rest by
libarchive, rar after locked_rar.py took its locks off. Locked archives are tried with the words of the mail itself, for
that is where people write the password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from gateway.extract import behind, libarchives, locked_rar, locked_rar4, seven_zip, sniff, zips
from gateway.extract.budget import DamagedError, EncryptedError, Meter, UnsupportedError
from gateway.extract.document import Document, Embedded, Items
from gateway.extract.seven_zip_header import MAGIC
from gateway.mail.place import Step

_COMPRESSED = frozenset(("gz", "bz2", "xz", "lzma", "zst", "lz4", "lz", "z"))
_FORMAT_NAMES = {"7z": ("7zip",), "rar": ("rar5", "rar"), "cab": ("cab",)}
_RAR = frozenset(("rar", "self-extracting"))
_SEVEN_ZIP = frozenset(("7z", "self-extracting"))
_RARS = {"rar5": locked_rar, "rar": locked_rar4}
_MOST_WORDS = 100
"""Words tried on a rar: each costs a hundredth of a second, and an unpacking."""


def is_available() -> bool:
    """Whether anything but zip can be opened here."""
    return libarchives.LIBRARY is not None


def read_zip(document: Document) -> Items:
    """A zip that is no office file."""
    locked = 0
    for member in zips.members(document.data, document.meter, document.passwords):
        yield Embedded(member.data, (member.name,))
        if isinstance(member.failure, EncryptedError):
            locked += 1
        elif member.failure is not None:
            yield zips.told(member.failure, document.place.inside(Step("attachment")))
    if locked:
        yield from _unlocked(document)


def read_archive(document: Document) -> Items:
    """7z, rar, tar, cab and the rest, and files that are only compressed: these are raw when no archive is inside."""
    locked = _locked_rar(document)
    if locked:
        yield from _unlocked_rar(document, locked)
        return
    names = _FORMAT_NAMES.get(document.format, ("all", "raw") if document.format in _COMPRESSED else ("all",))
    for name in names:
        found = False
        try:
            for item in _members(document, name, None):
                found = True
                yield item
        except EncryptedError:
            yield from _unlocked(document)
            return
        except DamagedError:
            if not found and document.format == "self-extracting":
                yield from _behind_the_program(document)
                return
            if found or name == names[-1]:
                raise
        if found:
            return


def _behind_the_program(document: Document) -> Items:
    """What a program carries that libarchive does not find in it by itself."""
    start = behind.rar_start(document.data)
    if MAGIC in document.data:
        yield from seven_zip.members(document)
    elif start > 0:
        yield from read_archive(document._replace(data=document.data[start:], format="rar"))
    else:
        raise DamagedError


def _unlocked(document: Document) -> Items:
    """The archive with the first word of the mail that opens it; an EncryptedError when none does."""
    if document.format in _SEVEN_ZIP and MAGIC in document.data:
        yield from seven_zip.members(document)
        return
    for password in document.passwords:
        try:
            found = list(_members(document, "all", password))
        except (EncryptedError, DamagedError):
            continue
        if any(item.data for item in found):
            yield from found
            return
    raise EncryptedError


def _locked_rar(document: Document) -> str:
    """The name libarchive has for a rar that is locked; empty for all else. libarchive gives locks as they stand.

    One may hold another: the outermost begins first.
    """
    begins = {document.data.find(locks.MAGIC): name for name, locks in _RARS.items() if locks.MAGIC in document.data}
    if document.format not in _RAR or not begins or (document.format == "rar" and 0 not in begins):
        return ""
    name = begins[min(begins)]
    return name if _RARS[name].is_locked(document.data) else ""


def _unlocked_rar(document: Document, name: str) -> Items:
    """The members of a rar with the first word that opens it; when none does, those in clear and an EncryptedError."""
    locks = _RARS[name]
    for word in document.passwords[:_MOST_WORDS]:
        meter = Meter(document.meter.budget)
        try:
            opened: locked_rar.Opened = locks.opened(document.data, word)
            found = list(_members(document._replace(data=opened.data, meter=meter), name, None))
        except (EncryptedError, DamagedError, UnsupportedError):
            continue
        if opened.holds([member.data for member in found]):
            document.meter.expand(meter.budget.expanded_bytes - meter.expanded)
            for member in found:
                document.meter.part()
                yield member
            return
    with suppress(DamagedError):  # names may be locked, too
        yield from _members(document._replace(data=locks.emptied(document.data)), name, None)
    raise EncryptedError


def _members(document: Document, format_name: str, password: str | None) -> Iterator[Embedded]:
    name = _gzip_name(document.data) if document.format == "gz" else ""
    data = document.data[sniff.skippable(document.data) :]
    for path, content in libarchives.members(data, document.meter, format_name, password):
        yield Embedded(content, (name or path,))


def _gzip_name(data: bytes) -> str:
    """The original name a gzip header may carry (rfc1952#2.3.1)."""
    if len(data) < 12 or not data[3] & 8:
        return ""
    start = 10 + (2 + int.from_bytes(data[10:12], "little") if data[3] & 4 else 0)
    end = data.find(b"\0", start)
    return data[start:end].decode("latin-1") if 0 < end - start < 1000 else ""
