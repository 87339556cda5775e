"""Faults of an organisation's own texts, found by `check` and at start, never first by a bounce.

Every block is filled for every kind of notice in every language; what Jinja2 dislikes, and what a notice may never be
without, becomes one `FILE:LINE: …` line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import jinja2

from gateway.notice import examples
from gateway.notice.bounce import bounce_letter
from gateway.notice.facts import Facts, Organisation
from gateway.notice.leaders import leaders_letter
from gateway.notice.letter import Block, as_text
from gateway.notice.page import page_letter
from gateway.notice.reply_line import LONGEST, reply_line, short_reply_line
from gateway.notice.texts import LANGUAGES, SUFFIX, Wording, standard_blocks
from gateway.yamltext import did_you_mean

_Fill = Callable[[], str]


def faults(own: Mapping[str, str], organisation: Organisation) -> tuple[str, ...]:
    """What is wrong with these files (`da/mailbox.txt` and its text); nothing when there are none."""
    if not own:
        return ()
    texts = {name: text for name, text in own.items() if name.endswith(SUFFIX)}
    first = (*_name_faults(texts), *_syntax_faults(texts))
    return first or tuple(_once_each(_filling_faults(texts, organisation)))


def _name_faults(own: Mapping[str, str]) -> Iterator[str]:
    """A file that no notice would ever read."""
    known = [f"{language}/{block}{SUFFIX}" for language in LANGUAGES for block in standard_blocks(language)]
    for name in own:
        if name not in known:
            yield f"{name}:1: no block of the notices has this name{did_you_mean(name, known)}"


def _syntax_faults(own: Mapping[str, str]) -> Iterator[str]:
    environment = jinja2.Environment(autoescape=True)
    for name, text in own.items():
        try:
            environment.parse(text)
        except jinja2.TemplateSyntaxError as error:
            yield f"{name}:{error.lineno}: {error.message}"


def _once_each(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Each fault with the first kind of notice it shows in."""
    seen: dict[str, str] = {}
    for fault, kind in found:
        seen.setdefault(fault, kind)
    for fault, kind in seen.items():
        yield f"{fault} (in the notice `{kind}`)"


def _filling_faults(own: Mapping[str, str], organisation: Organisation) -> Iterator[tuple[str, str]]:
    wording = Wording(own)
    for language in LANGUAGES:
        if any(name.startswith(f"{language}/") for name in own):
            for kind, fill, must in _notices(organisation, wording, language):
                for fault in _faults_of(fill, must, language, own):
                    yield fault, kind


def _notices(
    organisation: Organisation, wording: Wording, language: str
) -> Iterator[tuple[str, _Fill, tuple[str, ...]]]:
    """Every kind of notice: its name, how to fill it, and the words it may not lose."""
    for kind, example in examples.examples(organisation).items():
        facts = replace(example, asked_language=language)
        block = "notify" if kind == "notify" else "bounce"
        yield kind, partial(_letter, facts, wording, block), (facts.case_id, *_way(facts))
    inbound = replace(examples.inbound(organisation), asked_language=language)
    bounced = replace(examples.examples(organisation)["kommune"], asked_language=language)
    yield "inbound reply", partial(_reply, inbound, wording), (inbound.case_id,)
    yield "outbound reply", partial(_reply, bounced, wording), (bounced.case_id,)
    yield "reply after a bounce", partial(short_reply_line, bounced, wording), (bounced.case_id,)
    yield "page", lambda: _text(page_letter(organisation, language, wording)), ()
    report = replace(examples.report(organisation), asked_language=language)
    yield "alert", lambda: _text(leaders_letter(report, "alert", wording)), (report.cases[0].case_id,)
    yield "digest", lambda: _text(leaders_letter(report, "digest", wording)), (report.cases[0].case_id,)


def _way(facts: Facts) -> tuple[str, ...]:
    """The mailbox to write from, when there is one: what the whole notice is for."""
    mailbox = facts.verdict.faellesmail
    return (mailbox.shown,) if mailbox and facts.verdict.stopped_for else ()


def _letter(facts: Facts, wording: Wording, block: str) -> str:
    return _text(bounce_letter(facts, wording, block))


def _text(letter: tuple[str, tuple[Block, ...]]) -> str:
    subject, blocks = letter
    return f"{subject}\n{as_text(blocks)}"


def _reply(facts: Facts, wording: Wording) -> str:
    line = reply_line(facts, wording)
    if len(line) >= LONGEST:
        raise ValueError(f"the line is longer than {LONGEST} characters")
    return line


def _faults_of(fill: _Fill, must: tuple[str, ...], language: str, own: Mapping[str, str]) -> Iterator[str]:
    """What happens when one kind of notice is filled."""
    try:
        text = " ".join(fill().split())
    except Exception as error:  # an own text can fail in any way; every way is a fault of that text
        name, line = _origin(error, language, own)
        yield f"{name}:{line}: {_why(error)}"
        return
    for words in must:
        if words not in text:
            yield f"{_first(language, own)}:1: `{words}` is lost, put its value back into one of your texts"


def _why(error: Exception) -> str:
    if isinstance(error, jinja2.UndefinedError):
        return f"{error.message}, docs/notices.md lists the values there are"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no block called `{error.name}`"
    return f"{type(error).__name__}: {error}"


def _origin(error: Exception, language: str, own: Mapping[str, str]) -> tuple[str, int]:
    """The innermost own text an error came through; Jinja2 puts templates and their lines on the traceback."""
    origin = (_first(language, own), 1)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in own:
            origin = (name, trace.tb_lineno)
        trace = trace.tb_next
    return origin


def _first(language: str, own: Mapping[str, str]) -> str:
    """The own text that is named when no single line is at fault."""
    return next(name for name in sorted(own) if name.startswith(f"{language}/"))
