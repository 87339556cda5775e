"""Learns from labelled texts how sentences read that are sensitive, and how those that are not (detect/wording.py).

Two judgements are learned, for neither is as good as both: whether a sentence, by its own words, is the one that says
it (the labels name it), and whether a passage, the sentence and those around it, stands in a text that says it.
Logistic regression, with the weights pulled towards nought; the same texts give the same weights, every time. No part
of the gateway: it runs when the texts have changed, and its result is a file of the policy that a person can read.
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
from gateway.detect.rules import Weights
from gateway.detect.sensitive import SensitiveDetector
from gateway.detect.sentences import Span
from gateway.detect.wording import Wording, signs_in_passage
from gateway.mail.finding import CATEGORIES

_WIDTH = 118
LEAST = 4
"""A sign is learned when so many texts have it."""

_SHARE = 0.7
"""A sign tells of a category when so many of its texts are of it."""

_PULL, _ROUNDS, _RATE, _SPREAD = 0.1, 15, 0.1, 3.0


class Text(NamedTuple):
    """A labelled text: one sentence or a mail with its subject before it, and whether it should be stopped.

    says: the sentences of a mail that say it.
    """

    text: str
    is_sensitive: bool
    why: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    is_mail: bool = True


class Example(NamedTuple):
    """What is learned from: the signs of a sentence and of its passage (itself included), whether it says what its text
    is stopped for, and that text."""

    own: frozenset[str]
    around: frozenset[str]
    says_it: bool
    text: Text

    @property
    def in_passage(self) -> frozenset[str]:
        return signs_in_passage(self.own, self.around)


@dataclass(frozen=True)
class Learned:
    """What was learned, as it is written into the policy."""

    sentence: Weights
    passage: Weights
    categories: Mapping[str, str]

    def as_mapping(self) -> dict[str, Any]:
        """The values of the policy's file: under each weight and each category its words."""
        return {
            "kind": "learned",
            "sentence": {"bias": self.sentence.bias, "weights": _words_under(self.sentence.of)},
            "passage": {"bias": self.passage.bias, "weights": _words_under(self.passage.of)},
            "categories": _words_under(self.categories),
        }

    def as_yaml(self, heading: str, source: str) -> str:
        """The file of the policy. source: the digest of the texts it was learned from."""
        mapping = self.as_mapping()
        lines = [heading, f'learned_from: "{source}"', f"kind: {mapping['kind']}"]
        for judged in ("sentence", "passage"):
            lines += [f"{judged}:", f"  bias: {mapping[judged]['bias']}", "  weights:"]
            lines += _in_blocks(mapping[judged]["weights"], "    ")
        lines += ["categories:", *_in_blocks(mapping["categories"], "  ")]
        return "\n".join(lines) + "\n"


def _words_under(values: Mapping[str, object]) -> dict[str, str]:
    """For each value (weights with their sign, the lowest first) its words with commas between them."""
    words: dict[object, list[str]] = defaultdict(list)
    for word, value in sorted(values.items(), key=lambda each: (each[1], each[0])):
        words[value].append(word)
    return {f"{value:+}" if isinstance(value, int) else str(value): ", ".join(under) for value, under in words.items()}


def _in_blocks(words_under: Mapping[str, str], indent: str) -> Iterator[str]:
    """The lines of YAML of names and, for each, its words in a folded block."""
    for name, words in words_under.items():
        yield f'{indent}"{name}": >-'
        yield from (indent + line for line in _in_lines(words))


def _in_lines(words: str) -> Iterator[str]:
    """Words with commas between them, as lines of a folded block."""
    line = " "
    for word in words.split(", "):
        if len(line) + len(word) > _WIDTH:
            yield line
            line = " "
        line += f" {word},"
    yield line.removesuffix(",")


def texts_of_rows(folder: Path) -> list[Text]:
    """The lines of a folder's tables: `+ text # why` is sensitive, `- text # why` is not, `# …` is a remark.

    ValueError: the file, the line, and what is wrong with it.
    """
    return [row for file in sorted(folder.glob("*.txt")) for row in _rows(file)]


def _rows(file: Path) -> Iterator[Text]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                text = line.decode().strip()
            except ValueError as fault:
                raise ValueError(f"{file.name}:{number}: {fault}") from None
            if text and not text.startswith("#"):
                mark, said = text[:2], text[2:].rpartition(" # ")[0] or text[2:]
                if mark not in ("+ ", "- "):
                    raise ValueError(f"{file.name}:{number}: should begin with '+ ', '- ' or '# '")
                yield Text(said.strip(), mark == "+ ", is_mail=False)


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
    text, says = f"{mail['subject']}\n\n{mail['body']}", mail.get("says")
    if not isinstance(says, list) or not all(isinstance(said, str) and said and said in text for said in says):
        raise ValueError("says: should be a list of sentences that stand in subject or body")
    is_sensitive = mail["label"] == "block"
    if bool(says) != is_sensitive:
        raise ValueError("says: should hold the sentences that a mail to be stopped is stopped for, and no others")
    return Text(text, is_sensitive, tuple(mail["why"]), tuple(says))


