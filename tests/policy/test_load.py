"""A policy that is wrong is refused whole, every fault by file and line; a right one is what its files say."""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.envelope import Envelope
from gateway.mail.finding import Finding
from gateway.policy import Policy, PolicyError, Verdict, decide, load_policy
from gateway.yamltext import parse_yaml

Change = Callable[..., dict[str, str]]

FAULTS = [
    (
        "senders.yaml",
        "default: insecure",
        "default: unsecure",
        "no class is called `unsecure`, did you mean `insecure`?",
    ),
    ("senders.yaml", "default: insecure", "default: kk", "`kk` is secure, so every stranger would be"),
    ("senders.yaml", "order: [insecure, kk]", "order: [kk]", "the class `insecure` has no place in the order"),
    ("senders.yaml", "order: [insecure, kk]", "order: [kk, insecure]", "the last class of the order, `insecure`, must"),
    ("senders.yaml", "order: [insecure, kk]", "order: [insecure, kk, kk]", "`kk` stands twice in the order"),
    ("senders.yaml", "domains: [kk.dk]", "domains: [kk.dk, lavuk.dk]", "`lavuk.dk` belongs to `kk` already"),
    ("senders.yaml", "domains: [kk.dk]", "domains: [kk]", "`kk` is no domain, write it like `example.dk`"),
    ("senders.yaml", "domains: [kk.dk]", "domains: [x@kk.dk]", "`x@kk.dk` is no domain, write it without what stands"),
    ("senders.yaml", "domains: [kk.dk]", "domains: kk.dk", "a list is wanted"),
    ("senders.yaml", "domains: [kk.dk]", "lists: [kommunr]", "there is no list lists/kommunr.yaml, did you mean"),
    ("senders.yaml", "secure: true ", "secure: maybe ", "`true` or `false` is wanted"),
    ("senders.yaml", "secure: true ", "secure: false ", "no class is `secure: true`"),
    ("recipients.yaml", "lists: [kommuner]", "", "nobody belongs to the class `kommune`"),
    ("recipients.yaml", "domains: [kk.dk]", "domains: [kk.dk, lavuk.dk]", "`lavuk.dk` belongs to `kk` already"),
    ("recipients.yaml", "lists: [tunnel,", "lists: [kommuner,", "of this list belongs to `kommune` already"),
    ("recipients.yaml", "kind: egen", "kind: eget", "one of these words is wanted"),
    ("matrix.yaml", "andre: ikke_sikker", "andra: ikke_sikker", "no class is called `andra`, did you mean `andre`?"),
    ("matrix.yaml", "andre: ikke_sikker", "andre: usikker", "one of these words is wanted: 'sikker', "),
    (
        "matrix.yaml",
        "method: send_sikkert",
        "method: almindelig",
        "a row for `kk` by `almindelig` stands above already",
    ),
    ("matrix.yaml", "sender: insecure", "sender: inscure", "no class is called `inscure`, did you mean `insecure`?"),
    ("matrix.yaml", "{kk: sikker,", "{insecure: sikker, kk: sikker,", "`always` says ikke_lovlig of `insecure`"),
    ("matrix.yaml", "always:", "allways:", "unknown key `allways`, did you mean `always`?"),
    ("faellesmail.yaml", "[dagklub@lavuk.dk]", "[dagklub]", "`dagklub` is no mail address, write `name@example.dk`"),
    ("faellesmail.yaml", "[dagklub@lavuk.dk]", "[Sdr.Fasanvej@lavuk.dk]", "`Sdr.fasanvej@lavuk.dk` has a row already"),
    ("faellesmail.yaml", "new: strodammen@kk.dk", "new: lærkevej@kk.dk", "`lærkevej@kk.dk` has a row already"),
    ("faellesmail.yaml", "new: strodammen@kk.dk", "new: x@lavuk.dk", "`x@lavuk.dk` is no secure mailbox"),
    ("faellesmail.yaml", "stjernen@kk.dk}", "dagklub@lavuk.dk", "this is no YAML"),
    ("faellesmail.yaml", "people: []\n", "people: [{person: a@lavuk.dk, dagtilbud: x}]\n", "no mailbox belongs to the"),
    ("faellesmail.yaml", "dagtilbud: strødammen", "dagtilbud: sdr. fasanvej", "`sdr. fasanvej` has a mailbox already"),
    ("faellesmail.yaml", "patterns: []", 'patterns: [{pattern: "a@b.dk", new: x@kk.dk}]', "`a@b.dk` is no pattern"),
    ("faellesmail.yaml", "recipients: [andre]", "recipients: [andra]", "no class is called `andra`"),
    (
        "verdict.yaml",
        "block_at: likely",
        "block_at: maybe",
        "`maybe` is no confidence, write one of possible, likely, certain",
    ),
    ("verdict.yaml", "kk: block", "kx: block", "no class is called `kx`"),
    ("verdict.yaml", "kk: block", "kk: drop", "one of these words is wanted"),
    ("verdict.yaml", "unreadable_because: {}", "unreadable_because: {no ocr: relay}", "one of these words is wanted"),
    ("verdict.yaml", "record_only: []", "record_only: [cprr]", "`cprr` is no category"),
    ("verdict.yaml", "high: 10", "high: 1", "the number is too small, write at least 2"),
    ("verdict.yaml", "{medium: 2, high: 10}", "{medium: 9, high: 2}", "`high` must not be less than `medium`"),
    ("organisation.yaml", "name: LAVUK", "nme: LAVUK", "unknown key `nme`, did you mean `name`?"),
    ("organisation.yaml", "contact: stjernen@kk.dk", "contact: stjernen", "`stjernen` is no mail address"),
    ("send_sikkert.yaml", "domain: digital-post.dk", "domain: .dk", "`.dk` is no domain"),
    ("send_sikkert.yaml", "clients: []", "clients: [somewhere]", "`somewhere` is no network"),
    ("lists/kommuner.yaml", "domain: balk.dk", "domain: kk.dk", "`kk.dk` stands in this list already"),
    ("lists/kommuner.yaml", "domain: balk.dk", "domain: ba_lk.dk", "`ba_lk.dk` is no domain"),
    ("lists/kommuner.yaml", "domain: balk.dk", "name2: x", "unknown key `entries[3].name2`, did you mean `name`?"),
    ("lists/kommuner.yaml", "date: 2026-11-23", "date: 2026-13-23", "a date is wanted, written 2026-11-23"),
    ("lists/kommuner.yaml", "review_after: 2027-05-23", "review_after: 2025-05-23", "`review_after` lies before"),
    (
        "lists/virksomheder.yaml",
        "address: city@hb-care.dk",
        "note: x",
        "an entry has either a `domain` or an `address`",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "text"), FAULTS, ids=[f"{f}: {t}" for f, _, _, t in FAULTS])
