"""Answers as people read them, in Danish or English, and as a record for programs. Long numbers are dots in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.mail.address import Address, masked_numbers
from gateway.tjek.answer import Answer, Dns, Told

WIDTH = 11

_WORDS: Mapping[str, Mapping[str, str]] = {
    "da": {
        "class": "Modtager",
        "way": "Sådan",
        "from": "Skriv fra",
        "meant": "Mente du",
        "beware": "Pas på",
        "dns": "DNS",
        "on_list": "{title}, står på listen ”{list}”",
        "on_list_named": "{title}, står på listen ”{list}” som {name}",
        "off_list": "{title}. Står på listen ”{list}”, men den linje er ikke bekræftet og gælder ikke endnu",
        "by_policy": "{title}",
        "no_list": "{title}, står ikke på nogen af vores lister",
        "imitates": "Adressen ligner {domain}, men det er ikke den.",
        "provider": "mailserverne hører til {provider}. "
        "Det er et tegn på sikker mail, ikke et bevis: kun listen gælder",
        "exists_no": "domænet findes ikke",
        "exists_unknown": "ukendt (intet brugbart svar)",
        "mail_yes": "domænet tager imod mail",
        "mail_no": "domænet tager ikke imod mail",
        "null_mx": "domænet siger selv, at det ikke tager imod mail",
        "mta_sts": "MTA-STS {told}",
        "dane": "DANE {told}",
        "yes": "ja",
        "no": "nej",
        "unknown": "ukendt",
        "choices": "jeres fællesmail: {choices}",
        "any": "jeres fællesmail",
    },
    "en": {
        "class": "Recipient",
        "way": "How",
        "from": "Write from",
        "meant": "You meant",
        "beware": "Beware",
        "dns": "DNS",
        "on_list": "{title}, on the list ”{list}”",
        "on_list_named": "{title}, on the list ”{list}” as {name}",
        "off_list": "{title}. On the list ”{list}”, but that line is not confirmed and does not count yet",
        "by_policy": "{title}",
        "no_list": "{title}, on none of our lists",
        "imitates": "The address looks like {domain}, but it is another.",
        "provider": "the mail servers belong to {provider}. A sign of secure mail, not a proof: only the list counts",
        "exists_no": "the domain does not exist",
        "exists_unknown": "unknown (no usable answer)",
        "mail_yes": "the domain takes mail",
        "mail_no": "the domain takes no mail",
        "null_mx": "the domain itself says that it takes no mail",
        "mta_sts": "MTA-STS {told}",
        "dane": "DANE {told}",
        "yes": "yes",
        "no": "no",
        "unknown": "unknown",
        "choices": "your faellesmail: {choices}",
        "any": "your faellesmail",
    },
}

LANGUAGES = tuple(_WORDS)


def as_text(answer: Answer, way: str, language: str = "da") -> str:
    """One address for the screen. way: the lawful way in words, as the notice has them."""
    words = _WORDS[language]
    lines = [answer.address.shown]
    for label, text in _lines(answer, way, words):
        head, *rest = text.splitlines() or [""]
        shown = f"{words[label]}:" if label else ""
        lines.append(f"  {shown:<{WIDTH}} {head}")
        lines.extend(f"  {'':<{WIDTH}} {line}".rstrip() for line in rest)
    return "\n".join(lines)


def as_record(answer: Answer) -> dict[str, object]:
    """One address for programs: English keys, words of the contracts."""
    advice, told = answer.advice, answer.dns
    return {
        "address": advice.recipient.shown,
        "class": advice.recipient_class,
        "kind": str(advice.kind),
        "list": answer.listing.title if answer.listing else None,
        "list_counts": answer.listing.active if answer.listing else None,
        "route": str(advice.route),
        "method": str(advice.method) if advice.method else None,
        "mailbox": _shown(advice.mailbox),
        "instead": _shown(advice.instead),
        "leaders": _shown(advice.leaders),
        "did_you_mean": masked_numbers(answer.did_you_mean) if answer.did_you_mean else None,
        "looks_like": answer.imitates,
        "provider": answer.provider,
        "dns": {
            "exists": str(told.exists),
            "takes_mail": str(told.takes_mail),
            "null_mx": str(told.null_mx),
            "mx": list(told.hosts),
            "mta_sts": str(told.mta_sts),
            "dane": str(told.dane),
        },
    }


def _lines(answer: Answer, way: str, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if answer.did_you_mean:
        yield "meant", f"{masked_numbers(answer.did_you_mean)}?"
    if answer.imitates:
        yield "beware", words["imitates"].format(domain=answer.imitates)
    yield "class", _whose(answer, words)
    origin = _origin(answer, words)
    if origin:
        yield "from", origin
    yield "way", way
    yield "dns", _told(answer.dns, words)
    if answer.provider:
        yield "", words["provider"].format(provider=answer.provider)


def _whose(answer: Answer, words: Mapping[str, str]) -> str:
    """Which class, and why."""
    title, listing = answer.class_title, answer.listing
    if listing is None:
        return words["no_list" if answer.by_default else "by_policy"].format(title=title)
    key = "off_list" if not listing.active else "on_list_named" if listing.name else "on_list"
    return words[key].format(title=title, list=listing.title, name=listing.name)


def _origin(answer: Answer, words: Mapping[str, str]) -> str:
    """The mailbox to write from; nothing when the sender may stay where he is."""
    advice = answer.advice
    if advice.is_own_mailbox or advice.method is None:
        return ""
    if advice.choices:
        return words["choices"].format(choices=", ".join(choice.shown for choice in advice.choices))
    return advice.mailbox.shown if advice.mailbox else words["any"]


def _told(told: Dns, words: Mapping[str, str]) -> str:
    """DNS in one line."""
    if told.exists is Told.NO:
        return words["exists_no"]
    if told.exists is Told.UNKNOWN:
        return words["exists_unknown"]
    if told.takes_mail is Told.NO:
        return words["null_mx" if told.null_mx is Told.YES else "mail_no"]
    mail = words["mail_yes"] if told.takes_mail is Told.YES else words["unknown"]
    return "; ".join(
        [
            mail,
            words["mta_sts"].format(told=words[told.mta_sts]),
            words["dane"].format(told=words[told.dane]),
        ]
    )


def _shown(address: Address | None) -> str | None:
    return address.shown if address else None
