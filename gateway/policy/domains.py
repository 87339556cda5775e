"""Which class a domain or an address belongs to: exactly, never by suffix, unless an entry says `subdomains: true`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.mail.address import Address


@dataclass(frozen=True, slots=True)
class Index:
    """Names by domain, by domain-and-below, by single address. The narrowest entry counts."""

    default: str
    domains: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    def of(self, address: Address) -> str:
        if self.addresses:
            name = self.addresses.get(address.key)
            if name is not None:
                return name
        return self.of_domain(address.domain)

    def of_domain(self, domain: str) -> str:
        """The class of a domain in A-label form."""
        name = self.domains.get(domain)
        if name is None and self.parents:
            name = next((self.parents[p] for p in _parents(domain) if p in self.parents), None)
        return self.default if name is None else name

    def holds(self, address: Address) -> bool:
        """Whether an entry, not the default, speaks of this address."""
        domain = address.domain
        return (
            address.key in self.addresses or domain in self.domains or any(p in self.parents for p in _parents(domain))
        )


def _parents(domain: str) -> Iterable[str]:
    """`a.b.dk`, `b.dk`, `dk`: a domain and everything above it, narrowest first."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]
