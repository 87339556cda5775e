"""Danish towns and their postal codes: `12/03/25 2100 København Ø` is a date and a place.

The towns of the capital and around it, where the institutions and their families are, and the larger ones of the
country (PostNord's list of postal codes).
"""

from __future__ import annotations

import re

_CODES = {
    "København": (1000, 2499), "Copenhagen": (1000, 2499), "Kbh": (1000, 2499), "Frederiksberg": (1800, 2000),
    "Nordhavn": (2150, 2150), "Hellerup": (2900, 2900), "Charlottenlund": (2920, 2920), "Klampenborg": (2930, 2930),
    "Skodsborg": (2942, 2942), "Vedbæk": (2950, 2950), "Rungsted": (2960, 2960), "Hørsholm": (2970, 2970),
    "Kokkedal": (2980, 2980), "Nivå": (2990, 2990), "Gentofte": (2820, 2820), "Virum": (2830, 2830),
    "Holte": (2840, 2840), "Nærum": (2850, 2850), "Søborg": (2860, 2860), "Dyssegård": (2870, 2870),
    "Bagsværd": (2880, 2880), "Lyngby": (2800, 2800), "Kongens": (2800, 2800), "Gladsaxe": (2860, 2860),
    "Valby": (2500, 2500), "Glostrup": (2600, 2600), "Brøndby": (2605, 2660), "Rødovre": (2610, 2610),
    "Albertslund": (2620, 2620), "Vallensbæk": (2625, 2665), "Taastrup": (2630, 2630), "Ishøj": (2635, 2635),
    "Hedehusene": (2640, 2640), "Hvidovre": (2650, 2650), "Greve": (2670, 2670), "Solrød": (2680, 2680),
    "Karlslunde": (2690, 2690), "Brønshøj": (2700, 2700), "Vanløse": (2720, 2720), "Herlev": (2730, 2730),
    "Skovlunde": (2740, 2740), "Ballerup": (2750, 2750), "Måløv": (2760, 2760), "Smørum": (2765, 2765),
    "Kastrup": (2770, 2770), "Dragør": (2791, 2791), "Helsingør": (3000, 3000), "Humlebæk": (3050, 3050),
    "Espergærde": (3060, 3060), "Hillerød": (3400, 3400), "Allerød": (3450, 3450), "Birkerød": (3460, 3460),
    "Værløse": (3500, 3500), "Farum": (3520, 3520), "Frederikssund": (3600, 3600), "Ølstykke": (3650, 3650),
    "Stenløse": (3660, 3660), "Rønne": (3700, 3700), "Roskilde": (4000, 4000), "Ringsted": (4100, 4100),
    "Slagelse": (4200, 4200), "Holbæk": (4300, 4300), "Køge": (4600, 4600), "Næstved": (4700, 4700),
    "Nykøbing": (4500, 7900), "Odense": (5000, 5270), "Svendborg": (5700, 5700), "Kolding": (6000, 6000),
    "Esbjerg": (6700, 6715), "Fredericia": (7000, 7000), "Vejle": (7100, 7120), "Herning": (7400, 7400),
    "Aarhus": (8000, 8260), "Århus": (8000, 8260), "Silkeborg": (8600, 8600), "Horsens": (8700, 8700),
    "Viborg": (8800, 8800), "Randers": (8900, 8960), "Aalborg": (9000, 9220), "Ålborg": (9000, 9220),
    "Hjørring": (9800, 9800), "Frederikshavn": (9900, 9900),
}  # fmt: skip
_WORD = re.compile(rb" {1,2}((?:[A-Z]|\xc3[\x80-\x9e])(?:[a-z]|\xc3[\x9f-\xbf]){2,14})(?![a-z\x80-\xff])")


def is_in_town(code: str, after: bytes) -> bool:
    """Whether four digits are the postal code of the town that is named right after them."""
    town = _WORD.match(after)
    low, high = _CODES.get(town.group(1).decode("utf-8", "replace"), (0, 0)) if town else (0, 0)
    return code.isdigit() and low <= int(code) <= high
