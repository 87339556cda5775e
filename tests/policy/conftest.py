"""The policy of the repository, read once, and short ways to make a message's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope
from gateway.mail.envelope import Path as MailPath
from gateway.mail.finding import Confidence, Finding
from gateway.mail.hidden import Hidden
from gateway.mail.place import TEXT
from gateway.policy import Policy, load_policy

ROOT = Path(__file__).resolve().parents[2]

Files = dict[str, str]
Change = Callable[..., Files]


def folder(name: str) -> Files:
    """The files of a policy folder of this repository."""
    base = ROOT / "policies" / name
    return {path.relative_to(base).as_posix(): path.read_text("utf-8") for path in sorted(base.rglob("*.yaml"))}


@pytest.fixture(scope="session")
def lavuk_files() -> Mapping[str, str]:
    """Without the detectors' words, which this room only hands on."""
    files = folder("lavuk")
    return {name: text for name, text in files.items() if name != "cpr.yaml" and not name.startswith("ord/")}


@pytest.fixture(scope="session")
def lavuk(lavuk_files: Mapping[str, str]) -> Policy:
    return load_policy(lavuk_files)


@pytest.fixture
def changed(lavuk_files: Mapping[str, str]) -> Change:
    """The files with one text replaced by another in one of them."""

    def change(file: str, old: str, new: str) -> Files:
        assert old in lavuk_files[file], f"{old!r} no longer stands in {file}"
        return {**lavuk_files, file: lavuk_files[file].replace(old, new, 1)}

    return change


@pytest.fixture(scope="session")
def envelope() -> Callable[..., Envelope]:
    def make(sender: str, *recipients: str, ip: str = "127.0.0.1") -> Envelope:
        paths = tuple(MailPath(Address.of(recipient)) for recipient in recipients)
        return Envelope(MailPath(Address.of(sender)), paths, Client(ip))

    return make


@pytest.fixture(scope="session")
def number() -> Callable[..., Finding]:
    """A finding of a CPR number; the digits are those of the published specimen unless said."""

    def make(confidence: str = "certain", identity: str = "0707614285", category: str = "cpr") -> Finding:
        return Finding("cpr", category, Confidence.parse(confidence), TEXT, Hidden(identity))

    return make
