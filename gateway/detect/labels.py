"""Words around a number that say what it is: a CPR number (cues) or something else (counter-cues, strong or weak).

A strong label is a word for another number (`ordrenr.`, `konto`); a weak one is the name of a thing that may be about a
person (`sag`, `kunde`), which lowers a number but does not silence one that is written as a CPR number and has a valid
check digit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.detect.engine import Engine, Pattern
from gateway.detect.rules import CprRules
from gateway.detect.words import expression

_AROUND = 240
"""How far from a number its words are looked for, in bytes."""
_CLOSE = 110
"""The same in a text full of numbers."""
_CUE, _MAYBE_CUE, _STRONG, _WEAK, _PERSON, _RUN = range(1, 7)
OF_A_RUN = "counter.run"
"""A label of numbers that come in one run only (`P-nr.`); it says nothing of digits that are divided."""
OF_EITHER = "counter.either"
"""`pnr`, which is short for both: of a P-number where the digits can be one, else of a person's."""
_LABELS = (_STRONG, _WEAK, _RUN)
_NEAR = 90
_BESIDE = 28
_INTRODUCING = 60
"""How far a label reaches that introduces with a colon: `armbåndskoder til festivalen: 0505011783`."""
_FEW_WORDS = 2
_JOINING = frozenset(b"er is for til som hos ved af at den det de vores jeres lyder hedder".split())
"""Words that only join a label to its number: `policenummeret for ladcyklen er 200610-1952`."""
_BETWEEN = b"\0\0\0\0"
_SENTENCE_END = re.compile(rb"[.!?]+[)\"' ]*\s+(?=[A-Z]|\xc3[\x80-\x9e])|\n\s*\n")
_NUMBERS = re.compile(rb"[0-9][0-9 -]{4,}[0-9](?: ?,| og)?")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]{1,40}")
_LETTERS_BEFORE = re.compile(_LETTERS.pattern + rb"\Z")
_OTHER_LINE = re.compile(rb"\n(?:[A-Z0-9]|\xc3[\x80-\x9e])[^\n]{5,}\Z")
"""What stands between a number and a cue in a later line of its own that does not begin with the cue."""
_OF_NUMBERS = re.compile(rb"(?:num(?:re|rene|mer|meret)|nr|koder?|koderne|codes?|numbers?)[^a-z]?\Z", re.IGNORECASE)
"""How a word ends that is for numbers of a kind, whatever else a line speaks of."""
_THAT_IS = re.compile(
    rb"[.,!)]{0,2}\s+(?:det|dette|it|that|this)(?: er| var|'s| is| was)(?: [a-z\x80-\xff]{1,12}){0,2} ?\Z",
    re.IGNORECASE,
)
"""What tells of the number just given: `150322-6239. Det er cpr på Mynte`."""
_A_DIGIT = re.compile(rb"[0-9]")
_A_NUMBER_AND_A_WORD = re.compile(rb"[0-9][ \"'(]{1,4}[A-Za-z\x80-\xff]{4}")
_PNR = re.compile(rb"[^0-9A-Za-z\x80-\xff]?pnr[^0-9A-Za-z\x80-\xff]?", re.IGNORECASE)
_HEADS_IT = re.compile(rb"[^\n]{0,12}\n\s*")
"""From the cue to the number: the rest of a line that stands over it, and whatever lines are left free."""
_CELL_END = re.compile(rb"[\n;]")
_INTRODUCED = re.compile(rb":[ \t]*\n\s*\Z")
_ALONE_BEFORE = re.compile(
    rb"(?:\A|\n[ \t]*\n)[ \t]*(?:(?:sv|vs|re|fwd?|vedr|ang)[.:]{1,2}[ \t]*){0,4}[*\"'(<]{0,3}\Z", re.IGNORECASE
)
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
_ALONE_AFTER = re.compile(rb"[*\"')>.]{0,3}[ \t]*(?:\n[ \t]*\n|\n?\Z)")


class Label(NamedTuple):
    """The strongest cue, the strongest counter-cue, and a word for a person, as kinds of evidence; empty for none."""

    cue: str = ""
    counter: str = ""
    person: str = ""


class Hit(NamedTuple):
    """A word found before or after a number: what it is and where it stands."""

    kind: int
    start: int
    end: int


