"""The organisation's own rules, read from the policy as the policy room hands them over."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.detect import Detectors, Rules
from gateway.mail.finding import Finding
from gateway.mail.fragment import Fragment
from gateway.mail.place import TEXT

POLICY = Path(__file__).resolve().parents[2] / "policies" / "lavuk"
TODAY = datetime.date(2026, 11, 24)

Find = Callable[..., tuple[Finding, ...]]


def policy_data() -> dict[str, Any]:
    words = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((POLICY / "ord").glob("*.yaml"))}
    return {"cpr": yaml.safe_load((POLICY / "cpr.yaml").read_text("utf-8")), "ord": words}


@pytest.fixture(scope="session")
def rules_data() -> dict[str, Any]:
    return policy_data()


@pytest.fixture(scope="session")
def detectors(rules_data: dict[str, Any]) -> Detectors:
    return Detectors(Rules.from_mapping(rules_data))


@pytest.fixture(scope="session")
def find(detectors: Detectors) -> Find:
    """Findings in the given texts, each the text part of a message."""

    def find_in(*texts: str) -> tuple[Finding, ...]:
        return detectors.find([Fragment(TEXT, text) for text in texts], today=TODAY)

    return find_in
