"""How probable the label of each token is: kept in ``doc.user_data``, found again by getters.

A Doc has one record for each target, of plain values, which go through bytes and a DocBin with
``store_user_data``::

    text      We fly.          borders   0 3 6 7     where tokens begin, and where the last one ends
    tokens    We  fly  .       labels    PRON VERB PUNCT
                               scores    0.99 0.97 1.0

A token that was merged, split or relabelled since has no score any more.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc, Token

from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.token_attributes import TokenAttribute

__all__ = [
    "find_scored_targets",
    "find_tag_score",
    "register_tag_score",
    "store_tag_scores",
]

_PREFIX = "hf_tagger:"  # of the keys of records


def store_tag_scores(doc: Doc, attribute: "TokenAttribute", scores: Sequence[float | None]) -> None:
    """Keep the scores of the labels that the tokens of a Doc have now.

    Args:
        doc: The Doc.
        attribute: What the labels are.
        scores: The probability of each token's label, in [0, 1]; None where nobody knows it.
    """
    doc.user_data[_name_record(attribute.name)] = {
        "borders": [token.idx for token in doc] + [_find_end(doc)],
        "labels": attribute.read_all(doc),
        "scores": list(scores),
    }


def find_tag_score(token: Token, *, attribute: "TokenAttribute") -> float | None:
    """Return how probable the label of a token is, in [0, 1]; None where no tagger has said it.

    This is what ``token._.pos_score`` and its kin call.
    """
    doc = token.doc
    record = doc.user_data.get(_name_record(attribute.name))
    if record is None:
        return None
    borders = record["borders"]
    # Where the Doc is part of another one, or several in one, it has another length.
    if borders[-1] != _find_end(doc):
        return None
    place = bisect_left(borders, token.idx)
    is_last = token.i + 1 == len(doc)
    end = borders[-1] if is_last else doc[token.i + 1].idx
    if borders[place] != token.idx or borders[place + 1] != end:
        return None
    if record["labels"][place] != attribute.read(token):
        return None
    score: float | None = record["scores"][place]
    return score


def find_scored_targets(doc: Doc) -> list[str]:
    """Return the targets that a tagger has labelled the tokens of a Doc with."""
    targets: list[str] = []
    for key in doc.user_data:
        if isinstance(key, str) and key.startswith(_PREFIX):
            targets.append(key.removeprefix(_PREFIX))
    return targets


def register_tag_score(attribute: "TokenAttribute") -> None:
    """Register the extension that gives the score of a token's label.

    Raises:
        ConfigError: Somebody else has registered one of that name.
    """
    name = attribute.score_name
    if not Token.has_extension(name):
        Token.set_extension(name, getter=partial(find_tag_score, attribute=attribute))
        return
    _, _, getter, _ = Token.get_extension(name)
    if not (isinstance(getter, partial) and getter.func is find_tag_score):
        raise ConfigError(
            f"the scores of target = {attribute.name!r} are given as token._.{name}, but another "
            "package has registered an extension of that name, so they would not be found. Leave "
            "out what registers it.",
            settings=("target",),
        )


def _name_record(target: str) -> str:
    """Return the key of a record in ``doc.user_data``."""
    return f"{_PREFIX}{target}"


def _find_end(doc: Doc) -> int:
    """Return the character after the last token of a Doc."""
    if len(doc) == 0:
        return 0
    last: Any = doc[len(doc) - 1]
    return int(last.idx) + len(last)
