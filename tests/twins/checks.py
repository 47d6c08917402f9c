"""What a twin must do: load with one line and find all that its labels name, or be refused."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from spacy_hf_ner.core.schemes import OUTSIDE
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.model.checked_weights import find_weights
from spacy_hf_ner.model.pickles import _convert
from tests.twins.facts import Twin
from tests.twins.folders import Phrase, is_known, make_twin

__all__ = ["check_twin"]

# Checkpoints that nothing helps: of other libraries, or of types that transformers does not have.
_LOST = ("is none that transformers", "is for TensorFlow", "fugashi")


def check_twin(twin: Twin, folder: Path) -> None:
    """Check that the twin of a checkpoint does what a person would expect.

    Args:
        twin: What is known of it, and expected.
        folder: Where files may be written.
    """
    source = folder / "checkpoint"
    phrases = make_twin(twin, source)
    refusal = _expect_refusal(twin)
    if refusal:
        with pytest.raises(HFNerError, match=refusal) as refused:
            _load(source, ())("a")
        assert "\n" not in str(refused.value)
    if refusal in _LOST:
        return
    if twin.weights == "pickle":
        # `hf-ner encoder` does this in a process of its own, which takes seconds.
        _convert(
            find_weights(source, "twin", allow_pickle=True).files, source / "model.safetensors"
        )
    if twin.is_encoder:
        _check_encoder(source, folder / "pipeline")
        return
    nlp = _load(source, twin.given)
    _check_tags(nlp, twin)
    _check_entities(nlp, phrases)
    nlp.to_disk(folder / "pipeline")
    saved = spacy.load(folder / "pipeline")
    _check_tags(saved, twin)
    _check_entities(saved, phrases)


def _expect_refusal(twin: Twin) -> str:
    """Return what the error says that is expected here; empty where the twin loads as it is."""
    if twin.since and not is_known(twin.family):
        return "is none that transformers"
    if twin.refusal == "fugashi" and importlib.util.find_spec("fugashi"):
        pytest.skip("a dictionary of MeCab may be installed, and its twin has none")
    return twin.refusal


def _load(source: Path, given: tuple[str, ...]) -> Language:
    """Return a pipeline with a checkpoint, added as the README has it."""
    nlp = spacy.blank("en")
    model: Any = {"name": str(source), "labels": list(given)} if given else str(source)
    nlp.add_pipe("hf_ner", config={"model": model})
    return nlp


def _check_tags(nlp: Language, twin: Twin) -> None:
    ner: Any = nlp.get_pipe("hf_ner")
    assert set(ner.labels) == set(twin.types)
    nlp("a")  # loads the weights
    tag_set = ner.classifier.shim.checkpoint.tag_set
    assert tag_set.scheme.name == twin.scheme
    labels = twin.given or twin.labels
    outside = [label for label, tag in zip(labels, tag_set.tags, strict=True) if tag == OUTSIDE]
    expected = "O" if twin.given and "O" in twin.given else twin.outside
    assert outside == ([] if expected is None else [expected])


def _check_entities(nlp: Language, phrases: list[Phrase]) -> None:
    """Each phrase is one entity of its type, or none."""
    assert phrases
    docs = nlp.pipe([phrase.text for phrase in phrases])
    for phrase, doc in zip(phrases, docs, strict=True):
        found = [(ent.text, ent.label_) for ent in doc.ents]
        assert found == ([(phrase.text, phrase.entity_type)] if phrase.entity_type else [])


def _check_encoder(source: Path, folder: Path) -> None:
    """An encoder gets a new head, and is saved with it."""
    nlp = _load(source, ())
    example = Example.from_dict(nlp.make_doc("in Berlin"), {"entities": [(3, 9, "LOC")]})
    optimizer = nlp.initialize(lambda: [example])
    nlp.update([example], sgd=optimizer)
    nlp.to_disk(folder)
    saved: Any = spacy.load(folder)
    assert saved.get_pipe("hf_ner").labels == ("LOC",)
    assert saved("in Berlin").text == "in Berlin"
