"""The detectors' data: what the policy's YAML says about numbers and words, checked once and frozen.

Takes plain values (the policy room reads the files and knows the lines) and complains with a ValueError in clear text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.detect.evidence import EVIDENCE
from gateway.mail.finding import CATEGORIES, Confidence

LONG = 7
"""A word has at least so many letters if a slip in it leaves it recognisable and makes no other word of it."""

_LABELS = ("weak_cues", "counter_cues", "weak_counter_cues", "run_counter_cues", "person_words")


@dataclass(frozen=True, slots=True)
class CprRules:
    """What cpr.yaml says."""

    exception_dates: frozenset[datetime.date] = frozenset()
    allow: frozenset[str] = field(default=frozenset(), repr=False)
    cues: tuple[str, ...] = ("*cpr*",)
    weak_cues: tuple[str, ...] = ()
    counter_cues: tuple[str, ...] = ()
    weak_counter_cues: tuple[str, ...] = ()
    run_counter_cues: tuple[str, ...] = ()
    person_words: tuple[str, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    thresholds: Mapping[Confidence, int] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> CprRules:
        known = ("exception_dates", "allow", "cues", *_LABELS, "weights", "thresholds")
        _only(data, known, "cpr.yaml")
        return cls(
            exception_dates=frozenset(_date(each) for each in _strings(data, "exception_dates")),
            allow=frozenset(_number(each) for each in _strings(data, "allow")),
            cues=tuple(_words(data, "cues")) or ("*cpr*",),
            **{key: tuple(_words(data, key)) for key in _LABELS},
            weights=_weights(data.get("weights", {})),
            thresholds=_thresholds(data.get("thresholds", {})),
        )


@dataclass(frozen=True, slots=True)
class TermRules:
    """The words of one category, by strength, and the look-alikes that are not."""

    category: str
    strong: tuple[str, ...] = ()
    medium: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    slips: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, name: str, data: Mapping[str, Any]) -> TermRules:
        lists_known = ("strong", "medium", "weak", "stop", "slips")
        _only(data, ("kind", "category", *lists_known), f"ord/{name}.yaml")
        category = str(data.get("category", name))
        if category not in CATEGORIES:
            raise ValueError(f"ord/{name}.yaml: category {category!r} is not one of {', '.join(CATEGORIES)}")
        lists = {key: tuple(_phrases(data, key, name)) for key in lists_known}
        for word in lists["slips"]:
            if len(word.strip("*")) < LONG or not word.strip("*").isalpha():
                raise ValueError(f"ord/{name}.yaml: slips: {word!r} should be one word of at least {LONG} letters")
        return cls(category=category, **lists)


@dataclass(frozen=True, slots=True)
class PersonRules:
    """Who is identifiable."""

    names: frozenset[str] = frozenset()
    ambiguous_names: frozenset[str] = frozenset()
    not_names: frozenset[str] = frozenset()
    openers: frozenset[str] = frozenset()
    titles: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    introductions: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    self: tuple[str, ...] = ()
    predicates: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    nobody: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, name: str, data: Mapping[str, Any]) -> PersonRules:
        sets = ("names", "ambiguous_names", "not_names", "openers")
        lists = ("titles", "acts", "introductions", "relations", "groups", "self", "predicates", "nobody")
        _only(data, ("kind", *sets, *lists), f"ord/{name}.yaml")
        return cls(
            names=frozenset(_strings(data, "names")),
            ambiguous_names=frozenset(_strings(data, "ambiguous_names")),
            not_names=frozenset(_strings(data, "not_names")),
            openers=frozenset(_strings(data, "openers")),
            titles=tuple(_phrases(data, "titles", name)),
            acts=tuple(_phrases(data, "acts", name)),
            introductions=tuple(_phrases(data, "introductions", name)),
            relations=tuple(_phrases(data, "relations", name)),
            self=tuple(_phrases(data, "self", name)),
            predicates=tuple(_phrases(data, "predicates", name)),
            groups=tuple(_phrases(data, "groups", name)),
            nobody=tuple(_phrases(data, "nobody", name)),
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """What each word adds to a judgement, in hundredths of log odds, and what it starts from."""

    of: Mapping[str, int] = field(default_factory=dict, repr=False)
    bias: int = 0

    @classmethod
    def from_mapping(cls, where: str, data: Mapping[str, Any]) -> Weights:
        _only(data, ("bias", "weights"), where)
        bias = data.get("bias", 0)
        if not isinstance(bias, int):
            raise ValueError(f"{where}: bias: should be a whole number")
        weights = _by_word(data, "weights", where)
        steps = dict.fromkeys(weights.values(), 0)
        for step in steps:
            if not re.fullmatch(r"[-+]?[0-9]{1,6}", step):
                raise ValueError(f"{where}: weights: {step!r} should be a whole number")
            steps[step] = int(step)
        return cls({word: steps[step] for word, step in weights.items()}, bias)


@dataclass(frozen=True, slots=True)
class LearnedRules:
    """What was learned from labelled mail: how sentences read, and passages, and what their words speak of."""

    sentence: Weights = field(default_factory=Weights)
    passage: Weights = field(default_factory=Weights)
    categories: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_mapping(cls, name: str, data: Mapping[str, Any]) -> LearnedRules:
        where = f"ord/{name}.yaml"
        _only(data, ("kind", "learned_from", "sentence", "passage", "categories"), where)
        sentence, passage = (
            Weights.from_mapping(f"{where}: {judged}", data.get(judged, {})) for judged in ("sentence", "passage")
        )
        categories = _by_word(data, "categories", where)
        for category in categories.values():
            if category not in CATEGORIES:
                raise ValueError(f"{where}: categories: {category!r} is not one of {', '.join(CATEGORIES)}")
        return cls(sentence, passage, categories)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number or code of the policy's own: its pattern, the words that must introduce it, what it counts as."""

    name: str
    pattern: str = field(repr=False)
    cues: tuple[str, ...] = ()
    category: str = ""
    confidence: Confidence = Confidence.POSSIBLE
    file: str = ""

    @classmethod
    def from_mapping(cls, file: str, data: object) -> Identifier:
        if not isinstance(data, Mapping) or not data.get("name") or not data.get("pattern"):
            raise ValueError(f"ord/{file}.yaml: identifiers: each should have a name and a pattern")
        _only(data, ("name", "pattern", "cues", "category", "confidence"), f"ord/{file}.yaml")
        name, category = str(data["name"]), str(data.get("category", data["name"]))
        try:
            confidence = Confidence.parse(str(data.get("confidence", "possible")))
        except KeyError:
            raise ValueError(
                f"ord/{file}.yaml: identifiers: the confidence of {name!r} should be possible, likely or certain"
            ) from None
        if confidence > Confidence.POSSIBLE and category not in CATEGORIES:
            raise ValueError(
                f"ord/{file}.yaml: identifiers: {name!r} would block, so its category should be one of"
                f" {', '.join(CATEGORIES)}"
            )
        return cls(name, str(data["pattern"]), tuple(_words(data, "cues")), category, confidence, file)


