"""The confusion picture: what should have happened against what did, as an SVG that needs nothing to be shown."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.evaluation.figures import Outcome, Share, category_recall

_WIDTH, _LINE = 640, 26
_GOOD, _BAD, _GRAY, _INK = "#3a7d44", "#b3402a", "#9a9a9a", "#222222"


def confusion(outcomes: Sequence[Outcome]) -> str:
    """Labels against verdicts as bars, then the recall of every category."""
    lines = [*_verdicts(outcomes), ("", "", 0.0, _INK), *_categories(outcomes)]
    height = _LINE * (len(lines) + 2)
    bars = "\n".join(_bar(number, *line) for number, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif"'
        f' font-size="13" fill="{_INK}"><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="10" y="18" font-weight="bold">Labels against verdicts, and recall by category</text>\n'
        f"{bars}\n</svg>\n"
    )


def _verdicts(outcomes: Sequence[Outcome]) -> list[tuple[str, str, float, str]]:
    rows = []
    for label, blocked, colour in (
        ("block", True, _GOOD),
        ("block", False, _BAD),
        ("allow", False, _GOOD),
        ("allow", True, _BAD),
        ("gray", True, _GRAY),
        ("gray", False, _GRAY),
    ):
        group = [each for each in outcomes if each.label.label == label]
        share = Share(sum(each.blocked == blocked for each in group), len(group))
        rows.append((f"{label} → {'blocked' if blocked else 'relayed'}", str(share), share.percent, colour))
    return rows


def _categories(outcomes: Sequence[Outcome]) -> list[tuple[str, str, float, str]]:
    return [(name, str(share), share.percent, _GOOD) for name, share in category_recall(outcomes).items()]


def _bar(number: int, name: str, text: str, percent: float, colour: str) -> str:
    y = _LINE * (number + 1) + 12
    if not name:
        return ""
    return (
        f'<text x="10" y="{y + 13}">{name}</text><rect x="150" y="{y}" width="{percent * 2.6:.1f}" height="18"'
        f' fill="{colour}"/><text x="425" y="{y + 13}">{text}</text>'
    )
