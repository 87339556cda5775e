"""The measure itself: labels, figures, other detectors, the picture."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.evaluate import command
from gateway.detect.rules import CprRules
from gateway.evaluation import figures
from gateway.evaluation.figures import Label, Outcome, Share
from gateway.evaluation.picture import confusion
from gateway.evaluation.rivals import rivals


def outcome(label: str, *why: str, blocked: bool, found: tuple[str, ...] = (), note: str = "") -> Outcome:
    return Outcome(Label("m.eml", label, why, "case", note), frozenset(found), blocked)


OUTCOMES = [
    outcome("block", "cpr", blocked=True, found=("cpr",)),
    outcome("block", "cpr", blocked=False),
    outcome("block", "cpr", blocked=False, note="image only, needs OCR"),
    outcome("block", "social", blocked=True, found=("family",)),
    outcome("allow", blocked=False),
    outcome("allow", blocked=True, found=("health",)),
    outcome("gray", "health", blocked=True, found=("health",)),
]


def test_figures() -> None:
    assert figures.cpr_recall(OUTCOMES) == Share(1, 3)
    assert figures.cpr_recall(OUTCOMES, pictures=False) == Share(1, 2)
    assert figures.sensitive_recall(OUTCOMES) == Share(1, 1)
    assert figures.false_blocks(OUTCOMES) == Share(1, 2)
    assert figures.precision(OUTCOMES) == Share(2, 3), "gray is not counted"
    assert figures.by(OUTCOMES, "tier") == {"picture": Share(0, 1), "plain": Share(2, 3)}
    assert figures.category_recall(OUTCOMES)["social"] == Share(1, 1), "family is called social in labels"


def test_nothing_of_nothing_is_no_fault() -> None:
    assert figures.cpr_recall([]).percent == 100
    assert str(Share(0, 0)) == "none"


def test_a_line_that_is_no_label_is_named_by_its_number() -> None:
    with pytest.raises(ValueError, match="line 2"):
        figures.read_labels('{"file": "a", "label": "allow"}\n{"file": "b"}\n')


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("cpr 090110-2554", "Trellix Purview-low Purview-medium OSdatascanner Presidio"),
        ("150322-6239", "Trellix Presidio"),
        ("090110 2554", "Purview-low OSdatascanner"),
        ("cpr 15 03 22 6239", ""),
        ("Fakturanr. 1712021175", "Trellix Purview-low Presidio"),
        ("cpr 090110–2554", ""),
        (
            "cpr １５０３２２６２３９",
            "",
        ),  # full-width: their digits are any digits, and their check needs ten plain ones
    ],
)
def test_other_detectors_do_what_their_definitions_say(text: str, want: str) -> None:
    found = {name for name, finds in rivals(CprRules()).items() if finds([text])}
    short = {
        "Trellix": "Trellix, bare pattern",
        "Purview-low": "Purview, low",
        "Purview-medium": "Purview, medium",
        "OSdatascanner": "OSdatascanner, pattern and stop words",
        "Presidio": "Presidio, proposed patterns",
    }
    assert found == {short[name] for name in want.split()}


def test_the_picture_is_well_formed() -> None:
    from xml.etree import ElementTree

    assert ElementTree.fromstring(confusion(OUTCOMES)).tag.endswith("svg")


def corpus(folder: Path, *messages: tuple[str, str, str]) -> Path:
    lines = []
    for number, (label, why, text) in enumerate(messages):
        name = f"m{number}.eml"
        mail = f"From: dagklub@lavuk.dk\r\nTo: a@example.org\r\nSubject: Hej\r\n\r\n{text}\r\n"
        (folder / name).write_bytes(mail.encode())
        lines.append(json.dumps({"file": name, "label": label, "why": [why] if why else [], "case": "c", "note": ""}))
    (folder / "labels.jsonl").write_text("\n".join(lines))
    return folder


def test_the_command_tells_figures_and_exits_by_the_targets(tmp_path: Path) -> None:
    folder = corpus(tmp_path, ("block", "cpr", "cpr 150322-6239"), ("allow", "", "Vi ses kl. 8"))
    result = CliRunner().invoke(command, [str(folder), "--targets", "--picture", str(tmp_path / "p.svg")])
    assert result.exit_code == 0, result.output
    assert "CPR recall                 100.0 %" in result.output
    assert (tmp_path / "p.svg").exists()
    folder = corpus(tmp_path, ("block", "cpr", "intet nummer her"))
    result = CliRunner().invoke(command, [str(folder), "--targets"])
    assert result.exit_code == 1
    assert "m0.eml" in result.output


def test_a_folder_without_labels_is_told_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 2
    assert "labels.jsonl" in result.output


@pytest.mark.shared
def test_the_targets_hold_on_the_labelled_corpus() -> None:
    folder = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus" / "dev"
    if not folder.is_dir():
        pytest.skip("../shared/corpus/dev is not there")
    result = CliRunner().invoke(command, [str(folder), "--targets"])
    assert result.exit_code == 0, result.output
