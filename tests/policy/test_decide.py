"""Findings and envelope to verdict: what counts, who is told, who still gets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.address import Address
from gateway.mail.envelope import Envelope
from gateway.mail.finding import CATEGORIES, Confidence, Finding
from gateway.mail.fragment import Reason, Unreadable
from gateway.mail.hidden import Hidden
from gateway.mail.place import attachment
from gateway.policy import Action, FollowUp, Policy, Severity, Verdict, decide, load_policy

Make = Callable[..., Finding]
MakeEnvelope = Callable[..., Envelope]
Change = Callable[..., dict[str, str]]

OLD = "dagklub@lavuk.dk"
CLOSED = Unreadable(attachment("zip", 1), Reason.ENCRYPTED)


@pytest.fixture
def verdict_on(lavuk: Policy, envelope: MakeEnvelope, number: Make) -> Callable[..., Verdict]:
    """The verdict on one message; by default one certain CPR number from dagklub to a kommune, outbound."""

    def judge(
        sender: str = OLD,
        recipients: tuple[str, ...] = ("sagsbehandler@hvidovre.dk",),
        *,
        policy: Policy = lavuk,
        role: str = "outbound",
        authors: tuple[str, ...] | None = None,
        findings: tuple[Finding, ...] | None = None,
        unreadable: tuple[Unreadable, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        ip: str = "127.0.0.1",
    ) -> Verdict:
        speakers = (sender,) if authors is None else authors
        return decide(
            policy,
            role,
            envelope(sender, *recipients, ip=ip),
            tuple(map(Address.of, speakers)),
            (number(),) if findings is None else findings,
            unreadable,
            headers,
        )

    return judge


Judge = Callable[..., Verdict]


def test_a_number_from_the_old_mailbox_is_blocked_and_bounced(verdict_on: Judge, lavuk: Policy) -> None:
    verdict = verdict_on()
    assert (verdict.action, verdict.follow_up) == (Action.BLOCK, FollowUp.BOUNCE)
    assert verdict.notice_to == Address.of(OLD)
    assert verdict.faellesmail == Address.of("borgervænget@kk.dk")
    assert (verdict.sender_class, verdict.categories, verdict.confidence) == ("insecure", ("cpr",), Confidence.CERTAIN)
    assert verdict.policy_version == lavuk.version
    assert verdict.reasons == ("cpr by cpr, certain, in text", "insecure/almindelig/kommune: ikke_lovlig")
    assert verdict.stopped_for == (Address.of("sagsbehandler@hvidovre.dk"),)
    assert verdict.relayed_to == ()


def test_a_harmless_message_is_relayed_to_all(verdict_on: Judge) -> None:
    verdict = verdict_on(recipients=("a@hvidovre.dk", "b@example.org"), findings=())
    assert (verdict.action, verdict.follow_up, verdict.notice_to) == (Action.RELAY, FollowUp.NONE, None)
    assert len(verdict.relayed_to) == 2
    assert verdict.reasons == ()


COUNTS = [
    ("possible", "cpr", False, "recorded only"),
    ("likely", "cpr", True, "blocks"),
    ("certain", "cpr", True, "blocks"),
    ("certain", "health", True, "a category of the contracts"),
    ("certain", "phone", False, "an identifier that does not block"),
    ("certain", "unreadable", True, "a detector that gave up is unreadable too"),
]


@pytest.mark.parametrize(("confidence", "category", "blocks", "reason"), COUNTS)
def test_what_counts(
    verdict_on: Judge, number: Make, confidence: str, category: str, blocks: bool, reason: str
) -> None:
    verdict = verdict_on(findings=(number(confidence, category=category),))
    assert (verdict.action is Action.BLOCK) is blocks, reason
    assert bool(verdict.findings) is blocks


def test_block_at_record_only_and_also_block_are_policy(verdict_on: Judge, changed: Change, number: Make) -> None:
    possible = load_policy(changed("verdict.yaml", "block_at: likely", "block_at: possible"))
    assert verdict_on(policy=possible, findings=(number("possible"),)).action is Action.BLOCK
    recorded = load_policy(changed("verdict.yaml", "record_only: []", "record_only: [cpr]"))
    assert verdict_on(policy=recorded).action is Action.RELAY
    also = load_policy(changed("verdict.yaml", "also_block: []", "also_block: [passport]"))
    assert verdict_on(policy=also, findings=(number(category="passport"),)).categories == ("passport",)


FOLLOW_UPS = [
    ("outbound", OLD, (), FollowUp.BOUNCE, "our own sender"),
    ("submission", OLD, (), FollowUp.BOUNCE, "our own sender"),
    ("inbound", OLD, (), FollowUp.REJECT, "a stranger may claim to be our sender"),
    ("inbound", "x@example.org", (), FollowUp.REJECT, "no backscatter"),
    ("outbound", "x@example.org", (), FollowUp.REJECT, "not our own domain"),
    ("outbound", "x@sub.lavuk.dk", (), FollowUp.REJECT, "not exactly our own domain"),
    ("outbound", "", (), FollowUp.REJECT, "never a bounce to a bounce"),
    ("outbound", "no-reply@lavuk.dk", (), FollowUp.REJECT, "nobody reads it"),
    ("outbound", "NoReply@Lavuk.dk", (), FollowUp.REJECT, "in any case"),
    ("outbound", "nyheder-bounces+x=y@lavuk.dk", (), FollowUp.REJECT, "a list's own reverse-path"),
    ("outbound", "mailer-daemon@lavuk.dk", (), FollowUp.REJECT, "a machine"),
    ("outbound", OLD, (("Auto-Submitted", "auto-replied"),), FollowUp.REJECT, "an auto-reply"),
    ("outbound", OLD, (("Auto-Submitted", "No"),), FollowUp.BOUNCE, "says a person sent it"),
    ("outbound", OLD, (("Precedence", "Bulk"),), FollowUp.REJECT, "bulk"),
    ("outbound", OLD, (("List-Id", "<x.lavuk.dk>"),), FollowUp.REJECT, "a list"),
]


@pytest.mark.parametrize(("role", "sender", "headers", "follow_up", "reason"), FOLLOW_UPS)
def test_who_is_told_and_how(
    verdict_on: Judge,
    role: str,
    sender: str,
    headers: tuple[tuple[str, str], ...],
    follow_up: FollowUp,
    reason: str,
) -> None:
    verdict = verdict_on(sender, authors=(OLD,), role=role, headers=headers)
    assert (verdict.action, verdict.follow_up) == (Action.BLOCK, follow_up), reason
    assert verdict.notice_to == (Address.of(sender) if follow_up is FollowUp.BOUNCE else None)


def test_on_block_reject(verdict_on: Judge, changed: Change) -> None:
    policy = load_policy(changed("verdict.yaml", "on_block: bounce", "on_block: reject"))
    assert verdict_on(policy=policy).follow_up is FollowUp.REJECT


def test_mixed_recipients_share_one_verdict_by_default(verdict_on: Judge) -> None:
    verdict = verdict_on("x@kk.dk", ("a@hvidovre.dk", "b@example.org"))
    assert verdict.action is Action.BLOCK
    assert verdict.relayed_to == ()
    assert [judgement.lawful for judgement in verdict.judgements] == [True, False]


def test_split_relays_to_the_lawful_ones(verdict_on: Judge, changed: Change) -> None:
    policy = load_policy(changed("verdict.yaml", "mixed_recipients: block_all", "mixed_recipients: split"))
    verdict = verdict_on("x@kk.dk", ("a@hvidovre.dk", "b@example.org"), policy=policy)
    assert verdict.action is Action.BLOCK
    assert verdict.relayed_to == (Address.of("a@hvidovre.dk"),)
    assert verdict.stopped_for == (Address.of("b@example.org"),)
    none_lawful = verdict_on(OLD, ("a@hvidovre.dk", "b@example.org"), policy=policy)
    assert none_lawful.relayed_to == ()


def test_without_any_recipient_what_is_sensitive_is_blocked(verdict_on: Judge) -> None:
    assert verdict_on(recipients=()).action is Action.BLOCK
    assert verdict_on(recipients=(), findings=()).action is Action.RELAY


UNREADABLE = [
    ("insecure", "block", Action.BLOCK, FollowUp.BOUNCE),
    ("insecure", "relay", Action.RELAY, FollowUp.NONE),
    ("insecure", "notify", Action.RELAY, FollowUp.NOTIFY),
]


@pytest.mark.parametrize(("name", "word", "action", "follow_up"), UNREADABLE)
def test_unreadable_parts_are_judged_by_class_of_sender(
    verdict_on: Judge, changed: Change, name: str, word: str, action: Action, follow_up: FollowUp
) -> None:
    policy = load_policy(changed("verdict.yaml", f"{name}: block", f"{name}: {word}"))
    verdict = verdict_on(policy=policy, findings=(), unreadable=(CLOSED,))
    assert (verdict.action, verdict.follow_up) == (action, follow_up)
    if action is Action.BLOCK:
        assert verdict.categories == ("unreadable",)
        assert verdict.confidence is None
        assert verdict.reasons[0] == "unreadable, encrypted, in attachment:zip 1"


def test_the_reason_goes_before_the_class(verdict_on: Judge, changed: Change) -> None:
    picture = Unreadable(attachment("jpg", 2), Reason.NO_OCR)
    policy = load_policy(changed("verdict.yaml", "unreadable_because: {}", "unreadable_because: {no OCR: relay}"))
    assert verdict_on(policy=policy, findings=(), unreadable=(picture,)).action is Action.RELAY
    both = verdict_on(policy=policy, findings=(), unreadable=(CLOSED, picture))
    assert (both.action, both.unreadable) == (Action.BLOCK, (CLOSED,))
    told = load_policy(changed("verdict.yaml", "unreadable_because: {}", "unreadable_because: {no OCR: notify}"))
    verdict = verdict_on(policy=told, findings=(), unreadable=(picture,))
    assert (verdict.action, verdict.follow_up, verdict.unreadable) == (Action.RELAY, FollowUp.NOTIFY, (picture,))


def test_unreadable_to_a_lawful_recipient_is_relayed(verdict_on: Judge) -> None:
    assert verdict_on("x@kk.dk", findings=(), unreadable=(CLOSED,)).action is Action.RELAY


SEVERITY = [(1, Severity.LOW), (2, Severity.MEDIUM), (9, Severity.MEDIUM), (10, Severity.HIGH), (500, Severity.HIGH)]


@pytest.mark.parametrize(("count", "severity"), SEVERITY)
def test_severity_grows_with_distinct_numbers(verdict_on: Judge, number: Make, count: int, severity: Severity) -> None:
    findings = tuple(number(identity=f"{serial:010}") for serial in range(count)) * 3
    verdict = verdict_on(findings=findings)
    assert (verdict.numbers, verdict.severity) == (count, severity)


def test_a_lawful_message_has_no_severity(verdict_on: Judge) -> None:
    verdict = verdict_on("x@kk.dk")
    assert (verdict.action, verdict.severity, verdict.numbers) == (Action.RELAY, Severity.NONE, 1)


SEND_SIKKERT = [
    ("headers: []", 'headers: [{name: X-Sikker, value: "ja"}]', (("x-sikker", " ja "),), "127.0.0.1", True),
    ("headers: []", 'headers: [{name: X-Sikker, value: "ja"}]', (("X-Sikker", "nej"),), "127.0.0.1", False),
    ("headers: []", "headers: [{name: X-Sikker}]", (("X-SIKKER", "whatever"),), "127.0.0.1", True),
    ("clients: []", 'clients: ["192.0.2.0/24"]', (), "192.0.2.9", True),
    ("clients: []", 'clients: ["192.0.2.0/24"]', (), "::ffff:192.0.2.9", True),
    ("clients: []", 'clients: ["192.0.2.0/24"]', (), "198.51.100.9", False),
    ("clients: []", 'clients: ["192.0.2.0/24"]', (), "", False),
]


@pytest.mark.parametrize(("old", "new", "headers", "ip", "secure"), SEND_SIKKERT)
def test_send_sikkert_is_known_by_the_policys_marks(
    verdict_on: Judge,
    changed: Change,
    old: str,
    new: str,
    headers: tuple[tuple[str, str], ...],
    ip: str,
    secure: bool,
) -> None:
    files = changed("send_sikkert.yaml", f"\n{old}", f"\n{new}")
    policy = load_policy(files)
    verdict = verdict_on("x@kk.dk", ("foraelder@example.org",), policy=policy, headers=headers, ip=ip)
    assert (verdict.action is Action.RELAY) is secure
    from_old = verdict_on(OLD, ("foraelder@example.org",), policy=policy, headers=headers, ip=ip)
    assert from_old.action is Action.BLOCK, "the old mailboxes have no Send sikkert, whatever a header says"


def test_the_advice_is_for_the_sender_the_table_knows(verdict_on: Judge) -> None:
    verdict = verdict_on("bounce-17@lavuk.dk", authors=("Dagklub@LAVUK.dk",))
    assert verdict.faellesmail == Address.of("borgervænget@kk.dk")


def test_a_secure_sender_needs_no_faellesmail(verdict_on: Judge) -> None:
    assert verdict_on("x@kk.dk", ("x@example.org",)).faellesmail is None


def test_inbound_has_no_advice(verdict_on: Judge) -> None:
    verdict = verdict_on("x@example.org", ("dagklub@lavuk.dk",), role="inbound")
    assert [judgement.advice for judgement in verdict.judgements] == [None]


def test_a_thousand_findings_are_counted_not_listed(verdict_on: Judge, number: Make) -> None:
    many = tuple(
        Finding("cpr", "cpr", Confidence.CERTAIN, attachment("xlsx", place), Hidden(f"{place:010}"))
        for place in range(1000)
    )
    verdict = verdict_on(findings=many)
    assert (verdict.numbers, len(verdict.findings)) == (1000, 1000)
    assert len(verdict.reasons) == 102
    assert "and 900 more" in verdict.reasons


def test_a_verdict_shows_no_number_in_print(verdict_on: Judge, number: Make) -> None:
    assert "0707614285" not in repr(verdict_on(findings=(number(),)))


addresses = st.sampled_from(
    ["x@kk.dk", OLD, "x@strodammen.dk", "x@hvidovre.dk", "x@example.org", "x@gmail.com", "rubbish", "city@hb-care.dk"]
)


@given(
    sender=st.sampled_from(["", OLD, "x@kk.dk", "x@example.org", "rubbish"]),
    recipients=st.lists(addresses, max_size=5),
    authors=st.lists(addresses, max_size=3),
    found=st.lists(st.tuples(st.sampled_from(["possible", "likely", "certain"]), st.sampled_from(CATEGORIES))),
    role=st.sampled_from(["outbound", "inbound", "submission"]),
    closed=st.booleans(),
)
def test_laws_of_every_verdict(
    lavuk: Policy,
    envelope: MakeEnvelope,
    number: Make,
    sender: str,
    recipients: list[str],
    authors: list[str],
    found: list[tuple[str, str]],
    role: str,
    closed: bool,
) -> None:
    findings = [number(confidence, category=category) for confidence, category in found]
    verdict = decide(
        lavuk,
        role,
        envelope(sender, *recipients),
        tuple(map(Address.of, authors)),
        findings,
        (CLOSED,) if closed else (),
    )
    counts = closed or any(confidence != "possible" for confidence, _ in found)
    unlawful = not recipients or not all(judgement.lawful for judgement in verdict.judgements)
    assert (verdict.action is Action.BLOCK) is (counts and unlawful)
    assert len(verdict.judgements) == len(recipients)
    if verdict.action is Action.RELAY:
        assert len(verdict.relayed_to) == len(recipients)
    else:
        assert verdict.follow_up in (FollowUp.BOUNCE, FollowUp.REJECT)
        assert verdict.relayed_to == ()
    if verdict.notice_to is not None:
        assert role != "inbound"
        assert lavuk.owns(verdict.notice_to)


def test_the_texts_hold_no_surprise(lavuk_files: Mapping[str, str]) -> None:
    assert not any("\t" in text for text in lavuk_files.values())
