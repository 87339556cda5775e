"""What deciding costs: one verdict for one recipient, and for a thousand, with the full lists of a policy.

    python bench/deciding.py [POLICY_FOLDER]

The design allows 50 microseconds for one recipient and 5 milliseconds for a thousand. Prints the best of several
rounds, because whatever else the machine does can only make a round slower.
"""

from __future__ import annotations

import sys
import timeit
from pathlib import Path

from gateway.mail.address import Address
from gateway.mail.envelope import Client, Envelope
from gateway.mail.envelope import Path as MailPath
from gateway.mail.finding import Confidence, Finding
from gateway.mail.hidden import Hidden
from gateway.mail.place import TEXT
from gateway.policy import Policy, decide, load_policy

ALLOWED = {1: 50e-6, 1000: 5e-3}
ROUNDS = 20
SPECIMEN = Finding("cpr", "cpr", Confidence.CERTAIN, TEXT, Hidden("0707614285"))


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "policies/lavuk")
    policy = load_policy({path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.yaml")})
    sender = next(iter(policy.faellesmail.rows))
    slow = 0
    for count, allowed in ALLOWED.items():
        for word, findings in (("relay", []), ("block", [SPECIMEN])):
            seconds = cost(policy, sender, count, findings)
            slow += seconds > allowed
            print(f"{word:6} {count:5} recipients: {seconds * 1e6:8.1f} µs (allowed {allowed * 1e6:.0f})")
    return 1 if slow else 0


def cost(policy: Policy, sender: str, count: int, findings: list[Finding]) -> float:
    """Seconds for one decision; half of the recipients stand on lists, the others nowhere."""
    listed = list(policy.recipients.domains)[: count // 2] or ["example.org"]
    domains = [*listed, *(f"d{number}.example" for number in range(count // 2))]
    recipients = tuple(MailPath(Address.of(f"x{number}@{domains[number % len(domains)]}")) for number in range(count))
    envelope = Envelope(MailPath(Address.of(sender)), recipients, Client("127.0.0.1"))
    authors = (Address.of(sender),)
    number = max(1, 2000 // count)
    rounds = timeit.repeat(
        lambda: decide(policy, "outbound", envelope, authors, findings, []), number=number, repeat=ROUNDS
    )
    return min(rounds) / number


if __name__ == "__main__":
    raise SystemExit(main())