@dataclass(frozen=True, slots=True)
class WordRules:
    """What the files of ord/ say together."""

    terms: tuple[TermRules, ...] = ()
    persons: PersonRules = field(default_factory=PersonRules)
    innocent: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    light: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    excuses: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    learned: LearnedRules = field(default_factory=LearnedRules)
    weights: Mapping[str, int] = field(default_factory=dict)
    thresholds: Mapping[Confidence, int] = field(default_factory=lambda: _thresholds({}))

    @classmethod
    def from_mapping(cls, files: Mapping[str, Any]) -> WordRules:
        kinds = _by_kind(files)
        scored_in, scoring = next(iter(kinds["scoring"]), ("scoring", {}))
        persons = [PersonRules.from_mapping(name, data) for name, data in kinds["persons"]]
        learned = [LearnedRules.from_mapping(name, data) for name, data in kinds["learned"]]
        return cls(
            terms=tuple(TermRules.from_mapping(name, data) for name, data in kinds["terms"]),
            persons=persons[0] if persons else PersonRules(),
            innocent=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "phrases", name)),
            others=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "others", name)),
            topics=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "topics", name)),
            excuses=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "excuses", name)),
            heads=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "heads", name)),
            things=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "things", name)),
            light=tuple(phrase for name, data in kinds["innocent"] for phrase in _phrases(data, "light", name)),
            identifiers=tuple(
                Identifier.from_mapping(name, each)
                for name, data in kinds["identifiers"]
                for each in data.get("identifiers") or ()
            ),
            learned=learned[0] if learned else LearnedRules(),
            weights=_weights(scoring.get("weights", {}), f"ord/{scored_in}.yaml: "),
            thresholds=_thresholds(scoring.get("thresholds", {}), f"ord/{scored_in}.yaml: "),
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the detectors take from the policy."""

    cpr: CprRules
    words: WordRules

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Rules:
        """`{"cpr": values of cpr.yaml, "ord": {NAME: values of ord/NAME.yaml}}`."""
        _only(data, ("cpr", "ord"), "the detectors' rules")
        return cls(
            cpr=CprRules.from_mapping(data.get("cpr") or {}), words=WordRules.from_mapping(data.get("ord") or {})
        )


def _by_kind(files: Mapping[str, Any]) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    names = ("terms", "persons", "innocent", "identifiers", "learned", "scoring")
    kinds: dict[str, list[tuple[str, Mapping[str, Any]]]] = {name: [] for name in names}
    for name, data in sorted(files.items()):
        if not isinstance(data, Mapping) or data.get("kind") not in kinds:
            raise ValueError(f"ord/{name}.yaml: kind should be one of {', '.join(kinds)}")
        kinds[data["kind"]].append((name, data))
    return kinds


def _by_word(data: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    """What each word stands under, of lists in one line each, parted by commas."""
    values = data.get(key) or {}
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}: {key}: should hold names and, for each, words with commas between them")
    under: dict[str, str] = {}
    for name, text in values.items():
        for word in text.split(", ") if isinstance(text, str) else [""]:
            if not word or "," in word or word != word.strip():
                raise ValueError(
                    f"{where}: {key}: {str(name)!r} should have words with a comma and a space between them"
                )
            if word in under:
                raise ValueError(
                    f"{where}: {key}: {str(name)!r} holds {word!r}, which stands under {under[word]!r} already"
                )
            under[word] = str(name)
    return under


def _phrases(data: Mapping[str, Any], key: str, file: str) -> list[str]:
    phrases = _words(data, key)
    for phrase in phrases:
        if "*" in phrase[1:-1] or "+" in phrase[1:-1]:
            raise ValueError(f"ord/{file}.yaml: {key}: {phrase!r} has * or + inside; they may stand at its ends only")
        if len(phrase.strip("*+ ")) < 2:
            raise ValueError(f"ord/{file}.yaml: {key}: {phrase!r} is too short to mean anything")
    return phrases


def _only(data: object, known: Sequence[str], where: str) -> None:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: should hold names and values")
    for key in data:
        if key not in known:
            raise ValueError(f"{where}: {key!r} is not known here; known are {', '.join(known)}")


def _strings(data: Mapping[str, Any], key: str) -> list[str]:
    values = data.get(key) or []
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ValueError(f"{key}: should be a list")
    return [value.isoformat() if isinstance(value, datetime.date) else str(value) for value in values]


def _words(data: Mapping[str, Any], key: str) -> list[str]:
    words = _strings(data, key)
    for word in words:
        if len(word.strip("*+ ")) < 1 or word != word.strip():
            raise ValueError(f"{key}: {word!r} holds no letters, or begins or ends with a space")
    return words


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"exception_dates: {text!r} is no date; write YYYY-MM-DD") from None


def _number(text: str) -> str:
    digits = re.sub(r"[ \-]", "", text)
    if not re.fullmatch(r"[0-9]{10}", digits):
        raise ValueError("allow: an entry is not ten digits; write it as DDMMYY-SSSS in quotes")
    return digits


def _weights(values: object, where: str = "") -> Mapping[str, int]:
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}weights: should hold names and numbers")
    for name, value in values.items():
        if name not in EVIDENCE:
            raise ValueError(f"{where}weights: {name!r} is no kind of evidence; known are {', '.join(EVIDENCE)}")
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{where}weights: {name} should be a whole number")
    return {name: int(values.get(name, 0)) for name in EVIDENCE}


def _thresholds(values: object, where: str = "") -> Mapping[Confidence, int]:
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}thresholds: should hold possible, likely and certain")
    defaults = {"possible": 20, "likely": 50, "certain": 90}
    for name, value in values.items():
        if name not in defaults or not isinstance(value, int):
            raise ValueError(f"{where}thresholds: should hold possible, likely and certain, each a whole number")
    wanted = {**defaults, **values}
    if not wanted["possible"] <= wanted["likely"] <= wanted["certain"]:
        raise ValueError(f"{where}thresholds: possible, likely and certain should rise in this order")
    return {Confidence.parse(name): int(value) for name, value in wanted.items()}
