"""A temperature for the scores of a tagger, fitted on held-out tokens, and what it is worth.

A label's score is its probability in the token's row, so there is nothing to map behind the
decoder: dividing the log-probabilities by one number is all, and the likeliest label stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.core.score_maps import apply_temperature, fit_temperature
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.fitting import FEW_DOCS, FEW_SPANS, Half, TooFewSpansError
from spacy_hf_ner.pipe.int8_trial import Int8Trial

__all__ = [
    "TagCalibrationReport",
    "TaggedTokens",
    "fit_tag_temperature",
    "read_temperature",
]


@dataclass(frozen=True, slots=True)
class TaggedTokens:
    """What a model says of the tokens of a Doc that have a gold label.

    Attributes:
        rows: Log-probabilities of the labels. Shape: (n_tokens, n_labels).
        gold: The column of each token's gold label. Shape: (n_tokens,).
    """

    rows: Floats
    gold: Ints

    def __len__(self) -> int:
        return len(self.gold)


@dataclass(frozen=True, slots=True)
class TagCalibrationReport:
    """What calibration does to the scores of labels, judged on documents it was not fitted on.

    Attributes:
        temperature: The temperature of token scores.
        n_docs: The number of annotated documents that it was fitted on.
        n_tokens: The number of tokens that it was fitted on.
        raw: Each half of the documents, without any calibration.
        new: The same halves, each with a temperature that was fitted on the other half.
        was_raw: Whether the component was told to give raw scores, which it does no more.
        int8: What 8-bit integers do to what is found; None if that was not asked for.
    """

    temperature: float
    n_docs: int
    n_tokens: int
    raw: tuple[Half, Half]
    new: tuple[Half, Half]
    was_raw: bool = False
    int8: Int8Trial | None = None

    @property
    def is_thin(self) -> bool:
        """Whether there was so little data that what was fitted is mostly chance."""
        return self.n_docs < FEW_DOCS or self.n_tokens < FEW_SPANS


def fit_tag_temperature(docs: Sequence[TaggedTokens]) -> TagCalibrationReport:
    """Return the temperature that fits Docs best, and what it is worth.

    Args:
        docs: What a model says of Docs that it was not trained on; those without gold are left out.

    Raises:
        TooFewSpansError: There is no gold annotation.
    """
    annotated = [tokens for tokens in docs if len(tokens)]
    if not annotated:
        raise TooFewSpansError(
            "scores are calibrated on tokens with gold labels, got none. Give annotated documents."
        )
    # Every second Doc, as documents from one source are often neighbours.
    first_half = _join(annotated[::2])
    second_half = _join(annotated[1::2])
    whole = _join(annotated)
    return TagCalibrationReport(
        temperature=fit_temperature(whole.rows, whole.gold),
        n_docs=len(annotated),
        n_tokens=len(whole),
        raw=(_measure(first_half, 1.0), _measure(second_half, 1.0)),
        new=(
            _measure_fitted(first_half, fitted_on=second_half),
            _measure_fitted(second_half, fitted_on=first_half),
        ),
    )


def _join(docs: Sequence[TaggedTokens]) -> TaggedTokens:
    """Return the tokens of several Docs; none for no Docs."""
    if not docs:
        return TaggedTokens(np.zeros((0, 1)), np.zeros(0, dtype=np.int64))
    return TaggedTokens(
        rows=np.concatenate([tokens.rows for tokens in docs]),
        gold=np.concatenate([tokens.gold for tokens in docs]),
    )


def _measure_fitted(tokens: TaggedTokens, *, fitted_on: TaggedTokens) -> Half:
    """Return what scores are worth with a temperature fitted on other tokens, if there are any."""
    if not len(tokens) or not len(fitted_on):
        return Half()
    return _measure(tokens, fit_temperature(fitted_on.rows, fitted_on.gold))


def _measure(tokens: TaggedTokens, temperature: float) -> Half:
    if not len(tokens):
        return Half()
    rows = apply_temperature(tokens.rows, temperature)
    scores = np.exp(rows.max(axis=1))
    is_correct = rows.argmax(axis=1) == tokens.gold
    return Half(
        error=measure_reliability(scores, is_correct).expected_error,
        noise=calibration_noise(scores),
        auroc=auroc(scores, is_correct),
    )


def read_temperature(stored: Any) -> float:  # noqa: ANN401 - whatever JSON has
    """Return the temperature that a component has stored.

    Raises:
        ConfigError: It is none: scores would mean nothing.
    """
    temperature: Any = stored.get("temperature") if isinstance(stored, dict) else None
    is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if is_number and isfinite(temperature) and temperature > 0:
        return float(temperature)
    raise ConfigError(
        f"the stored calibration is damaged (expected a temperature over 0, got {stored!r}), so "
        'scores would mean nothing. Calibrate again, or set cfg["calibration"] to null for raw '
        "scores."
    )
