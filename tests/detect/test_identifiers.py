"""Other identifiers are recorded and block nothing unless the policy says so."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.detect import Detectors, Rules
from gateway.mail.finding import Confidence
from gateway.mail.fragment import Fragment
from gateway.mail.place import TEXT
from tests.detect.conftest import POLICY

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        pytest.param("Pasnr. 200000001", "passport", id="passport with its word"),
        pytest.param("kørekortnummer: 20000001", "driving_licence", id="driving licence"),
        pytest.param("Konto 9999 0001234567", "bank_account", id="account after its word"),
        pytest.param("IBAN DK09 9999 2012 0631 40", "iban", id="IBAN needs no word"),
    ],
)
def test_identifiers_are_recorded_and_do_not_block(find, text: str, category: str) -> None:
    found = [each for each in find(text) if each.detector == "identifier"]
    assert category in {each.category for each in found}
    assert all(each.confidence == Confidence.POSSIBLE for each in found)


def test_digits_without_their_word_are_nothing(find) -> None:
    assert not find("Der kom 20000001 besøgende")


def own(rules_data: dict, **fields: object) -> Rules:
    entry = {"name": "medarbejdernr", "pattern": "M-[0-9]{5}", **fields}
    extra = {"kind": "identifiers", "identifiers": [entry]}
    return Rules.from_mapping({**rules_data, "ord": {**rules_data["ord"], "vores": extra}})


def test_an_admin_adds_an_identifier_that_blocks(rules_data: dict) -> None:
    rules = own(rules_data, category="personnel", confidence="likely")
    found = Detectors(rules).find([Fragment(TEXT, "Medarbejder M-12345 er stoppet")], today=TODAY)
    assert [(each.category, each.confidence) for each in found] == [("personnel", Confidence.LIKELY)]
    assert "12345" not in repr(found)


@pytest.mark.parametrize("pattern", [r"(a+)\1", "(?=a)b", "(?<!a)b", "((a{1,1000}){1,1000}){1,1000}", "(", "[z-a]"])
def test_a_pattern_that_could_blow_up_is_refused(rules_data: dict, pattern: str) -> None:
    with pytest.raises(ValueError, match="refused"):
        Detectors(own(rules_data, pattern=pattern))


def test_check_names_the_place_of_a_pattern_that_could_blow_up(tmp_path: Path) -> None:
    shutil.copytree(POLICY, tmp_path / "policy")
    words = tmp_path / "policy" / "ord" / "vores.yaml"
    words.write_text("kind: identifiers\nidentifiers:\n  - name: medarbejdernr\n    pattern: '(a+)\\1'\n")
    result = CliRunner().invoke(main, ["check", "--policy", str(tmp_path / "policy")])
    assert result.exit_code == 2
    assert f"{words}:3: identifiers: the pattern of 'medarbejdernr' is refused" in result.output
    assert "Traceback" not in result.output


def test_a_blocking_identifier_needs_a_category_of_the_contracts(rules_data: dict) -> None:
    with pytest.raises(ValueError, match="category"):
        own(rules_data, confidence="likely")
