"""Where the entities of a whole pipeline are, whatever sets them, and which of them count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.component_settings import Threshold, check_threshold
from spacy_hf_ner.pipe.hf_ner import HFNer

__all__ = [
    "EntityFinder",
    "EntityReader",
    "find_components",
    "find_entity_group",
    "make_reader",
    "reaches",
    "require_scores",
    "set_threshold",
    "take_threshold",
]

EntityReader = Callable[[Sequence[str]], list[list[Span]]]
"""Texts to the entities that a pipeline finds in each."""


@dataclass(frozen=True, slots=True)
class EntityFinder:
    """Where the entities of a pipeline's Docs are.

    Attributes:
        spans_key: The span group that the user names, or None for ``doc.ents``.
        fallback_key: The span group of a pipeline that does not set ``doc.ents``.
    """

    spans_key: str | None
    fallback_key: str

    def find(self, doc: Doc | None) -> list[Span]:
        """Return the entities of a Doc; none if there is no Doc."""
        if doc is None:
            return []
        group = self.find_group(doc)
        return list(doc.spans.get(group, ())) if group else list(doc.ents)

    def find_group(self, doc: Doc) -> str:
        """Return the span group that holds the entities of a Doc; empty for ``doc.ents``."""
        if self.spans_key is not None:
            return self.spans_key
        return "" if doc.has_annotation("ENT_IOB") else self.fallback_key


def find_components(nlp: Language) -> dict[str, HFNer]:
    """Return the hf_ner components of a pipeline by their names, in order."""
    return {name: pipe for name, pipe in nlp.pipeline if isinstance(pipe, HFNer)}


def find_entity_group(nlp: Language) -> str | None:
    """Return the span group of an hf_ner that does not set ``doc.ents``; None without one."""
    for component in reversed(find_components(nlp).values()):
        if component.annotate == "spans":
            return component.spans_key
    return None


def make_reader(nlp: Language, finder: EntityFinder) -> EntityReader:
    """Return what finds the entities of texts, beside the texts that are being read."""

    def read(texts: Sequence[str]) -> list[list[Span]]:
        found: dict[str, list[Span]] = {}
        # A text that fails does not come out, and has no entities. What it is called is never what
        # one of the texts around is called, whose failures are noted by their numbers.
        named = [(text, f"tried {i}") for i, text in enumerate(texts)]
        for doc, name in nlp.pipe(named, as_tuples=True):
            found[name] = finder.find(doc)
        return [found.get(name, []) for _, name in named]

    return read


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


def take_threshold(nlp: Language) -> Threshold:
    """Return the threshold of a pipeline, whose hf_ner then finds what is below it, too.

    So that it can be counted, or cut elsewhere. Where several components have one, or spans may
    overlap, they leave it out themselves.
    """
    components = list(find_components(nlp).values())
    if len(components) != 1 or components[0].annotate == "spans":
        return None
    threshold = components[0].threshold
    components[0].threshold = None
    return threshold


def reaches(threshold: Threshold, entity_type: str, score: float | None) -> bool:
    """Tell whether an entity reaches a threshold; one without a score does.

    >>> reaches(0.5, "PER", 0.4), reaches({"LOC": 0.9}, "PER", 0.4), reaches(0.5, "PER", None)
    (False, True, True)
    """
    if score is None or threshold is None:
        return True
    if isinstance(threshold, Mapping):
        return score >= threshold.get(entity_type, 0.0)
    return score >= threshold
