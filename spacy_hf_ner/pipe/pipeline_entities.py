"""Where the entities of a whole pipeline are, whatever sets them, and which of them count."""

from collections.abc import Callable, Sequence

from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner.pipe.component_settings import Threshold
from spacy_hf_ner.pipe.components import find_components
from spacy_hf_ner.pipe.found_entities import EntityFinder

__all__ = [
    "EntityReader",
    "find_entity_group",
    "make_reader",
    "take_threshold",
]

EntityReader = Callable[[Sequence[str]], list[list[Span]]]
"""Texts to the entities that a pipeline finds in each."""


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
