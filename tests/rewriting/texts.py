"""A pipeline that finds a few names, for tests that need no network."""

import spacy
from spacy.language import Language

__all__ = ["NAMES", "make_pipeline"]

NAMES = {
    "Sarah": "PER",
    "Angela Merkel": "PER",
    "Merkel": "PER",
    "Paris": "LOC",
    "New York": "LOC",
    "Toyota": "ORG",
    "IBM": "ORG",
}


def make_pipeline() -> Language:
    """Return a pipeline that knows NAMES, in whatever case, with 's in them or without."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": kind, "pattern": name} for name, kind in NAMES.items()])  # type: ignore[attr-defined]
    return nlp
