"""Levels of nested entities, each found by a component of its own: judged one by one and together.

A component with ``annotate = "spans"`` writes the level that its ``spans_key`` names, and gold has
a group of the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.language import Language
from spacy.training import Example

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.evaluation.pairing import DocPair, name_apart, pair_annotation
from spacy_hf_ner.evaluation.resampling import DocCounts, Interval, bootstrap, count_docs
from spacy_hf_ner.evaluation.strict import Counts
from spacy_hf_ner.pipe.gold import read_gold, read_group

__all__ = ["LevelScores", "list_levels", "score_levels"]

TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class LevelScores:
    """How good the entities of a level are, or of all.

    Attributes:
        name: The span group, or "together".
        counts: The counts of all types.
        interval: The 95 % interval of F1 over documents; None with fewer than two.
    """

    name: str
    counts: Counts
    interval: Interval | None


def list_levels(nlp: Language) -> list[str]:
    """Return the span groups of the components of a pipeline that write one and nothing else."""
    keys: list[str] = []
    for _, component in nlp.pipeline:
        if getattr(component, "annotate", "") == "spans":
            keys.append(getattr(component, "spans_key"))  # noqa: B009 - spaCy gives no type
    return keys


def score_levels(nlp: Language, examples: Sequence[Example]) -> tuple[LevelScores, ...]:
    """Return the scores of each level, and of all together; none unless there are several.

    Args:
        nlp: The pipeline that has predicted.
        examples: Predicted Docs beside gold. Levels that gold has in no Doc are left out.
    """
    keys: list[str] = []
    for key in list_levels(nlp):
        if any(key in example.reference.spans for example in examples):
            keys.append(key)
    if len(keys) < 2:  # noqa: PLR2004 - one level is what all other scores are about
        return ()
    scores: list[LevelScores] = []
    by_level: list[Floats] = []
    for key in keys:
        pairs = [_pair_level(example, key) for example in examples]
        counts = count_docs(pairs).counts.sum(axis=1)
        scores.append(_score(key, counts))
        by_level.append(counts)
    together = name_apart(TOGETHER, keys)
    return (*scores, _score(together, np.sum(by_level, axis=0)))


def _pair_level(example: Example, key: str) -> DocPair:
    """Return gold and predicted entities of a level in one text."""
    gold_data = read_gold(example.reference, spans_key=key, prefer_group=True)
    entities = read_group(example.predicted, key)
    return pair_annotation(
        example.reference, example.predicted, gold_data=gold_data, entities=entities
    )


def _score(name: str, counts: Floats) -> LevelScores:
    """Return the scores of a level.

    Args:
        name: What it is called.
        counts: Correct, predicted and gold entities. Shape: (n_docs, 3).
    """
    n_correct, n_predicted, n_gold = counts.sum(axis=0).astype(int).tolist()
    intervals = bootstrap(DocCounts((name,), counts[:, None, :]))
    return LevelScores(
        name=name,
        counts=Counts(n_correct, n_predicted, n_gold),
        interval=None if intervals is None else intervals.f1,
    )
