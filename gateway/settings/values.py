"""Single values of postvagt.yaml: an address to listen on, a network, a host, a path, a store."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from gateway.mail.network import Network

_HOSTNAME = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\Z")
_STORES = ("sqlite", "postgresql")


class Endpoint(NamedTuple):
    """Where a listener listens. An empty host is every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


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
ListenAddress = Annotated[Endpoint, BeforeValidator(_endpoint), _TEXT]
TrustedNetwork = Annotated[Network, BeforeValidator(_network), _TEXT]
MailHost = Annotated[str, AfterValidator(_host)]
HostName = Annotated[str, AfterValidator(_hostname)]
Store = Annotated[str, AfterValidator(_store)]
FilePath = Annotated[Path, AfterValidator(_in_folder)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1)]
