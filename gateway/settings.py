"""postvagt.yaml as values: which listeners, which next hop, which policy, which limits.

Takes text, never opens a file, a port or a store: what only the world can answer (is the port free, is the certificate
readable) is asked by the service. Secrets never stand in the settings; a password in them is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from gateway.mail.network import Network, is_in
from gateway.mail.role import Role
from gateway.yamltext import YamlError, parse_yaml, validated

LOOPBACK = ("127.0.0.0/8", "::1/128")
EVERYONE = ("0.0.0.0/0", "::/0")

_HOSTNAME = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\Z")
_STORES = ("sqlite", "postgresql")


class SettingsError(YamlError):
    """Everything that is wrong with the settings, `FILE:LINE: …` each."""


class Endpoint(NamedTuple):
    """Where a listener listens. An empty host is every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


# ---------------------------------------------------------------- reading single values


def _endpoint(value: object) -> object:
    if isinstance(value, Endpoint):
        return value
    host, colon, port = str(value).rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"`{value}` is no address to listen on, write `127.0.0.1:10025` or `[::1]:10025`")
    if host:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"`{host}` is no IP address, a listener listens on an address, not a name") from None
    return Endpoint(host, int(port))


def _network(value: object) -> object:
    if isinstance(value, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return value
    try:
        return ipaddress.ip_network(str(value))
    except ValueError as error:
        reason = "has host bits set" if "host bits" in str(error) else "is no network"
        raise ValueError(f"`{value}` {reason}, write `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`") from None


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        if not _HOSTNAME.match(value):
            raise ValueError(f"`{value}` is neither a host name nor an IP address") from None
        return value


def _hostname(value: str) -> str:
    if not _HOSTNAME.match(value):
        raise ValueError(f"`{value}` is no host name, write `mail.example.org`")
    return value


def _in_folder(value: Path, info: ValidationInfo) -> Path:
    """Relative paths start at the settings file's folder."""
    folder: Path = info.context or Path()
    return folder / value


def _store(value: str, info: ValidationInfo) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.partition("+")[0] not in _STORES:
        raise ValueError("a store is written `sqlite:///var/audit.db` or `postgresql://host/database`")
    if scheme == "sqlite":
        if not rest.startswith("/") or len(rest) < 2:
            raise ValueError("an SQLite store is written `sqlite:///var/audit.db`, with three slashes")
        folder: Path = info.context or Path()
        return f"sqlite:///{folder / rest[1:]}"
    if urlsplit(value).password:
        raise ValueError("a password never stands in the settings, give it in PGPASSFILE or PGPASSWORD")
    return value


_TEXT = WithJsonSchema({"type": "string"})
FilePath = Annotated[Path, AfterValidator(_in_folder)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1)]


# ---------------------------------------------------------------- the settings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Protocol(StrEnum):
    SMTP = "smtp"
    LMTP = "lmtp"


class NextHopTls(StrEnum):
    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


class Mode(StrEnum):
    """`monitor` decides and records everything and relays all."""

    ENFORCE = "enforce"
    MONITOR = "monitor"


class Tls(_Strict):
    """A listener's certificate chain and key, as PEM files. implicit: TLS from the first byte (port 465, rfc8314#3)."""

    certificate: FilePath
    key: FilePath
    implicit: bool = False


class ClientCertificate(_Strict):
    """The certificate we show the next hop, as PEM files."""

    certificate: FilePath
    key: FilePath


class HopAuth(_Strict):
    """How we log in at the next hop (AUTH PLAIN, only over TLS). The password stands alone in its file."""

    user: str
    password_file: FilePath


class HopAddress(_Strict):
    host: Annotated[str, AfterValidator(_host)]
    port: Port = 25


class NextHop(_Strict):
    """The server that gets what is relayed.

    fallback: tried in turn when it cannot be reached, before any of a message has been sent.
    ca: who may have signed its certificate when `tls: required`, instead of the system's authorities.
    xclient: let it see the real client by XCLIENT (Postfix must allow us); XFORWARD is used wherever it is offered.
    """

    host: Annotated[str, AfterValidator(_host)]
    port: Port = 25
    tls: NextHopTls = NextHopTls.NONE
    ca: FilePath | None = None
    client_certificate: ClientCertificate | None = None
    auth: HopAuth | None = None
    fallback: tuple[HopAddress, ...] = ()
    xclient: bool = False


class Listener(_Strict):
    """One port we answer on, who may use it, and where its mail goes when not to the common next hop.

    proxy_protocol: every connection begins with the PROXY header of a load balancer (version 1 or 2).
    xforward: clients may name the real client by XFORWARD, as Postfix does; for trusted networks only.
    """

    role: Role
    listen: Annotated[Endpoint, BeforeValidator(_endpoint), _TEXT]
    trust: tuple[Annotated[Network, BeforeValidator(_network), _TEXT], ...] = ()
    protocol: Protocol = Protocol.SMTP
    tls: Tls | None = None
    next_hop: NextHop | None = None
    proxy_protocol: bool = False
    xforward: bool = False

    @model_validator(mode="before")
    @classmethod
    def _trusts_by_role(cls, value: Any) -> Any:
        """Without `trust`, an outbound listener serves this machine only, the others serve the world."""
        if isinstance(value, dict) and "trust" not in value:
            return {**value, "trust": LOOPBACK if value.get("role") == "outbound" else EVERYONE}
        return value

    def trusts(self, ip: str) -> bool:
        """Whether a client of this address may use the listener."""
        return is_in(ip, self.trust)


