"""One pipeline a process, loaded again when it remembers too much."""

import pytest

from spacy_hf_ner.corpus.text_input import PlainText
from spacy_hf_ner.scale import AnnotateSettings
from spacy_hf_ner.scale.annotator import load_annotator


def test_it_is_loaded_once_and_anew_when_it_is_worn(
    settings: AnnotateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator = load_annotator(settings)
    list(annotator.annotate([PlainText("An unheard-of word: Xyzzy.", "here")]))
    assert load_annotator(settings) is annotator
    monkeypatch.setattr("spacy_hf_ner.scale.annotator.MAX_NEW_STRINGS", 0)
    assert annotator.is_worn
    assert load_annotator(settings) is not annotator


def test_a_long_text_is_not_read(model: object) -> None:
    annotator = load_annotator(AnnotateSettings(model=str(model), max_chars=10))
    long, short = annotator.annotate([PlainText("x" * 11, "1"), PlainText("x" * 10, "2")])
    assert long.doc is None
    assert long.error == "expected at most 10 characters, got 11 characters"
    assert short.doc is not None
