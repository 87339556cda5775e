"""Every letter there is, in both languages, for the tests that read them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from stopped import CASES, Centre

from gateway.notice import examples
from gateway.notice.bounce import bounce_letter
from gateway.notice.leaders import leaders_letter
from gateway.notice.letter import Block, as_text
from gateway.notice.page import page_letter
from gateway.notice.texts import LANGUAGES, page


class Printed(NamedTuple):
    """A letter as people get it. items: its headings, paragraphs, points and cells, each as words alone."""

    name: str
    language: str
    subject: str
    text: str
    html: str
    items: tuple[str, ...]


def all_letters() -> Iterator[Printed]:
    for language in LANGUAGES:
        for name, case in CASES.items():
            block = "notify" if name == "notify" else "bounce"
            yield _printed(name, language, bounce_letter(replace(case, asked_language=language), None, block))
        report = replace(examples.report(Centre()), asked_language=language)
        yield _printed("alert", language, leaders_letter(report, "alert"))
        yield _printed("alert-monitor", language, leaders_letter(_delivered(report), "alert"))
        yield _printed("digest", language, leaders_letter(report, "digest"))
        yield _printed("digest-empty", language, leaders_letter(replace(report, cases=()), "digest"))
        yield _printed("page", language, page_letter(Centre(), language))
        bare = Centre(phone=None, borger_link=None, virk_link=None, authorities_write_to=None)
        yield _printed("page-bare", language, page_letter(bare, language))


def _delivered(report: examples.Report) -> examples.Report:
    return replace(report, cases=tuple(replace(case, delivered=True) for case in report.cases))


def _printed(name: str, language: str, letter: tuple[str, tuple[Block, ...]]) -> Printed:
    subject, blocks = letter
    items = tuple("".join(run.text for run in item) for block in blocks for item in block.items)
    return Printed(name, language, subject, as_text(blocks), page(blocks, subject, language), items)


LETTERS = {f"{letter.name}-{letter.language}": letter for letter in all_letters()}
