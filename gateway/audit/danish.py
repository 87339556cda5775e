"""The record's fixed words in Danish, for tables and reports that leaders and auditors read."""

from __future__ import annotations

from collections.abc import Mapping

VERDICTS: Mapping[str, str] = {
    "relay": "sendt videre",
    "block": "stoppet",
    "defer": "udsat",
    "refuse": "afvist",
    "repeat": "besvaret igen",
}

MODES: Mapping[str, str] = {"enforce": "håndhæver", "monitor": "iagttager"}

ROLES: Mapping[str, str] = {"outbound": "udgående", "submission": "fra mailprogram", "inbound": "indgående"}

CATEGORIES: Mapping[str, str] = {
    "cpr": "CPR-nummer",
    "health": "helbred",
    "disability": "handicap",
    "ethnicity": "etnisk oprindelse",
    "religion": "religion",
    "politics": "politisk holdning",
    "union": "fagforening",
    "sexuality": "seksuelle forhold",
    "offence": "strafbare forhold",
    "social": "sociale problemer",
    "family": "familieforhold",
    "personnel": "personalesag",
    "genetic": "genetiske oplysninger",
    "unreadable": "kan ikke læses",
}

CONFIDENCES: Mapping[str, str] = {"certain": "sikker", "likely": "sandsynlig", "possible": "mulig"}

REASONS: Mapping[str, str] = {
    "encrypted": "låst med adgangskode",
    "damaged": "beskadiget",
    "unknown format": "ukendt format",
    "unsupported format": "format vi ikke kan læse",
    "over budget": "for stor eller for sammensat",
    "timed out": "tog for lang tid",
    "crashed": "læseren gik ned",
    "empty though large": "uden tekst",
    "kept elsewhere": "ligger et andet sted",
    "no OCR": "billede, som ikke kunne læses som tekst",
}

KINDS: Mapping[str, str] = {
    "message": "mail",
    "start": "start",
    "stop": "stop",
    "reload": "genindlæst",
    "refused_policy": "politik afvist",
    "resumed": "loggen virker igen",
    "ambiguity": "uvist udfald",
    "release": "frigivelse",
    "revoke": "frigivelse taget tilbage",
    "export": "udtræk",
    "prune": "sletning",
    "reseal": "ny forsegling",
}

FOLLOW_UPS: Mapping[str, str] = {
    "none": "",
    "bounce": "besked til afsenderen",
    "reject": "afvist over for afsenderens server",
    "notify": "sendt, og besked til afsenderen",
}

PLACES: Mapping[str, str] = {
    "annotation": "bemærkning",
    "attachment": "vedhæftet",
    "bookmark": "bogmærke",
    "cell": "celle",
    "comment": "kommentar",
    "filename": "filnavn",
    "footer": "sidefod",
    "form": "formular",
    "header": "mailfelt",
    "hidden": "skjult tekst",
    "html": "HTML",
    "note": "note",
    "page": "side",
    "picture": "billede",
    "properties": "egenskaber",
    "sheet": "ark",
    "slide": "dias",
    "subject": "emne",
    "table": "tabel",
    "text": "tekst",
}
"""The steps of a place in a message (`mail.place`)."""

MONTHS = (
    "januar", "februar", "marts", "april", "maj", "juni",
    "juli", "august", "september", "oktober", "november", "december",
)  # fmt: skip


def in_danish(word: str, words: Mapping[str, str]) -> str:
    """The Danish word; one that has none stands as it is."""
    return words.get(word, word)


def place_in_danish(where: str) -> str:
    """A place as the record has it, `attachment:xlsx 1 › sheet 2`, in Danish: `vedhæftet xlsx 1 › ark 2`."""
    return " › ".join(map(_step_in_danish, where.split(" › ")))


def _step_in_danish(step: str) -> str:
    kind = step.split(" ")[0].split(":")[0]
    rest = step[len(kind) :]
    return in_danish(kind, PLACES) + (f" {rest[1:]}" if rest.startswith(":") else rest)


def number(value: float) -> str:
    """A whole number with Danish thousands: 1.234."""
    return f"{value:,.0f}".replace(",", ".")


def one_or_more(count: int, one: str, more: str) -> str:
    return f"{number(count)} {one if count == 1 else more}"
