"""Another organisation is another folder: no code knows a domain, a mailbox or an institution."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.mail.address import Address
from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.policy import Action, FollowUp, Policy, Route, Safety, advise, decide, load_policy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def eksempel() -> Policy:
    base = ROOT / "policies" / "eksempel"
    return load_policy({p.relative_to(base).as_posix(): p.read_text("utf-8") for p in base.rglob("*.yaml")})


DECISIONS = [
    ("x@strandby.example", "x@klitborg.example", Action.RELAY, "authority"),
    ("x@skole.strandby.example", "x@klitborg.example", Action.RELAY, "below our domain counts here"),
    ("x@strandby.example", "x@sønderhavn.example", Action.RELAY, "an IDN"),
    ("x@strandby.example", "x@xn--snderhavn-l8a.example", Action.RELAY, "the same IDN as A-label"),
    ("x@strandby.example", "x@oestermark.example", Action.BLOCK, "the website is not the mail domain"),
    ("x@strandby.example", "x@gmail.com", Action.BLOCK, "anybody"),
    ("x@vesterhav-region.example", "x@strandby.example", Action.RELAY, "the class this organisation added"),
    ("x@vesterhav-region.example", "x@klitklubben.example", Action.BLOCK, "the old mailboxes may not receive"),
    ("post@klitklubben.example", "x@strandby.example", Action.BLOCK, "an old mailbox"),
    ("x@strandby.example", "1234567890@a.post.sikker-rute.example", Action.RELAY, "this organisation's route"),
    ("x@kk.dk", "x@hvidovre.dk", Action.BLOCK, "elsewhere's secure senders are strangers here"),
    ("x@lavuk.dk", "x@strandby.example", Action.BLOCK, "so are elsewhere's old mailboxes"),
]


@pytest.mark.parametrize(("sender", "recipient", "action", "reason"), DECISIONS)
def test_decisions(
    eksempel: Policy,
    envelope: Callable[..., Envelope],
    number: Callable[..., Finding],
    sender: str,
    recipient: str,
    action: Action,
    reason: str,
) -> None:
    verdict = decide(eksempel, "outbound", envelope(sender, recipient), (Address.of(sender),), [number()], [])
    assert verdict.action is action, reason


def test_its_own_words_for_everything(
    eksempel: Policy, envelope: Callable[..., Envelope], number: Callable[..., Finding]
) -> None:
    recipients = ("x@klitborg.example", "x@gmail.com")
    split = decide(eksempel, "outbound", envelope("x@strandby.example", *recipients), (), [number()], [])
    assert split.relayed_to == (Address.of("x@klitborg.example"),)
    likely = decide(
        eksempel, "outbound", envelope("post@klitklubben.example", "x@gmail.com"), (), [number("likely")], []
    )
    assert likely.action is Action.RELAY, "block_at: certain"
    old = decide(eksempel, "outbound", envelope("Bodil@klitklubben.example", "x@gmail.com"), (), [number()], [])
    assert (old.follow_up, old.faellesmail) == (FollowUp.BOUNCE, Address.of("havblik@strandby.example"))


WAYS = [
    ("stue-2@bornehuset-havblik.example", "havblik@strandby.example"),
    ("hvem@klitklubben.example", "klitten@strandby.example"),
    ("hvem@bornehuset-havblik.example", None),
    ("omraadeleder@klitklubben.example", "dagtilbud@strandby.example"),
    ("dagklub@lavuk.dk", None),
]


@pytest.mark.parametrize(("sender", "mailbox"), WAYS)
def test_its_own_faellesmail(eksempel: Policy, sender: str, mailbox: str | None) -> None:
    advice = advise(eksempel, Address.of(sender), Address.of("x@klitborg.example"))
    assert advice.mailbox == (Address.of(mailbox) if mailbox else None)
    assert advice.route is Route.ALMINDELIG


def test_it_is_complete() -> None:
    """Every file of the first folder has its like in the second; the words of the trade are shared by links."""
    base = ROOT / "policies"
    first, second = (
        {path.relative_to(base / name).as_posix() for path in (base / name).glob("*.yaml")}
        for name in ("lavuk", "eksempel")
    )
    assert first == second
    assert (base / "eksempel" / "ord").is_dir()


def test_its_matrix_has_a_row_of_its_own(eksempel: Policy) -> None:
    from gateway.policy import Method

    assert eksempel.safety("region", Method.ALMINDELIG, "myndighed") is Safety.SIKKER
    assert eksempel.safety("fremmed", Method.SEND_SIKKERT, "alle_andre") is Safety.IKKE_LOVLIG


# ---------------------------------------------------------------- nothing of any organisation in code

ALLOWED = {
    ("gateway/cli/common.py", "lavuk"),  # the folder that `serve` takes without a settings file
    ("gateway/cli/serve.py", "lavuk"),  # its help says so
}
OF_THE_TRADE = {"dagklub", "dagtilbud", "kommune", "kontakt", "leder", "post"}
CODE = (".py", ".txt", ".html", ".yaml", ".j2")


def names_of(policy: Policy) -> Iterator[str]:
    """Everything that belongs to one organisation: domains, mailboxes, names."""
    yield from policy.own_domains
    yield from (domain.rpartition(".")[0] for domain in policy.own_domains if len(domain) > 6)
    yield from (domain for domain in policy.recipients.domains if len(domain) > 6)
    yield from policy.send_sikkert.recipients.domains
    table = policy.faellesmail
    boxes = {*table.boxes, *table.rows.values(), *table.defaults.values(), table.leaders_mailbox}
    yield from (box.local for box in boxes if box)
    yield from (old.partition("@")[0] for old in table.rows)
    yield from policy.organisation.name.replace(",", " ").split(" ")[:2]


def test_no_code_knows_a_domain_a_mailbox_or_an_institution(lavuk: Policy, eksempel: Policy) -> None:
    words = {word.casefold() for policy in (lavuk, eksempel) for word in names_of(policy)} - OF_THE_TRADE
    pattern = re.compile(r"(?<![\w.@-])(?:" + "|".join(map(re.escape, sorted(words))) + r")(?![\w-])")
    found = {
        (path.relative_to(ROOT).as_posix(), word)
        for path in sorted((ROOT / "gateway").rglob("*"))
        if path.suffix in CODE
        for word in pattern.findall(path.read_text("utf-8").casefold())
    }
    assert found <= ALLOWED
