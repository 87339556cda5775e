"""DNS, asked politely: asynchronous, cached by TTL, within a deadline, and never believed more than it deserves."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver

from gateway.tjek.answer import Dns, Told

MOST_HOSTS = 5
"""Mail servers whose TLSA records are asked for; senders rarely get past the first few."""

CACHED_NAMES = 10_000
SECONDS_PER_TRY = 1.0
EDNS_PAYLOAD = 1232

_Reply = dns.resolver.Answer | Told
"""An answer with records, NO (there is none), or UNKNOWN (nobody could say)."""


class Lookup:
    """Asks one resolver. That an answer is signed is believed only over loopback: elsewhere anybody could say so.

    That a name does not exist is believed only of a resolver that knows the top-level domain or the root: one without
    network often answers the same to every question.
    """

    def __init__(self, resolver: dns.asyncresolver.Resolver | None) -> None:
        self._resolver = resolver
        self._signed_answers = False
        if resolver is not None:
            resolver.cache = dns.resolver.LRUCache(CACHED_NAMES)
            resolver.timeout = SECONDS_PER_TRY
            resolver.use_edns(0, dns.flags.DO, EDNS_PAYLOAD)
            resolver.flags = dns.flags.RD | dns.flags.AD
            self._signed_answers = all(_is_loopback(str(server)) for server in resolver.nameservers)

    @classmethod
    def of_system(cls) -> Lookup:
        """The resolver this machine is set up with; without one, everything is unknown."""
        try:
            return cls(dns.asyncresolver.Resolver())
        except (dns.resolver.NoResolverConfiguration, OSError):
            return cls(None)

    @classmethod
    def at(cls, host: str, port: int = 53) -> Lookup:
        """A resolver at an IP address of one's own choice."""
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [host]
        resolver.port = port
        return cls(resolver)

    async def about(self, domain: str, deadline: float) -> Dns:
        """What DNS says of a domain (in A-labels) before the deadline, a time of the running loop's clock."""
        mail, mta_sts = await asyncio.gather(
            self._ask(domain, "MX", deadline), self._mta_sts(f"_mta-sts.{domain}", deadline)
        )
        if mail is Told.UNKNOWN:
            return Dns(mta_sts=mta_sts)
        if mail is Told.NO:
            return await self._without_mx(domain, mta_sts, deadline)
        assert isinstance(mail, dns.resolver.Answer)
        records = sorted(mail, key=lambda record: (record.preference, record.exchange))
        if len(records) == 1 and records[0].exchange == dns.name.root:
            return Dns(Told.YES, takes_mail=Told.NO, null_mx=Told.YES, mta_sts=mta_sts, dane=Told.NO)
        hosts = tuple(dict.fromkeys(record.exchange.to_text(omit_final_dot=True).lower() for record in records))
        dane = await self._dane(hosts, self._is_signed(mail), deadline)
        return Dns(Told.YES, Told.YES, Told.NO, hosts, mta_sts, dane)

    async def _without_mx(self, domain: str, mta_sts: Told, deadline: float) -> Dns:
        """No MX: the domain itself is the mail server if it has an address (rfc5321#5.1), or it does not exist."""
        addresses = await asyncio.gather(self._ask(domain, "A", deadline), self._ask(domain, "AAAA", deadline))
        if any(isinstance(reply, dns.resolver.Answer) for reply in addresses):
            return Dns(Told.YES, Told.YES, Told.NO, (domain,), mta_sts, Told.UNKNOWN)
        if Told.UNKNOWN in addresses:
            return Dns(mta_sts=mta_sts)
        exists = await self._exists(domain, deadline)
        if exists is Told.UNKNOWN:
            return Dns()
        return Dns(exists, takes_mail=Told.NO, null_mx=Told.NO, mta_sts=mta_sts, dane=Told.NO)

    async def _exists(self, domain: str, deadline: float) -> Told:
        """Whether the name is there at all, mail or not."""
        try:
            await self._resolve(domain, "MX", deadline)
        except dns.resolver.NXDOMAIN:
            return Told.NO if await self._knows_the_world(domain, deadline) else Told.UNKNOWN
        except dns.resolver.NoAnswer:
            return Told.YES
        except (dns.exception.DNSException, OSError):
            return Told.UNKNOWN
        return Told.YES

    async def _knows_the_world(self, domain: str, deadline: float) -> bool:
        """Whether the resolver can see the top-level domain, or the root."""
        roof = domain.rpartition(".")[2]
        replies = await asyncio.gather(self._ask(f"{roof}.", "SOA", deadline), self._ask(".", "SOA", deadline))
        return any(isinstance(reply, dns.resolver.Answer) for reply in replies)

    async def _mta_sts(self, name: str, deadline: float) -> Told:
        """Exactly one record that begins with the version counts (rfc8461#3.1)."""
        reply = await self._ask(name, "TXT", deadline)
        if not isinstance(reply, dns.resolver.Answer):
            return reply
        texts = [b"".join(record.strings) for record in reply]
        versions = [text for text in texts if text.replace(b" ", b"").startswith(b"v=STSv1;")]
        return Told.YES if len(versions) == 1 else Told.NO

    async def _dane(self, hosts: tuple[str, ...], signed: bool, deadline: float) -> Told:
        """YES only if the MX records and every server's TLSA records are there and signed (rfc7672#2.2)."""
        replies = await asyncio.gather(
            *(self._ask(f"_25._tcp.{host}", "TLSA", deadline) for host in hosts[:MOST_HOSTS])
        )
        if Told.NO in replies:
            return Told.NO
        proofs = [reply for reply in replies if isinstance(reply, dns.resolver.Answer) and self._is_signed(reply)]
        return Told.YES if signed and len(proofs) == len(replies) else Told.UNKNOWN

    def _is_signed(self, answer: dns.resolver.Answer) -> bool:
        return self._signed_answers and bool(answer.response.flags & dns.flags.AD)

    async def _ask(self, name: str, kind: str, deadline: float) -> _Reply:
        """Records, or NO, or UNKNOWN; never an exception."""
        try:
            return await self._resolve(name, kind, deadline)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Told.NO
        except (dns.exception.DNSException, OSError, ValueError):
            return Told.UNKNOWN

    def _resolve(self, name: str, kind: str, deadline: float) -> Awaitable[dns.resolver.Answer]:
        left = deadline - asyncio.get_running_loop().time()
        if self._resolver is None or left <= 0:
            raise dns.exception.Timeout
        return self._resolver.resolve(dns.name.from_text(name), kind, lifetime=left, search=False)


def _is_loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server).is_loopback
    except ValueError:
        return False
