"""The numbers that MedCom publishes for tests: nobody's, their check digits broken on purpose, found like any other."""

import pytest

from gateway.detect.number import check_digit_holds
from gateway.mail.finding import Confidence

EARLIER = [
    "010490-9995",
    "010490-9989",
    "010772-9995",
    "010858-9995",
    "010862-9996",
    "020160-9995",
    "020160-9996",
    "020191-9990",
    "020191-9995",
    "020191-9996",
    "021122-3989",
    "021215-9995",
    "050490-9989",
    "050490-9995",
    "050688-9996",
    "100705-9995",
    "111010-9996",
    "131016-9995",
    "131016-9996",
    "150277-9995",
    "150279-9995",
    "150282-9995",
    "150981-9996",
    "210300-9996",
    "231114-3995",
    "250947-9989",
    "251248-9996",
    "291182-9996",
    "300174-9995",
    "310397-9995",
]
"""The 30 of an earlier edition, as a package for R carries them."""

LATER = [
    "050505-9996",
    "050510-9990",
    "050515-9995",
    "050520-9996",
    "050523-9996",
    "310122-9995",
    "130624-9995",
    "130624-9996",
]
"""More of the list of 2023, which has 36 in all, as the examples of HL7 Denmark's core profile carry them."""


def numbers(find, text: str) -> set[str]:
    return {each.identity.reveal() for each in find(text) if each.confidence >= Confidence.LIKELY}


@pytest.mark.parametrize("number", [*EARLIER, *LATER])
def test_each_published_number_is_found(find, number: str) -> None:
    """Alone as it is written, in one run beside the word, and in a cell below the word."""
    digits = number.replace("-", "")
    assert not check_digit_holds(digits)
    assert numbers(find, number) == {digits}
    assert numbers(find, f"cpr {digits}") == {digits}
    assert numbers(find, f"Navn;Cpr\nTest Testesen;{digits}\n") == {digits}
