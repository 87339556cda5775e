"""docs/policy.md under test: every example is run, every output is what the commands print, every key is explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from pydantic import BaseModel

from gateway.mail.address import Address
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.policy import Policy, PolicyError, advise, decide, load_policy
from gateway.policy.load import FILES
from gateway.policy.model import DomainList
from gateway.yamltext import parse_yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy.md"


class Block(NamedTuple):
    """A fenced block: what kind, its words, and where it stands."""

    info: str
    text: str
    line: int


def blocks() -> list[Block]:
    page = PAGE.read_text("utf-8")
    found = re.finditer(r"^( *)```(\S[^\n]*)\n(.*?)^ *```$", page, re.M | re.S)
    return [
        Block(each[2], re.sub(rf"^{each[1]}", "", each[3], flags=re.M), page.count("\n", 0, each.start()) + 1)
        for each in found
    ]


def examples() -> Iterator[tuple[tuple[Block, ...], str]]:
    """Examples that stand together, one a file, and the decisions under them."""
    together: list[Block] = []
    for block in [*blocks(), Block("end", "", 0)]:
        if block.info.startswith("yaml "):
            if together and block.line > together[-1].line + together[-1].text.count("\n") + 3:
                yield tuple(together), ""
                together = []
            together.append(block)
        elif together:
            yield tuple(together), block.text if block.info == "decide" else ""
            together = []


DECISION = re.compile(r"(\S+) -> ([^:\[]+?)(?: \[(.+)\])?: (.+)")


def laid_over(files: Mapping[str, str], name: str, example: str) -> dict[str, str]:
    """The policy with the example's keys in place of the file's."""
    base = parse_yaml(files[name], name).value if name in files else {}
    merged = {**base, **parse_yaml(example, name).value}
    return {**files, name: yaml.safe_dump(merged, allow_unicode=True)}


@pytest.mark.parametrize(
    ("shown", "decisions"), [pytest.param(*each, id=f"line {each[0][0].line}") for each in examples()]
)
def test_every_example_is_run(
    lavuk_files: Mapping[str, str],
    envelope: Callable[..., Envelope],
    number: Callable[..., Finding],
    shown: tuple[Block, ...],
    decisions: str,
) -> None:
    files = dict(lavuk_files)
    for block in shown:
        files = laid_over(files, block.info.removeprefix("yaml "), block.text)
    policy = load_policy(files)
    for line in decisions.splitlines():
        match = DECISION.fullmatch(line)
        assert match, line
        sender, recipients, mark, says = match.groups()
        if says.startswith("write "):
            assert written(policy, sender, recipients) == says, line
        else:
            header, _, value = (mark or "").partition(": ")
            ip = header.removeprefix("from ") if header.startswith("from ") else "127.0.0.1"
            made = envelope(sender, *recipients.split(", "), ip=ip)
            verdict = decide(policy, "outbound", made, (), [number()], [], [(header, value)] if value else [])
            some = (
                f", relayed to {verdict.relayed_to[0].text}" if verdict.action == "block" and verdict.relayed_to else ""
            )
            assert f"{verdict.action} {verdict.judgements[0].cell}{some}" == says, line


def written(policy: Policy, sender: str, recipient: str) -> str:
    advice = advise(policy, Address.of(sender), Address.of(recipient))
    instead = f" to {advice.instead.text}" if advice.instead else ""
    return f"write {advice.method} from {advice.mailbox.text if advice.mailbox else '?'}{instead}"


def keys_of(shape: type[BaseModel]) -> Iterator[str]:
    for name, field in shape.model_fields.items():
        yield name
        for inner in re.findall(r"gateway\.policy\.model\.(\w+)", str(field.annotation)):
            import gateway.policy.model as model

            yield from keys_of(getattr(model, inner))


@pytest.mark.parametrize("name", [*FILES, "lists"])
def test_every_key_is_explained(name: str) -> None:
    section = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)
    (text,) = [
        each for each in section if each.startswith(f"{name}\n") or (name == "lists" and each.startswith("lists/"))
    ]
    missing = {key for key in keys_of(FILES.get(name, DomainList)) if f"`{key}`" not in text and f"{key}:" not in text}
    assert missing == set()


def test_what_check_prints(lavuk: Policy) -> None:
    (block,) = [each for each in blocks() if each.info == "check"]
    assert without_version(block.text.strip()) == without_version(lavuk.describe().strip())


def test_check_prints_the_whole_policy(lavuk: Policy) -> None:
    from click.testing import CliRunner

    from gateway.cli.check import command

    result = CliRunner().invoke(command, [])
    assert result.exit_code == 0, result.stderr
    assert without_version(lavuk.describe().strip()) in without_version(result.stdout)


def without_version(text: str) -> str:
    return re.sub(r"Policy [0-9a-f]{16}", "Policy …", text)


def test_the_mistakes_are_what_it_says(lavuk_files: Mapping[str, str]) -> None:
    (block,) = [each for each in blocks() if each.info == "faults"]
    changes = re.findall(r"^(\S+) with `(.+)` for `(.+)`\n→ (.+)$", block.text, re.M)
    assert 2 * len(changes) == block.text.count("\n")
    for name, new, old, fault in changes:
        assert old in lavuk_files[name]
        with pytest.raises(PolicyError) as caught:
            load_policy({**lavuk_files, name: lavuk_files[name].replace(old, new, 1)})
        assert caught.value.lines == (fault,)
