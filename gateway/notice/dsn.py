"""The machine's half of a bounce: message/delivery-status (rfc3464), or its global sister (rfc6533)."""

from __future__ import annotations

from gateway.mail.address import Address

_STATUS = "5.7.1"  # rfc3463#3.8: delivery not authorized, message refused


def delivery_status(host: str, stopped: tuple[Address, ...], arrival: str, diagnostic: str, *, utf8: bool) -> str:
    """Per-message fields, then one group of fields for each recipient that was refused; LF line ends."""
    groups = [[f"Reporting-MTA: dns; {host}", f"Arrival-Date: {arrival}"]]
    groups += [_recipient(address, diagnostic, utf8=utf8) for address in stopped]
    return "\n\n".join("\n".join(group) for group in groups) + "\n"


def _recipient(address: Address, diagnostic: str, *, utf8: bool) -> list[str]:
    return [
        f"Final-Recipient: {typed(address, utf8=utf8)}",
        "Action: failed",
        f"Status: {_STATUS}",
        f"Diagnostic-Code: x-postvagt; {diagnostic}",  # rfc3464#2.3.6: not a reply of another server, so not `smtp`
    ]


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
