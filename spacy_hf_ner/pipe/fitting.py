"""Calibration fitted on held-out Docs, and a report of what it is worth.

``fit_calibration``
    fits a temperature on the tokens of such Docs, decodes at that temperature, judges the spans
    that are found, and fits maps of their scores.
``fit_and_report``
    fits on all Docs what the component stores. The report must judge scores of Docs that were not
    fitted on, so each half of the Docs is judged with a calibration fitted on the other half.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from spacy.tokens import Doc

from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.dial import Dial
from spacy_hf_ner.core.expected_recall import ExpectedRecall, RecallEstimate, count_found
from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.core.score_maps import MapKind, choose_span_calibration, fit_temperature
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.component_settings import Bias
from spacy_hf_ner.pipe.held_out import HeldOut
from spacy_hf_ner.pipe.int8_trial import Int8Trial

__all__ = [
    "FEW_DOCS",
    "FEW_SPANS",
    "CalibrationReport",
    "Fit",
    "Half",
    "JudgedSpans",
    "SpanFinder",
    "TooFewSpansError",
    "choose_annotated",
    "fit_and_report",
    "fit_calibration",
    "fit_token_temperature",
    "judge_spans",
]

FEW_DOCS: Final = 10  # with fewer, or with fewer spans, what was fitted is mostly chance
FEW_SPANS: Final = 100
MIN_SPANS: Final = 10  # right ones, and wrong ones

logger = logging.getLogger("spacy_hf_ner")


class TooFewSpansError(ConfigError):
    """Too few entities are right, or wrong, to say how probable each is; or no token has a label.

    Attributes:
        dial: What the bias does; None if that was not asked for. If it has an aim, it was reached.
    """

    dial: Dial | None = None


class SpanFinder(Protocol):
    """Finds the spans of Docs from their rows, with raw scores or those of a calibration."""

    def __call__(
        self, docs: Sequence[Doc], rows: Sequence[UnitRows], *, calibration: Calibration | None
    ) -> list[list[ScoredSpan]]:
        """Return the spans of each Doc."""


@dataclass(frozen=True, slots=True)
class JudgedSpans:
    """Predicted spans, each right or wrong by gold.

    Attributes:
        scores: In [0, 1]. Shape: (n_spans,).
        is_correct: Whether gold has the span. Shape: (n_spans,).
        entity_types: The type of each.
        doc_i: The Doc of each. Shape: (n_spans,).
    """

    scores: Floats
    is_correct: Bools
    entity_types: list[str]
    doc_i: Ints


def judge_spans(
    docs: Sequence[HeldOut], find: SpanFinder, calibration: Calibration | None
) -> JudgedSpans:
    """Return the spans that are found in Docs, but for those that gold cannot judge.

    Args:
        docs: Docs with gold.
        find: Finds their spans.
        calibration: What their scores are passed through; None for raw scores.
    """
    scores: list[float] = []
    is_correct: list[bool] = []
    entity_types: list[str] = []
    doc_i: list[int] = []
    for i, (held_out, predicted) in enumerate(_find_spans(docs, find, calibration)):
        for scored_span in predicted:
            verdict = held_out.judge(scored_span)
            if verdict is None:
                continue
            scores.append(scored_span.score)
            is_correct.append(verdict)
            entity_types.append(scored_span.span.entity_type)
            doc_i.append(i)
    return JudgedSpans(
        scores=np.array(scores, dtype=np.float64),
        is_correct=np.array(is_correct, dtype=bool),
        entity_types=entity_types,
        doc_i=np.array(doc_i, dtype=np.int64),
    )


def _find_spans(
    docs: Sequence[HeldOut], find: SpanFinder, calibration: Calibration | None
) -> list[tuple[HeldOut, list[ScoredSpan]]]:
    """Return each Doc with the spans that are found in it."""
    if not docs:
        return []
    predicted = find(
        [held_out.doc for held_out in docs],
        [held_out.rows for held_out in docs],
        calibration=calibration,
    )
    return list(zip(docs, predicted, strict=True))


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it was fitted on.

    Attributes:
        calibration: The temperature and the span maps.
        kind: The kind of span map that cross-validation chose.
        n_spans: The number of spans that the maps were fitted on.
    """

    calibration: Calibration
    kind: MapKind
    n_spans: int


