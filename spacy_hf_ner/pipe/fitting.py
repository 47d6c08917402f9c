"""Calibration fitted on held-out Docs, and what it is worth on Docs that it was not fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Bools, Floats, Ints
from spacy_hf_ner.core.judging import TextMap
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.reliability import auroc, calibration_noise, measure_reliability
from spacy_hf_ner.core.score_maps import MapKind, choose_span_calibration, fit_temperature
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.calibration import Calibration
from spacy_hf_ner.pipe.gold import Entity, Gold, map_text, read_gold, read_gold_spans
from spacy_hf_ner.pipe.targets import read_targets

FEW_DOCS: Final = 10  # with fewer, or with fewer spans, what was fitted is mostly chance
FEW_SPANS: Final = 100


class Find(Protocol):
    """Finds the spans of Docs from their rows, with their scores, under a calibration or raw."""

    def __call__(
        self, docs: Sequence[Doc], rows: Sequence[UnitRows], *, calibration: Calibration | None
    ) -> list[list[ScoredSpan]]:
        """Return the spans of each Doc."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A Doc that the model was not trained on, what the model makes of it, and what gold says.

    Attributes:
        doc: The tokens that are predicted on.
        rows: Log-probabilities of the tags of their units.
        tags: The column of each unit's gold tag, negative where it has none. Shape: (n_units,).
        gold: The gold entities, and what nobody has annotated.
        gold_entities: The former as a set.
        text_map: From the Doc's text to the gold text; None where the two are the same.
    """

    doc: Doc
    rows: UnitRows
    tags: Ints
    gold: Gold
    gold_entities: frozenset[Entity]
    text_map: TextMap | None

    @property
    def is_annotated(self) -> bool:
        """Whether any gold token is annotated."""
        return self.gold.is_annotated

    def judge(self, found: ScoredSpan) -> bool | None:
        """Tell whether a predicted span is right; None where nobody has annotated some of its tokens."""
        span = self.doc[found.span.start : found.span.end]
        start_char, end_char = span.start_char, span.end_char
        if self.text_map is not None:
            start_char, end_char = self.text_map.move(start_char, end_char)
        if not self.gold.can_judge(start_char, end_char):
            return None
        return Entity(start_char, end_char, found.span.entity_type) in self.gold_entities


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
    doc_i: Ints


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits some Docs.

    Attributes:
        calibration: A temperature and span maps.
        kind: The kind of these that cross-validation chose.
        n_spans: Spans that they were fitted on.
    """

    calibration: Calibration
    kind: MapKind
    n_spans: int


