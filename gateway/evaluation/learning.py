"""Learns from labelled texts how sentences read that are sensitive, and how those that are not (detect/wording.py).

Logistic regression over what a sentence is known by, with the weights pulled towards nought; the same texts give the
same weights, every time. No part of the gateway: it runs when the texts have changed, and its result is a file of the
policy that a person can read.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, sqrt
from pathlib import Path
from typing import Any, NamedTuple

from gateway.detect.normalise import fold, letters
from gateway.detect.sensitive import SensitiveDetector
from gateway.detect.wording import Wording, learned_from
from gateway.mail.finding import CATEGORIES

_WIDTH = 118
LEAST = 3
"""A sign is learned when so many texts have it."""

_SHARE = 0.7
"""A sign tells of a category when so many of its texts are of it."""

_PULL, _ROUNDS, _RATE, _SPREAD = 0.1, 15, 0.1, 3.0


class Text(NamedTuple):
    """A labelled text: one sentence or a mail with its subject before it, and whether it should be stopped."""

    text: str
    is_sensitive: bool
    why: tuple[str, ...] = ()
    is_mail: bool = True


class Example(NamedTuple):
    """What is learned from: the signs of a sentence and its passage, and the text it stands in."""

    signs: frozenset[str]
    text: Text


@dataclass(frozen=True)
class Learned:
    """What was learned, as it is written into the policy."""

    weights: Mapping[str, int]
    categories: Mapping[str, str]
    bias: int

    def as_mapping(self) -> dict[str, Any]:
        """The values of the policy's file: under each weight and each category its words."""
        weights: dict[str, list[str]] = defaultdict(list)
        for sign, weight in sorted(self.weights.items(), key=lambda each: (each[1], each[0])):
            weights[f"{weight:+}"].append(sign)
        categories: dict[str, list[str]] = defaultdict(list)
        for sign, category in sorted(self.categories.items(), key=lambda each: (each[1], each[0])):
            categories[category].append(sign)
        return {
            "kind": "learned",
            "bias": self.bias,
            "weights": {weight: ", ".join(words) for weight, words in weights.items()},
            "categories": {category: ", ".join(words) for category, words in categories.items()},
        }

    def as_yaml(self, heading: str, source: str) -> str:
        """The file of the policy. source: the digest of the texts it was learned from."""
        lines = [heading, f'learned_from: "{source}"']
        for key, value in self.as_mapping().items():
            if isinstance(value, dict):
                lines.append(f"{key}:")
                for name, words in value.items():
                    lines += [f'  "{name}": >-', *_in_lines(words)]
            else:
                lines.append(f"{key}: {value}")
        return "\n".join(lines) + "\n"


def _in_lines(words: str) -> Iterator[str]:
    """Words with commas between them, as lines of a folded block."""
    line = "   "
    for word in words.split(", "):
        if len(line) + len(word) > _WIDTH:
            yield line
            line = "   "
        line += f" {word},"
    yield line.removesuffix(",")