class Labels:
    """Knows the words of the policy; holds nothing of any text."""

    def __init__(self, rules: CprRules, names: frozenset[str]) -> None:
        self._names = names
        cues = [Pattern(_CUE, expression(word)) for word in rules.cues]
        maybe = [Pattern(_MAYBE_CUE, expression(word)) for word in rules.weak_cues]
        strong = [Pattern(_STRONG, expression(word)) for word in rules.counter_cues]
        weak = [Pattern(_WEAK, expression(word)) for word in rules.weak_counter_cues]
        runs = [Pattern(_RUN, expression(word)) for word in rules.run_counter_cues]
        persons = [Pattern(_PERSON, expression(word)) for word in rules.person_words]
        self._words = Engine([*cues, *maybe, *strong, *weak, *runs, *persons])
        self._cues = Engine([*cues, *maybe])

    def cues_occur(self, data: bytes) -> bool:
        """Whether any word for CPR numbers is there at all."""
        return self._cues.occurs(data)

    def around(self, before: bytes, after: bytes) -> Label:
        """What the words before and after a number say it is."""
        text = before + _BETWEEN + after
        hits = [Hit(*each) for each in self._words.matches(text)]
        runs = [hit for hit in hits if hit.kind == _RUN]
        labels = [hit for hit in hits if hit.kind in _LABELS and (hit.kind == _RUN or not _is_within(hit, runs))]
        beside = [hit for hit in labels if _is_beside(hit, before, after) and not self._is_name(hit, text)]
        beside = [hit for hit in beside if not (_is_purpose(hit, text) or _has_its_own(hit, beside, before))]
        cues = [hit for hit in hits if _is_cue(hit, beside, len(before)) and not _is_no_cue(hit, text)]
        cue = ""
        for hit in cues:
            if cue == "cue.near" or _is_near(hit, before, after):
                cue = "cue.near"
            elif hit.kind == _CUE:
                cue = "cue.far"
        persons = [hit for hit in hits if hit.kind == _PERSON]
        outside = [hit for hit in beside if not _is_of(hit, cues) and not _is_within(hit, persons)]
        others = {_strength(hit, before) for hit in outside}
        if cues or not _stands_alone(before, after):
            near = any(_is_near(hit, before, after) for hit in persons)
        else:  # the text around says whose it is, unless it speaks of other numbers
            near = bool(persons) and all(_is_within(hit, persons) for hit in hits if hit.kind in _LABELS)
        person = "person.word" if near else ""
        if outside and all(_is_short_for_both(hit, text) for hit in outside):
            return Label(cue, OF_EITHER, person)
        return Label(cue, _counter(others, "counter.near"), person)

    def _is_name(self, hit: Hit, text: bytes) -> bool:
        """Whether a label is the end or the beginning of a given name: of `bruger-id`, not of `Ingrid`."""
        inside = hit.start + 1
        begin = _LETTERS_BEFORE.search(text, max(0, inside - 20), inside)
        word = _LETTERS.match(text, begin.start() if begin else inside)
        return word is not None and word.group().decode("utf-8", "replace") in self._names

    def close_by(self, before: bytes, after: bytes) -> Label:
        """The same in a text full of numbers, where each has its words closer by."""
        return self.around(*_trimmed(before[-_CLOSE:], after[:_CLOSE], len(before) > _CLOSE, len(after) > _CLOSE))

    def in_cell(self, before: bytes, after: bytes) -> Label:
        """The same where no cue is anywhere in the text: then only the number's own line or cell can say more."""
        cell_before = _CELL_END.split(before)[-1]
        cell_after = _CELL_END.split(after[: 2 * _BESIDE], maxsplit=1)[0]
        return self.around(cell_before, cell_after) if cell_before or cell_after else Label()

    def of_head(self, head: bytes) -> Label:
        """What the head of a column says. A word that only may be one for CPR numbers says nothing there."""
        hits = self._said(head)
        kinds = {hit.kind for hit in hits}
        if _CUE in kinds:
            return Label("cue.column")
        if kinds == {_RUN} and all(_is_short_for_both(hit, head) for hit in hits):
            return Label("", OF_EITHER)
        if _MAYBE_CUE in kinds:
            return Label()
        return Label("", _counter(kinds, "counter.column"), "person.word" if _PERSON in kinds else "")

    def of_introduction(self, line: bytes) -> Label:
        """What the line says that introduces a list: the last word for numbers tells, `vores kundenumre hos jer`."""
        hits = self._said(line)
        told = [
            hit
            for hit in hits
            if hit.kind == _CUE or (hit.kind in _LABELS and _OF_NUMBERS.search(line, hit.start, hit.end))
        ]
        last = max(told, key=lambda hit: hit.end, default=None)
        if last is None:
            return Label()
        return Label("cue.column") if last.kind == _CUE else Label("", _counter({last.kind}, "counter.column"))

    def _said(self, line: bytes) -> list[Hit]:
        """The words of a line; the `nr` of a `pnr`, the number of a `personnummer` is no label of its own."""
        hits = [Hit(*each) for each in self._words.matches(line)]
        runs = [hit for hit in hits if hit.kind == _RUN]
        cues = [hit for hit in hits if hit.kind == _CUE]
        return [
            hit
            for hit in hits
            if hit.kind not in _LABELS or hit.kind == _RUN or not (_is_within(hit, runs) or _is_of(hit, cues))
        ]


