"""Scores that mean what they say: fitted on held-out Docs, stored with the component, applied when it predicts.

Calibration changes scores, never decisions: the best path is the same at every temperature, and a span's map rises.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from spacy.training import Example

from spacy_hf_ner.core.calibration import (
    Choice,
    SpanCalibration,
    choose_span_calibration,
    fit_span_calibration,
    fit_temperature,
    read_span_calibration,
)
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.segments import Rows
from spacy_hf_ner.pipe.targets import read_targets

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
T = TypeVar("T")
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
        return {"decoder": self.decoder, "temperature": self.temperature, "spans": self.spans.to_json()}


def read_calibration(values: Mapping[str, Any]) -> Calibration:
    """Return what :meth:`Calibration.to_json` wrote."""
    return Calibration(values["decoder"], values["temperature"], read_span_calibration(values["spans"]))


@dataclass(frozen=True, slots=True)
class JudgedSpans:
    """Predicted spans, and whether gold has them.

    Attributes:
        scores: In [0, 1]. Shape: (n,).
        is_correct: Shape: (n,).
        entity_types: n types.
        doc_i: The Doc of each. Shape: (n,).
    """

    scores: Floats
    is_correct: Bools
    entity_types: list[str]
    doc_i: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What calibration did to span scores, judged on documents that it was not fitted on.

    Attributes:
        temperature: The temperature of token scores.
        kind: The kind of span map that cross-validation chose.
        n_spans: Spans it was fitted on.
        error_before: Expected calibration error of raw scores, 15 bins of equal mass, on each half of the documents.
        error_after: The same, each half with maps fitted on the other.
        noise: The error that perfectly calibrated scores would show by chance on half the documents.
        auroc_before: How well raw scores tell right from wrong spans in each half; None where all are right or wrong.
        auroc_after: The same for calibrated scores.
    """

    temperature: float
    kind: str
    n_spans: int
    error_before: tuple[float, float]
    error_after: tuple[float, float]
    noise: float
    auroc_before: tuple[float | None, float | None]
    auroc_after: tuple[float | None, float | None]


def fit_calibration(
    examples: Sequence[Example],
    rows: Sequence[Rows],
    tag_set: TagSet,
    *,
    decoder: str,
    find: Callable[[Calibration], Sequence[Sequence[ScoredSpan]]],
) -> tuple[Calibration, CalibrationReport]:
    """Return a temperature and the span maps that cross-validation over documents prefers, and what they are worth.

    Args:
        examples: Gold in the references.
        rows: Log-probabilities of the tags of each predicted Doc's tokens. Shape of each: (n_tokens, n_tags).
        tag_set: The tags of the columns.
        decoder: What decodes the rows.
        find: What finds the spans of each example under a calibration.

    Raises:
        ConfigError: There is no gold annotation.
    """
    calibration = Calibration(decoder, fit_rows(examples, rows, tag_set))
    spans = judge_spans(examples, find(calibration))
    choice = choose_maps(spans)
    report = report_calibration(spans, choice, calibration.temperature)
    return replace(calibration, spans=choice.calibration), report


def fit_rows(examples: Sequence[Example], rows: Sequence[Rows], tag_set: TagSet) -> float:
    """Return the temperature under which the gold tags of the tokens are most likely.

    Args:
        examples: Gold in the references.
        rows: Log-probabilities of the tags of each predicted Doc's tokens. Shape of each: (n_tokens, n_tags).
        tag_set: The tags of the columns.

    Raises:
        ConfigError: There is no gold annotation.
    """
    gold = np.concatenate([read_targets(example, tag_set).tags for example in examples] or [np.zeros(0, np.int64)])
    packed = np.concatenate(rows) if rows else np.zeros((0, len(tag_set)), np.float32)
    known = ~np.isnan(packed).any(axis=1)
    return fit_temperature(packed[known].astype(np.float64), gold[known])


def judge_spans(examples: Sequence[Example], found: Sequence[Sequence[ScoredSpan]]) -> JudgedSpans:
    """Return predicted spans with what gold says of them; those on tokens without gold annotation are left out.

    Args:
        examples: Gold in the references, tokens of the predictions in the predicted Docs.
        found: The predicted spans of each example.
    """
    judged: list[tuple[float, bool, str, int]] = []
    for i, (example, spans) in enumerate(zip(examples, found, strict=True)):
        gold = {(ent.start_char, ent.end_char, ent.label_) for ent in example.reference.ents}
        known = example.get_aligned_ner()
        for one in spans:
            span = example.predicted[one.span.start : one.span.end]
            is_correct = (span.start_char, span.end_char, one.span.entity_type) in gold
            if is_correct or all(tag is not None for tag in known[span.start : span.end]):
                judged.append((one.score, is_correct, one.span.entity_type, i))
    columns = list(zip(*judged, strict=True)) or [(), (), (), ()]
    return JudgedSpans(
        np.array(columns[0], dtype=np.float64),
        np.array(columns[1], dtype=bool),
        list(columns[2]),
        np.array(columns[3], dtype=np.int64),
    )


def choose_maps(spans: JudgedSpans) -> Choice:
    """Return the span maps that cross-validation over documents prefers."""
    return choose_span_calibration(spans.scores, spans.is_correct, entity_types=spans.entity_types, doc_i=spans.doc_i)


def report_calibration(spans: JudgedSpans, choice: Choice, temperature: float) -> CalibrationReport:
    """Return what calibration is worth, each half of the documents judged by maps fitted on the other half."""
    halves = [spans.doc_i % 2 == part for part in (0, 1)]
    types = np.array(spans.entity_types, dtype=object)
    before = [(spans.scores[here], spans.is_correct[here]) for here in halves]
    after = []
    for here, there in ((halves[0], halves[1]), (halves[1], halves[0])):
        maps = fit_span_calibration(
            spans.scores[there], spans.is_correct[there], entity_types=types[there].tolist(), kind=choice.kind
        )
        after.append((maps.apply(spans.scores[here], types[here].tolist()), spans.is_correct[here]))
    return CalibrationReport(
        temperature=temperature,
        kind=choice.kind,
        n_spans=len(spans.scores),
        error_before=_measure_halves(_expected_error, before),
        error_after=_measure_halves(_expected_error, after),
        noise=calibration_noise(after[0][0]),
        auroc_before=_measure_halves(auroc, before),
        auroc_after=_measure_halves(auroc, after),
    )


def _measure_halves(measure: Callable[[Floats, Bools], T], halves: Sequence[tuple[Floats, Bools]]) -> tuple[T, T]:
    first, second = halves
    return measure(*first), measure(*second)


def _expected_error(scores: Floats, is_correct: Bools) -> float:
    return measure_reliability(scores, is_correct).expected_error
