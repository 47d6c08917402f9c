"""``--threshold``: a score for all entity types, or for some of them one each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.component_settings import Threshold

__all__ = ["read_threshold"]


def read_threshold(texts: Sequence[str]) -> "Threshold":
    """Return what ``--threshold`` says: a score, a table of scores, or None.

    Raises:
        ConfigError: A text is neither a score nor a type with its score, or one for all types
            stands beside others.

    >>> read_threshold(["0.5"]), read_threshold(["PER=0.9", "LOC=0.5"])
    (0.5, {'PER': 0.9, 'LOC': 0.5})
    """
    table: dict[str, float] = {}
    for text in texts:
        entity_type, _, score = text.rpartition("=")
        try:
            table[entity_type] = float(score)
        except ValueError as error:
            raise ConfigError(
                f"threshold must be a score such as 0.5, or a type and its score such as PER=0.5, "
                f"got {text!r}.",
                settings=("threshold",),
            ) from error
    if not table:
        return None
    if "" not in table:
        return table
    if len(texts) > 1:
        raise ConfigError(
            "threshold must be one score for all types, or a score for each, got both.",
            settings=("threshold",),
        )
    return table[""]
