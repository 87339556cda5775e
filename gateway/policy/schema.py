"""JSON Schema of the policy files, for editors that complete and underline while an admin writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from gateway.policy.load import FILES, LISTS
from gateway.policy.model import DomainList

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """By the file's name in a policy folder; `lists/*.yaml` stands for every list."""
    shapes: dict[str, type[BaseModel]] = {**FILES, f"{LISTS}*.yaml": DomainList}
    return {name: schema_of(shape) for name, shape in shapes.items()}


def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """One model as JSON Schema."""
    return {"$schema": DIALECT, **shape.model_json_schema()}
