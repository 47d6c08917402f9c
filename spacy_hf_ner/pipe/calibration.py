"""The calibration that a component stores in its ``cfg`` and passes its scores through.

There are two steps, one before decoding and one after it::

    log-probabilities of tags  -- divided by the temperature -->  decoder  -->  raw span score
    raw span score             -- map of its entity type    -->  score

Neither changes which entities are found: the best path is the same at every temperature, as the
decoder's bias is divided by it, too, and a map keeps the order of scores. ``fitting.py`` fits both
on held-out Docs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.expected_recall import ExpectedRecall, read_expected_recall
from spacy_hf_ner.core.score_maps import (
    SpanCalibration,
    apply_temperature,
    read_span_calibration,
)
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import Bias, check_setting

__all__ = ["Calibration", "read_calibration"]

_RAW_SCORES = np.linspace(0.0, 1.0, 1001)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the scores of one model, with one decoder, are passed through.

    Attributes:
        decoder: The decoder whose scores it was fitted on; those of another stay as they are.
        temperature: The number that log-probabilities of tags are divided by.
        spans: The maps of span scores.
        bias: The bias of the decoder that it was fitted under; with another, scores mean something
            else.
        recall: How many entities were found at each threshold of these scores, on documents that
            neither model nor calibration had seen; None where nobody has measured it.

    Raises:
        ConfigError: There is no such decoder or bias, or the temperature is not a finite number
            over 0.
    """

    decoder: str
    temperature: float
    spans: SpanCalibration = field(default_factory=SpanCalibration)
    bias: Bias = 0.0
    recall: ExpectedRecall | None = None

    def __post_init__(self) -> None:
        check_setting("decoder", self.decoder)
        check_setting("bias", self.bias)
        if not (isfinite(self.temperature) and self.temperature > 0):
            raise ConfigError(f"a temperature is a finite number over 0, got {self.temperature!r}.")

    def scale_rows(self, rows: Floats) -> Floats:
        """Return log-probabilities at the temperature. Shape: (n_rows, n_tags)."""
        if self.temperature == 1.0 or len(rows) == 0:
            return rows
        return apply_temperature(rows, self.temperature)

    def lower_bound(self, threshold: float, entity_type: str) -> float:
        """Return a bound on the raw scores of spans whose calibrated score reaches a threshold.

        No such span has a lower raw score, so the decoder need not look for any below it. Some
        spans above the bound fall short of the threshold: compare their calibrated scores, too.

        >>> round(Calibration("viterbi", 1.0).lower_bound(0.5, "PER"), 3)
        0.499
        """
        calibrated = self.spans.apply(_RAW_SCORES, [entity_type] * len(_RAW_SCORES))
        reaches = calibrated >= threshold
        if not reaches.any():
            return 1.0
        # Maps rise, so the threshold is crossed once, somewhere between two steps of the grid:
        #   raw         0.410  0.411  0.412
        #   calibrated  0.298  0.299  0.301    reaches 0.3 for the first time; 0.411 is the bound
        first_reaching = int(np.argmax(reaches))
        return float(_RAW_SCORES[max(first_reaching - 1, 0)])

    def to_json(self) -> dict[str, Any]:
        """Return plain values that :func:`read_calibration` reads."""
        values: dict[str, Any] = {
            "decoder": self.decoder,
            "temperature": self.temperature,
            "spans": self.spans.to_json(),
            "bias": dict(self.bias) if isinstance(self.bias, Mapping) else self.bias,
        }
        if self.recall is not None:
            values["recall"] = self.recall.to_json()
        return values


def read_calibration(values: Mapping[str, Any]) -> Calibration:
    """Return what :meth:`Calibration.to_json` wrote.

    Raises:
        ConfigError: It is not what that wrote: scores would mean nothing.
    """
    try:
        # Earlier versions had neither bias nor recall.
        recall = values.get("recall")
        return Calibration(
            decoder=values["decoder"],
            temperature=values["temperature"],
            spans=read_span_calibration(values["spans"]),
            bias=values.get("bias", 0.0),
            recall=None if recall is None else read_expected_recall(recall),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the stored calibration is damaged ({type(error).__name__}: {error}), so scores would "
            'mean nothing. Calibrate again, or set cfg["calibration"] to null for raw scores.'
        ) from error
