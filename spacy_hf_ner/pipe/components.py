"""The hf_ner components of a pipeline, and the threshold that is set on all of them."""

from spacy.language import Language

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import Threshold, check_threshold
from spacy_hf_ner.pipe.hf_ner import HFNer

__all__ = ["find_components", "set_threshold"]


def find_components(nlp: Language) -> dict[str, HFNer]:
    """Return the hf_ner components of a pipeline by their names, in order."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, HFNer)}


def set_threshold(nlp: Language, threshold: Threshold) -> None:
    """Set the threshold of each hf_ner component of a pipeline.

    Raises:
        ConfigError: There is none, the threshold is out of its range, or names an unknown type.
    """
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
