"""How many tokens are labelled as gold has them, in training and in evaluation."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.model.training.loss import Targets

__all__ = ["TokenAccuracy", "score_entity_tokens"]

_BEGINS = 3  # Token.ent_iob of the first token of an entity


class TokenAccuracy:
    """Counts, update by update, how often the best tag is the gold one.

    A tag is that of a unit: a token, or a subword where labels run over these. What is counted are
    the rows that the loss was computed on, before the step and with dropout: it costs no second
    forward pass, and is lower than what the model would reach on the same texts afterwards.
    """

    def __init__(self) -> None:
        self._n_right = 0
        self._n_judged = 0

    def add(self, rows: Sequence[UnitRows], targets: Sequence[Targets]) -> None:
        """Count the units of Docs that have rows and gold tags."""
        for doc_rows, doc_targets in zip(rows, targets, strict=True):
            is_judged = (doc_targets.tags >= 0) & ~np.isnan(doc_rows.rows).any(axis=1)
            best = doc_rows.rows[is_judged].argmax(axis=1)
            self._n_right += int((best == doc_targets.tags[is_judged]).sum())
            self._n_judged += len(best)

    def take(self) -> float | None:
        """Return the share that was right since the last call; None if nothing was judged."""
        n_right, n_judged = self._n_right, self._n_judged
        self._n_right = self._n_judged = 0
        return n_right / n_judged if n_judged else None


def score_entity_tokens(examples: Iterable[Example]) -> dict[str, Any]:
    """Return the share of tokens whose entity type, and whether they begin it, are as in gold.

    Tokens outside of all entities count, too, so it is high wherever entities are rare. Tokens that
    nobody has annotated, or that gold has other borders for, do not.

    Args:
        examples: Predicted Docs beside gold.

    Returns:
        It as ``ents_acc``; None where no token can be judged.
    """
    n_right = n_judged = 0
    for example in examples:
        gold_tags = example.get_aligned_ner()
        predicted = _read_tags(example.predicted)
        for gold_tag, predicted_tag in zip(gold_tags, predicted, strict=True):
            if gold_tag is None or gold_tag == "-":
                continue
            n_judged += 1
            n_right += _split(gold_tag) == predicted_tag
    return {"ents_acc": n_right / n_judged if n_judged else None}


def _read_tags(doc: Doc) -> list[tuple[bool, str]]:
    """Return of each token whether it begins an entity, and the type of its entity."""
    return [(token.ent_iob == _BEGINS, token.ent_type_) for token in doc]


def _split(tag: str) -> tuple[bool, str]:
    """Return the same of a tag in BILUO.

    >>> _split("U-PER"), _split("L-PER"), _split("O")
    ((True, 'PER'), (False, 'PER'), (False, ''))
    """
    prefix, _, entity_type = tag.partition("-")
    return prefix in {"B", "U"}, entity_type