def surroundings(data: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    """The text before and after a number, without the halves of the words where it is cut off.

    What introduces the number with a colon stands right before it, whatever lines are left free.
    """
    low, high = start - _AROUND, end + _AROUND
    before, after = data[max(0, low) : start], data[end:high]
    before, after = _trimmed(before, after, low > 0, high < len(data))
    return _INTRODUCED.sub(b": ", before), after


def _trimmed(before: bytes, after: bytes, cut_before: bool, cut_after: bool) -> tuple[bytes, bytes]:
    if cut_before:
        before = before[before.find(b" ") + 1 :]
    if cut_after and b" " in after:
        after = after[: after.rfind(b" ")]
    return before, after


def _stands_alone(before: bytes, after: bytes) -> bool:
    """Whether a number is a paragraph of its own, or all that a subject says."""
    return _ALONE_BEFORE.search(before[-40:]) is not None and _ALONE_AFTER.match(after) is not None


def _counter(kinds: set[int], strong: str) -> str:
    if _STRONG in kinds:
        return strong
    if _RUN in kinds:
        return OF_A_RUN
    return "counter.weak" if _WEAK in kinds else ""


def _is_near(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a cue stands close to the number, in the same sentence."""
    if hit.end <= len(before) + 1:
        if len(before) - hit.end > _NEAR:
            return False
        return _HEADS_IT.fullmatch(before, hit.end - 1) is not None or not _SENTENCE_END.search(before, hit.end - 1)
    start = _in_after(hit, before)
    if start > _NEAR:
        return False
    is_apart = _SENTENCE_END.search(after, 0, start) or _OTHER_LINE.search(after, 0, start)
    return not is_apart or _THAT_IS.match(after[:start]) is not None


def _is_beside(hit: Hit, before: bytes, after: bytes) -> bool:
    """Whether a label reaches the number: on its line, with few words or any list of numbers between, or after it."""
    if hit.end <= len(before) + 1:
        between = before[hit.end - 1 :]
        if _CELL_END.search(between) or _SENTENCE_END.search(between):
            return False
        words = _NUMBERS.sub(b"", between)
        return len(words) <= (_INTRODUCING if words.rstrip().endswith(b":") else _BESIDE) + 1
    start = _in_after(hit, before)
    said = _SAID_TO_BE.match(after) if hit.kind == _STRONG else None
    if said is not None and said.start("label") - 1 <= start < said.end("label"):
        return True
    return start <= 3 and not _CELL_END.search(after, 0, start + 1)


def _strength(hit: Hit, before: bytes) -> int:
    """A strong label is as weak as others where more than a few words or a comma part it from the number."""
    between = _NUMBERS.sub(b"", before[hit.end - 1 :])
    words = [word for word in _WORD.findall(between) if word.lower() not in _JOINING]
    if hit.kind in (_STRONG, _RUN) and (b", " in between or len(words) > _FEW_WORDS):
        return _WEAK
    return hit.kind


def _is_cue(hit: Hit, beside: list[Hit], number: int) -> bool:
    return hit.kind == _CUE or (hit.kind == _MAYBE_CUE and not _is_outdone(hit, beside, number))


def _is_no_cue(hit: Hit, text: bytes) -> bool:
    """Whether a cue is denied, or an abbreviation of something else."""
    denied = _DENIED.search(text, max(0, hit.start - _DENIAL), hit.start + 1)
    return denied is not None or _SOMETHING_ELSE.match(text, hit.start) is not None


def _is_purpose(hit: Hit, text: bytes) -> bool:
    """Whether a label only tells what somebody's number is for: `min makkers nummer til adgangskortet`."""
    return _WHOSE_NUMBER_FOR.search(text, max(0, hit.start - 48), hit.start + 1) is not None


def _is_short_for_both(hit: Hit, text: bytes) -> bool:
    return hit.kind == _RUN and _PNR.fullmatch(text, hit.start, hit.end) is not None


def _has_its_own(label: Hit, labels: list[Hit], before: bytes) -> bool:
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
    return max(0, hit.start - len(before) - len(_BETWEEN))


def _is_of(hit: Hit, cues: list[Hit]) -> bool:
    """Whether a label is part of a cue: the `nr.` of a `cpr-nr.` is no label of its own."""
    return any(cue.start <= hit.end and hit.start <= cue.end + 2 for cue in cues)


def _is_within(hit: Hit, others: list[Hit]) -> bool:
    """Whether a label is part of a longer word: the `nr.` of `hendes nr.` labels no thing, that of `P-nr.` no other."""
    return any(other.start <= hit.start + 1 and hit.end <= other.end for other in others)
