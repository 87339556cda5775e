"""YAML that people edit by hand: text in, plain values with line numbers out, and errors a person can act on.

Takes text, never opens a file. What makes YAML surprising is refused by name: tabs, duplicate keys, aliases, tags,
several documents; and `no`, `on` or `0101` are the words they look like. Reads events rather than composed nodes,
because the composer recurses without a limit (a file of brackets would end the process) and shares aliased nodes.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, Union

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 32
MAX_FAULTS = 100
SHOWN_VALUE = 60

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
_WORDS: Mapping[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class YamlError(Exception):
    """Everything that is wrong with a text, one `FILE:LINE: what is wrong, what would be right` a line."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Document:
    """The values of one file and the line each of them stands on."""

    file: str
    value: dict[str, Any]
    lines: Mapping[Path, int]

    def line_of(self, path: Iterable[str | int]) -> int:
        """The line of the value at this path, or of the nearest thing around it that has one."""
        steps = tuple(path)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)

    def line_of_word(self, key: str, word: str) -> int:
        """The line of a word below a top-level key, be it a key itself or a value; of the key when it is not there."""
        for path, line in self.lines.items():
            if path[:1] == (key,) and (path[-1] == word or self._at(path) == word):
                return line
        return self.line_of((key,))

    def _at(self, path: Path) -> Any:
        value: Any = self.value
        for step in path:
            value = value[step]
        return value

    def complaint(self, path: Iterable[str | int], text: str) -> str:
        return f"{self.file}:{self.line_of(path)}: {text}"


def parse_yaml(text: str | bytes, file: str) -> Document:
    """The mapping a file holds; YamlError with every fault that can be told in one reading."""
    text = _as_text(text, file)
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.take(event)
            if reader.too_deep or len(reader.faults) >= MAX_FAULTS:
                break
    except yaml.MarkedYAMLError as error:
        reader.faults.append(_syntax_fault(error, text, file))
    except yaml.YAMLError as error:
        reader.faults.append(f"{file}:{_line_of_character(error, text)}: {_unreadable_character(error)}")
    if reader.faults:
        raise YamlError(reader.faults)
    if reader.documents == 0 or reader.value is None:
        raise YamlError([f"{file}:1: the file is empty, write `key: value` lines"])
    if not isinstance(reader.value, dict):
        raise YamlError([f"{file}:1: the file must hold `key: value` lines, not a list or a single value"])
    return Document(file, reader.value, reader.lines)