def test_a_fault_is_named_where_it_stands(
    changed: Change, lavuk_files: Mapping[str, str], file: str, old: str, new: str, text: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(changed(file, old, new), "policies/x")
    named = [line for line in caught.value.lines if text in line]
    assert named, caught.value.lines
    at = lavuk_files[file].partition(old)[0].count("\n") + 1
    prefix, line_number, _ = named[0].split(":", 2)
    assert prefix == f"policies/x/{file}"
    assert abs(int(line_number) - at) <= 25, (named[0], at)
    assert "\n" not in named[0]


def test_faults_of_all_files_are_told_at_once(changed: Change) -> None:
    files = changed("senders.yaml", "default: insecure", "default: insecure\ndefault: x")
    files["verdict.yaml"] += "\nnew_key: 1\n"
    files["matrix.yaml"] = ""
    with pytest.raises(PolicyError) as caught:
        load_policy(files)
    assert {line.split(":")[0] for line in caught.value.lines} == {"senders.yaml", "verdict.yaml", "matrix.yaml"}


def test_a_circle_of_moves(changed: Change) -> None:
    files = changed(
        "faellesmail.yaml", "    new: borgervænget@kk.dk\n", "    new: b@kk.dk\n  - old: [b@kk.dk]\n    new: c@kk.dk\n"
    )
    files["faellesmail.yaml"] = files["faellesmail.yaml"].replace(
        "    new: c@kk.dk\n", "    new: c@kk.dk\n  - old: [c@kk.dk]\n    new: B@kk.dk\n"
    )
    with pytest.raises(PolicyError) as caught:
        load_policy(files)
    assert sum("moves in a circle" in line for line in caught.value.lines) == 3


def test_a_missing_file_and_a_strange_one(lavuk_files: Mapping[str, str]) -> None:
    files = {name: text for name, text in lavuk_files.items() if name != "matrix.yaml"}
    files["matrx.yaml"] = lavuk_files["matrix.yaml"]
    with pytest.raises(PolicyError) as caught:
        load_policy(files)
    assert caught.value.lines == (
        "matrx.yaml:1: no such file belongs to a policy, did you mean `matrix.yaml`?",
        "matrix.yaml:1: the file is missing from the policy folder",
    )


def test_an_empty_folder() -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy({})
    assert len(caught.value.lines) == 5


def test_the_words_go_to_the_detectors_as_they_are(lavuk_files: Mapping[str, str]) -> None:
    policy = load_policy({**lavuk_files, "cpr.yaml": "a: 1\n", "ord/health.yaml": "b: [x]\n"})
    assert policy.detection["cpr"] == {"a": 1}
    assert policy.detection["ord"]["health"] == {"b": ["x"]}
    with pytest.raises(PolicyError, match=r"ord/health\.yaml:2: the key `b` stands here twice"):
        load_policy({**lavuk_files, "ord/health.yaml": "b: 1\nb: 2\n"})


LOCATED = [
    ("weights: 'cue.nere' is no kind of evidence", "cpr.yaml:3: weights: 'cue.nere' is no kind of evidence"),
    ("ord/y.yaml: weights: 'wording.old' is no kind of", "ord/y.yaml:3: weights: 'wording.old' is no kind of"),
    ("thresholds: should rise", "cpr.yaml:4: thresholds: should rise"),
    ("nothing of the kind", "cpr.yaml:1: nothing of the kind"),
    ("ord/x.yaml: terms: 'sk*ng' has * inside", "ord/x.yaml:3: terms: 'sk*ng' has * inside"),
    ("ord/x.yaml: kind should be one of", "ord/x.yaml:1: kind should be one of"),
]


@pytest.mark.parametrize(("fault", "located"), LOCATED)
def test_a_fault_of_the_detectors_gets_its_line(lavuk_files: Mapping[str, str], fault: str, located: str) -> None:
    words = {
        "cpr.yaml": "weights:\n  cue.near: 45\n  cue.nere: 45\nthresholds: {possible: 20}\n",
        "ord/x.yaml": "terms:\n  - syg\n  - sk*ng\n",
        "ord/y.yaml": "kind: scoring\nweights:\n  wording.old: 25\n",
    }
    assert load_policy({**lavuk_files, **words}).locate(fault) == located


def test_the_version_is_of_every_byte_and_of_no_order(lavuk_files: Mapping[str, str], lavuk: Policy) -> None:
    names = list(lavuk_files)
    random.Random(1).shuffle(names)
    assert load_policy({name: lavuk_files[name] for name in names}).version == lavuk.version
    assert load_policy({name: lavuk_files[name].encode() for name in names}).version == lavuk.version
    assert load_policy({**lavuk_files, "beskeder/x.txt": "x"}).version != lavuk.version
    assert load_policy({**lavuk_files, "verdict.yaml": lavuk_files["verdict.yaml"] + "\n"}).version != lavuk.version


def test_subdomains_only_where_the_policy_says_so(changed: Change) -> None:
    policy = load_policy(changed("recipients.yaml", "domains: [kk.dk]", "domains: [{domain: kk.dk, subdomains: true}]"))
    assert [policy.recipients.of_domain(d) for d in ("kk.dk", "a.b.kk.dk", "evil-kk.dk", "kk.dk.example", "dk")] == [
        "kk",
        "kk",
        "andre",
        "andre",
        "andre",
    ]


def test_the_narrowest_entry_counts(changed: Change) -> None:
    files = changed("recipients.yaml", "domains: [kk.dk]", "domains: [{domain: kk.dk, subdomains: true}]")
    files["lists/tunnel.yaml"] = files["lists/tunnel.yaml"].replace("entries: []", "entries: [{domain: firma.kk.dk}]")
    policy = load_policy(files)
    assert policy.recipients.of_domain("firma.kk.dk") == "tunnel"
    assert policy.recipients.of_domain("x.firma.kk.dk") == "kk"


def test_describe_names_what_an_admin_asks_for(lavuk: Policy) -> None:
    text = lavuk.describe()
    for words in (lavuk.version, "kk/send_sikkert", "ikke_lovlig", "dagklub@lavuk.dk → borgervænget@kk.dk", "96 of 98"):
        assert words in text


def test_warnings_name_what_wants_an_eye(lavuk: Policy, changed: Change) -> None:
    fresh = lavuk.warnings(datetime.date(2026, 11, 24))
    assert not any("reviewed" in line for line in fresh)
    assert "lists/kommuner.yaml: switched off until confirmed: Esbjerg, Brønderslev" in fresh
    assert "lists/regioner.yaml: is switched off until somebody has confirmed it (`active: true`)" in fresh
    assert "lists/tunnel.yaml: is empty" in fresh
    assert any(line.startswith("organisation.yaml: not filled in") and "phone" in line for line in fresh)
    late = lavuk.warnings(datetime.date(2027, 1, 3))
    assert "lists/regioner.yaml: should have been reviewed after 2027-01-01, 2 days ago" in late
    owned = load_policy(changed("lists/tunnel.yaml", '"UNKNOWN: name', '"Anne, who asks to name'))
    assert "lists/tunnel.yaml: nobody owns this list, write who answers for it" in fresh
    assert not any("tunnel.yaml: nobody" in line for line in owned.warnings(datetime.date(2026, 11, 24)))


DOMAINS = st.sampled_from(["a.dk", "b.dk", "mail.b.dk", "hvidovre.dk", "kk.dk", "lavuk.dk", "example.org"])


ASKED = (
    ("dagklub@lavuk.dk", "x@brondby.dk"),
    ("dagklub-2@lavuk.dk", "x@example.org"),
    ("x@strodammen.dk", "dagklub@lavuk.dk"),
    ("x@lavuk.dk", "city@hb-care.dk"),
    ("x@kk.dk", "x@kk.dk"),
    ("x@kk.dk", "2512489996@digital-post.dk"),
    ("x@kk.dk", "x@gmail.com"),
    ("no-reply@lavuk.dk", "x@politi.dk"),
    ("", "x@example.org"),
)


def decisions(policy: Policy, envelope: Callable[..., Envelope], found: Finding) -> list[Verdict]:
    """Everything the policy says on these routes, without its own name."""
    verdicts = (decide(policy, "outbound", envelope(*asked), (), [found], []) for asked in ASKED)
    return [dataclasses.replace(verdict, policy_version="") for verdict in verdicts]


@settings(max_examples=30, deadline=None)
@given(added=st.sampled_from(["a.dk", "b.dk", "example.org", "gmail.com"]), asked=DOMAINS)
def test_a_domain_added_to_a_list_changes_that_domain_only(
    lavuk_files: Mapping[str, str],
    lavuk: Policy,
    envelope: Callable[..., Envelope],
    number: Callable[..., Finding],
    added: str,
    asked: str,
) -> None:
    text = lavuk_files["lists/tunnel.yaml"].replace("entries: []", f"entries: [{{domain: {added}}}]")
    policy = load_policy({**lavuk_files, "lists/tunnel.yaml": text})
    before, after = lavuk.recipients.of_domain(asked), policy.recipients.of_domain(asked)
    assert after == ("tunnel" if asked == added else before)
    pairs = zip(decisions(lavuk, envelope, number()), decisions(policy, envelope, number()), strict=True)
    for old, new in pairs:
        assert old == new or old.judgements[0].address.domain == added


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_entries_never_counts(
    lavuk_files: Mapping[str, str], envelope: Callable[..., Envelope], number: Callable[..., Finding], seed: int
) -> None:
    """Every mapping and list in another order, but the one that is called `order`, decides alike."""
    dice = random.Random(seed)
    files = dict(lavuk_files)
    files["faellesmail.yaml"] = files["faellesmail.yaml"].replace("patterns: []", PATTERNS)
    shuffled = {
        name: yaml.safe_dump(in_another_order(parse_yaml(text, name).value, dice), allow_unicode=True, sort_keys=False)
        for name, text in files.items()
    }
    one, other = load_policy(files), load_policy(shuffled)
    assert decisions(one, envelope, number()) == decisions(other, envelope, number())
    assert one.recipients == other.recipients


PATTERNS = """patterns:
  - {pattern: "dagklub-*@lavuk.dk", new: borgervænget@kk.dk}
  - {pattern: "dag*@lavuk.dk", new: lærkevej@kk.dk}
  - {pattern: "*-2@lavuk.dk", new: strodammen@kk.dk}
"""


def in_another_order(value: Any, dice: random.Random) -> Any:
    if isinstance(value, list):
        return dice.sample([in_another_order(each, dice) for each in value], len(value))
    if isinstance(value, dict):
        keys = dice.sample(list(value), len(value))
        return {key: value[key] if key == "order" else in_another_order(value[key], dice) for key in keys}
    return value