class Limits(_Strict):
    """Everything is bounded (promise 5): each bound has its own reply."""

    message_bytes: Annotated[int, Field(ge=1024)] = 52_428_800
    connections: Count = 500
    connections_per_address: Count = 200
    recipients: Annotated[int, Field(ge=100)] = 1000
    scan_seconds: Seconds = 30.0
    total_seconds: Seconds = 90.0
    idle_seconds: Seconds = 300.0
    message_seconds: Seconds = 600.0
    in_flight_bytes: Annotated[int, Field(ge=1024)] = 536_870_912
    remember_seconds: Seconds = 300.0
    upstream_seconds: Seconds | None = None
    hops: Count = 50
    command_bytes: Annotated[int, Field(ge=512)] = 4096
    bad_commands: Count = 20
    header_bytes: Annotated[int, Field(ge=1024)] = 1_048_576


class Extraction(_Strict):
    """What reading the attachments of one message may cost (see docs/extraction.md).

    seconds, ocr_seconds: for all documents, and for all pictures of one message; together less than `scan_seconds`,
    and their share of it when they are not given.
    reuse_seconds: how long the texts of an identical attachment are used again; 0 reads it anew each time.
    memory_bytes: address space of one reader process. ocr: whether pictures are read at all.
    """

    depth: Count = 8
    parts: Count = 2_000
    expanded_bytes: Annotated[int, Field(ge=1024)] = 268_435_456
    text_chars: Annotated[int, Field(ge=1024)] = 67_108_864
    pages: Count = 2_000
    pixels: Count = 60_000_000
    ocr: bool = True
    ocr_pages: Count = 20
    seconds: Seconds | None = None
    ocr_seconds: Seconds | None = None
    memory_bytes: Annotated[int, Field(ge=128 * 1024 * 1024)] = 805_306_368
    readers: Annotated[int, Field(ge=1, le=64)] = 4
    ocr_readers: Annotated[int, Field(ge=1, le=64)] = 1
    reuse_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0


class Retention(_Strict):
    """Days each class of events is kept; databeskyttelse asks for no longer than needed."""

    relay: Count = 180
    block: Count = 180
    breach: Count = 180
    service: Count = 180


class Syslog(_Strict):
    """Where events are forwarded as they happen (rfc5424 over TLS, rfc5425)."""

    host: Annotated[str, AfterValidator(_host)]
    port: Port = 6514
    ca: FilePath | None = None
    hostname: Annotated[str, AfterValidator(_hostname)] | None = None


class Audit(_Strict):
    """Where events are kept, the folder of the key that signs them, for how long, and where they are forwarded."""

    store: Annotated[str, AfterValidator(_store)]
    keys: FilePath | None = None
    retention: Retention = Retention()
    syslog: Syslog | None = None


class Settings(_Strict):
    """The whole of postvagt.yaml.

    key: the file that holds the gateway's own secret; the service makes it on the first start.
    outbox: a Maildir folder that a next hop of our own fills; only the embedded default has one.
    """

    listeners: tuple[Listener, ...]
    policy: FilePath
    audit: Audit
    next_hop: NextHop | None = None
    hostname: Annotated[str, AfterValidator(_hostname)] | None = None
    mode: Mode = Mode.ENFORCE
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    limits: Limits = Limits()
    extraction: Extraction = Extraction()
    key: Annotated[FilePath, Field(validate_default=True)] = Path("var/postvagt.key")
    outbox: FilePath | None = None

    @property
    def reading_seconds(self) -> tuple[float, float]:
        """For the documents and for the pictures of one message: two and three fifths of nine tenths of a scan."""
        scan = self.limits.scan_seconds
        return self.extraction.seconds or scan * 0.36, self.extraction.ocr_seconds or scan * 0.54

    def next_hop_of(self, listener: Listener) -> NextHop:
        """Its own next hop, or the common one; parse_settings makes sure that there is one."""
        hop = listener.next_hop or self.next_hop
        assert hop is not None
        return hop

    @classmethod
    def embedded(cls, folder: Path, policy_folder: Path) -> Settings:
        """What `serve` does without a settings file: the whole path on this machine, over real SMTP."""
        listener = Listener(role=Role.OUTBOUND, listen=Endpoint("127.0.0.1", 10025))
        return cls.model_validate(
            {
                "listeners": (listener,),
                "next_hop": NextHop(host="127.0.0.1", port=10026),
                "policy": policy_folder,
                "audit": {"store": "sqlite:///var/audit.db"},
                "outbox": "var/outbox",
            },
            context=folder,
        )


# ---------------------------------------------------------------- reading the file


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
    return settings


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
        if listener.role is Role.OUTBOUND and any(network.prefixlen == 0 for network in listener.trust):
            yield (*here, "trust"), f"trusting everyone makes the {listener.role} listener an open relay, name networks"
        if listener.role is Role.SUBMISSION and listener.tls is None:
            yield here, "a submission listener needs `tls`, passwords never travel in the clear"
        if listener.xforward and listener.role is not Role.OUTBOUND:
            yield (*here, "xforward"), "only an outbound listener takes XFORWARD, from the networks it trusts"
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
