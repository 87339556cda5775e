"""The messages of the benchmark: what daycare institutions send, of the sizes mail has. All harmless.

Those of ../shared/bench/mail where that folder is, so that figures can be compared with others; else made here.
"""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from PIL import Image

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "mail"

_SENTENCES = (
    "Husk regntøj og madpakke til turen på fredag.",
    "Vi mødes ved legepladsen kl. 9.15 og er tilbage til frugt.",
    "Menuen i næste uge er fiskefrikadeller, suppe og rugbrød med pålæg.",
    "Forældrebestyrelsen holder møde på tirsdag i personalestuen.",
    "Vi leder stadig efter en rød jakke i størrelse 110.",
    "Regnskabet for tredje kvartal er godkendt, og fakturaen er betalt.",
    "Sommerfesten bliver den 12. juni, og alle er velkomne.",
)
_SIGNATURE = "Venlig hilsen\nDagklubben\nLAVUK\nTlf. 70 10 20 30\nCVR 12345674\nEAN 5798000000000"
_STYLE = (
    "<style>p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:Calibri,sans-serif}"
    "a:link{color:#0563C1;text-decoration:underline}</style>"
)


def messages(folder: Path | None = None) -> dict[str, bytes]:
    """Name and bytes of each, smallest first. folder: of .eml files to use instead."""
    folder = folder or (SHARED if SHARED.is_dir() else None)
    found = {path.stem: path.read_bytes() for path in folder.glob("*.eml")} if folder else made()
    return dict(sorted(found.items(), key=lambda item: len(item[1])))


def made() -> dict[str, bytes]:
    """Our own, the same bytes each time."""
    chance = random.Random(20261124)
    return {
        "short": _letter(chance, 2),
        "reply": _letter(chance, 52),
        "docx": _with_docx(chance),
        "pdf": _with_pdf(chance),
        "csv": _with_csv(chance, 9000),
        "photo": with_photo(2_750_000),
    }


def of_lines(line: bytes, size: int) -> bytes:
    """A plain letter of about this many bytes, all lines the same."""
    head = _head("Mange linjer")
    head.set_content("")
    return head.as_bytes(policy=SMTP) + (line + b"\r\n") * (size // (len(line) + 2))


def with_photo(size: int) -> bytes:
    """A letter with a picture that makes the message about this many bytes long."""
    message = _head("Billeder fra turen")
    message.set_content("Hermed et billede fra turen.\n\n" + _SIGNATURE, cte="quoted-printable")
    picture = _jpeg(random.Random(3), size * 3 // 4 - 2000)
    message.add_attachment(picture, maintype="image", subtype="jpeg", filename="tur.jpg")
    return message.as_bytes()


def _paragraphs(chance: random.Random, count: int) -> list[str]:
    return [" ".join(chance.choices(_SENTENCES, k=3)) for _ in range(count)]


def _letter(chance: random.Random, count: int) -> bytes:
    """Plain text and Outlook's HTML of it, the older half quoted."""
    paragraphs = _paragraphs(chance, count)
    message = _head("SV: Sommerfest" if count > 5 else "Tur på fredag")
    half = len(paragraphs) // 2
    quoted = [f"> {paragraph}" for paragraph in paragraphs[half:]]
    message.set_content("\n\n".join([*paragraphs[:half], _SIGNATURE, *quoted]), cte="quoted-printable")
    spans = "".join(
        f'<p class=MsoNormal><span lang=DA style="mso-fareast-language:EN-US">{text}<o:p></o:p></span></p>'
        for text in [*paragraphs[:half], *_SIGNATURE.split("\n"), *paragraphs[half:]]
    )
    html = f"<html><head>{_STYLE}</head><body lang=DA><div>{spans}</div></body></html>"
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _with_csv(chance: random.Random, rows: int) -> bytes:
    """A list of orders as Excel exports it: numbers, dates and phones in every row, no CPR number."""
    message = _head("Ordrer 2026")
    message.set_content("Hermed listen over ordrer.\n\n" + _SIGNATURE, cte="quoted-printable")
    lines = ["Ordrenr.;Dato;Leverandør;Vare;Antal;Beløb;Telefon;EAN"]
    for number in range(rows):
        day, month = chance.randint(1, 28), chance.randint(1, 12)
        lines.append(
            f"{4_500_000_000 + number};{day:02}-{month:02}-2026;Leverandør {chance.randint(1, 400)} A/S;"
            f"Rugbrød og pålæg til stue {chance.randint(1, 9)};{chance.randint(1, 99)};"
            f"{chance.randint(10, 9999)},{chance.randint(0, 99):02};70 10 {chance.randint(10, 99)} "
            f"{chance.randint(10, 99)};5798000{chance.randint(0, 999_999):06}"
        )
    data = "\r\n".join(lines).encode("cp1252")
    message.add_attachment(data, maintype="text", subtype="csv", filename="ordrer.csv")
    return message.as_bytes()


def _jpeg(chance: random.Random, size: int) -> bytes:
    """Noise of about this many bytes: at this quality a pixel of it takes nearly one."""
    side = max(16, int((size / 0.885) ** 0.5))
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3)).save(file, "JPEG", quality=90)
    return file.getvalue()


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="jpeg" ContentType="image/jpeg"/><Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    ),
}


