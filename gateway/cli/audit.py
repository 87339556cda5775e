"""`postvagt audit`: read the record, prove it, hand it out, let go of what is old. Thin: the work is in gateway/audit.

Exit 0 fine; 1 `verify` found that something is not as it was recorded; 2 one line on stderr says what is wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import audit_keeping, audit_outward
from gateway.cli.common import config_option
from gateway.cli.record import audit_faults_told, filter_of, filter_options, keys_of, progress, store_of

if TYPE_CHECKING:
    from gateway.audit.proof import Proof
    from gateway.audit.seal import Checkpoint
    from gateway.audit.search import Record

TAMPERED = 1


@click.group()
def command() -> None:
    """Read the record, prove it, hand it out, let go of what is old."""


for verb in (*audit_outward.VERBS, *audit_keeping.VERBS):
    command.add_command(verb)


@command.command("list")
@filter_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One event a line, exactly as it is stored.")
@config_option
def list_(config: Path | None, limit: int, as_json: bool, about: str | None, **wanted: Any) -> None:
    """The newest events, newest first."""
    with store_of(config) as (store, settings), store.database.reading() as connection:
        from gateway.audit.search import find

        for record in find(connection, filter_of(settings, about, wanted), limit):
            click.echo(_as_json(record) if as_json else _as_row(record))


@command.command()
@click.argument("case_id")
@config_option
def show(config: Path | None, case_id: str) -> None:
    """Everything recorded under a case id."""
    from gateway.audit import AuditError

    with store_of(config) as (store, _):
        records = store.recent(1000, case_id=case_id)
        if not records:
            raise AuditError(f"no event has the case id {case_id}, or retention has removed it")
        for record in reversed(records):
            click.echo(_in_full(record))


@command.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--key", "more_keys", type=click.Path(path_type=Path), multiple=True, help="Another key to believe.")
@click.option(
    "--checkpoint", "kept", type=click.Path(path_type=Path), multiple=True, help="A checkpoint that was kept elsewhere."
)
@config_option
def verify(config: Path | None, folder: Path | None, more_keys: tuple[Path, ...], kept: tuple[Path, ...]) -> None:
    """Prove that nothing was changed, removed, put in, moved or cut off: in the store, or in an export's FOLDER.

    An export is proved with the keys given, without settings; with none given, with those of the settings' store.
    """
    with audit_faults_told():
        checkpoints = [_checkpoint(path) for path in kept]
        proof = (
            _proof_of_store(config, more_keys, checkpoints)
            if folder is None
            else (_proof_of_export(folder, config, more_keys, checkpoints))
        )
    _tell(proof)


def _proof_of_store(config: Path | None, more_keys: tuple[Path, ...], checkpoints: list[Checkpoint]) -> Proof:
    from gateway.audit.keys import believed_keys
    from gateway.audit.verify import verify as prove

    with store_of(config) as (store, _), progress("proving") as show_progress:
        return prove(store.database, believed_keys(store.keys, more_keys), checkpoints, show_progress)


def _proof_of_export(
    folder: Path, config: Path | None, more_keys: tuple[Path, ...], checkpoints: list[Checkpoint]
) -> Proof:
    from gateway.audit.keys import believed_keys
    from gateway.audit.verify_export import verify_export as prove

    keys = believed_keys(None if more_keys else keys_of(config), more_keys)
    with progress("proving") as show_progress:
        return prove(folder, keys, checkpoints, show_progress)


def _tell(proof: Proof) -> None:
    for fault in proof.acknowledged:
        click.echo(f"known and acknowledged: {fault}")
    for fault in proof.faults:
        click.echo(str(fault), err=True)
    span = f"events {proof.first}-{proof.last}: {proof.events} proved, {proof.pruned} of them emptied by retention"
    click.echo(f"{span}, {proof.seals} seals. {'Everything adds up.' if proof.holds else 'It does NOT add up.'}")
    if not proof.holds:
        sys.exit(TAMPERED)


@command.command()
@config_option
def checkpoint(config: Path | None) -> None:
    """Print the signed end of the chain: keep it where the keepers of the database cannot reach it."""
    from gateway.audit.rows import ends_of

    with store_of(config) as (store, _), store.database.reading() as connection:
        click.echo(str(ends_of(connection).seal))


def _checkpoint(path: Path) -> Any:
    from gateway.audit import AuditError
    from gateway.audit.seal import Checkpoint

    try:
        return Checkpoint.parse(path.read_text())
    except (OSError, ValueError) as error:
        raise AuditError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _as_json(record: Record) -> str:
    if record.event is None:
        return json.dumps({"seq": record.seq, "pruned" if record.line is None else "damaged": True})
    return record.line or ""


def _as_row(record: Record) -> str:
    event = record.event
    if event is None:
        return f"{record.seq:>9}  ({_why_there_is_none(record)})"
    if event.kind != "message":
        return f"{record.seq:>9}  {event.local:%Y-%m-%d %H:%M:%S}  {event.kind:<8}  {event.case_id}"
    unread = ("unreadable",) if event.unreadable else ()
    found = ",".join(dict.fromkeys((*(found.category for found in event.findings), *unread))) or "-"
    to = ", ".join(recipient.masked for recipient in event.recipients[:3])
    more = f" +{len(event.recipients) - 3}" if len(event.recipients) > 3 else ""
    when = f"{event.local:%Y-%m-%d %H:%M:%S}"
    return f"{record.seq:>9}  {when}  {event.verdict:<8}  {event.case_id}  {event.sender} → {to}{more}  {found}"


def _in_full(record: Record) -> str:
    if record.event is None:
        return f"event {record.seq}: {_why_there_is_none(record)}"
    fields = json.dumps(json.loads(record.line or "{}"), indent=2, ensure_ascii=False)
    return f"event {record.seq}, hash {record.hash.hex()}\n{fields}"


def _why_there_is_none(record: Record) -> str:
    return "removed by retention" if record.line is None else "damaged: `audit verify` tells more"
