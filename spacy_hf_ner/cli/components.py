"""The hf_ner components of a pipeline, and the threshold that a command sets on them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.pipe.hf_ner import HFNer
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["find_classifiers", "find_components", "read_threshold", "set_threshold"]


def find_components(nlp: "Language") -> "dict[str, HFNer]":
    """Return the hf_ner components of a pipeline by their names, in order."""
    from spacy_hf_ner.pipe.hf_ner import HFNer

    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, HFNer)}


def find_classifiers(nlp: "Language") -> "dict[str, TokenClassifierPipe]":
    """Return the components over a token classifier by their names: hf_ner and hf_tagger."""
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, TokenClassifierPipe)}


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


def set_threshold(nlp: "Language", threshold: "Threshold") -> None:
    """Set the threshold of each hf_ner component of a pipeline.

    Raises:
        ConfigError: There is none, the threshold is out of its range, or names an unknown type.
    """
    from spacy_hf_ner.pipe.component_settings import check_threshold

    components = find_components(nlp)
    if not components:
        found = ", ".join(nlp.pipe_names) or "no component"
        raise ConfigError(
            f"threshold must be left out: the pipeline has no hf_ner, but {found}, and its "
            "entities have no scores.",
            settings=("threshold",),
        )
    for component in components.values():
        check_threshold(threshold, component.labels)
        component.threshold = threshold
