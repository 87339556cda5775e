"""What `make run` shows: the embedded gateway, three messages over real SMTP, and what became of them.

Starts `postvagt serve` in this folder, submits the messages as any mail program would, prints the outbox, the bounces
as a person sees them and the records, and keeps serving until Ctrl-C.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import importlib
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
GATEWAY = ("127.0.0.1", 10025)
OUTBOX = ROOT / "var" / "outbox" / "new"
LOG = ROOT / "var" / "postvagt.log"
COMPILED = ROOT / "var" / "compiled"
SENDER = "dagklub@lavuk.dk"
CPR = "070761-4285"
"""The fictional number of the CPR Office's own specimen: it belongs to nobody."""

PATIENCE = 60
"""Seconds that a start may take: compiling the words takes two on a quick machine, and more on a slow or busy one."""

MESSAGES = (
    (
        "Tur på fredag",
        "forening@example.org",
        "Hej\n\nHusk regntøj og madpakke til turen på fredag.\n\nVenlig hilsen\nDagklubben",
    ),
    (
        "Vedr. indmeldelse",
        "sagsbehandler@hvidovre.dk",
        f"Hej\n\nBarnets CPR-nummer er {CPR}.\n\nVenlig hilsen\nDagklubben",
    ),
    (
        "Blanket",
        "foraelder@example.org",
        f"Hej\n\nHer er oplysningerne, I bad om: cpr {CPR}.\n\nVenlig hilsen\nDagklubben",
    ),
)

console = Console(highlight=False, width=min(110, Console().width))


def main() -> int:
    LOG.parent.mkdir(exist_ok=True)
    before = set(mails_in_outbox())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    log_start = LOG.stat().st_size if LOG.exists() else 0
    with LOG.open("ab") as log:
        gateway = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            text=True,
            env={**os.environ, "CACHE_DIRECTORY": str(COMPILED)},
        )
    try:
        importlib.import_module("gateway.audit")  # needed at the end; loaded while the gateway starts
        if not listens(gateway):
            return told_why(gateway, log_start)
        try:
            show_messages(before)
        except (smtplib.SMTPException, OSError):
            return told_why(gateway, log_start)
        tell_what_is_not_read()
        invite()
        return gateway.wait()
    except KeyboardInterrupt:
        console.print("\nStopping.")
        return 0
    finally:
        if gateway.poll() is None:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait()


def tell_what_is_not_read() -> None:
    """What is not installed here, such as OCR: such attachments are stopped as not read."""
    from gateway.extract import Budget
    from gateway.extract.sandbox import Sandbox

    with Sandbox() as readers:
        readers.start()
        for line in readers.shortfalls(Budget()):
            console.print(Text(f"Note: {line}", style="yellow"))


def listens(gateway: subprocess.Popen[str]) -> bool:
    """Wait until the gateway takes connections, or has ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if gateway.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex(GATEWAY) == 0:
                return True
        time.sleep(0.02)
    return False


def told_why(gateway: subprocess.Popen[str], log_start: int) -> int:
    gateway.terminate()
    gateway.wait()
    fault = LOG.read_bytes()[log_start:].decode("utf-8", "replace").strip()
    console.print(Text(f"The gateway did not start, or fell:\n{fault}"))
    return gateway.returncode or 1


def show_messages(before: set[Path]) -> None:
    console.print(Rule("Postvagt: three messages from a daycare institution"))
    replies = [(subject, to, submit(subject, to, text)) for subject, to, text in MESSAGES]
    table = Table(
        "To", "Subject", "The gateway answered", title=f"Sent from {SENDER} by SMTP to {GATEWAY[0]}:{GATEWAY[1]}"
    )
    for subject, to, reply in replies:
        table.add_row(to, subject, reply)
    console.print(table)
    arrived = sorted(set(mails_in_outbox()) - before)
    for path in arrived:
        show(path)
    show_records(len(MESSAGES))


def submit(subject: str, to: str, text: str) -> str:
    """Hand a message over as any mail program would; the reply as it was heard."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, to, subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain="lavuk.dk")
    message.set_content(text)
    with smtplib.SMTP(*GATEWAY) as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(to)
        code, answer = client.data(message.as_bytes(policy=email.policy.SMTP))
    return f"{code} {answer.decode('utf-8', 'replace')}"


def mails_in_outbox() -> Iterator[Path]:
    return OUTBOX.iterdir() if OUTBOX.is_dir() else iter(())


def show(path: Path) -> None:
    """A relayed message by its head, a bounce in full, as its reader sees it."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    head = "\n".join(f"{name}: {message[name]}" for name in ("From", "To", "Subject"))
    name = path.relative_to(ROOT)
    if message.get_content_type() != "multipart/report":
        body = Text(f"{head}\n\n{message.get_content().strip()}")
        console.print(Panel(body, title=f"[green]relayed, byte for byte[/]  {name}", title_align="left"))
        return
    text = message.get_body(("plain",))
    assert text is not None
    body = Text(f"{head}\n\n{text.get_content().strip()}")
    console.print(
        Panel(body, title=f"[yellow]stopped, and this is what the sender reads[/]  {name}", title_align="left")
    )


def show_records(count: int) -> None:
    from gateway.audit import open_store

    store = open_store(f"sqlite:///{ROOT / 'var' / 'audit.db'}")
    events = [record.event for record in store.recent(count * 3) if record.event and record.event.kind == "message"][
        :count
    ]
    store.close()
    console.print(Text("\nThe record, var/audit.db, one event for each message:"))
    for event in reversed(events):
        found = "; ".join(f"{row.category} ({row.confidence}) in {row.where}" for row in event.findings) or "nothing"
        to = ", ".join(f"{recipient.masked} ({recipient.kind})" for recipient in event.recipients)
        facts = Table.grid(padding=(0, 2))
        for name, value in (
            ("from, to", f"{event.sender} ({event.sender_class}) → {to}"),
            ("found", found),
            ("row of the matrix", ", ".join(event.rows)),
            ("verdict", f"{event.verdict}, {event.follow_up}" if event.verdict != "relay" else event.verdict),
            ("we answered", event.reply),
            ("policy", event.policy),
        ):
            facts.add_row(Text(name, style="dim"), Text(value))
        console.print(Panel(facts, title=event.case_id, title_align="left"))


def invite() -> None:
    console.print(Rule("Now serving, Ctrl-C stops"))
    console.print(
        "Send one of your own from another terminal, in this folder:\n\n"
        f"  printf 'From: {SENDER}\\nTo: du@example.org\\nSubject: Prøve\\n\\nMit cpr er {CPR}\\n' > mail.eml\n"
        f"  curl smtp://{GATEWAY[0]}:{GATEWAY[1]} --mail-from {SENDER} --mail-rcpt du@example.org -T mail.eml\n\n"
        "or without sending it:  .venv/bin/postvagt scan mail.eml\n"
        f"What is relayed and every bounce lie in {OUTBOX.relative_to(ROOT)}, the log in {LOG.relative_to(ROOT)}."
    )


if __name__ == "__main__":
    if os.environ.get("NO_COLOR"):
        console.no_color = True
    sys.exit(main())
