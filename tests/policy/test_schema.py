"""The schemas that editors get say what the loader does: the shipped files fit, a wrong one does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.policy.schema import schema_of, schemas
from gateway.settings import Settings
from gateway.yamltext import parse_yaml

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """\
listeners: [{role: outbound, listen: "127.0.0.1:25", trust: ["10.0.0.0/8"], next_hop: {host: a.example, tls: required}}]
policy: policies/lavuk
audit: {store: "sqlite:///a.db"}
limits: {scan_seconds: 20}
"""


def misfits(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """What an editor would underline, for the part of JSON Schema that our schemas use."""
    if "$ref" in schema:
        yield from misfits(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
        return
    if "anyOf" in schema and all(any(misfits(value, one, root, where)) for one in schema["anyOf"]):
        yield f"{where}: fits none"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value}"
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    kind = schema.get("type")
    if kind == "null":
        if value is not None:
            yield f"{where}: not null"
    elif kind and not isinstance(value, kinds[kind]):
        yield f"{where}: no {kind}"
    if isinstance(value, dict) and "anyOf" not in schema:
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        yield from (f"{where}: {key} is missing" for key in schema.get("required", ()) if key not in value)
        for key, inner in value.items():
            if key in known:
                yield from misfits(inner, known[key], root, f"{where}.{key}")
            elif rest is False:
                yield f"{where}: unknown {key}"
            elif isinstance(rest, dict):
                yield from misfits(inner, rest, root, f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, inner in enumerate(value):
            yield from misfits(inner, schema["items"], root, f"{where}[{number}]")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where}: {value} against {schema['pattern']}"


def files() -> Iterator[tuple[str, Path]]:
    for folder in ("lavuk", "eksempel"):
        base = ROOT / "policies" / folder
        for path in sorted([*base.glob("*.yaml"), *base.glob("lists/*.yaml")]):
            name = "lists/*.yaml" if path.parent.name == "lists" else path.name
            if name != "cpr.yaml":
                yield name, path


@pytest.mark.parametrize(("name", "path"), list(files()), ids=lambda value: str(value).rpartition("policies/")[2])
def test_the_shipped_files_fit(name: str, path: Path) -> None:
    schema = schemas()[name]
    assert list(misfits(parse_yaml(path.read_text("utf-8"), name).value, schema, schema)) == []


def test_settings_fit() -> None:
    schema = schema_of(Settings)
    assert list(misfits(parse_yaml(SETTINGS, "f").value, schema, schema)) == []
    assert list(misfits({"listener": []}, schema, schema)) == [
        ": listeners is missing",
        ": policy is missing",
        ": audit is missing",
        ": unknown listener",
    ]


def test_the_command_writes_a_file_a_schema(tmp_path: Path) -> None:
    from gateway.cli.schema import command

    result = CliRunner().invoke(command, ["--to", str(tmp_path)])
    assert result.exit_code == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"postvagt.schema.json", "matrix.schema.json", "lists.schema.json"} <= names
    assert all(json.loads(path.read_text("utf-8"))["$schema"] for path in tmp_path.iterdir())
    every = json.loads(CliRunner().invoke(command, []).stdout)
    assert every["verdict.yaml"]["properties"]["block_at"]["default"] == "likely"