def _with_docx(chance: random.Random) -> bytes:
    """Minutes of a meeting as Word saves them: two hundred paragraphs and the picture of a letterhead."""
    paragraphs = "".join(
        '<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr><w:r><w:rPr><w:lang w:val="da-DK"/></w:rPr>'
        f"<w:t>{text}</w:t></w:r></w:p>"
        for text in _paragraphs(chance, 200)
    )
    document = f'<?xml version="1.0"?><w:document xmlns:w="{_WORD}"><w:body>{paragraphs}</w:body></w:document>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_PARTS, "word/document.xml": document}.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("word/media/image1.jpeg"), _jpeg(chance, 30_000))
    subtype = "vnd.openxmlformats-officedocument.wordprocessingml.document"
    return _with_file(chance, "Referat fra bestyrelsesmøde", file.getvalue(), subtype, "referat.docx")


def _with_pdf(chance: random.Random) -> bytes:
    """A year's plan: twelve pages of text and a photo on the first."""
    photo = _jpeg(chance, 180_000)
    side = Image.open(io.BytesIO(photo)).width
    pages = []
    for number in range(12):
        lines = "".join(f"({text[:95]}) Tj T* " for text in _paragraphs(chance, 40))
        picture = "q 200 0 0 150 350 30 cm /I Do Q " if number == 0 else ""
        pages.append(zlib.compress(f"{picture}BT /F 10 Tf 14 TL 50 790 Td {lines}ET".encode("cp1252")))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 12 /Kids [%s] >>" % b" ".join(b"%d 0 R" % (5 + 2 * page) for page in range(12)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream" % (side, side, len(photo), photo),
    ]
    for number, content in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >> >>" % (6 + 2 * number)
        )
        objects.append(b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _with_file(chance, "Årsplan", _pdf(objects), "pdf", "aarsplan.pdf")


def _pdf(objects: list[bytes]) -> bytes:
    file, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, b"".join(places))
    return file + table + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(file))


def _with_file(chance: random.Random, subject: str, content: bytes, subtype: str, name: str) -> bytes:
    message = _head(subject)
    message.set_content("\n\n".join([*_paragraphs(chance, 2), _SIGNATURE]), cte="quoted-printable")
    message.add_attachment(content, maintype="application", subtype=subtype, filename=name)
    return message.as_bytes()


def _head(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Dagklubben <dagklub@lavuk.dk>"
    message["To"] = "Foreningen <forening@example.org>"
    message["Subject"] = subject
    message["Date"] = "Tue, 24 Nov 2026 10:15:00 +0100"
    message["Message-ID"] = "<6513270e269e0d37f2a74de452e6b438@lavuk.dk>"
    return message
