"""The settings as values: which listeners, which next hop, which policy, which limits, and what each defaults to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from gateway.mail.network import is_in
from gateway.mail.role import Role
from gateway.settings.values import (
    Count,
    Endpoint,
    FilePath,
    HostName,
    ListenAddress,
    MailHost,
    Port,
    Seconds,
    Store,
    TrustedNetwork,
)
from gateway.yamltext import Document

LOOPBACK = ("127.0.0.0/8", "::1/128")
EVERYONE = ("0.0.0.0/0", "::/0")


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
    host: MailHost
    port: Port = 25


class NextHop(_Strict):
    """The server that gets what is relayed.

    fallback: tried in turn when it cannot be reached, before any of a message has been sent.
    ca: who may have signed its certificate when `tls: required`, instead of the system's authorities.
    xclient: let it see the real client by XCLIENT (Postfix must allow us); XFORWARD is used wherever it is offered.
    """

    host: MailHost
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
    xforward: clients may name the real client by XFORWARD, as Postfix does; only where `trust` names networks, be the
    listener outbound or, behind another server's before-queue proxy, inbound.
    """

    role: Role
    listen: ListenAddress
    trust: tuple[TrustedNetwork, ...] = ()
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
    in_flight_bytes_per_address: Annotated[int, Field(ge=1024)] | None = None
    remember_seconds: Seconds = 300.0
    upstream_seconds: Seconds | None = None
    hops: Count = 50
    command_bytes: Annotated[int, Field(ge=512)] = 4096
    commands: Annotated[int, Field(ge=200)] = 5000
    bad_commands: Count = 20
    header_bytes: Annotated[int, Field(ge=1024)] = 1_048_576

    @property
    def in_flight_bytes_of_an_address(self) -> int:
        """Half of all, unless it is given: then the large messages of others still have the other half."""
        given = self.in_flight_bytes_per_address
        return self.in_flight_bytes // 2 if given is None else given


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

    host: MailHost
    port: Port = 6514
    ca: FilePath | None = None
    hostname: HostName | None = None


class Audit(_Strict):
    """Where events are kept, the folder of the key that signs them, for how long, and where they are forwarded."""

    store: Store
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
    hostname: HostName | None = None
    mode: Mode = Mode.ENFORCE
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    limits: Limits = Limits()
    extraction: Extraction = Extraction()
    key: Annotated[FilePath, Field(validate_default=True)] = Path("var/postvagt.key")
    outbox: FilePath | None = None
    _document: Document | None = PrivateAttr(None)

    def complaint(self, path: Iterable[str | int], fault: str) -> str:
        """The fault with the file and line of the key it is about; without a file, with the key itself."""
        if self._document is not None:
            return self._document.complaint(path, fault)
        return f"{'.'.join(map(str, path))}: {fault}"

    def read_from(self, document: Document) -> Settings:
        """These settings, which know the lines they stand on."""
        self._document = document
        return self

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
