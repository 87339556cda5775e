"""Where a word stands to a number: near it, beside it, in another sentence; and what it is there.

A hit is a word of the policy before or after a number. `text`: the stretch before the number, a gap, and the one after.
"""

from __future__ import annotations

import re
from typing import NamedTuple

CUE, MAYBE_CUE, STRONG, WEAK, PERSON, RUN = range(1, 7)
"""What a word is for: it introduces a CPR number, or may; it labels another, or may; a person; a label of runs."""

LABELS = (STRONG, WEAK, RUN)
_NEAR = 90
BESIDE = 28
_INTRODUCING = 60
"""How far a label reaches that introduces with a colon: `armbåndskoder til festivalen: 0505011783`."""
_FEW_WORDS = 2
_JOINING = frozenset(b"er is for til som hos ved af at den det de vores jeres lyder hedder".split())
"""Words that only join a label to its number: `policenummeret for ladcyklen er 200610-1952`."""
BETWEEN = b"\0\0\0\0"
_SENTENCE_END = re.compile(rb"[.!?]+[)\"' ]*\s+(?=[A-Z]|\xc3[\x80-\x9e])|\n\s*\n")
_NUMBERS = re.compile(rb"[0-9][0-9 -]{4,}[0-9](?: ?,| og)?")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_OTHER_LINE = re.compile(rb"\n(?:[A-Z0-9]|\xc3[\x80-\x9e])[^\n]{5,}\Z")
"""What stands between a number and a cue in a later line of its own that does not begin with the cue."""
_THAT_IS = re.compile(
    rb"[.,!)]{0,2}\s+(?:det|dette|it|that|this)(?: er| var|'s| is| was)(?: [a-z\x80-\xff]{1,12}){0,2} ?\Z",
    re.IGNORECASE,
)
"""What tells of the number just given: `150322-6239. Det er cpr på Mynte`."""
_HEADS_IT = re.compile(rb"[^\n]{0,12}\n\s*")
"""From the cue to the number: the rest of a line that stands over it, and whatever lines are left free."""
OF_NUMBERS = re.compile(rb"(?:num(?:re|rene|mer|meret)|nr|koder?|koderne|codes?|numbers?)[^a-z]?\Z", re.IGNORECASE)
"""How a word ends that is for numbers of a kind, whatever else a line speaks of."""
_A_DIGIT = re.compile(rb"[0-9]")
_A_NUMBER_AND_A_WORD = re.compile(rb"[0-9][ \"'(]{1,4}[A-Za-z\x80-\xff]{4}")
_PNR = re.compile(rb"[^0-9A-Za-z\x80-\xff]?pnr[^0-9A-Za-z\x80-\xff]?", re.IGNORECASE)
CELL_END = re.compile(rb"[\n;]")
_DENIED = re.compile(
    rb"(?:\A|\b(?:er|var|alts\xc3\xa5|men|og|dog|nemlig|is|was) |[(,;:.!\n-] ?)(?:ikke (?:et|noget)|not an?)"
    rb"[ -][a-z]?\Z",
    re.IGNORECASE,
)
"""`Det er ikke et cpr-nummer` tells what it is not; `har du ikke et cpr-nummer` says nothing of a number."""
_DENIAL = 32
_SOMETHING_ELSE = re.compile(
    rb"[^a-z]?(?:f\. ?(?:eks|ex|o\.? ?m|m|s|kr)\b|cpr ?[/&+] ?aed"
    rb"|cpr (?:training|course|refresher|dumm|manikin|certif))",
    re.IGNORECASE,
)
"""`f.eks.`, and the first aid that the English call so."""
_SAID_TO_BE = re.compile(
    rb"[ ,]{1,2}(?:er|som|is|as) (?:(?:vores|jeres|deres|min|mit|dit|din|bare|kun|et|en|den|det|our|your|the|a"
    rb"|alts\xc3\xa5|blot|jo|nemlig|faktisk|only|just) ){0,3}"
    rb"(?P<label>(?!(?:nr|nummer|nummeret|no|number|id)\b)[a-z\x80-\xff]{2,40})",
    re.IGNORECASE,
)
"""A label that a number is said to be: `0706234955 er fakturanummeret`; not `er nummeret på Emma`."""
_WHOSE_NUMBER_FOR = re.compile(
    rb"\b(?:[a-z\x80-\xff]{2,30}s|mit|dit|hendes) (?:cpr-?)?(?:nr\.?|nummer) (?:til|for|p\xc3\xa5) "
    rb"(?:(?:det|den|de|et|en) )?(?:nye )?\Z",
    re.IGNORECASE,
)


class Hit(NamedTuple):
    """A word found before or after a number: what it is and where it stands."""

    kind: int
    start: int
    end: int


