"""`postvagt evaluate`: how good the detectors are on a folder of labelled mail, beside other detectors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.cli.common import FAULT, config_option, default_policy, faults_told
from gateway.evaluation import figures
from gateway.evaluation.figures import Label, Outcome

TARGETS = {"cpr": 99.5, "sensitive": 95.0, "false": 0.5}
MISSED = 1
"""Exit status when a target is missed."""
_SENDER, _RECIPIENT = "dagklub@lavuk.dk", "nobody@example.org"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@config_option
@click.option("--policy", type=click.Path(path_type=Path), help="The policy folder; default: that of the settings.")
@click.option("--targets", is_flag=True, help="Exit 1 when a target is missed (pictures not counted).")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Write the confusion picture (SVG).")
@click.option("--cases", is_flag=True, help="Show recall by case too.")
def command(
    folder: Path, config: Path | None, policy: Path | None, targets: bool, picture: Path | None, cases: bool
) -> None:
    """Judge the messages of FOLDER that its labels.jsonl names, and compare.

    Every message counts as sent from an insecure domain to a stranger. Exit status 0: done; 1: a target of --targets is
    missed; 2: the folder holds no labels or the policy is wrong.
    """
    from gateway import reading

    with faults_told():
        settings = reading.read_settings(config, Path.cwd(), default_policy(), policy)
        inspector = reading.inspector(settings, reading.read_policy(settings.policy))
    labels = _labels(folder)
    sandbox = reading.sandbox(settings)
    try:
        outcomes, texts = _judge_all(folder, labels, inspector, sandbox)
    finally:
        sandbox.close()
    _show(outcomes, cases)
    _show_rivals(outcomes, texts, inspector)
    if picture is not None:
        from gateway.evaluation.picture import confusion

        picture.write_text(confusion(outcomes), "utf-8")
        click.echo(f"picture: {picture}")
    if targets and not _meets_targets(outcomes):
        sys.exit(MISSED)


def _labels(folder: Path) -> list[Label]:
    try:
        labels = figures.read_labels((folder / "labels.jsonl").read_text("utf-8"))
    except OSError as error:
        click.echo(f"postvagt: {folder}/labels.jsonl: cannot be read ({error.strerror})", err=True)
        sys.exit(FAULT)
    except ValueError as error:
        click.echo(f"postvagt: {folder}/labels.jsonl: {error}", err=True)
        sys.exit(FAULT)
    missing = [label.file for label in labels if not (folder / label.file).is_file()]
    if missing:
        click.echo(f"postvagt: {folder}: {len(missing)} labelled messages are not there, {missing[0]} first", err=True)
        sys.exit(FAULT)
    return labels


def _judge_all(
    folder: Path, labels: Sequence[Label], inspector: Any, sandbox: Any
) -> tuple[list[Outcome], list[list[str]]]:
    """The outcome of each message, and the texts that were read from it, for the others to read."""
    from gateway.mail.address import Address
    from gateway.mail.envelope import Client, Envelope
    from gateway.mail.envelope import Path as Forward
    from gateway.mail.finding import Confidence
    from gateway.mail.message import Message
    from gateway.policy.verdict import Role

    envelope = Envelope(Forward(Address.of(_SENDER)), (Forward(Address.of(_RECIPIENT)),), Client("127.0.0.1"))
    today = datetime.now(UTC).date()
    outcomes, texts = [], []
    for label in _with_progress(labels):
        message = Message((folder / label.file).read_bytes())
        extraction = sandbox.read_now(message, inspector.budget)
        inspection = inspector.judge(message, extraction, envelope, Role.OUTBOUND, today)
        found = {each.category for each in inspection.findings if each.confidence >= Confidence.LIKELY}
        outcomes.append(Outcome(label, frozenset(found), inspection.verdict.action == "block"))
        texts.append([fragment.text for fragment in extraction.fragments])
    return outcomes, texts


def _with_progress(labels: Sequence[Label]) -> Any:
    from rich.console import Console
    from rich.progress import track

    return track(labels, "reading", console=Console(stderr=True), transient=True)


def _show(outcomes: Sequence[Outcome], cases: bool) -> None:
    gray = [each.blocked for each in outcomes if each.label.label == "gray"]
    click.echo(f"messages                   {len(outcomes)}")
    click.echo(f"CPR recall                 {figures.cpr_recall(outcomes, pictures=False)}, target 99.5 %")
    click.echo(f"  pictures included        {figures.cpr_recall(outcomes)}")
    click.echo(f"sensitive recall           {figures.sensitive_recall(outcomes, pictures=False)}, target 95 %")
    click.echo(f"  pictures included        {figures.sensitive_recall(outcomes)}")
    click.echo(f"false blocks               {figures.false_blocks(outcomes)}, target 0.5 %")
    click.echo(f"precision                  {figures.precision(outcomes)}")
    click.echo(f"gray, blocked              {figures.Share(sum(gray), len(gray))}")
    _table("blocked, by tier", figures.by(outcomes, "tier"))
    _table("blocked, by category", figures.by(outcomes, "category"))
    _table("found with the same category", figures.category_recall(outcomes))
    if cases:
        _table("blocked, by case", figures.by(outcomes, "case"))
    _files("missed", [each for each in outcomes if each.is_miss])
    _files("blocked though allowed", [each for each in outcomes if each.is_false_block])


def _table(title: str, shares: dict[str, figures.Share]) -> None:
    click.echo(f"\n{title}")
    for name, share in shares.items():
        click.echo(f"  {name:<34} {share}")


def _files(title: str, outcomes: Sequence[Outcome]) -> None:
    click.echo(f"\n{title}: {len(outcomes)}")
    for each in outcomes:
        click.echo(f"  {each.label.file}  {','.join(each.label.why or sorted(each.categories)):<20} {each.label.case}")


def _show_rivals(outcomes: Sequence[Outcome], texts: Sequence[Sequence[str]], inspector: Any) -> None:
    """The same messages, the same texts, other detectors."""
    from gateway.detect import Rules
    from gateway.evaluation.rivals import rivals

    click.echo(f"\n{'detector':<40} {'CPR recall':>11} {'sensitive':>11} {'false blocks':>13}")
    _rival_line("Postvagt", outcomes)
    rules = Rules.from_mapping(inspector.policy.detection).cpr
    for name, finds in rivals(rules).items():
        _rival_line(name, [_outcome_of(finds, each, text) for each, text in zip(outcomes, texts, strict=True)])


def _outcome_of(finds: Callable[[Sequence[str]], bool], ours: Outcome, texts: Sequence[str]) -> Outcome:
    hit = finds(texts)
    return Outcome(ours.label, frozenset({"cpr"} if hit else ()), hit)


def _rival_line(name: str, outcomes: Sequence[Outcome]) -> None:
    shares = (figures.cpr_recall(outcomes), figures.sensitive_recall(outcomes), figures.false_blocks(outcomes))
    cpr, sensitive, false = (f"{share.percent:.1f} %" for share in shares)
    click.echo(f"{name:<40} {cpr:>11} {sensitive:>11} {false:>13}")


def _meets_targets(outcomes: Sequence[Outcome]) -> bool:
    return (
        figures.cpr_recall(outcomes, pictures=False).percent >= TARGETS["cpr"]
        and figures.sensitive_recall(outcomes, pictures=False).percent >= TARGETS["sensitive"]
        and figures.false_blocks(outcomes).percent <= TARGETS["false"]
    )
