"""The texts of a policy folder become a Policy, or one exception that names every fault with file and line.

Takes texts, never opens a file. What a file may hold is model.py's work, what files mean together consistent.py's,
and build.py makes the answer quick to ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from gateway.policy import model
from gateway.policy.build import build
from gateway.policy.consistent import faults
from gateway.policy.model import Parts
from gateway.policy.policy import NUMBERS, WORDS, Policy
from gateway.yamltext import Document, YamlError, did_you_mean, parse_yaml, stem, validated

FILES: Mapping[str, type[BaseModel]] = {
    "senders.yaml": model.Senders,
    "recipients.yaml": model.Recipients,
    "matrix.yaml": model.Matrix,
    "faellesmail.yaml": model.Faellesmail,
    "organisation.yaml": model.Organisation,
    "verdict.yaml": model.Decision,
    "send_sikkert.yaml": model.SendSikkert,
    "tjek.yaml": model.Tjek,
}
"""Every file of a policy folder that this room reads; lists/*.yaml besides."""

OPTIONAL = ("verdict.yaml", "send_sikkert.yaml", "tjek.yaml")
LISTS, TEXTS = "lists/", "beskeder/"
VERSION_DIGITS = 16

Files = Mapping[str, str | bytes]
Shape = TypeVar("Shape", bound=BaseModel)


class PolicyError(YamlError):
    """Everything that is wrong with a policy, `FILE:LINE: …` each."""


def load_policy(files: Files, folder: str = "") -> Policy:
    """The policy these files make: names relative to the policy folder, with `/`, and their texts.

    folder: how errors name the folder the files came from.
    """
    reading = _Reading(files)
    found = reading.faults or [
        reading.documents[name].complaint(path, text) for name, path, text in faults(reading.parts())
    ]
    if found:
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        raise PolicyError(prefix + fault for fault in found)
    return build(reading.parts(), version_of(files), reading.words, reading.texts)


def version_of(files: Files) -> str:
    """A short hash of every byte of the policy, whatever the order of the files."""
    digest = hashlib.sha256()
    for name in sorted(files):
        text = files[name]
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:VERSION_DIGITS]


class _Reading:
    """The files of one policy folder, each read by itself, with the faults that stand in them."""

    def __init__(self, files: Files) -> None:
        self.faults: list[str] = []
        self.documents: dict[str, Document] = {}
        self.words: dict[str, Document] = {}
        self.texts: dict[str, str] = {}
        self._models: dict[str, BaseModel] = {}
        self._lists: dict[str, model.DomainList] = {}
        for name in sorted(files):
            try:
                self._read(name, files[name])
            except YamlError as error:
                self.faults.extend(error.lines)
        for name in FILES:
            if name not in files:
                self._do_without(name)

    def _read(self, name: str, text: str | bytes) -> None:
        if name.startswith(TEXTS):
            self.texts[name.removeprefix(TEXTS)] = text if isinstance(text, str) else text.decode("utf-8", "replace")
        elif name in FILES:
            document = self.documents[name] = parse_yaml(text, name)
            self._models[name] = validated(FILES[name], document)
        elif name.startswith(LISTS):
            document = self.documents[name] = parse_yaml(text, name)
            self._lists[stem(name)] = validated(model.DomainList, document)
        elif name.startswith(WORDS) or name == NUMBERS:
            self.words[name] = parse_yaml(text, name)
        elif name.endswith((".yaml", ".yml")):
            guess = did_you_mean(name, FILES)
            raise PolicyError([f"{name}:1: no such file belongs to a policy{guess or ', rename or remove it'}"])

    def _do_without(self, name: str) -> None:
        """A file that is not there: its defaults, or a fault."""
        if name in OPTIONAL:
            self._models[name] = FILES[name]()
            self.documents[name] = Document(name, {}, {})
        else:
            self.faults.append(f"{name}:1: the file is missing from the policy folder")

    def parts(self) -> Parts:
        """What all files say; only when each of them is right."""
        return Parts(
            senders=self._model("senders.yaml", model.Senders),
            recipients=self._model("recipients.yaml", model.Recipients),
            matrix=self._model("matrix.yaml", model.Matrix),
            faellesmail=self._model("faellesmail.yaml", model.Faellesmail),
            organisation=self._model("organisation.yaml", model.Organisation),
            decision=self._model("verdict.yaml", model.Decision),
            send_sikkert=self._model("send_sikkert.yaml", model.SendSikkert),
            tjek=self._model("tjek.yaml", model.Tjek),
            lists=self._lists,
        )

    def _model(self, name: str, shape: type[Shape]) -> Shape:
        value = self._models[name]
        assert isinstance(value, shape)
        return value
