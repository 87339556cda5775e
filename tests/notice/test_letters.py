"""Every letter in both languages: easy to read, the same in text and HTML, up to date in its words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from letters import LETTERS

from gateway.mail.finding import CATEGORIES
from gateway.mail.fragment import Reason
from gateway.notice import Wording
from gateway.notice.letter import WIDTH, Run, as_html, link, literal, parse
from gateway.notice.texts import LANGUAGES

GOLDEN = Path(__file__).with_name("golden") / "letters"
DANISH = [name for name, letter in LETTERS.items() if letter.language == "da"]


class Words(HTMLParser):
    """What a reader of the HTML sees, and which tags made it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._unseen += tag in ("style", "title")
        if tag in ("p", "li", "h1", "h2", "h3", "td", "th", "br"):
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)


def seen(html: str) -> Words:
    reader = Words()
    reader.feed(html)
    reader.close()
    return reader


def bare(text: str) -> list[str]:
    """Words without what only one of the two forms has: rules, bullets, numbers of steps, the table's colons."""
    text = re.sub(r"(?m)^(-+|- |\d+\. )", " ", text)
    return re.findall(r"[^\s:]+", text)


def lix(items: Iterable[str]) -> float:
    """Words a sentence, and the share of words over six letters (Björnsson). A heading or a point ends a sentence."""
    text = "\n".join(re.sub(r"\S*(@|://)\S*", "adressen", item) for item in items)
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)
    sentences = [part for part in re.split(r"[.!?:](?=\s)|\n", text) if re.search(r"[^\W\d_]", part)]
    long = [word for word in words if len(word.replace("-", "")) > 6]
    return len(words) / len(sentences) + 100 * len(long) / len(words)


@pytest.mark.parametrize("name", LETTERS)
def test_golden_text(name: str) -> None:
    """Every letter in both languages as a person reads it; the bounces' bytes have golden files of their own."""
    path = GOLDEN / f"{name}.txt"
    got = f"{LETTERS[name].subject}\n\n{LETTERS[name].text}"
    if os.environ.get("POSTVAGT_WRITE_GOLDEN"):
        path.write_text(got, "utf-8")
    assert got == path.read_text("utf-8")


@pytest.mark.parametrize("name", DANISH)
def test_it_is_easy_danish(name: str) -> None:
    """LIX of 30 is where easy reading ends."""
    assert lix(LETTERS[name].items) <= 30


@pytest.mark.parametrize(
    ("items", "index"),
    [
        pytest.param(["Det er en kat. Den er sort."], 3.5, id="short words: words a sentence"),
        pytest.param(["Det er en kat", "Den er sort"], 3.5, id="two headings are two sentences"),
        pytest.param(["Personfølsomme oplysninger stoppes."], 103, id="long words only"),
    ],
)
def test_lix(items: list[str], index: float) -> None:
    assert lix(items) == pytest.approx(index)


@pytest.mark.parametrize("name", LETTERS)
def test_text_and_html_say_the_same(name: str) -> None:
    letter = LETTERS[name]
    assert bare(letter.text) == bare("".join(seen(letter.html).words))


@pytest.mark.parametrize("name", LETTERS)
def test_html_is_simple_and_fetches_nothing(name: str) -> None:
    html = seen(LETTERS[name].html)
    assert not {"img", "script", "link", "iframe", "form", "input", "object", "video"}.intersection(html.tags)
    hrefs = [value or "" for key, value in html.attributes if key in ("href", "src", "background")]
    assert all(href.startswith(("mailto:", "https://")) for href in hrefs)
    assert "url(" not in LETTERS[name].html
    assert next(tag for tag in html.tags if tag in ("h1", "h2", "h3")) == "h1"
    assert html.tags.count("h1") == 1
    assert ("lang", LETTERS[name].language) in html.attributes


@pytest.mark.parametrize("name", LETTERS)
def test_every_table_for_looks_says_so(name: str) -> None:
    """A screen reader announces a table unless its role is presentation; the one with facts has row headers."""
    tables = re.findall(r"<table[^>]*>", LETTERS[name].html)
    rows = LETTERS[name].html.count('<th scope="row"')
    assert sum("presentation" not in table for table in tables) == (1 if rows else 0)


@pytest.mark.parametrize("name", LETTERS)
def test_text_fits_its_width(name: str) -> None:
    """No line is longer than the width, unless it is one word."""
    assert [line for line in LETTERS[name].text.split("\n") if len(line) > WIDTH and " " in line.strip("- ")] == []


@pytest.mark.parametrize("name", LETTERS)
def test_no_word_that_time_has_overtaken(name: str) -> None:
    """Digital Post, not where one reads it; MitID, not what it replaced; a letter, not who carries it."""
    assert re.search(r"(?i)e-?boks|nem-?id|postnord|\bdao\b|medarbejdersignatur", LETTERS[name].text) is None


@pytest.mark.parametrize("name", LETTERS)
def test_no_empty_place(name: str) -> None:
    """No value came out empty, doubled or as Python."""
    letter = LETTERS[name]
    words = f"{letter.subject}\n{letter.text}"
    assert re.search(r"None|\{\{|\[\]|\( |\*\*| [.,](?:\s|$)|Undefined", words) is None