def is_near(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a cue stands close to the number, in the same sentence."""
    if hit.end <= len(before) + 1:
        if len(before) - hit.end > _NEAR:
            return False
        return _HEADS_IT.fullmatch(before, hit.end - 1) is not None or not _SENTENCE_END.search(before, hit.end - 1)
    start = _in_after(hit, before)
    if start > _NEAR:
        return False
    is_apart = _SENTENCE_END.search(after, 0, start + 2) or _OTHER_LINE.search(after, 0, start)
    return not is_apart or _THAT_IS.match(after[:start]) is not None


def is_beside(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a label reaches the number: on its line, with few words or any list of numbers between, or after it."""
    if hit.end <= len(before) + 1:
        between = before[hit.end - 1 :]
        if CELL_END.search(between) or _SENTENCE_END.search(between):
            return False
        words = _NUMBERS.sub(b"", between)
        return len(words) <= (_INTRODUCING if words.rstrip().endswith(b":") else BESIDE) + 1
    start = _in_after(hit, before)
    said = _SAID_TO_BE.match(after) if hit.kind == STRONG else None
    if said is not None and said.start("label") - 1 <= start < said.end("label"):
        return True
    return start <= 3 and not CELL_END.search(after, 0, start + 1)


def strength(hit: Hit, before: bytes, after: bytes) -> int:
    """A strong label is as weak as others where more than a few words or a comma part it from the number.

    After a comma a word for numbers still tells what it was (`…, ordrenummer`), a thing may be the next matter
    (`…, adgang til kælderen`).
    """
    if hit.kind in (STRONG, RUN) and hit.start > len(before) + 1:
        start = _in_after(hit, before)
        word = _WORD.search(after, start)
        tells = word is not None and OF_NUMBERS.search(word.group()) is not None
        return hit.kind if tells or b"," not in after[: start + 1] else WEAK
    between = _NUMBERS.sub(b"", before[hit.end - 1 :])
    words = [word for word in _WORD.findall(between) if word.lower() not in _JOINING]
    if hit.kind in (STRONG, RUN) and (b", " in between or len(words) > _FEW_WORDS):
        return WEAK
    return hit.kind


def is_cue(hit: Hit, beside: list[Hit], number: int) -> bool:
    return hit.kind == CUE or (hit.kind == MAYBE_CUE and not _is_outdone(hit, beside, number))


def is_no_cue(hit: Hit, text: bytes) -> bool:
    """Whether a cue is denied, or an abbreviation of something else."""
    denied = _DENIED.search(text, max(0, hit.start - _DENIAL), hit.start + 1)
    return denied is not None or _SOMETHING_ELSE.match(text, hit.start) is not None


def is_purpose(hit: Hit, text: bytes) -> bool:
    """Whether a label only tells what somebody's number is for: `min makkers nummer til adgangskortet`."""
    return _WHOSE_NUMBER_FOR.search(text, max(0, hit.start - 48), hit.start + 1) is not None


def is_short_for_both(hit: Hit, text: bytes) -> bool:
    return hit.kind == RUN and _PNR.fullmatch(text, hit.start, hit.end) is not None


def has_its_own(label: Hit, labels: list[Hit], before: bytes) -> bool:
    """Whether a label before the number has one of its own, and another label or a word stands after that:
    `Lønnr.: 20071  Pnr.: …`, `tlf. 70 10 93 06 klub …`."""
    if label.end > len(before) + 1:
        return False
    last = max(hit.start for hit in labels if hit.end <= len(before) + 1)
    is_told = label.end <= last and _A_DIGIT.search(before, label.end - 1, last) is not None
    return is_told or _A_NUMBER_AND_A_WORD.search(before, label.end - 1) is not None


def _is_outdone(cue: Hit, labels: list[Hit], number: int) -> bool:
    """Whether another label stands between a weak cue and the number (`nemkonto, konto 1234567890`) or before both."""
    if cue.start < number:
        return any(cue.end - 1 <= label.start < number for label in labels)
    return any(label.start < cue.start for label in labels)


def _in_after(hit: Hit, before: bytes) -> int:
    return max(0, hit.start - len(before) - len(BETWEEN))


def is_of(hit: Hit, cues: list[Hit]) -> bool:
    """Whether a label is part of a cue: the `nr.` of a `cpr-nr.` is no label of its own."""
    return any(cue.start <= hit.end and hit.start <= cue.end + 2 for cue in cues)


def is_within(hit: Hit, others: list[Hit]) -> bool:
    """Whether a label is part of a longer word: the `nr.` of `hendes nr.` labels no thing, that of `P-nr.` no other."""
    return any(other.start <= hit.start + 1 and hit.end <= other.end for other in others)
