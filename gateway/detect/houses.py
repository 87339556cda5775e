"""Words for houses, whose names look like persons': `Børnehuset Troldhøj`, `Klub Kælderen`."""

HOUSE = (
    r"(?:\bklub|klubben|huset|haven|gården|hjemmet|skolen|stuen|centret|center|kommune|foreningen|forening|fonden"
    r"|børnehave|vuggestue|dagtilbud|fritidshjem|\bcafé|firmaet|\bhotel|\brestaurant|museet|teatret|teater)"
)
"""The end of such a word, as a pattern."""
