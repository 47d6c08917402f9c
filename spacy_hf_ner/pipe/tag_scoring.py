"""What ``nlp.evaluate`` calls for a tagger: the scores of spaCy's own tagger and morphologizer."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Token
from spacy.training import Example

from spacy_hf_ner.pipe.token_attributes import get_attribute

__all__ = ["make_tag_scorer_v1", "score_tags"]


def make_tag_scorer_v1() -> Callable[..., dict[str, Any]]:
    """Return what scores the labels that a tagger sets."""
    return score_tags


def score_tags(
    examples: Iterable[Example], *, target: str = "pos", **_config: object
) -> dict[str, Any]:
    """Return the accuracy of labels, as ``pos_acc``, ``tag_acc``, ``morph_acc`` or ``NAME_acc``.

    Features are scored one by one, too, as ``morph_per_feat``. Tokens without a gold label, white
    space, and tokens that gold has other borders for count as in spaCy's Scorer.

    Args:
        examples: Predicted Docs beside gold.
        target: What the labels are.
    """
    examples = list(examples)
    if target != "morph":
        attribute = get_attribute(target)

        def read(token: Token, _name: str) -> str:
            return attribute.read(token)

        scores: dict[str, Any] = Scorer.score_token_attr(
            examples, target, getter=read, missing_values={""}
        )
        return scores
    scores = Scorer.score_token_attr(examples, target, getter=_read_morph_key)
    scores.update(Scorer.score_token_attr_per_feat(examples, target, getter=_read_morph_key))
    return scores


def _read_morph_key(token: Token, name: str) -> int:
    """Return the hash of a token's features, which is what spaCy's morphologizer is scored by."""
    key: int = getattr(token, name).key
    return key
