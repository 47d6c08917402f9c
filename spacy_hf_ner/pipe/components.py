"""Our components of a pipeline, and the threshold that is set on each hf_ner."""

from spacy.language import Language

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import Threshold, check_threshold
from spacy_hf_ner.pipe.hf_ner import HFNer
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

__all__ = ["find_classifiers", "find_components", "require_scores", "set_threshold"]


def find_components(nlp: Language) -> dict[str, HFNer]:
    """Return the hf_ner components of a pipeline by their names, in order."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, HFNer)}


def find_classifiers(nlp: Language) -> dict[str, TokenClassifierPipe]:
    """Return the components over a token classifier by their names: hf_ner and hf_tagger."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, TokenClassifierPipe)}


def set_threshold(nlp: Language, threshold: Threshold) -> None:
    """Set the threshold of each hf_ner component of a pipeline.

    Raises:
        ConfigError: There is none, the threshold is out of its range, or names an unknown type.
    """
    for component in require_scores(nlp):
        check_threshold(threshold, component.labels)
        component.threshold = threshold


def require_scores(nlp: Language) -> list[HFNer]:
    """Return the hf_ner components of a pipeline whose entities are to have scores.

    Raises:
        ConfigError: There is none.
    """
    components = find_components(nlp)
    if not components:
        found = ", ".join(nlp.pipe_names) or "no component"
        raise ConfigError(
            f"threshold must be left out: the pipeline has no hf_ner, but {found}, and its "
            "entities have no scores.",
            settings=("threshold",),
        )
    return list(components.values())
