"""The audit event: what was decided about one message, by which rules, in which words we answered.

Pure: times, ids and keys come as arguments. An event never holds a subject, a body, a file name, a Message-ID of the
message, a found value or a recipient's address as it stood; where equal values must be recognised there is a keyed
HMAC. The text an event becomes here is the text that is stored, hashed, exported and verified, byte for byte.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson

from gateway.mail.address import Address, composed
from gateway.mail.finding import Finding
from gateway.mail.fragment import Unreadable
from gateway.mail.hidden import Hidden

MESSAGE = "message"
KINDS = (
    MESSAGE,
    "start",
    "stop",
    "reload",
    "refused_policy",
    "resumed",
    "ambiguity",
    "release",
    "revoke",
    "export",
    "prune",
    "reseal",
)
"""What may happen. Everything but `message` is about the service itself and says in `details` what it was."""

RELAY, BLOCK, BREACH, SERVICE = "relay", "block", "breach", "service"
KEEPS = (RELAY, BLOCK, BREACH, SERVICE)
"""The classes of retention: passed, stopped, passed though policy would have stopped it, the service's own doings."""

HMAC_CHARACTERS = 32
"""128 bits of the HMAC in hex: enough that two values never meet, short enough for a row."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as the record knows it: masked, with domain and class, and a keyed HMAC to recognise it by."""

    masked: str
    domain: str
    kind: str
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one detector found in one place: how much and how sure, never what it was."""

    detector: str
    category: str
    confidence: str
    where: str
    count: int
    identities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that could not be read, and why."""

    where: str
    reason: str


@dataclass(slots=True)
class Event:
    """One thing that happened. Nobody changes it; it is not frozen because that costs each message seven microseconds.

    at: when it was decided, timezone-aware. tls_in, tls_out: version, cipher and, out, whose certificate; else clear.
    rows: the rows of the matrix that applied. follow_up: what came of the verdict (`bounce`, `reject`, `none`, …).
    reply: what we answered; next_hop_reply: what the next hop answered us. timings: milliseconds by stage.
    details: for other kinds than `message`, what was done (by whom, why, how many); words of operators, not of mail.
    """

    case_id: str
    at: datetime
    kind: str = MESSAGE
    node: str = ""
    worker: int = 0
    listener: str = ""
    role: str = ""
    client: str = ""
    tls_in: str = ""
    tls_out: str = ""
    user: str = ""
    sender: str = ""
    sender_class: str = ""
    recipients: tuple[Recipient, ...] = ()
    size: int = 0
    rows: tuple[str, ...] = ()
    verdict: str = ""
    mode: str = ""
    findings: tuple[Found, ...] = ()
    unreadable: tuple[Unread, ...] = ()
    follow_up: str = ""
    reply: str = ""
    next_hop_reply: str = ""
    notice_id: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    policy: str = ""
    software: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def microseconds(self) -> int:
        return microseconds(self.at)

    @property
    def local(self) -> datetime:
        return danish_time(self.at)

    @property
    def keep(self) -> str:
        """The class that says how long it is kept."""
        if self.kind != MESSAGE:
            return SERVICE
        if self.verdict == "block":
            return BREACH if self.mode == "monitor" else BLOCK
        return RELAY

    @property
    def marks(self) -> tuple[str, ...]:
        """The words it is found by; see `marks_of`."""
        domains = tuple([each.domain for each in self.recipients])
        categories = tuple([each.category for each in self.findings])
        release = str(self.details.get("release", "")) if self.details else ""
        return _marks(self.kind, self.sender, self.verdict, release, domains, categories, bool(self.unreadable))

    def encode(self) -> str:
        """The event as one line of JSON: kind, id and times first, then every field that says something."""
        seconds, rest = divmod(self.microseconds, 1_000_000)
        utc, local = _clocks(seconds)
        record: dict[str, Any] = {
            "kind": self.kind,
            "case_id": self.case_id,
            "utc": f"{utc}.{rest:06}Z",
            "local": local,
        }
        record.update({name: value for name, value in zip(_OWN, _own_values(self), strict=True) if value})
        shared = _shared_values(self)
        try:
            return orjson.dumps(record).decode()[:-1] + _shared_as_json(*shared)
        except orjson.JSONEncodeError:  # a broken surrogate, which is no text anywhere
            return _in_any_case(record | {name: value for name, value in zip(_SHARED, shared, strict=True) if value})

    @classmethod
    def decode(cls, line: str | bytes) -> Event | None:
        """The event a stored line holds; a field this version does not know is left out. None: the line is damaged."""
        try:
            return cls._of(orjson.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def _of(cls, record: Mapping[str, Any]) -> Event:
        values = {name: record[name] for name in _READ if name in record}
        values["at"] = datetime.fromisoformat(record["utc"])
        values["recipients"] = tuple(Recipient(**row) for row in record.get("recipients", ()))
        values["findings"] = tuple(
            Found(**{**row, "identities": tuple(row["identities"])}) for row in record.get("findings", ())
        )
        values["unreadable"] = tuple(Unread(**row) for row in record.get("unreadable", ()))
        values["rows"] = tuple(record.get("rows", ()))
        return cls(**values)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READ = tuple(each.name for each in fields(Event))
_SHARED = (
    "node", "worker", "listener", "role", "client", "user", "tls_in", "tls_out",
    "sender", "sender_class", "rows", "mode", "policy", "software",
)  # fmt: skip
"""Fields in which the messages of a day are much alike: their JSON is kept from one to the next."""

_OWN = tuple(name for name in _READ if name not in ("kind", "case_id", "at", *_SHARED))
_own_values, _shared_values = attrgetter(*_OWN), attrgetter(*_SHARED)


@lru_cache(maxsize=4096)
def _shared_as_json(*values: Any) -> str:
    """The end of a line: what the shared fields say, and the closing bracket."""
    said = {name: value for name, value in zip(_SHARED, values, strict=True) if value}
    return "," + orjson.dumps(said).decode()[1:] if said else "}"


def _in_any_case(record: dict[str, Any]) -> str:
    """The same JSON for text that holds halves of characters: each becomes a question mark."""
    line = json.dumps(record, default=asdict, ensure_ascii=False, separators=(",", ":"))
    return line.encode("utf-8", "replace").decode("utf-8")


_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """A time as the store orders it: microseconds since 1970, without a float's rounding."""
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=64)
def _clocks(seconds: int) -> tuple[str, str]:
    """A second in UTC and on a Danish clock, in words: all messages of that second share them."""
    at = _EPOCH + timedelta(seconds=seconds)
    return at.isoformat(timespec="seconds").removesuffix("+00:00"), danish_time(at).isoformat(timespec="seconds")


