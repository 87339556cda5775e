"""Which format some bytes are, told by the bytes. Names and declared types lie: they only choose among texts."""

from __future__ import annotations

import re

from gateway.mail import charset as charsets

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"{\\rtf", "rtf"),
    (b"{\\urtf", "rtf"),
    (b"%PDF-", "pdf"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gz"),
    (b"\x1f\x9d", "z"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP", "lz"),
    (b"MSCF", "cab"),
    (b"!<arch>\n", "ar"),
    (b"\x78\x9f\x3e\x22", "winmail.dat"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"BM", "bmp"),
    (b"P5 ", "pgm"),
    (b"VCLMTF", "svm"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\x00\x00\x00\x0cjP  ", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"8BPS", "psd"),
    (b"\xd7\xcd\xc6\x9a", "wmf"),
    (b"%!PS", "ps"),
    (b"AT&TFORM", "djvu"),
    (b"MZ", "exe"),
    (b"\x7fELF", "exe"),
    (b"bplist0", "plist"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"ID3", "audio"),
    (b"\xff\xfb", "audio"),
    (b"\xff\xf3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"#!AMR", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\x30\x26\xb2\x75", "video"),
    (b"FLV\x01", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"!BDN", "pst"),
    (b"\x00\x01\x00\x00\x00", "font"),
    (b"OTTO", "font"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"-----BEGIN PGP MESSAGE", "pgp"),
    (b"-----BEGIN PKCS7", "p7m"),
    (b"-----BEGIN CMS", "p7m"),
)
_FIRST_BYTES = frozenset(magic[:1] for magic, _ in _MAGIC)
_MARKS = tuple(magic for magic, _ in _MAGIC)
_ZIP_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"word/", "docx"),
    (b"xl/workbook.bin", "xlsb"),
    (b"xl/", "xlsx"),
    (b"ppt/", "pptx"),
    (b"visio/", "vsdx"),
    (b".fdseq", "xps"),
)
_ODF_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"application/vnd.oasis.opendocument.graphics", "odg"),
    (b"application/vnd.sun.xml.writer", "odt"),
    (b"application/vnd.sun.xml.calc", "ods"),
    (b"application/vnd.sun.xml.impress", "odp"),
    (b"application/epub+zip", "epub"),
)
_OLE_KINDS: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", "encrypted office"),
    ("__properties_version1.0", "msg"),
    ("__substg1.0_", "msg"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book\0", "xls"),
    ("VisioDocument", "vsd"),
    ("Quill", "pub"),
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"))
_SKIPPABLE = b"\x2a\x4d\x18"
_CMS_OID = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
_PKCS7_OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_MAIL = re.compile(
    rb"\A(?:>?From [^\r\n]*\r?\n)?(?:(?:[A-Za-z][A-Za-z0-9-]{1,60}): ?[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2}", re.S
)
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|subject|received|date|message-id|mime-version|content-type|return-path):", re.I | re.M
)
# fmt: off
_SUFFIXES = {
    "csv": "csv", "tsv": "csv", "tab": "csv", "htm": "html", "html": "html", "xhtml": "html", "mht": "eml",
    "mhtml": "eml", "eml": "eml", "ics": "ics", "vcs": "ics", "ical": "ics", "ifb": "ics", "vcf": "vcf", "json": "json",
    "xml": "xml", "svg": "svg", "mbox": "mbox",
}
_TYPES = {
    "text/csv": "csv", "text/comma-separated-values": "csv", "text/tab-separated-values": "csv", "text/html": "html",
    "text/calendar": "ics", "text/vcard": "vcf", "text/x-vcard": "vcf", "text/directory": "vcf", "text/xml": "xml",
    "application/json": "json", "application/xml": "xml", "image/svg+xml": "svg", "application/xhtml+xml": "html",
    "application/ics": "ics", "message/rfc822": "eml", "message/global": "eml", "application/mbox": "mbox",
}
# fmt: on
_PRINTABLE_CONTROLS = b"\t\n\r\x0b\x0c\x1b\x1a\x08\x07\x1f\x1e\x1c\x1d\x00"
_NOT_TEXT = bytes(set(range(32)) - set(_PRINTABLE_CONTROLS))
_SAMPLE = 4096


def is_plainly_text(data: bytes) -> bool:
    """The quick answer for bodies: no known mark, no NUL. What this denies may still be text."""
    return (data[:1] not in _FIRST_BYTES or not data.startswith(_MARKS)) and b"\0" not in data


def format_of(data: bytes, declared: str = "", names: list[str] | tuple[str, ...] = ()) -> str:
    """The format's one word (`docx`, `pdf`, `csv`, …); `unknown` for bytes that are neither known nor text."""
    return binary_format(data) or text_format(data, declared, names) or "unknown"