@dataclass(frozen=True, slots=True)
class Half:
    """How far the scores of half the documents can be trusted; None for what spans cannot tell, or no spans.

    Attributes:
        error: Expected calibration error, 15 bins of equal mass.
        noise: The error that these scores would show by chance, were they perfectly calibrated.
        auroc: How well they tell right from wrong spans.
    """

    error: float | None = None
    noise: float | None = None
    auroc: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What calibration did to span scores, judged on documents that it was not fitted on.

    Attributes:
        temperature: The temperature of token scores.
        kind: The kind of span map that cross-validation chose.
        n_docs: Annotated documents that it was fitted on.
        n_spans: Spans that it was fitted on.
        raw: Each half of the documents, without any calibration.
        new: The same, with a temperature and maps fitted on the other half.
    """

    temperature: float
    kind: MapKind
    n_docs: int
    n_spans: int
    raw: tuple[Half, Half]
    new: tuple[Half, Half]

    @property
    def is_thin(self) -> bool:
        """Whether there was so little data that what was fitted is mostly chance."""
        return self.n_docs < FEW_DOCS or self.n_spans < FEW_SPANS


def read_held_out(
    example: Example, rows: UnitRows, tag_set: TagSet, *, spans_key: str, prefer_group: bool
) -> HeldOut:
    """Return what a model makes of an Example beside its gold, which is read as evaluation reads it.

    Args:
        example: Gold in the reference, tokens in the predicted Doc.
        rows: Log-probabilities of the tags of their units.
        tag_set: The tags of the columns.
        spans_key: The span group that holds the gold entities where the reference has no ``ents``.
        prefer_group: Read the group, if there is one, whether the reference has ``ents`` or not.
    """
    reference = example.reference
    gold = read_gold(reference, spans_key=spans_key, prefer_group=prefer_group)
    spans = read_gold_spans(reference, spans_key=spans_key, prefer_group=prefer_group)
    return HeldOut(
        doc=example.predicted,
        rows=rows,
        tags=_read_tags(example, spans, tag_set, rows.units, in_group=gold.in_group),
        gold=gold,
        gold_entities=frozenset(gold.entities),
        text_map=map_text(reference.text, example.predicted.text),
    )


def _read_tags(
    example: Example, spans: Sequence[Span], tag_set: TagSet, units: Units, *, in_group: bool
) -> Ints:
    """Return the column of each unit's gold tag, negative where it has none. Shape: (n_units,).

    A token has one tag, so of spans that overlap the longest counts; one of a type that the model lacks gives none.
    """
    kept = filter_spans(spans)
    unknown = [span for span in kept if span.label_ not in tag_set.entity_types]
    if in_group or unknown:
        reference = example.reference.copy()
        known = [span for span in kept if span.label_ in tag_set.entity_types]
        reference.set_ents(known, missing=unknown, default="outside" if in_group else "unmodified")
        example = Example(example.predicted, reference)
    return read_targets(example, tag_set).of_units(units).tags


def fit_and_report(
    docs: Sequence[HeldOut], find: Find, decoder: str
) -> tuple[Calibration, CalibrationReport]:
    """Return the calibration that fits Docs, and what it is worth: each half judged by what was fitted on the other.

    Args:
        docs: Docs with gold; those that nobody has annotated are left out.
        find: Finds their spans.
        decoder: The decoder that ``find`` uses.

    Raises:
        ConfigError: There is no gold annotation.
    """
    docs = [doc for doc in docs if doc.is_annotated]
    if not docs:
        raise ConfigError(
            "scores are calibrated on tokens with gold annotation, got none. Give annotated documents."
        )
    fit = fit_calibration(docs, find, decoder)
    raw, new = [], []
    for here, there in ((docs[::2], docs[1::2]), (docs[1::2], docs[::2])):
        other = fit_calibration(there, find, decoder) if there else None
        raw.append(_measure(judge_spans(here, find, None)))
        new.append(_measure(judge_spans(here, find, other.calibration)) if other else Half())
    return fit.calibration, CalibrationReport(
        temperature=fit.calibration.temperature,
        kind=fit.kind,
        n_docs=len(docs),
        n_spans=fit.n_spans,
        raw=(raw[0], raw[1]),
        new=(new[0], new[1]),
    )


def fit_calibration(docs: Sequence[HeldOut], find: Find, decoder: str) -> Fit:
    """Return what fits Docs, of which there is at least one. For the arguments see :func:`fit_and_report`."""
    temperature = fit_rows(docs)
    spans = judge_spans(docs, find, Calibration(decoder, temperature))
    choice = choose_span_calibration(
        spans.scores, spans.is_correct, entity_types=spans.entity_types, doc_i=spans.doc_i
    )
    return Fit(
        Calibration(decoder, temperature, choice.calibration), choice.kind, len(spans.scores)
    )


def fit_rows(docs: Sequence[HeldOut]) -> float:
    """Return the temperature under which the gold tags of the tokens are most likely; 1 where no token has one."""
    rows, tags = (
        np.concatenate([doc.rows.rows for doc in docs]),
        np.concatenate([doc.tags for doc in docs]),
    )
    known = ~np.isnan(rows).any(axis=1) & (tags >= 0)
    return fit_temperature(rows[known].astype(np.float64), tags[known]) if known.any() else 1.0


def judge_spans(
    docs: Sequence[HeldOut], find: Find, calibration: Calibration | None
) -> JudgedSpans:
    """Return the spans that are found in Docs, with what gold says of them; what it cannot judge is left out."""
    found = (
        find([doc.doc for doc in docs], [doc.rows for doc in docs], calibration=calibration)
        if docs
        else []
    )
    judged = [
        (one, is_correct, i)
        for i, (doc, spans) in enumerate(zip(docs, found, strict=True))
        for one in spans
        if (is_correct := doc.judge(one)) is not None
    ]
    return JudgedSpans(
        np.array([one.score for one, _, _ in judged], dtype=np.float64),
        np.array([is_correct for _, is_correct, _ in judged], dtype=bool),
        [one.span.entity_type for one, _, _ in judged],
        np.array([i for _, _, i in judged], dtype=np.int64),
    )


def _measure(spans: JudgedSpans) -> Half:
    if not spans.entity_types:
        return Half()
    scores, is_correct = spans.scores, spans.is_correct
    return Half(
        measure_reliability(scores, is_correct).expected_error,
        calibration_noise(scores),
        auroc(scores, is_correct),
    )
