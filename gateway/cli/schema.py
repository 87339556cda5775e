"""`postvagt schema`: JSON Schema of settings and policy files, for editors."""

from __future__ import annotations

import json
from pathlib import Path

import click

SUFFIX = ".schema.json"


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write one file a schema into this folder; without it all go to standard output as one object.",
)
def command(folder: Path | None) -> None:
    """Write the JSON Schema of postvagt.yaml and of every file of a policy folder.

    Editors then complete keys and underline mistakes: put this on a file's first line, with the schema's path:
    # yaml-language-server: $schema=PATH
    """
    from gateway.policy.schema import schema_of, schemas
    from gateway.settings import Settings

    every = {"postvagt.yaml": schema_of(Settings), **schemas()}
    if folder is None:
        click.echo(json.dumps(every, indent=2, ensure_ascii=False))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in every.items():
        file = folder / (_stem(name) + SUFFIX)
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
        click.echo(str(file))


def _stem(name: str) -> str:
    """`lists/*.yaml` is written to lists.schema.json."""
    return name.removesuffix(".yaml").removesuffix("/*")
