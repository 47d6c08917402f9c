"""Scorers for ``[components.hf_ner.scorer]``: spaCy's own scores and what they lack.

Both give all that ``spacy.ner_scorer.v1`` gives, so that they can take its place; their further
keys may be named in ``[training.score_weights]``, the calibration error with a negative weight.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from spacy.scorer import get_ner_prf
from spacy.training import Example

from spacy_hf_ner.core.reliability import measure_reliability
from spacy_hf_ner.evaluation.confidence import collect_scores
from spacy_hf_ner.evaluation.pairing import DocPair, pair_examples
from spacy_hf_ner.evaluation.seqeval_report import SeqevalMode, require_seqeval, score_with_seqeval
from spacy_hf_ner.evaluation.strict import Averages, Counts, score_strict
from spacy_hf_ner.evaluation.tokens import have_tags, write_pair_tags

__all__ = ["Score", "make_ner_scorer_v1", "make_seqeval_scorer_v1"]

Score = Callable[..., dict[str, Any]]

_SPACY_KEYS: Final = ("ents_p", "ents_r", "ents_f", "ents_per_type")
_SEQEVAL_KEYS: Final = (
    "seqeval_p",
    "seqeval_r",
    "seqeval_f",
    "seqeval_macro_f",
    "seqeval_per_type",
)


def make_ner_scorer_v1(spans_key: str = "hf_ner") -> Score:
    """Return a scorer that adds the expected calibration error of span scores to spaCy's scores.

    Its key is ``ents_ece``, and it is measured in 15 bins of equal mass. It is 0 where nothing was
    predicted, because spaCy drops the weight of a score that is None once, and a model that has
    learned nothing predicts nothing. It is None where entities have no scores, and where nobody has
    annotated the gold.

    Args:
        spans_key: The span group that holds the scores, or the entities where the pipeline does not
            set ``doc.ents``.
    """
    return _NerScorer(spans_key)


def make_seqeval_scorer_v1(mode: SeqevalMode = "strict", spans_key: str = "hf_ner") -> Score:
    """Return a scorer that adds seqeval's scores to spaCy's.

    The keys are ``seqeval_p``, ``seqeval_r``, ``seqeval_f``, ``seqeval_macro_f`` and
    ``seqeval_per_type``. They are None where spaCy's scores are, and where entities of a span group
    overlap, which cannot be written as tags.

    Args:
        mode: seqeval's mode, ``"default"`` or ``"strict"``.
        spans_key: The span group that holds the entities where the pipeline does not set
            ``doc.ents``.

    Raises:
        MissingExtraError: seqeval is not installed.
    """
    require_seqeval()
    return _SeqevalScorer(mode, spans_key)


# The scorers are classes and no closures, so that pipelines pickle.


class _NerScorer:
    def __init__(self, spans_key: str) -> None:
        self._spans_key = spans_key

    def __call__(self, examples: Iterable[Example], **_: object) -> dict[str, Any]:
        listed = list(examples)
        pairs = pair_examples(listed, spans_key=self._spans_key)
        scores = _score_entities(listed, pairs)
        scores["ents_ece"] = _measure_calibration(pairs)
        return scores


class _SeqevalScorer:
    def __init__(self, mode: SeqevalMode, spans_key: str) -> None:
        self._mode = mode
        self._spans_key = spans_key

    def __call__(self, examples: Iterable[Example], **_: object) -> dict[str, Any]:
        listed = list(examples)
        pairs = pair_examples(listed, spans_key=self._spans_key)
        scores = _score_entities(listed, pairs)
        if scores["ents_f"] is None or not have_tags(pairs):
            scores.update(dict.fromkeys(_SEQEVAL_KEYS))
            return scores
        found = score_with_seqeval(map(write_pair_tags, pairs), mode=self._mode)
        scores["seqeval_p"] = found.micro.precision
        scores["seqeval_r"] = found.micro.recall
        scores["seqeval_f"] = found.micro.f1
        scores["seqeval_macro_f"] = found.macro.f1
        scores["seqeval_per_type"] = _write_types(found.per_type)
        return scores


def _measure_calibration(pairs: Sequence[DocPair]) -> float | None:
    """Return the expected calibration error.

    It is None where entities were predicted without scores, and where there is no gold.
    """
    if not any(pair.is_annotated for pair in pairs):
        return None
    scored = collect_scores(pairs)
    if len(scored.scores) == 0 and scored.n_unscored > 0:
        return None
    return measure_reliability(scored.scores, scored.is_correct).expected_error


def _score_entities(examples: Sequence[Example], pairs: Sequence[DocPair]) -> dict[str, Any]:
    """Return spaCy's scores of ``doc.ents``.

    For a pipeline that sets a span group only, they are strict scores of that. Like spaCy's they
    are None where there is nothing to score, on either side.
    """
    if _set_entities(examples):
        return dict(get_ner_prf(examples))
    strict = score_strict(pairs)
    if not strict.per_type:
        return dict.fromkeys(_SPACY_KEYS)
    micro = strict.micro
    return {
        "ents_p": micro.precision,
        "ents_r": micro.recall,
        "ents_f": micro.f1,
        "ents_per_type": _write_types(strict.per_type),
    }


def _set_entities(examples: Iterable[Example]) -> bool:
    """Tell whether the pipeline sets ``doc.ents``."""
    for example in examples:
        doc = example.predicted
        # An empty Doc has every annotation, says spaCy.
        if len(doc) and doc.has_annotation("ENT_IOB"):
            return True
    return False


def _write_types(per_type: Mapping[str, Counts | Averages]) -> dict[str, dict[str, float]]:
    """Return the scores of each entity type under the names that spaCy gives them."""
    scores: dict[str, dict[str, float]] = {}
    for entity_type, row in per_type.items():
        scores[entity_type] = {"p": row.precision, "r": row.recall, "f": row.f1}
    return scores