@lru_cache(maxsize=8192)
def marks_as_json(marks: tuple[str, ...]) -> str:
    """The words as the store keeps them until they are in its index: a list that databases can read."""
    return orjson.dumps(marks).decode()


def record_of(line: str | bytes) -> dict[str, Any] | None:
    """A stored line as it is, when it can be searched for. None: it is damaged, which `verify` names."""
    try:
        record: dict[str, Any] = orjson.loads(line)
        marks_of(record)
        return record if isinstance(record["case_id"], str) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def marks_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The words an event is found by, from its stored line: what `Event.marks` said when it was written."""
    domains = tuple([row["domain"] for row in record.get("recipients", ())])
    categories = tuple([row["category"] for row in record.get("findings", ())])
    sender, verdict, unreadable = record.get("sender", ""), record.get("verdict", ""), "unreadable" in record
    release = str(record["details"].get("release", "")) if "details" in record else ""
    return _marks(record["kind"], sender, verdict, release, domains, categories, unreadable)


@lru_cache(maxsize=8192)
def _marks(
    kind: str,
    sender: str,
    verdict: str,
    release: str,
    domains: tuple[str, ...],
    categories: tuple[str, ...],
    unreadable: bool,
) -> tuple[str, ...]:
    """Recipients' domains, sender, categories, every verdict but the common one; for the service's deeds the kind.

    The same few senders write to the same domains all day, so the answers are kept.
    """
    words = dict.fromkeys(_word(f"to:{domain}") for domain in domains)
    if kind == MESSAGE or sender:
        words[sender_mark(sender)] = None
    for category in categories:
        words[_word(f"category:{category}")] = None
    if unreadable:
        words["category:unreadable"] = None
    if kind != MESSAGE:
        words[_word(f"kind:{kind}")] = None
    elif verdict != "relay":
        words[_word(f"verdict:{verdict}")] = None
    if release:
        words[_word(f"release:{release}")] = None
    return tuple(words)


def sender_mark(sender: str) -> str:
    """The word a sender is found by, whatever the case it was written in."""
    return _word("from:" + (sender if sender.isascii() else composed(sender)).casefold())


def _word(text: str) -> str:
    """Text that every database takes into an index: no halves of characters, no NUL, not endless."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "?")[:500]


@lru_cache(maxsize=1024)
def recorded_sender(sender: Address, own: bool) -> str:
    """A reverse-path for the record: one of our own as it was given, another one masked, long numbers always dots."""
    if sender.is_null:
        return "<>"
    return sender.shown if own else sender.masked


@lru_cache(maxsize=4096)
def recorded_recipient(recipient: Address, kind: str, key: bytes) -> Recipient:
    """A forward-path for the record; its HMAC answers `what is recorded on this address`, and nothing else."""
    masked = recipient.masked
    return Recipient(masked, masked.rpartition("@")[2], kind, keyed(recipient.key, key))


def recorded_findings(findings: Iterable[Finding], key: bytes) -> tuple[Found, ...]:
    """The findings by detector, category, confidence and place, each with its distinct values counted and keyed."""
    groups: dict[tuple[str, str, str, str], dict[Hidden, None]] = {}
    for found in findings:
        group = (found.detector, found.category, str(found.confidence), str(found.place))
        groups.setdefault(group, {})[found.identity] = None
    return tuple(
        Found(*group, len(values), tuple(keyed(value.reveal(), key) for value in values))
        for group, values in groups.items()
    )


def recorded_unreadable(parts: Iterable[Unreadable]) -> tuple[Unread, ...]:
    return tuple(Unread(str(part.place), str(part.reason)) for part in parts)


def keyed(value: str, key: bytes) -> str:
    """The keyed HMAC of a value: whoever lacks the key cannot try all CPR numbers against it."""
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:HMAC_CHARACTERS]


_CET, _CEST = timezone(timedelta(hours=1), "CET"), timezone(timedelta(hours=2), "CEST")


def danish_time(at: datetime) -> datetime:
    """The time on a Danish clock: summer time between the last Sundays of March and October, 01:00 UTC (2000/84/EF)."""
    at = at.astimezone(UTC)
    begins, ends = _summer_time(at.year)
    return at.astimezone(_CEST if begins <= at < ends else _CET)


@lru_cache
def _summer_time(year: int) -> tuple[datetime, datetime]:
    return _last_sunday(year, 3), _last_sunday(year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    last_day = datetime(year, month, 31, 1, tzinfo=UTC)
    return last_day - timedelta(days=(last_day.weekday() + 1) % 7)
