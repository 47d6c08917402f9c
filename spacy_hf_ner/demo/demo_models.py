"""The pipelines that the demo shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import get_installed_models

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.pipe.components import find_components
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.pipe.pipeline_entities import make_reader, take_threshold

__all__ = ["DemoModel", "find_models", "load_model"]

# What the project leaves, the better one of a run first.
_TRAINED: Final = ("training/*/model-calibrated", "training/*/model-best")


@dataclass(frozen=True, slots=True)
class DemoModel:
    """A pipeline, and what the demo has to know of it.

    Attributes:
        name: What the user calls it.
        nlp: The pipeline. Its hf_ner leaves out no entity because of its score, so that the
            threshold can be changed without reading a text again.
        finder: Where its entities are.
        threshold: The threshold that the pipeline has itself.
        has_scores: Whether its entities have scores.
    """

    name: str
    nlp: Language
    finder: EntityFinder
    threshold: float
    has_scores: bool

    @property
    def spans_key(self) -> str:
        """The span group of scores, or of entities where ``doc.ents`` is not set."""
        return self.finder.fallback_key

    def find_group(self, doc: Doc) -> str:
        """Return the span group that holds the entities of a Doc; empty for ``doc.ents``."""
        group = self.finder.find_group(doc)
        return group if group in doc.spans else ""

    def find_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the entities of each text."""
        return make_reader(self.nlp, self.finder)(texts)


def load_model(name: str) -> DemoModel:
    """Return an installed pipeline, or the one in a folder, for the demo.

    Raises:
        ConfigError: There is no such pipeline.
    """
    nlp = load_pipeline(name)
    return DemoModel(
        name=name,
        nlp=nlp,
        finder=EntityFinder(None, find_spans_key(nlp)),
        threshold=_take_threshold(nlp),
        has_scores=bool(find_components(nlp)),
    )


def find_models() -> list[str]:
    """Return the pipelines to show where none is named: the project's, else the installed ones.

    Raises:
        ConfigError: There are none.
    """
    for pattern in _TRAINED:
        folders = sorted(Path().glob(f"{pattern}/meta.json"))
        if folders:
            return [str(file.parent) for file in folders]
    installed = sorted(get_installed_models())
    if not installed:
        raise ConfigError(
            "expected a pipeline to show, got no MODEL, and found none: neither in training/ of "
            "this folder, nor installed. Name the folder of one, or train one with make project."
        )
    return installed


def _take_threshold(nlp: Language) -> float:
    """Return the threshold of a pipeline's hf_ner, which then finds what is below it, too.

    A table of thresholds stays where it is: a slider has one number.
    """
    for component in find_components(nlp).values():
        if isinstance(component.threshold, Mapping):
            return 0.0
    threshold = take_threshold(nlp)
    assert not isinstance(threshold, Mapping)
    return threshold or 0.0
