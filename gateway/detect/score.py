"""The one place where evidence becomes a confidence. Weights and thresholds are the policy's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.detect.evidence import EVIDENCE
from gateway.mail.finding import Confidence


class Score:
    """Adds weights up and says how sure the sum makes us; None below the lowest threshold."""

    def __init__(self, weights: Mapping[str, int], thresholds: Mapping[Confidence, int]) -> None:
        self._weights = weights
        self._thresholds = dict(thresholds)
        self._steps = sorted(thresholds.items(), reverse=True)

    def confidence(self, evidence: Iterable[str]) -> Confidence | None:
        total = self.total(evidence)
        for confidence, threshold in self._steps:
            if total >= threshold:
                return confidence
        return None

    def total(self, evidence: Iterable[str]) -> int:
        return sum([self._weights.get(name, 0) for name in evidence])

    def threshold(self, confidence: Confidence) -> int:
        return self._thresholds[confidence]

    def explained(self, evidence: Iterable[str]) -> tuple[str, ...]:
        """The evidence in fixed words, `+` for and `-` against, with its weight."""
        return tuple(
            f"{'+' if self._weights.get(name, 0) >= 0 else '-'}{abs(self._weights.get(name, 0))} {EVIDENCE[name]}"
            for name in evidence
        )
