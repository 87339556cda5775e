"""YAML by hand: what a person may get wrong, and the one line that tells him."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from gateway.yamltext import MAX_BYTES, YamlError, parse_yaml, validated

VALUES = [
    ("a: 1", 1, "a whole number"),
    ("a: 1.5", 1.5, "a decimal"),
    ("a: true", True, "a truth"),
    ("a: no", "no", "the Norwegian country code is no truth"),
    ("a: off", "off", "nor is this"),
    ("a: 0101", "0101", "a kommunekode keeps its zero"),
    ("a: 12:30", "12:30", "a time is no sexagesimal number"),
    ("a: 2026-11-23", "2026-11-23", "a date is text until a model wants a date"),
    ("a: '1'", "1", "quotes make text"),
    ("a: ~", None, "nothing"),
    ("a:", None, "nothing"),
    ("a: 1e3", "1e3", "no surprise numbers"),
    ("a: [x, y]", ["x", "y"], "a list"),
    ("\ufeffa: x", "x", "a byte order mark of Notepad"),
    ("a: x\ty", "x\ty", "a tab inside a value is a character like any other"),
]


@pytest.mark.parametrize(("text", "value", "reason"), VALUES)
def test_plain_values_are_the_words_they_look_like(text: str, value: object, reason: str) -> None:
    assert parse_yaml(text, "f.yaml").value["a"] == value, reason


FAULTS = [
    ("", "f.yaml:1: the file is empty"),
    ("# nothing\n", "f.yaml:1: the file is empty"),
    ("- a\n", "f.yaml:1: the file must hold `key: value` lines"),
    ("word", "f.yaml:1: the file must hold `key: value` lines"),
    ("a: 1\n\tb: 2\n", "f.yaml:2: a tab stands where spaces must be"),
    ("a:\n\t- b\n", "f.yaml:2: a tab stands where spaces must be"),
    ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key `a` stands here twice (first on line 1)"),
    ("a: &x 1\nb: *x\n", "f.yaml:2: the alias `*x` is not allowed here"),
    ("a: &x [*x]\n", "f.yaml:1: the alias `*x` is not allowed here"),
    ("*x : 1\n", "f.yaml:1: the alias `*x` is not allowed here"),
    ("a: !!python/object:os.system x\n", "f.yaml:1: the tag `tag:yaml.org,2002:python/object:os.system`"),
    ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins here"),
    ("? [a]\n: 1\n", "f.yaml:1: a list or mapping cannot be a key"),
    ("a: b: c\n", "f.yaml:1: this is no YAML: mapping values are not allowed"),
    ("a: [1,\n", "f.yaml:2: this is no YAML"),
    ("a: 1\nb: \x01\n", "f.yaml:2: a control character U+0001 stands here"),
    ("[" * 100_000, "f.yaml:1: nested deeper than 32 levels"),
    (b"a: 1\nb: \xe6\n", "f.yaml:2: the file is not UTF-8 text"),
    ("a" * (MAX_BYTES + 1), f"f.yaml:1: the file has {MAX_BYTES + 1} bytes"),
]


@pytest.mark.parametrize(("text", "line"), FAULTS, ids=[line for _, line in FAULTS])
def test_a_fault_has_its_file_and_line(text: str | bytes, line: str) -> None:
    with pytest.raises(YamlError) as caught:
        parse_yaml(text, "f.yaml")
    assert caught.value.lines[0].startswith(line)


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    laughs = "a: &a [lol]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
    with pytest.raises(YamlError) as caught:
        parse_yaml(laughs, "f.yaml")
    assert len(caught.value.lines) <= 100
    assert caught.value.lines[0].startswith("f.yaml:2: the alias `*a`")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(YamlError) as caught:
        parse_yaml("a: 1\na: 2\nb: *x\nc: !new 3\n", "f.yaml")
    assert [line.partition(": ")[0] for line in caught.value.lines] == ["f.yaml:2", "f.yaml:3", "f.yaml:4"]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int = Field(1, ge=1)


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    items: list[Inner] = []
    table: dict[str, Inner] = {}


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(YamlError) as caught:
        validated(Outer, parse_yaml(text, "f.yaml"))
    return caught.value.lines


def test_a_model_refuses_by_line_and_says_what_would_be_right() -> None:
    text = "nam: x\nitems:\n  - port: 1\n  - prot: 2\n    port: zero\ntable:\n  x: {port: 0}\n  y: {zzz: 1}\n"
    assert refused(text) == (
        "f.yaml:1: the key `name` is missing",
        "f.yaml:1: unknown key `nam`, did you mean `name`?",
        "f.yaml:4: unknown key `items[2].prot`, did you mean `port`?",
        "f.yaml:5: `items[2].port`: a whole number is wanted, not `zero`",
        "f.yaml:7: `table.x.port`: the number is too small, write at least 1, not `0`",
        "f.yaml:8: unknown key `table.y.zzz`; the keys here are port",
    )


def test_an_empty_value_is_called_empty() -> None:
    assert refused("name:\n") == (
        "f.yaml:1: `name`: the value is missing, write one after the colon or remove the key",
    )


def test_a_long_wrong_value_is_cut_and_printable() -> None:
    line = refused('name: [1]\nitems: "' + "\\x07x" * 100 + '"\n')[1]
    assert len(line) < 200
    assert line.isprintable()


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}*&!'\"#|>%@`,?~\x00\ud7ff0"), max_size=60))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    assert all(line.startswith("f.yaml:") for line in faults_of(text))


def faults_of(text: str) -> tuple[str, ...]:
    try:
        document = parse_yaml(text, "f.yaml")
    except YamlError as error:
        return error.lines or ("nothing said",)
    return () if isinstance(document.value, dict) else ("no mapping",)