def texts_of_rows(folder: Path) -> list[Text]:
    """The rows of the tests' tables: `+ text # why` is sensitive, `- text # why` is not."""
    lines = [line for file in sorted(folder.glob("*.txt")) for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [(line[0], line[2:].rpartition(" # ")[0] or line[2:]) for line in lines if line[:2] in ("+ ", "- ")]
    return [Text(text.strip(), mark == "+", is_mail=False) for mark, text in rows]


def texts_of_mails(folder: Path) -> dict[str, list[Text]]:
    """The mails of each author, by the name of the file of JSON lines (`label`, `why`, `subject`, `body`).

    ValueError: the file, the line, and what is wrong with it.
    """
    return {file.stem: list(_mails(file)) for file in sorted(folder.glob("*.jsonl"))}


def _mails(file: Path) -> Iterator[Text]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _mail(json.loads(line))
            except ValueError as fault:
                raise ValueError(f"{file.name}:{number}: {fault}") from None


def _mail(mail: object) -> Text:
    if not isinstance(mail, dict):
        raise ValueError("should be one mail, as an object")
    if mail.get("label") not in ("block", "allow"):
        raise ValueError("label: should be block or allow")
    if not all(isinstance(mail.get(field), str) for field in ("subject", "body")):
        raise ValueError("subject, body: should be texts")
    if not isinstance(mail.get("why"), list) or not all(why in CATEGORIES for why in mail["why"]):
        raise ValueError(f"why: should be a list of any of {', '.join(CATEGORIES)}")
    return Text(f"{mail['subject']}\n\n{mail['body']}", mail["label"] == "block", tuple(mail["why"]))


def digest(texts: Iterable[Text]) -> str:
    """Tells whether texts are those that something was learned from."""
    return hashlib.sha256(repr(list(texts)).encode()).hexdigest()[:16]


def examples(texts: Iterable[Text], detector: SensitiveDetector, wording: Wording) -> list[Example]:
    """All of a row; of a mail every sentence whose wording would be asked for."""
    found: list[Example] = []
    for text in texts:
        data = fold(text.text)
        if text.is_mail:
            known = list(detector.passages(data))
        else:
            own = wording.signs(letters(data))
            known = [learned_from(own, [own])]
        found += [Example(signs, text) for signs in known]
    return found


def learn(found: Sequence[Example]) -> Learned:
    """Weights that tell the examples apart (AdaGrad, the examples in a fixed random order)."""
    counts = Counter(sign for example in found for sign in example.signs)
    known = {sign: at for at, sign in enumerate(sorted(_known(found)))}
    pulls = [_PULL / counts[sign] for sign in known]
    rows = [(sorted(known[sign] for sign in known.keys() & signs), text.is_sensitive) for signs, text in found]
    weights, squares = [0.0] * len(known), [1e-8] * len(known)
    bias, square = 0.0, 1e-8
    order = random.Random(len(rows))  # noqa: S311 - nothing secret, the same order every time
    for _ in range(_ROUNDS):
        order.shuffle(rows)
        for row, is_sensitive in rows:
            share = _SPREAD / sqrt(len(row) or 1)
            tendency = bias + share * fsum([weights[at] for at in row])  # sum() adds otherwise since Python 3.12
            error = 1 / (1 + exp(-max(-30.0, min(30.0, tendency)))) - is_sensitive
            square += error * error
            bias -= _RATE * error / sqrt(square)
            for at in row:
                slope = error * share + pulls[at] * weights[at]
                squares[at] += slope * slope
                weights[at] -= _RATE * slope / sqrt(squares[at])
    hundredths = {sign: round(100 * _SPREAD * weights[at]) for sign, at in known.items()}
    kept = {sign: weight for sign, weight in hundredths.items() if weight}
    return Learned(kept, _categories(found, kept), round(100 * bias))


def _known(found: Iterable[Example]) -> set[str]:
    """The signs that several texts share."""
    by_text: dict[str, set[str]] = defaultdict(set)
    for signs, text in found:
        by_text[text.text].update(signs)
    counts = Counter(sign for signs in by_text.values() for sign in signs)
    return {sign for sign, count in counts.items() if count >= LEAST}


def _categories(found: Sequence[Example], weights: Mapping[str, int]) -> dict[str, str]:
    """For each sign that tells of a category, which: most of the texts it stands in are of that one."""
    texts: dict[str, set[Text]] = defaultdict(set)
    for signs, text in found:
        if text.why:
            for sign in signs:
                if weights.get(sign, 0) > 0:
                    texts[sign].add(text)
    categories = {}
    for sign, of_sign in texts.items():
        counts = Counter(category for text in of_sign for category in text.why)
        best = min(counts, key=lambda category: (-counts[category], category))
        if counts[best] >= LEAST and counts[best] > _SHARE * len(of_sign):
            categories[sign] = best
    return categories