def fit_calibration(
    docs: Sequence[HeldOut], find: SpanFinder, decoder: str, *, bias: Bias = 0.0
) -> Fit:
    """Return the calibration that fits Docs best.

    Args:
        docs: At least one Doc with gold.
        find: Finds their spans.
        decoder: The decoder that ``find`` uses.
        bias: The bias that it decodes under.
    """
    # Maps are fitted on what the decoder makes of scaled rows, so the temperature comes first.
    temperature = fit_token_temperature(docs)
    spans = judge_spans(docs, find, Calibration(decoder, temperature, bias=bias))
    choice = choose_span_calibration(
        spans.scores, spans.is_correct, entity_types=spans.entity_types, doc_i=spans.doc_i
    )
    return Fit(
        calibration=Calibration(decoder, temperature, choice.calibration, bias),
        kind=choice.kind,
        n_spans=len(spans.scores),
    )


def fit_token_temperature(docs: Sequence[HeldOut]) -> float:
    """Return the temperature under which the gold tags are most likely; 1 where there are none."""
    rows = np.concatenate([held_out.rows.rows for held_out in docs])
    tags = np.concatenate([held_out.tags for held_out in docs])
    # A unit that no subword speaks for has a row of NaN.
    is_known = ~np.isnan(rows).any(axis=1) & (tags >= 0)
    if not is_known.any():
        return 1.0
    return fit_temperature(rows[is_known].astype(np.float64), tags[is_known])


