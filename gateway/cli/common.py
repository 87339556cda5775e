"""What several verbs share: the options, where the policy lies, and faults told in one line each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

import gateway
from gateway.reading import ServiceError
from gateway.yamltext import YamlError

FAULT = 2
"""Exit status for bad settings, policy or arguments."""

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """`--config FILE`, as every verb takes it."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The settings, postvagt.yaml; without it the embedded default.",
    )
    return option(command)


@contextmanager
def faults_told() -> Iterator[None]:
    """A fault of settings, policy or arguments ends with status 2 and its lines on stderr, never with a traceback."""
    try:
        yield
    except YamlError as error:
        for line in error.lines:
            click.echo(line, err=True)
    except ServiceError as error:
        click.echo(f"postvagt: {error}", err=True)
    else:
        return
    sys.exit(FAULT)


def default_policy() -> Path:
    """The policy that comes with the gateway: in this folder, beside the code, or where a wheel puts it."""
    name = Path("policies") / "lavuk"
    places = (Path.cwd(), Path(gateway.__file__).parent.parent, Path(sys.prefix) / "share" / "postvagt")
    return next((place / name for place in places if (place / name).is_dir()), name)
