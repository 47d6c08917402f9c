"""Scorers for ``[components.hf_ner.scorer]``: spaCy's own scores and what they lack.

Both give all that ``spacy.ner_scorer.v1`` gives, so that they can take its place; their further keys may be named in
``[training.score_weights]``, the calibration error with a negative weight.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.scorer import get_ner_prf
from spacy.training import Example

from spacy_hf_ner.core.reliability import measure_reliability
from spacy_hf_ner.evaluation.confidence import collect_scores
from spacy_hf_ner.evaluation.pairing import DocPair, pair_docs
from spacy_hf_ner.evaluation.seqeval_report import SeqevalMode, require_seqeval, score_with_seqeval
from spacy_hf_ner.evaluation.strict import Counts, score_strict
from spacy_hf_ner.evaluation.tokens import have_tags, write_pair_tags

Score = Callable[..., dict[str, Any]]
_SEQEVAL_KEYS = ("seqeval_p", "seqeval_r", "seqeval_f", "seqeval_macro_f", "seqeval_per_type")


def make_ner_scorer_v1(spans_key: str = "hf_ner") -> Score:
    """Return a scorer that adds ``ents_ece``, the expected calibration error of span scores, to spaCy's scores.

    The error (15 bins of equal mass) is 0 where nothing was predicted, because spaCy drops the weight of a score that
    is None once, and a model that has learned nothing predicts nothing. It is None where entities have no scores.

    Args:
        spans_key: The span group that holds the scores, or the entities where the pipeline does not set ``doc.ents``.
    """
    return _NerScorer(spans_key)


def make_seqeval_scorer_v1(mode: SeqevalMode = "strict", spans_key: str = "hf_ner") -> Score:
    """Return a scorer that adds seqeval's scores to spaCy's.

    The keys are ``seqeval_p``, ``seqeval_r``, ``seqeval_f``, ``seqeval_macro_f`` and ``seqeval_per_type``. They are
    None where spaCy's scores are, and where entities of a span group overlap, which cannot be written as tags.

    Args:
        mode: seqeval's mode, ``"default"`` or ``"strict"``.
        spans_key: The span group that holds the entities where the pipeline does not set ``doc.ents``.

    Raises:
        MissingExtraError: seqeval is not installed.
    """
    require_seqeval()
    return _SeqevalScorer(mode, spans_key)


class _NerScorer:
    """A class and no closure, so that pipelines pickle."""

    def __init__(self, spans_key: str) -> None:
        self._spans_key = spans_key

    def __call__(self, examples: Iterable[Example], **_: object) -> dict[str, Any]:
        listed = list(examples)
        pairs = _pair(listed, self._spans_key)
        scored = collect_scores(pairs)
        has_none = len(scored.scores) == 0 and scored.n_unscored > 0
        error = measure_reliability(scored.scores, scored.is_correct).expected_error
        return {**_score_entities(listed, pairs), "ents_ece": None if has_none else error}


class _SeqevalScorer:
    def __init__(self, mode: SeqevalMode, spans_key: str) -> None:
        self._mode = mode
        self._spans_key = spans_key

    def __call__(self, examples: Iterable[Example], **_: object) -> dict[str, Any]:
        listed = list(examples)
        pairs = _pair(listed, self._spans_key)
        entities = _score_entities(listed, pairs)
        if entities["ents_f"] is None or not have_tags(pairs):
            return {**entities, **dict.fromkeys(_SEQEVAL_KEYS)}
        scores = score_with_seqeval(map(write_pair_tags, pairs), mode=self._mode)
        return {
            **entities,
            "seqeval_p": scores.micro.precision,
            "seqeval_r": scores.micro.recall,
            "seqeval_f": scores.micro.f1,
            "seqeval_macro_f": scores.macro.f1,
            "seqeval_per_type": {
                t: {"p": row.precision, "r": row.recall, "f": row.f1}
                for t, row in scores.per_type.items()
            },
        }


def _pair(examples: Iterable[Example], spans_key: str) -> list[DocPair]:
    return [pair_docs(eg.reference, eg.predicted, spans_key=spans_key) for eg in examples]


def _score_entities(examples: Sequence[Example], pairs: Sequence[DocPair]) -> dict[str, Any]:
    """Return spaCy's scores of ``doc.ents``; of a pipeline that sets a span group only, strict scores of that.

    Like spaCy's they are None where there is nothing to score, on either side.
    """
    if any(
        len(eg.predicted) and eg.predicted.has_annotation("ENT_IOB") for eg in examples
    ):  # empty ones have it
        return dict(get_ner_prf(examples))
    strict = score_strict(pairs)
    if not strict.per_type:
        return dict.fromkeys(("ents_p", "ents_r", "ents_f", "ents_per_type"))
    p, r, f = _as_prf(strict.micro).values()
    per_type = {entity_type: _as_prf(counts) for entity_type, counts in strict.per_type.items()}
    return {"ents_p": p, "ents_r": r, "ents_f": f, "ents_per_type": per_type}


def _as_prf(counts: Counts) -> dict[str, float]:
    return {"p": counts.precision, "r": counts.recall, "f": counts.f1}
