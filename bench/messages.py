"""The messages of the benchmark, made here: what daycare institutions send, of the sizes mail has. All harmless."""

from __future__ import annotations

import random
from email.message import EmailMessage

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


def messages() -> dict[str, bytes]:
    """Name and bytes of each, smallest first."""
    chance = random.Random(20261124)
    return {"short": _letter(chance, 2), "reply": _letter(chance, 60), "csv": _with_csv(chance, 9000)}


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


def _head(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Dagklubben <dagklub@lavuk.dk>"
    message["To"] = "Foreningen <forening@example.org>"
    message["Subject"] = subject
    message["Date"] = "Tue, 24 Nov 2026 10:15:00 +0100"
    message["Message-ID"] = "<6513270e269e0d37f2a74de452e6b438@lavuk.dk>"
    return message
