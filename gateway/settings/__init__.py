"""postvagt.yaml as values.

Takes text, never opens a file, a port or a store: what only the world can answer (is the port free, is the certificate
readable) is asked by who reads the file. Secrets never stand in the settings; a password in them is refused.
"""

from gateway.settings.load import SettingsError, parse_settings
from gateway.settings.model import (
    Audit,
    Extraction,
    HopAddress,
    Limits,
    Listener,
    Mode,
    NextHop,
    NextHopTls,
    Protocol,
    Retention,
    Settings,
    Syslog,
    Tls,
)
from gateway.settings.values import Endpoint

__all__ = [
    "Audit",
    "Endpoint",
    "Extraction",
    "HopAddress",
    "Limits",
    "Listener",
    "Mode",
    "NextHop",
    "NextHopTls",
    "Protocol",
    "Retention",
    "Settings",
    "SettingsError",
    "Syslog",
    "Tls",
    "parse_settings",
]