def digest(texts: Iterable[Text]) -> str:
    """Tells whether texts are those that something was learned from."""
    return hashlib.sha256(repr(list(texts)).encode()).hexdigest()[:16]


def examples(texts: Iterable[Text], detector: SensitiveDetector, wording: Wording) -> list[Example]:
    """All of a row; of a mail every sentence whose wording would be asked for.

    Both detector and wording should know nothing learned before: they leave out signs that have no weight.
    """
    found: list[Example] = []
    for text in texts:
        data = fold(text.text)
        if not text.is_mail:
            own = wording.signs(letters(data))
            found.append(Example(own, own, text.is_sensitive, text))
            continue
        said = _places(data, text.says)
        for place, own, around in detector.read_sentences(data):
            says_it = any(place.start < each.end and each.start < place.end for each in said)
            found.append(Example(own, around, says_it, text))
    return found


def _places(data: bytes, says: Iterable[str]) -> list[Span]:
    """Where sentences stand in folded text."""
    folded = [fold(said) for said in says]
    starts = [data.find(said) for said in folded]
    return [Span(start, start + len(said)) for start, said in zip(starts, folded, strict=True) if start >= 0]


def learn(found: Sequence[Example]) -> Learned:
    """What tells the examples apart: whether the sentence says it, whether the text does that the passage stands in."""
    of_text = [example.text.text for example in found]
    sentence = _weights([(example.own, example.says_it) for example in found], of_text)
    passage = _weights([(example.in_passage, example.text.is_sensitive) for example in found], of_text)
    return Learned(sentence, passage, _categories(found, passage.of))


def _weights(judged: Sequence[tuple[frozenset[str], bool]], of_text: Sequence[str]) -> Weights:
    """Weights of signs that tell what is so from what is not (AdaGrad, in a fixed random order)."""
    counts = Counter(sign for signs, _ in judged for sign in signs)
    known = {sign: at for at, sign in enumerate(sorted(_known(judged, of_text)))}
    pulls = [_PULL / counts[sign] for sign in known]
    rows = [(sorted(known[sign] for sign in known.keys() & signs), is_so) for signs, is_so in judged]
    weights, squares = [0.0] * len(known), [1e-8] * len(known)
    bias, square = 0.0, 1e-8
    order = random.Random(len(rows))  # noqa: S311 - nothing secret, the same order every time
    for _ in range(_ROUNDS):
        order.shuffle(rows)
        for row, is_so in rows:
            share = _SPREAD / sqrt(len(row) or 1)
            tendency = bias + share * fsum([weights[at] for at in row])  # sum() adds otherwise since Python 3.12
            error = 1 / (1 + exp(-max(-30.0, min(30.0, tendency)))) - is_so
            square += error * error
            bias -= _RATE * error / sqrt(square)
            for at in row:
                slope = error * share + pulls[at] * weights[at]
                squares[at] += slope * slope
                weights[at] -= _RATE * slope / sqrt(squares[at])
    hundredths = {sign: round(100 * _SPREAD * weights[at]) for sign, at in known.items()}
    return Weights({sign: weight for sign, weight in hundredths.items() if weight}, round(100 * bias))


def _known(judged: Sequence[tuple[frozenset[str], bool]], of_text: Sequence[str]) -> set[str]:
    """The signs that several texts share."""
    by_text: dict[str, set[str]] = defaultdict(set)
    for (signs, _), text in zip(judged, of_text, strict=True):
        by_text[text].update(signs)
    counts = Counter(sign for signs in by_text.values() for sign in signs)
    return {sign for sign, count in counts.items() if count >= LEAST}


def _categories(found: Sequence[Example], weights: Mapping[str, int]) -> dict[str, str]:
    """For each sign that tells of a category, which: most of the texts it stands in are of that one."""
    texts: dict[str, set[Text]] = defaultdict(set)
    for example in found:
        if example.text.why:
            for sign in example.in_passage:
                if weights.get(sign, 0) > 0:
                    texts[sign].add(example.text)
    categories = {}
    for sign, of_sign in texts.items():
        counts = Counter(category for text in of_sign for category in text.why)
        best = min(counts, key=lambda category: (-counts[category], category))
        if counts[best] >= LEAST and counts[best] > _SHARE * len(of_sign):
            categories[sign] = best
    return categories
