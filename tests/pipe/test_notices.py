"""What is said, once, of a pipeline in which entities get lost without an error."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span

from spacy_hf_ner import scores
from spacy_hf_ner.pipe.annotation import register_extensions
from tests.checkpoints import make_checkpoint

TEXT = "Angela Merkel met Tim Cook in San José."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


def _read_twice(nlp: Language, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a pipeline says while it reads a text twice."""
    nlp(TEXT)
    nlp(TEXT)
    return [record.getMessage() for record in caplog.records if record.name == "spacy_hf_ner"]


def _add_learned_ner(nlp: Language) -> None:
    """Add a component that learned to find Merkel, and gives her another type."""
    ner: Any = nlp.add_pipe("ner")
    doc = nlp.make_doc(TEXT)
    doc.set_ents([Span(doc, 0, 2, label="POLITICIAN")])
    ner.add_label("POLITICIAN")
    nlp.initialize(lambda: [spacy.training.Example(nlp.make_doc(TEXT), doc)])
    for _ in range(20):
        nlp.update([spacy.training.Example(nlp.make_doc(TEXT), doc)])
    assert nlp(TEXT).ents


def test_entities_of_another_component_that_are_kept_are_said_to_be(
    nlp: Language, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _add_learned_ner(nlp)
    nlp.add_pipe("hf_ner", config={"model": str(folder)})
    (message,) = _read_twice(nlp, caplog)
    assert message.startswith('hf_ner: "ner" set entities before, and overwrite = false keeps them')
    assert 'overwrite = "overlapping"' in message
    assert "nlp.remove_pipe('ner')" in message


@pytest.mark.parametrize("overwrite", [True, "overlapping"])
def test_nothing_is_said_where_entities_of_another_component_are_replaced(
    nlp: Language, folder: Path, overwrite: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _add_learned_ner(nlp)
    nlp.add_pipe("hf_ner", config={"model": str(folder), "overwrite": overwrite})
    assert _read_twice(nlp, caplog) == []


def test_nothing_is_said_of_rules_that_come_first(
    nlp: Language, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "NAME", "pattern": "Angela"}])
    nlp.add_pipe("hf_ner", config={"model": str(folder)})
    assert _read_twice(nlp, caplog) == []


def test_sentences_that_nobody_has_found_are_missed(
    nlp: Language, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp.add_pipe("hf_ner", config={"model": {"name": str(folder), "context": "sentence"}})
    (message,) = _read_twice(nlp, caplog)
    assert 'nlp.add_pipe("sentencizer", before="hf_ner")' in message


def test_sentences_that_somebody_has_found_are_not_missed(
    nlp: Language, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(folder), "context": "sentence"}})
    assert _read_twice(nlp, caplog) == []
    nlp("Angela")  # a single token


def test_the_checkpoint_of_a_tagger_is_recognised(
    nlp: Language, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tagger = make_checkpoint(tmp_path, labels=("NOUN", "VERB", "ADP", "PUNCT"))
    nlp.add_pipe("hf_ner", config={"model": str(tagger)})
    (message,) = _read_twice(nlp, caplog)
    assert 'have no "O", so every token will be an entity' in message
    assert "(NOUN, VERB, ADP, PUNCT)" in message


def test_scores_are_there_when_the_extension_is_another_packages(
    nlp: Language, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp.add_pipe("hf_ner", config={"model": str(folder)})
    try:
        Span.set_extension("score", default=0.0, force=True)
        (message,) = _read_twice(nlp, caplog)
        assert "spacy_hf_ner.scores(doc)" in message
        doc = nlp(TEXT)
        assert doc.ents
        assert [ent._.score for ent in doc.ents] == [0.0] * len(doc.ents)
        assert all(score is not None and score > 0 for score in scores(doc))
    finally:
        Span.remove_extension("score")
        register_extensions()
