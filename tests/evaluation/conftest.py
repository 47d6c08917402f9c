"""Docs and pipelines that the tests of evaluation share."""

from collections.abc import Callable, Sequence

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spacy_hf_ner.evaluation.comparison import Standing, measure_pipeline, rank_against_first

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
    """Return a function that makes a Doc of words; entities are (start, end, type) in tokens."""
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


@pytest.fixture(scope="session")
def standings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Standing, ...]:
    """Return a ruler that knows both places beside one that knows the first only."""
    folder = tmp_path_factory.mktemp("models")
    for name, places in (("good", ["Paris", "Oslo"]), ("bad", ["Paris"])):
        nlp = spacy.blank("en")
        patterns = [{"label": "LOC", "pattern": place} for place in places]
        nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
        nlp.to_disk(folder / name)
    docs = [nlp.make_doc("Paris or Oslo?") for _ in range(12)]
    for doc in docs:
        doc.ents = [Span(doc, 0, 1, "LOC"), Span(doc, 2, 3, "LOC")]
    DocBin(docs=docs).to_disk(folder / "dev.spacy")
    return rank_against_first(
        [measure_pipeline(str(folder / name), folder / "dev.spacy") for name in ("good", "bad")]
    )
