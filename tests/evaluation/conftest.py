"""Docs and pipelines that the tests of evaluation share."""

from collections.abc import Callable, Sequence

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

MakeDoc = Callable[..., Doc]


@pytest.fixture
def ruler() -> Language:
    """Return a pipeline that knows two names and takes one place for a person."""
    nlp = spacy.blank("en")
    patterns = [
        {"label": "PER", "pattern": "Angela Merkel"},
        {"label": "LOC", "pattern": "Berlin"},
        {"label": "PER", "pattern": "Paris"},
    ]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    return nlp


@pytest.fixture
def make_doc() -> MakeDoc:
    """Return a function that makes a Doc of words with entities given as (start, end, type) in tokens."""
    vocab = spacy.blank("en").vocab

    def make(
        words: Sequence[str],
        entities: Sequence[tuple[int, int, str]] = (),
        *,
        spaces: Sequence[bool] | None = None,
        scores: Sequence[float] | None = None,
    ) -> Doc:
        doc = Doc(vocab, words=list(words), spaces=list(spaces) if spaces is not None else None)
        doc.ents = [Span(doc, start, end, label) for start, end, label in entities]
        if scores is not None:
            doc.spans["hf_ner"] = SpanGroup(
                doc, spans=list(doc.ents), attrs={"scores": list(scores)}
            )
        return doc

    return make
