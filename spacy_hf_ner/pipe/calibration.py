"""Scores that mean what they say: stored with the component, applied when it predicts. ``fitting.py`` fits them.

Calibration changes scores, never decisions: the best path is the same at every temperature, and a span's map rises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.score_maps import SpanCalibration, read_span_calibration

_GRID = np.linspace(0.0, 1.0, 1001)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the scores of one model, with one decoder, are passed through.

    Attributes:
        decoder: The decoder whose scores it was fitted on; those of another stay as they are.
        temperature: What log-probabilities of tokens are divided by.
        spans: The maps of span scores.
    """

    decoder: str
    temperature: float
    spans: SpanCalibration = field(default_factory=SpanCalibration)

    def scale_rows(self, rows: Floats) -> Floats:
        """Return log-probabilities at the temperature. Shape: (n_rows, n_tags)."""
        if self.temperature == 1.0 or len(rows) == 0:
            return rows
        scaled = rows / self.temperature
        scaled -= np.logaddexp.reduce(scaled, axis=1, keepdims=True)
        return scaled

    def invert(self, threshold: float, entity_type: str) -> float:
        """Return a raw score that no raw score of a span reaching the threshold is below."""
        reached = self.spans.apply(_GRID, [entity_type] * len(_GRID)) >= threshold
        return float(_GRID[max(int(np.argmax(reached)) - 1, 0)]) if reached.any() else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_calibration` reads."""
        return {
            "decoder": self.decoder,
            "temperature": self.temperature,
            "spans": self.spans.to_json(),
        }


def read_calibration(values: Mapping[str, Any]) -> Calibration:
    """Return what :meth:`Calibration.to_json` wrote."""
    return Calibration(
        values["decoder"], values["temperature"], read_span_calibration(values["spans"])
    )
