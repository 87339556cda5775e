"""Which class a domain or an address belongs to: exactly, never by suffix, unless an entry says `subdomains: true`."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.mail.address import Address


@dataclass(frozen=True, slots=True)
class Index:
    """Names by domain, by domain-and-below, by single address. The narrowest entry counts."""

    default: str
    domains: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    address_domains: set[str] = field(default_factory=set)

    def add_domain(self, name: str, domain: str, subdomains: bool) -> None:
        self.domains[domain] = name
        if subdomains:
            self.parents[domain] = name

    def add_address(self, name: str, address: Address) -> None:
        self.addresses[address.key] = name
        self.address_domains.add(address.domain)

    def of(self, address: Address) -> str:
        return self.find(address, address.domain) or self.default

    def of_domain(self, domain: str) -> str:
        """The class of a domain in A-label form."""
        return self._entry(domain) or self.default

    def find(self, address: Address, domain: str) -> str | None:
        """What an entry, not the default, says of this address, whose domain is known already."""
        if domain in self.address_domains:
            name = self.addresses.get(address.key)
            if name is not None:
                return name
        return self._entry(domain)

    def _entry(self, domain: str) -> str | None:
        name = self.domains.get(domain)
        if name is None and self.parents:
            above = domain.partition(".")[2]
            while above and name is None:
                name = self.parents.get(above)
                above = above.partition(".")[2]
        return name