def validated(model: type[Model], document: Document, context: object = None) -> Model:
    """The document as a pydantic model; YamlError with every key that is wrong, by line."""
    try:
        return model.model_validate(document.value, context=context)
    except ValidationError as error:
        faults = ((document.line_of(_path(e, document)), _explain(e, model)) for e in error.errors(include_url=False))
        raise YamlError(f"{document.file}:{line}: {text}" for line, text in sorted(set(faults))) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?` when a known word is near, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f", did you mean `{near[0]}`?" if near else ""


def stem(file: str) -> str:
    """The name of a file without its folders and its ending."""
    return file.rpartition("/")[2].rpartition(".")[0]


# ---------------------------------------------------------------- reading


def _as_text(text: str | bytes, file: str) -> str:
    size = len(text)
    if size > MAX_BYTES:
        raise YamlError([f"{file}:1: the file has {size} bytes, more than {MAX_BYTES} are not read"])
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise YamlError([f"{file}:{line}: the file is not UTF-8 text, save it as UTF-8"]) from None


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read yet."""

    value: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None
    refused: bool = False


class _Reader:
    """Builds the values of one document from parser events, noting lines and faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []
        self.lines: dict[Path, int] = {}
        self.value: Any = None
        self.documents = 0
        self.too_deep = False
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_tag(event)
            self._begin(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.AliasEvent):
            self._fault(event, f"the alias `*{event.anchor}` is not allowed here, write the value out")
            self._place(None, event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self._fault(event, "a second document begins here, keep one document in a file (remove the `---`)")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
        else:
            self._place(_plain_value(event.value) if event.implicit[0] else event.value, event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        top.key = event.value
        top.refused = event.value in top.value
        path = (*top.path, event.value)
        if top.refused:
            self._fault(event, f"the key `{_short(event.value)}` stands here twice (first on line {self.lines[path]})")
        else:
            self.lines[path] = _line(event)

    def _begin(self, event: yaml.Event, value: dict[str, Any] | list[Any]) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._fault(event, "a list or mapping cannot be a key, write a word before the colon")
            top.key, top.refused = "", True
            self._open.append(_Open(value, (*top.path, "")))
            return
        path = self._place(value, event)
        self._open.append(_Open(value, path))
        if len(self._open) > MAX_DEPTH:
            self.too_deep = True
            self._fault(event, f"nested deeper than {MAX_DEPTH} levels")

    def _place(self, value: Any, event: yaml.Event) -> Path:
        """Puts a value where the reader stands, and says which path that is."""
        if not self._open:
            if self.documents == 1:
                self.value = value
            return ()
        top = self._open[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.lines[path] = _line(event)
            return path
        if top.key is None:
            top.key, top.refused = "", True  # an alias as key, complained of already
            return top.path
        path = (*top.path, top.key)
        if not top.refused:
            top.value[top.key] = value
        top.key, top.refused = None, False
        return path

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._fault(event, f"the tag `{_short(str(event.tag))}` is not allowed, write a plain value")

    def _fault(self, event: yaml.Event, text: str) -> None:
        self.faults.append(f"{self.file}:{_line(event)}: {text}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain_value(word: str) -> Any:
    """An unquoted word as YAML 1.2 reads it; `yes`, `off`, `0101`, `12:30` and dates stay words."""
    lowered = word if len(word) > 5 else word.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if _INTEGER.match(word):
        return int(word)
    if _DECIMAL.match(word):
        return float(word)
    return word


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = text.splitlines()
    written = lines[line] if line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "\\t" in (error.problem or "") or "tab" in str(error):
        return f"{file}:{line + 1}: a tab stands where spaces must be, indent with spaces"
    context = f" ({error.context})" if error.context else ""
    return f"{file}:{line + 1}: this is no YAML: {error.problem or 'it cannot be read'}{context}{_hint(error)}"


def _hint(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "mapping values are not allowed" in problem:
        return "; put the value in quotes if a colon belongs to it"
    if "could not find expected ':'" in problem:
        return "; write `key: value`"
    if "cannot start any token" in problem:
        return "; put the value in quotes"
    return ""


def _line_of_character(error: yaml.YAMLError, text: str) -> int:
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _unreadable_character(error: yaml.YAMLError) -> str:
    character = getattr(error, "character", None)
    code = f" U+{character:04X}" if isinstance(character, int) else ""
    return f"a control character{code} stands here, remove it"


# ---------------------------------------------------------------- explaining what pydantic refused


def _path(error: ErrorDetails, document: Document) -> Path:
    """Where the error stands in the file: pydantic's own steps (names of union members) are left out."""
    path: Path = ()
    value: Any = document.value
    for step in error["loc"]:
        in_list = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if in_list or (isinstance(value, dict) and step in value):
            path, value = (*path, step), value[step]
    return path


def _explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    loc = error["loc"]
    key = _written(loc)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"the key `{key}` is missing"
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        listed = f"; the keys here are {', '.join(known)}" if known else ""
        return f"unknown key `{key}`{did_you_mean(str(loc[-1]), known) or listed}"
    where = f"`{key}`: " if key else ""
    if kind in ("value_error", "assertion_error"):
        return f"{where}{context.get('error', error['msg'])}"
    if error["input"] is None:
        return f"{where}the value is missing, write one after the colon or remove the key"
    return f"{where}{_WRONG_KIND.get(kind, error['msg'])}{_expected(context)}, not {_shown(error['input'])}"


_WRONG_KIND = {
    "string_type": "text is wanted",
    "int_type": "a whole number is wanted",
    "int_parsing": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "float_type": "a number is wanted",
    "float_parsing": "a number is wanted",
    "bool_type": "`true` or `false` is wanted",
    "bool_parsing": "`true` or `false` is wanted",
    "list_type": "a list is wanted, one `- value` a line",
    "tuple_type": "a list is wanted, one `- value` a line",
    "dict_type": "`key: value` lines are wanted",
    "model_type": "`key: value` lines are wanted",
    "model_attributes_type": "`key: value` lines are wanted",
    "literal_error": "one of these words is wanted",
    "enum": "one of these words is wanted",
    "date_from_datetime_parsing": "a date is wanted, written 2026-11-23",
    "date_type": "a date is wanted, written 2026-11-23",
    "greater_than": "the number is too small",
    "greater_than_equal": "the number is too small",
    "less_than": "the number is too large",
    "less_than_equal": "the number is too large",
    "too_short": "the list is too short",
    "string_too_short": "the text is too short",
}


def _expected(context: Mapping[str, Any]) -> str:
    if "expected" in context:
        return f": {context['expected']}"
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in context:
            return f", write {words} {context[name]}"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a mapping"
    return f"`{_short(str(value))}`"


def _short(text: str) -> str:
    clean = "".join(ch if ch.isprintable() else "?" for ch in text)
    return clean if len(clean) <= SHOWN_VALUE else clean[:SHOWN_VALUE] + "…"


def _written(loc: Iterable[str | int]) -> str:
    """`listeners[2].listen`, counted from one as people count."""
    key = ""
    for step in loc:
        key += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if key else str(step)
    return key


def _keys_at(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """Which keys the model at this place of the settings knows."""
    here: Any = model
    for step in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(step))
            here = _inner(field.annotation) if field else None
        else:
            here = _inner(_item_type(here))
    here = _inner(here)
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [field.alias or name for name, field in here.model_fields.items()]
    return []


def _inner(annotation: Any) -> Any:
    """The model inside `X | None` and `Annotated[X, …]`, other annotations as they are."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        members = [_inner(a) for a in typing.get_args(annotation) if a is not type(None)]
        models = [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]
        return models[0] if models else (members[0] if members else None)
    return annotation


def _item_type(annotation: Any) -> Any:
    """What a list or mapping holds."""
    arguments = typing.get_args(annotation)
    if not arguments:
        return None
    return arguments[1] if typing.get_origin(annotation) in (dict, Mapping) and len(arguments) > 1 else arguments[0]
