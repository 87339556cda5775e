"""The words of the notices: block templates and word lists by language, and an organisation's own texts over them.

Everything people read is data under templates/; this file only knows how to load it. An own text replaces the block of
the same name and language and sees the same values; a wrong name in it is an error, not an empty space.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.notice.letter import Block, Linked, as_html, link, literal

LANGUAGES = ("da", "en")
SUFFIX = ".txt"


class Texts:
    """All texts of one language."""

    def __init__(self, language: str, own: Mapping[str, str]) -> None:
        self.language = language
        self.words: Mapping[str, Any] = _words(language)
        self._environment = _environment(language, {**standard_blocks(language), **own}, self._joined)

    def fill(self, block: str, values: Mapping[str, object]) -> str:
        """A block with its values put in, still markup."""
        return self._environment.get_template(block).render(values)

    def warm(self) -> None:
        for block in standard_blocks(self.language):
            self._environment.get_template(block)

    def _joined(self, things: object) -> str:
        """`a, b and c`."""
        parts = [str(thing) for thing in things] if isinstance(things, list | tuple) else [str(things)]
        return f" {self.words['and']} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


class Wording:
    """The texts of every language. `own` holds an organisation's files by name: `da/mailbox.txt` and its text."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self.own = dict(own or {})
        self._texts = {language: Texts(language, self._own_blocks(language)) for language in LANGUAGES}

    def texts(self, language: str) -> Texts:
        """The texts of a language; one that we do not have is Danish."""
        return self._texts.get(language, self._texts[LANGUAGES[0]])

    def warm(self) -> None:
        """Compile every block now (about 0.1 s), so that the first bounce does not wait for it."""
        for texts in self._texts.values():
            texts.warm()

    def _own_blocks(self, language: str) -> dict[str, str]:
        blocks = {}
        for name, text in self.own.items():
            folder, _, file = name.rpartition("/")
            if folder == language and file.endswith(SUFFIX):
                blocks[file.removesuffix(SUFFIX)] = text
        return blocks


@cache
def standard_wording() -> Wording:
    """The texts as they come with Postvagt."""
    return Wording()


@cache
def standard_blocks(language: str) -> Mapping[str, str]:
    """The blocks that come with Postvagt: every name that an own text may take."""
    folder = resources.files(__package__) / "templates" / language
    files = [file for file in folder.iterdir() if file.name.endswith(SUFFIX)]
    return {file.name.removesuffix(SUFFIX): file.read_text("utf-8") for file in files}


def page(letter: tuple[Block, ...], title: str, language: str) -> str:
    """The letter as a web page; what stands before the first second-level heading is its main message."""
    first = next((n for n, block in enumerate(letter) if block.kind == "heading" and block.level == 2), len(letter))
    return _frame().render(main=letter[:first], rest=letter[first:], title=title, language=language)


@cache
def _frame() -> jinja2.Template:
    """One page for every language; here the escaping is Jinja's own."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["runs"] = as_html
    environment.filters["narrow"] = partial(as_html, is_narrow=True)
    return environment.from_string(_read("shared", "frame.html"))


def _environment(language: str, blocks: Mapping[str, str], joined: object) -> jinja2.Environment:
    """Sandboxed: an own text may look at values, never reach behind them. `literal` does the escaping."""

    def load(block: str) -> tuple[str, str, None] | None:
        """The block's text and the file name that a fault in it is told with."""
        return (blocks[block], f"{language}/{block}{SUFFIX}", None) if block in blocks else None

    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(load),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,  # so that an empty line after an included block ends it
        autoescape=False,  # a letter's markup is no HTML yet; `letter` and the frame escape
        finalize=lambda value: value if isinstance(value, Linked) else literal(value),
    )
    environment.filters["all"] = joined
    environment.filters["capital"] = lambda text: str(text)[:1].upper() + str(text)[1:]
    environment.globals["link"] = link
    return environment


@cache
def _words(language: str) -> Mapping[str, Any]:
    words: Mapping[str, Any] = yaml.safe_load(_read(language, "words.yaml"))
    return words


def _read(*path: str) -> str:
    return (resources.files(__package__) / "templates").joinpath(*path).read_text("utf-8")