@pytest.mark.parametrize(
    "name", [name for name in DANISH if not name.startswith(("page", "alert", "digest", "notify"))]
)
def test_a_parents_number_never_the_childs(name: str) -> None:
    text = " ".join(LETTERS[name].text.split())
    if "eget CPR-nummer" in text:
        assert "forælderens CPR-nummer, aldrig barnets" in text


MARKUP = [
    pytest.param("# a\nb", [("heading", 1, ["a"]), ("paragraph", 0, ["b"])], id="a heading is its own line"),
    pytest.param("a\nb\n\nc", [("paragraph", 0, ["a b"]), ("paragraph", 0, ["c"])], id="an empty line ends it"),
    pytest.param("a\n   \nb", [("paragraph", 0, ["a"]), ("paragraph", 0, ["b"])], id="so does one with spaces"),
    pytest.param("a \\\nb", [("paragraph", 0, ["a\nb"])], id="a backslash keeps the line break"),
    pytest.param("a:\n- b\n  c\n- d", [("paragraph", 0, ["a:"]), ("points", 0, ["b c", "d"])], id="points"),
    pytest.param("1. a\n7. b", [("steps", 0, ["a", "b"])], id="steps"),
    pytest.param("| a | b |\n| c | d |", [("table", 0, ["a", "b", "c", "d"])], id="rows"),
    pytest.param("- a\n\n- b", [("points", 0, ["a"]), ("points", 0, ["b"])], id="two lists"),
    pytest.param("24. november", [("steps", 0, ["november"])], id="a date at the start of a line"),
    pytest.param("", [], id="nothing"),
]


@pytest.mark.parametrize(("markup", "blocks"), MARKUP)
def test_markup(markup: str, blocks: list[tuple[str, int, list[str]]]) -> None:
    got = [(b.kind, b.level, ["".join(run.text for run in item) for item in b.items]) for b in parse(markup)]
    assert got == blocks


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("# a", id="heading"),
        pytest.param("- a", id="point"),
        pytest.param("1. a", id="step"),
        pytest.param("| a | b |", id="row"),
        pytest.param("**a**", id="strong"),
        pytest.param("a \\", id="backslash"),
        pytest.param("<b>a</b>&amp;", id="HTML"),
    ],
)
def test_a_value_is_never_markup(value: str) -> None:
    (block,) = parse(literal(value))
    assert block.kind == "paragraph"
    assert block.items == ((Run(value),),)
    assert "<b>" not in as_html(block.items[0])


@pytest.mark.parametrize("bad", ["\n", "\r\n", "\x00", "\u2028", "\u202e", "\ue000", "\ue001", "\ue003"])
def test_a_value_cannot_leave_its_line(bad: str) -> None:
    """Line ends, controls, direction overrides and our own marks become a space."""
    (block,) = parse(f"a {literal(f'b{bad}# c')} d")
    assert "".join(run.text for run in block.items[0]).split() == ["a", "b", "#", "c", "d"]


def test_a_link_has_its_words_and_its_address() -> None:
    (block,) = parse(link('mailto:a@b?subject="x"', "a@b <c>"))
    assert as_html(block.items[0]) == (
        '<a href="mailto:a@b?subject=&quot;x&quot;" style="color:#0b4f9e;">a@b &lt;c&gt;</a>'
    )


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ("ring på 70 10 00 00 nu", "ring på 70&nbsp;10&nbsp;00&nbsp;00 nu"),
        ("**K7M2-QX9P**", '<strong style="white-space:nowrap;">K7M2-QX9P</strong>'),
        ("**borgervænget@kk.dk**", "<strong>borgervænget@kk.dk</strong>"),
        ("**Ingen har fået mailen.**", "<strong>Ingen har fået mailen.</strong>"),
    ],
)
def test_no_line_ends_inside_a_number_or_a_case_id(markup: str, html: str) -> None:
    (block,) = parse(markup)
    assert as_html(block.items[0]) == html


def test_in_a_cell_an_address_breaks_behind_its_at_and_its_link_is_whole() -> None:
    (block,) = parse(link("mailto:a@b", "a@b"))
    assert as_html(block.items[0], is_narrow=True) == '<a href="mailto:a@b" style="color:#0b4f9e;">a@<wbr>b</a>'


def test_both_languages_have_the_same_words() -> None:
    """A format without a word is only `vedhæftet fil 2`; what staff send has one, in both languages."""
    danish, english = (Wording().texts(language).words for language in LANGUAGES)
    for group in ("place", "header", "inside", "format", "category", "unreadable"):
        assert danish[group].keys() == english[group].keys()
    sent_by_staff = ["csv", "docx", "xlsx", "pdf", "pptx", "eml", "msg", "zip", "jpg", "png", "heic", "txt"]
    assert set(sent_by_staff) <= danish["format"].keys()
    assert set(CATEGORIES) - {"unreadable"} == danish["category"].keys()
    assert set(map(str, Reason)) <= danish["unreadable"].keys()
