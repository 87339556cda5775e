"""The page for people outside: why their mail was not taken and how to write securely. For a website."""

from __future__ import annotations

from gateway.notice.facts import Organisation
from gateway.notice.letter import Block, parse, plain
from gateway.notice.texts import Wording, page, standard_wording


def build_page(organisation: Organisation, language: str = "", wording: Wording | None = None) -> str:
    """A whole HTML page; no script, no image, nothing fetched from elsewhere."""
    spoken = language or organisation.language
    title, letter = page_letter(organisation, spoken, wording)
    return page(letter, title, spoken)


def page_letter(
    organisation: Organisation, language: str, wording: Wording | None = None
) -> tuple[str, tuple[Block, ...]]:
    """Title and letter, before they are HTML."""
    texts = (wording or standard_wording()).texts(language)
    known = {
        "organisation": organisation.name,
        "contact": organisation.contact or "",
        "phone": organisation.phone or "",
        "homepage": organisation.homepage or "",
        "borger_link": organisation.borger_link or "",
        "virk_link": organisation.virk_link or "",
        "authorities": organisation.authorities_write_to or "",
    }
    return plain(texts.fill("page-title", known)), parse(texts.fill("page", known))
