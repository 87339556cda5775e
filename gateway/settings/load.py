"""postvagt.yaml read: its text becomes settings, or every fault by line, those that no single key can know included."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from gateway.mail.role import Role
from gateway.settings.model import Listener, NextHopTls, Settings
from gateway.settings.values import Endpoint
from gateway.yamltext import YamlError, parse_yaml, validated


class SettingsError(YamlError):
    """Everything that is wrong with the settings, `FILE:LINE: …` each."""


def parse_settings(text: str | bytes, file_name: str, folder: Path) -> Settings:
    """The settings a file holds; relative paths in it start at `folder`. SettingsError names every fault by line."""
    try:
        document = parse_yaml(text, file_name)
        settings = validated(Settings, document, context=folder)
    except YamlError as error:
        raise SettingsError(error.lines) from None
    faults = [document.complaint(path, fault) for path, fault in _contradictions(settings)]
    if faults:
        raise SettingsError(faults)
    return settings.read_from(document)


def _contradictions(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no single key can know: keys that do not go together, and what the code cannot do yet."""
    if not settings.listeners:
        yield ("listeners",), "there is no listener, write at least one"
    taken: dict[Endpoint, int] = {}
    for number, listener in enumerate(settings.listeners):
        here = ("listeners", number)
        if listener.listen.port and listener.listen in taken:
            yield (*here, "listen"), f"{listener.listen} is taken by listener {taken[listener.listen] + 1}"
        taken.setdefault(listener.listen, number)
        if listener.next_hop is None and settings.next_hop is None:
            yield here, "this listener has no next hop, give it a `next_hop` or write a common one"
        if listener.role is Role.OUTBOUND and _serves_everyone(listener):
            yield (*here, "trust"), f"trusting everyone makes the {listener.role} listener an open relay, name networks"
        if listener.role is Role.SUBMISSION and listener.tls is None:
            yield here, "a submission listener needs `tls`, passwords never travel in the clear"
        if listener.xforward and _serves_everyone(listener):
            yield (
                (*here, "xforward"),
                "XFORWARD is believed, so name in `trust` the networks of the relays that may say it",
            )
        hop = listener.next_hop or settings.next_hop
        if listener.role is Role.SUBMISSION and hop and hop.tls is NextHopTls.NONE and not _is_loopback(hop.host):
            yield here, "a submission listener checks passwords at the next hop, give that one `tls: required`"
        if hop and hop.auth and hop.tls is NextHopTls.NONE and not _is_loopback(hop.host):
            yield here, "`auth` at the next hop needs `tls: required`, a password never travels in the clear"
        if hop and hop.port == listener.listen.port and hop.host == listener.listen.host:
            yield (
                (*here, "listen"),
                f"the next hop is this listener itself ({listener.listen}), mail would go in circles",
            )
    limits, extraction = settings.limits, settings.extraction
    reading, ocr = settings.reading_seconds
    if reading + ocr >= limits.scan_seconds:
        yield (
            ("extraction", "seconds" if extraction.seconds else "ocr_seconds"),
            f"`seconds` and `ocr_seconds` ({reading:g} + {ocr:g}) must be less than `scan_seconds` "
            f"({limits.scan_seconds:g}), reading is part of the scan",
        )
    if limits.in_flight_bytes_of_an_address > limits.in_flight_bytes:
        yield (
            ("limits", "in_flight_bytes_per_address"),
            "`in_flight_bytes_per_address` must not be more than `in_flight_bytes`, one address is a part of all",
        )
    if limits.upstream_seconds is not None and limits.total_seconds >= limits.upstream_seconds:
        yield (
            ("limits", "upstream_seconds"),
            "`total_seconds` must be less than `upstream_seconds`, or the client gives up before it hears our answer",
        )
    if settings.limits.scan_seconds >= settings.limits.total_seconds:
        yield (
            ("limits", "scan_seconds"),
            "`scan_seconds` must be less than `total_seconds`, a scan is part of the whole",
        )


def _serves_everyone(listener: Listener) -> bool:
    return any(network.prefixlen == 0 for network in listener.trust)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
