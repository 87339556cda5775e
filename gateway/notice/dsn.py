"""The machine's half of a bounce: message/delivery-status (rfc3464), or its global sister (rfc6533)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.mail.address import Address, masked_numbers
from gateway.mail.envelope import Envelope, Path

_STATUS = "5.7.1"  # rfc3463#3.8: delivery not authorized, message refused
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2}){1,500}")
_PLAIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Report:
    """What machines are told.

    arrival: a date-time of rfc5322. diagnostic: ASCII words of our own. policy: the version that decided.
    """

    host: str
    stopped: tuple[Address, ...] = field(repr=False)
    arrival: str
    diagnostic: str
    envelope: Envelope | None = field(default=None, repr=False)
    policy: str = ""


def delivery_status(report: Report, *, utf8: bool) -> str:
    """Per-message fields, then one group of fields for each recipient that was refused; LF line ends."""
    envelope_id = _given_back(report.envelope.reverse_path, "ENVID") if report.envelope else ""
    message = [f"Original-Envelope-Id: {envelope_id}"] * bool(envelope_id)
    message += [f"Reporting-MTA: dns; {report.host}", f"Arrival-Date: {report.arrival}"]
    message += [f"X-Postvagt-Policy: {report.policy}"] * bool(report.policy)  # rfc3464#2.4: extension fields
    originals = _originals(report.envelope)
    recipients = (
        _recipient(address, originals.get(address, ""), report.diagnostic, utf8) for address in report.stopped
    )
    groups = [message, *recipients]
    return "\n\n".join("\n".join(group) for group in groups) + "\n"


def _recipient(address: Address, original: str, diagnostic: str, utf8: bool) -> list[str]:
    return [
        *[f"Original-Recipient: {original}"] * bool(original),
        f"Final-Recipient: {typed(address, utf8=utf8)}",
        "Action: failed",
        f"Status: {_STATUS}",
        f"Diagnostic-Code: x-postvagt; {diagnostic}",  # rfc3464#2.3.6: no server's reply, so not `smtp`
    ]


def _originals(envelope: Envelope | None) -> dict[Address, str]:
    """The recipients as their first sender wrote them, where the client said so (rfc3464#2.3.1)."""
    paths = envelope.forward_paths if envelope else ()
    return {path.address: _given_back(path, "ORCPT").replace(";", "; ", 1) for path in paths if path.parameters}


def _given_back(path: Path, name: str) -> str:
    """A parameter's value out of xtext (rfc3461#4); nothing when it is not plain or holds a long number."""
    for word in path.parameters.decode("ascii", "replace").split():
        key, _, value = word.partition("=")
        if key.upper() == name and _XTEXT.fullmatch(value):
            plain = re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), value)
            return plain if _PLAIN.fullmatch(plain) and masked_numbers(plain) == plain else ""
    return ""


def typed(address: Address, *, utf8: bool) -> str:
    """An address with its type; a long number in it is masked, it may be a CPR number (Send sikkert puts one there).

    A 7-bit part spells what is not ASCII as `\\x{E6}` (utf-8-addr-xtext), an 8-bit one writes it (rfc6533#3).
    """
    text = address.shown.replace("•", "x").replace(" ", "")
    if text.isascii():
        return f"rfc822; {text}"
    return f"utf-8; {text}" if utf8 else f"utf-8; {''.join(map(_xtext, text))}"


def _xtext(ch: str) -> str:
    return ch if "!" <= ch <= "~" and ch not in "\\+=" else f"\\x{{{ord(ch):02X}}}"
