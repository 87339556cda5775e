"""The parts every notice is put together from. CRLF line ends, 7-bit but where an address itself is not ASCII."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from gateway.mail.address import Address
from gateway.notice.letter import Block, as_text, one_line
from gateway.notice.texts import page

_SHORT = 60
"""ASCII words up to this length stand in a header as they are."""


def head(
    *,
    sent: datetime,
    author: tuple[str, str],
    to: Address,
    subject: str,
    message_id: str,
    language: str,
    auto_submitted: str,
    references: str = "",
) -> list[str]:
    """The header lines of a notice, without Content-Type."""
    name, address = author
    answers = [f"In-Reply-To: {references}", f"References: {references}"] if references else []
    return [
        f"Date: {format_datetime(sent)}",
        f"From: {_phrase(name)}\r\n <{address}>",
        f"To: {_shown(to)}",
        f"Subject: {_words('Subject', one_line(subject))}",
        f"Message-ID: {message_id}",
        *answers,
        f"Auto-Submitted: {auto_submitted}",  # rfc3834#5: nobody's holiday answer answers this
        "X-Auto-Response-Suppress: All",  # the same, as Exchange reads it
        f"Content-Language: {language}",
        "MIME-Version: 1.0",
    ]


def alternative(letter: tuple[Block, ...], title: str, language: str, boundary: str) -> list[str]:
    """A letter as text and as HTML: the lines of a multipart/alternative, its Content-Type first (rfc2046#5.1.4)."""
    parts = [_text("plain", as_text(letter)), _text("html", page(letter, title, language))]
    return [f'Content-Type: multipart/alternative; boundary="{boundary}"', "", multipart(parts, boundary)]


def multipart(parts: Sequence[str], boundary: str) -> str:
    """Parts between boundaries. `=_` in the boundary cannot occur in a quoted-printable part (rfc2045#6.7)."""
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def _text(subtype: str, text: str) -> str:
    wire = text.replace("\n", "\r\n").encode("utf-8", "replace")
    headers = [f"Content-Type: text/{subtype}; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", ""]
    return "\r\n".join([*headers, binascii.b2a_qp(wire, istext=True).decode("ascii")])


def _shown(address: Address) -> str:
    """The recipient as To names it; not at all when it holds a long number (rfc5322#3.4: a group may be empty)."""
    return f"<{address.text}>" if address.shown == address.text else "undisclosed-recipients:;"


def _phrase(name: str) -> str:
    """A display name: quoted when it is ASCII, else encoded words (rfc2047#5)."""
    name = one_line(name)
    quoted = name.replace("\\", "").replace('"', "")
    return f'"{quoted}"' if name.isascii() and len(name) < _SHORT else _words("From", name)


def _words(field: str, text: str) -> str:
    """A header's words: as they are when short and ASCII, else encoded (rfc2047)."""
    if text.isascii() and len(text) < _SHORT:
        return text
    return Header(text, "utf-8", header_name=field).encode(linesep="\r\n")
