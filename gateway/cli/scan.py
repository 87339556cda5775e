"""`postvagt scan`: what would happen to these messages, without sending anything."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from gateway.cli.common import FAULT, config_option, default_policy, faults_told
from gateway.inspect import Inspection

BLOCKED = 1
"""Exit status when at least one message would be blocked."""


class Source(NamedTuple):
    """One message: the name it is shown under, and its bytes."""

    name: str
    content: bytes


class Unreadable(Exception):
    """A path that gives no messages; one line that says why."""


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@config_option
@click.option("--policy", type=click.Path(path_type=Path), help="The policy folder; default: that of the settings.")
@click.option("--sender", help="The reverse-path; default: the message's own From.")
@click.option("--recipient", "recipients", multiple=True, help="A forward-path, may be repeated; default: To and Cc.")
@click.option("--role", type=click.Choice(["outbound", "inbound"]), default="outbound", show_default=True)
@click.option("--explain", is_flag=True, help="Say what spoke for and against each finding, without the digits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in input order.")
def command(
    paths: tuple[str, ...],
    config: Path | None,
    policy: Path | None,
    sender: str | None,
    recipients: tuple[str, ...],
    role: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Read messages (.eml files, folders, mbox, Maildir, - for standard input) and say what would happen to them.

    Exit status 0: nothing would be blocked; 1: something would; 2: a path cannot be read.
    """
    from gateway import reading

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy(), policy)
        inspector = reading.inspector(settings, reading.read_policy(settings.policy))
    sandbox = reading.sandbox(settings)
    status = 0
    show = _as_json if as_json else _as_text
    try:
        for source in _messages(paths):
            begin = time.perf_counter()
            inspection = _inspected(inspector, sandbox, source.content, sender, recipients, role)
            click.echo(show(source.name, inspection, (time.perf_counter() - begin) * 1000, explain))
            if inspection.verdict.action == "block":
                status = BLOCKED
    except Unreadable as error:
        click.echo(f"postvagt: {error}", err=True)
        status = FAULT
    finally:
        sandbox.close()
    sys.exit(status)


def _inspected(
    inspector: Any, sandbox: Any, content: bytes, sender: str | None, recipients: tuple[str, ...], role: str
) -> Inspection:
    from gateway.mail.address import Address
    from gateway.mail.envelope import Client, Envelope, Path
    from gateway.mail.message import Message
    from gateway.policy.verdict import Role

    message = Message(content)
    reverse_path = Address.of(sender) if sender is not None else next(iter(message.authors), Address(b""))
    forward_paths = [Address.of(recipient) for recipient in recipients] or _recipients_of(message)
    envelope = Envelope(Path(reverse_path), tuple(map(Path, forward_paths)), Client("127.0.0.1"))
    extraction = sandbox.read_now(message, inspector.budget)
    result: Inspection = inspector.judge(message, extraction, envelope, Role(role), datetime.now(UTC).date())
    return result


def _recipients_of(message: Any) -> list[Any]:
    """Those of To and Cc; a message that names nobody is judged as if sent to a stranger."""
    from gateway.mail import headers
    from gateway.mail.address import Address

    values = [value for name in ("to", "cc") for value in message.header_values(name)]
    named = [address for value in values for address in headers.addresses(value)]
    return list(dict.fromkeys(named)) or [Address.of("nobody@example.org")]


# ---------------------------------------------------------------- where messages come from


def _messages(paths: Iterable[str]) -> Iterator[Source]:
    for path in paths:
        if path == "-":
            yield from _of_bytes("-", sys.stdin.buffer.read())
        else:
            yield from _of_path(Path(path))


def _of_path(path: Path) -> Iterator[Source]:
    try:
        if path.is_dir():
            yield from _of_folder(path)
        else:
            yield from _of_bytes(str(path), path.read_bytes())
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read ({error.strerror})") from None


def _of_folder(folder: Path) -> Iterator[Source]:
    """A Maildir's `new` and `cur`, or every .eml file below an ordinary folder."""
    is_maildir = all((folder / part).is_dir() for part in ("cur", "new", "tmp"))
    places = [folder / "new", folder / "cur"] if is_maildir else [folder]
    files = [
        path
        for place in places
        for path in sorted(place.rglob("*") if not is_maildir else place.iterdir())
        if path.is_file() and (is_maildir or path.suffix.lower() in (".eml", ".mbox"))
    ]
    if not files and not is_maildir:
        raise Unreadable(f"{folder}: no .eml file in it")
    for path in files:
        yield from _of_bytes(str(path), path.read_bytes())


def _of_bytes(name: str, content: bytes) -> Iterator[Source]:
    """One message, or those of an mbox (its first line begins with `From `, rfc4155)."""
    if not content.startswith(b"From "):
        yield Source(name, _with_crlf(content))
        return
    messages = _with_crlf(content)[5:].split(b"\r\n\r\nFrom ")
    for number, text in enumerate(messages, 1):
        _, _, message = text.partition(b"\r\n")
        yield Source(f"{name}#{number}", message.replace(b"\r\n>From ", b"\r\nFrom "))


def _with_crlf(content: bytes) -> bytes:
    """A file saved with bare line feeds, as it would stand on the wire."""
    return content if b"\r\n" in content[:4096] else content.replace(b"\n", b"\r\n")


# ---------------------------------------------------------------- how they are shown


def _as_json(name: str, inspection: Inspection, milliseconds: float, explain: bool) -> str:
    from gateway.detect import summarise

    verdict = inspection.verdict
    rows = [
        {
            "detector": row.detector,
            "category": row.category,
            "confidence": str(row.confidence),
            "where": str(row.where),
            "count": row.count,
        }
        for row in summarise(inspection.findings)
    ]
    line: dict[str, Any] = {
        "file": name,
        "verdict": str(verdict.action),
        "confidence": str(verdict.confidence) if verdict.confidence else None,
        "categories": list(verdict.categories),
        "findings": rows,
        "unreadable": [{"where": str(each.place), "why": str(each.reason)} for each in inspection.unreadable],
        "notice_to": verdict.notice_to.shown if verdict.notice_to else None,
        "ms": round(milliseconds, 3),
    }
    if explain:
        line["evidence"] = [
            {"detector": each.detector, "where": str(each.place), "evidence": list(each.evidence)}
            for each in inspection.findings
        ]
        line["lookalikes"] = list(verdict.lookalikes)
    return json.dumps(line, ensure_ascii=False)


def _as_text(name: str, inspection: Inspection, milliseconds: float, explain: bool) -> str:
    from gateway.detect import summarise

    verdict = inspection.verdict
    lines = [f"{name}: {verdict.action}"]
    if verdict.categories:
        lines[0] += f" ({', '.join(verdict.categories)})"
    for row in summarise(inspection.findings):
        times = f", {row.count} different" if row.count > 1 else ""
        lines.append(f"  {row.where}: {row.category}, {row.confidence}{times}, by {row.detector}")
    if explain:
        lines.extend(f"    {each.place}, {each.detector}: {'; '.join(each.evidence)}" for each in inspection.findings)
    lines.extend(f"  {each}" for each in verdict.lookalikes)
    lines.extend(f"  {each.place}: not read, {each.reason}" for each in inspection.unreadable)
    for judged in verdict.judgements if verdict.categories else ():
        lines.append(f"  to {judged.address.shown} ({judged.recipient_class}): {judged.safety}")
    if verdict.notice_to is not None:
        lines.append(f"  bounce to {verdict.notice_to.shown}")
    return "\n".join(lines)
