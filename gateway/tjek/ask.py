"""One answer an address: what the policy says, what was probably meant, and what DNS says before the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from gateway.mail.address import Address
from gateway.policy import Policy, advise
from gateway.policy.lookalike import folded_name, near_miss
from gateway.tjek.answer import Answer, Dns, Listing
from gateway.tjek.lookup import Lookup

DEADLINE = 3.0
"""Seconds for everything: a person waits at the keyboard."""


async def tjek(
    policy: Policy,
    addresses: Sequence[Address],
    lookup: Lookup,
    sender: Address | None = None,
    seconds: float = DEADLINE,
) -> tuple[Answer, ...]:
    """The answers, in the order of the addresses; each domain is asked about once."""
    deadline = asyncio.get_running_loop().time() + seconds
    domains = list(dict.fromkeys(address.domain for address in addresses))
    told = await asyncio.gather(*(lookup.about(domain, deadline) for domain in domains))
    by_domain = dict(zip(domains, told, strict=True))
    return tuple(_answer(policy, sender, address, by_domain[address.domain]) for address in addresses)


def _answer(policy: Policy, sender: Address | None, address: Address, told: Dns) -> Answer:
    advice = advise(policy, sender, address)
    listing = _listing(policy, address)
    imitates = None if listing else _imitated(policy, address.domain)
    return Answer(
        advice=advice,
        class_title=policy.classes[advice.recipient_class].title or advice.recipient_class,
        by_default=policy.recipients.find(address, address.domain) is None,
        listing=listing,
        did_you_mean=None if listing or imitates else _meant(policy, address),
        imitates=imitates,
        provider=_provider(policy, told.hosts),
        dns=told,
    )


def _listing(policy: Policy, address: Address) -> Listing | None:
    """The entry that speaks of this address: one that counts before one that is switched off."""
    found = sorted(_listings(policy, address), key=lambda listing: not listing.active)
    return found[0] if found else None


def _listings(policy: Policy, address: Address) -> Iterator[Listing]:
    domain = address.domain
    for entries in policy.lists.values():
        for entry in entries.entries:
            below = entry.subdomains and domain.endswith(f".{entry.domain}")
            if entry.domain == domain or below or (entry.address and entry.address.key == address.key):
                yield Listing(entries.title, entry.name, entries.active and entry.active)


def _imitated(policy: Policy, domain: str) -> str | None:
    if policy.senders.of_domain(domain) != policy.senders.default or domain in policy.own_domains:
        return None
    return policy.looks_like_ours(domain)


def _meant(policy: Policy, address: Address) -> str | None:
    """The same mailbox at a domain the policy knows, when this one is a slip away from it or is the place's name."""
    domain = address.domain
    known = {*policy.recipients.domains, *policy.kinds.domains}
    if domain in known or policy.is_route(address):
        return None
    meant = near_miss(domain, sorted(known)) or _place(policy, domain)
    return f"{address.local}@{meant}" if meant else None


def _place(policy: Policy, domain: str) -> str | None:
    """The mail domain of a place whose name stands before the dot: a website's name is not always the mail's."""
    name, _, roof = domain.partition(".")
    asked = folded_name(name)
    if len(asked) < 4 or "." in roof:
        return None
    for entries in policy.lists.values():
        for entry in entries.entries:
            if entry.domain and entry.active and entries.active and entry.name and folded_name(entry.name) == asked:
                return entry.domain
    return None


def _provider(policy: Policy, hosts: Sequence[str]) -> str | None:
    """Whose mail servers these are; only when it holds for all of them."""
    for provider in policy.tjek.providers:
        if hosts and all(any(_is_below(host, roof) for roof in provider.hosts) for host in hosts):
            return provider.name
    return None


def _is_below(host: str, roof: str) -> bool:
    return host == roof or host.endswith(f".{roof}")