def binary_format(data: bytes) -> str:
    """The format of bytes that open with a known mark, or empty."""
    if data[:1] in _FIRST_BYTES:
        for magic, format in _MAGIC:
            if data.startswith(magic):
                return _refined(data, format)
    if data[4:8] == b"ftyp":
        return "heic" if data[8:12] in _HEIF_BRANDS else "video"
    if data[1:4] == _SKIPPABLE and data[0] & 0xF0 == 0x50:
        return binary_format(data[at:]) if (at := skippable(data)) else ""
    if data[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "video", b"WAVE": "audio"}.get(data[8:12], "")
    if data[257:262] == b"ustar":
        return "tar"
    if data[40:44] == b" EMF" and data[:4] == b"\x01\x00\x00\x00":
        return "emf"
    if data[:1] == b"\x30" and (_PKCS7_OID in data[:64] or _CMS_OID in data[:64]):
        return "p7m"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return "rtf"
    return ""


def skippable(data: bytes) -> int:
    """How many bytes of frames that a decoder skips stand in front of compressed data (rfc8878#3.1.2, also lz4)."""
    at = 0
    while data[at + 1 : at + 4] == _SKIPPABLE and data[at] & 0xF0 == 0x50 and len(data) >= at + 8:
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    return at


def _refined(data: bytes, format: str) -> str:
    """What a container or an ambiguous mark really is."""
    if format == "zip":
        return zip_kind(data)
    if format == "ole":
        return next((kind for name, kind in _OLE_KINDS if name.encode("utf-16-le") in data), "ole")
    if format == "exe" and (
        b"PK\x05\x06" in data[-66_000:] or b"Rar!\x1a\x07" in data or b"7z\xbc\xaf\x27\x1c" in data
    ):
        return "self-extracting"
    if format == "bmp" and int.from_bytes(data[2:6], "little") == len(data):
        return format  # whose pixels may look like letters of a text
    if format in ("bmp", "lzma", "audio", "font", "exe") and is_text(data):
        return ""
    return format


def zip_kind(data: bytes) -> str:
    """Whether a zip is an office document, by the names in its directory (its head when the tail is lost)."""
    sample = data[-262_144:] + data[:65_536]
    for mime, kind in _ODF_KINDS:
        if mime in data[:256]:
            return kind
    if b"[Content_Types].xml" in sample or b"_rels/.rels" in sample:
        for name, kind in _ZIP_KINDS:
            if name in sample:
                return kind
    if b"META-INF/manifest.xml" in sample and b"content.xml" in sample:
        return "odt"
    return "zip"


def is_text(data: bytes) -> bool:
    """Whether people can read the bytes as they are, in one charset or another."""
    sample = data[:_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or charsets.wide_charset(data):
        return True
    strange = len(sample) - len(sample.translate(None, _NOT_TEXT))
    return sample.count(0) * 10 <= len(sample) and strange * 50 <= len(sample)


def text_format(data: bytes, declared: str = "", names: list[str] | tuple[str, ...] = ()) -> str:
    """Which kind of text the bytes are, or empty when they are no text."""
    if not is_text(data):
        return ""
    head = data[:_SAMPLE]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        head = charsets.decode(head).encode()
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _marked_kind(head) or _hinted_kind(declared, names) or _guessed_kind(head)


def _marked_kind(head: bytes) -> str:
    """The kind of a text that opens with a mark of its own."""
    start = head[:600].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<div", b"<meta")):
        return "html"
    if b"<office:document" in head and start.startswith((b"<?xml", b"<office:document", b"<!--")):
        return next((kind for mime, kind in _ODF_KINDS if mime in head), "odt")
    if start.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")):
        return "svg" if b"<svg" in start else "html" if b"<html" in start else "xml"
    if start.startswith(b"(this file must be converted with binhex") or b"\n(this file must be converted with" in start:
        return "hqx"
    if start.startswith(b"begin:v"):
        return "vcf" if start.startswith(b"begin:vcard") else "ics"
    if start.startswith(b"from ") and _MAIL.match(head):
        return "mbox"
    if _MAIL.match(head) and len(_MAIL_FIELD.findall(head)) >= 2:
        return "eml"
    return ""


def _hinted_kind(declared: str, names: list[str] | tuple[str, ...]) -> str:
    for name in names:
        kind = _SUFFIXES.get(name.rpartition(".")[2].strip().lower())
        if kind:
            return kind
    return _TYPES.get(declared, "")


def _guessed_kind(head: bytes) -> str:
    if head[:1] in b"[{" and head[:1] and b'"' in head[:200]:
        return "json"
    lines = [line for line in head.splitlines()[:20] if line.strip()]
    for separator, fewest in ((b";", 1), (b"\t", 1), (b",", 2)):
        counts = [line.count(separator) for line in lines]
        if len(counts) > 2 and counts[0] >= fewest and len(set(counts[:-1])) == 1:
            return "csv"
    return "txt"
