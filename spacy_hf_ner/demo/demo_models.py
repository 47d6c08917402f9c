"""The pipelines that the demo shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import get_installed_models

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.pipe.hf_ner import HFNer

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
        spans_key: The span group of scores, or of entities where ``doc.ents`` is not set.
        threshold: The threshold that the pipeline has itself.
        has_scores: Whether its entities have scores.
    """

    name: str
    nlp: Language
    spans_key: str
    threshold: float
    has_scores: bool

    def find_group(self, doc: Doc) -> str:
        """Return the span group that holds the entities of a Doc; empty for ``doc.ents``."""
        if doc.has_annotation("ENT_IOB") or self.spans_key not in doc.spans:
            return ""
        return self.spans_key

    def find_spans(self, texts: Sequence[str]) -> Iterator[Sequence[Span]]:
        """Yield the entities of each text."""
        for doc in self.nlp.pipe(texts):
            group = self.find_group(doc)
            if group:
                yield list(doc.spans[group])
            else:
                yield doc.ents


def load_model(name: str) -> DemoModel:
    """Return an installed pipeline, or the one in a folder, for the demo.

    Raises:
        ConfigError: There is no such pipeline.
    """
    nlp = load_pipeline(name)
    components = _find_components(nlp)
    return DemoModel(
        name=name,
        nlp=nlp,
        spans_key=find_spans_key(nlp),
        threshold=_take_threshold(components),
        has_scores=bool(components),
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


def _find_components(nlp: Language) -> list[HFNer]:
    components: list[HFNer] = []
    for _, component in nlp.pipeline:
        if isinstance(component, HFNer):
            components.append(component)
    return components


def _take_threshold(components: Sequence[HFNer]) -> float:
    """Return the threshold of a pipeline's hf_ner, which then finds what is below it, too.

    A table of thresholds stays where it is, and so does that of spans that may overlap: without it
    other ones would be found.
    """
    if len(components) != 1 or components[0].annotate == "spans":
        return 0.0
    threshold = components[0].threshold
    if threshold is None or isinstance(threshold, Mapping):
        return 0.0
    components[0].threshold = None
    return threshold