@dataclass(frozen=True, slots=True)
class Half:
    """How far the span scores of one half of the documents can be trusted.

    Each figure is None where there are no spans; ``auroc`` also where all are right or all wrong.

    Attributes:
        error: Expected calibration error, 15 bins of equal mass.
        noise: The error that these scores would show by chance, were they perfectly calibrated.
        auroc: How well the scores tell right spans from wrong ones.
    """

    error: float | None = None
    noise: float | None = None
    auroc: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What calibration does to span scores, judged on documents that it was not fitted on.

    Attributes:
        temperature: The temperature of token scores.
        kind: The kind of span map that cross-validation chose.
        n_docs: The number of annotated documents that it was fitted on.
        n_spans: The number of spans that it was fitted on.
        raw: Each half of the documents, without any calibration.
        new: The same halves, each with a calibration that was fitted on the other half.
        recall: The share of gold entities that is found, of any score; None where there are no
            two halves.
        dial: What the bias does; None if that was not asked for.
        was_raw: Whether the component was told to give raw scores, which it does no more.
        int8: What 8-bit integers do to what is found; None if that was not asked for.
    """

    temperature: float
    kind: MapKind
    n_docs: int
    n_spans: int
    raw: tuple[Half, Half]
    new: tuple[Half, Half]
    recall: RecallEstimate | None = None
    dial: Dial | None = None
    was_raw: bool = False
    int8: Int8Trial | None = None

    @property
    def is_thin(self) -> bool:
        """Whether there was so little data that what was fitted is mostly chance."""
        return self.n_docs < FEW_DOCS or self.n_spans < FEW_SPANS


def fit_and_report(
    docs: Sequence[HeldOut],
    find: SpanFinder,
    decoder: str,
    *,
    entity_types: Sequence[str],
    bias: Bias = 0.0,
) -> tuple[Calibration, CalibrationReport]:
    """Return the calibration that fits Docs best, and a report of what it is worth.

    Args:
        docs: Docs with gold; those that nobody has annotated are left out.
        find: Finds their spans.
        decoder: The decoder that ``find`` uses.
        entity_types: The entity types that the model knows.
        bias: The bias that ``find`` decodes under.

    Raises:
        ConfigError: There is no gold annotation, or none of a type that the model knows.
        TooFewSpansError: Too few spans are right, or wrong.
    """
    annotated = choose_annotated(docs, entity_types)
    _check_verdicts(judge_spans(annotated, find, None))
    fit = fit_calibration(annotated, find, decoder, bias=bias)
    # Every second Doc, as documents from one source are often neighbours.
    first_half = annotated[::2]
    second_half = annotated[1::2]
    first = _judge_calibrated(first_half, find, decoder, bias=bias, fitted_on=second_half)
    second = _judge_calibrated(second_half, find, decoder, bias=bias, fitted_on=first_half)
    recall = None
    estimate = None
    if second_half:
        recall = _count_found(annotated, (first, second))
        estimate = recall.estimate()
    report = CalibrationReport(
        temperature=fit.calibration.temperature,
        kind=fit.kind,
        n_docs=len(annotated),
        n_spans=fit.n_spans,
        raw=(_measure_raw(first_half, find), _measure_raw(second_half, find)),
        new=(_measure(first), _measure(second)),
        recall=estimate,
    )
    return replace(fit.calibration, recall=recall), report


def choose_annotated(docs: Sequence[HeldOut], entity_types: Sequence[str]) -> list[HeldOut]:
    """Return the Docs that somebody has annotated.

    Args:
        docs: Docs with gold.
        entity_types: The entity types that the model knows.

    Raises:
        ConfigError: There are none, or their gold has no type that the model knows.
    """
    annotated = [held_out for held_out in docs if held_out.is_annotated]
    if not annotated:
        raise ConfigError(
            "scores are calibrated on tokens with gold annotation, got none. Give annotated "
            "documents."
        )
    _check_types(annotated, entity_types)
    return annotated


def _check_types(docs: Sequence[HeldOut], entity_types: Sequence[str]) -> None:
    """Check that gold has types that the model knows; those that it lacks are named.

    Raises:
        ConfigError: No type of the model is in the gold.
    """
    gold_types: set[str] = set()
    for held_out in docs:
        gold_types.update(entity.entity_type for entity in held_out.gold.entities)
    lacking = [entity_type for entity_type in entity_types if entity_type not in gold_types]
    if gold_types and len(lacking) == len(entity_types):
        raise ConfigError(
            f"the model finds {', '.join(entity_types)}, and the gold entities are "
            f"{', '.join(sorted(gold_types))}: no type is in both, so every entity would be wrong. "
            "Give data with the types of the model."
        )
    if gold_types and lacking:
        logger.warning(
            "calibrate: the gold has no entity of type %s, so all that the model finds of it count "
            "as wrong. Leave such data out, unless there really is none.",
            ", ".join(lacking),
        )


def _check_verdicts(spans: JudgedSpans) -> None:
    """Check that there are right and wrong spans enough to tell them apart by their scores.

    Raises:
        TooFewSpansError: There are not.
    """
    n_right = int(spans.is_correct.sum())
    n_wrong = len(spans.is_correct) - n_right
    if min(n_right, n_wrong) < MIN_SPANS:
        raise TooFewSpansError(
            f"scores are calibrated on {MIN_SPANS} right entities and {MIN_SPANS} wrong ones at "
            f"least, got {n_right} right and {n_wrong} wrong: from fewer, every score would become "
            "nearly 1, or nearly 0. Give more data that the model was not trained on."
        )


def _measure_raw(docs: Sequence[HeldOut], find: SpanFinder) -> Half:
    return _measure(judge_spans(docs, find, None))


def _judge_calibrated(
    docs: Sequence[HeldOut],
    find: SpanFinder,
    decoder: str,
    *,
    bias: Bias,
    fitted_on: Sequence[HeldOut],
) -> JudgedSpans:
    """Return spans with the scores of a calibration fitted on other Docs, if there are any."""
    if not fitted_on:
        return judge_spans((), find, None)
    other = fit_calibration(fitted_on, find, decoder, bias=bias)
    return judge_spans(docs, find, other.calibration)


def _count_found(docs: Sequence[HeldOut], judged: Sequence[JudgedSpans]) -> ExpectedRecall:
    """Return how many of the gold entities of Docs are found at each threshold."""
    n_gold: Counter[str] = Counter()
    for held_out in docs:
        n_gold.update(entity.entity_type for entity in held_out.gold_entities)
    right: list[tuple[str, float]] = []
    for spans in judged:
        for i in np.flatnonzero(spans.is_correct).tolist():
            right.append((spans.entity_types[i], float(spans.scores[i])))
    return count_found(n_gold, right)


def _measure(spans: JudgedSpans) -> Half:
    if len(spans.scores) == 0:
        return Half()
    return Half(
        error=measure_reliability(spans.scores, spans.is_correct).expected_error,
        noise=calibration_noise(spans.scores),
        auroc=auroc(spans.scores, spans.is_correct),
    )
