"""The pipelines that the demo shows."""

from pathlib import Path

import pytest
import spacy

from spacy_hf_ner.demo import demo_models
from spacy_hf_ner.demo.demo_models import find_models, load_model
from spacy_hf_ner.errors import ConfigError
from tests.demo.extras import save_pipeline
from tests.rewriting.texts import make_pipeline

TEXT = "Kofi Annan was born in Kumasi."


def test_a_pipeline_finds_what_is_below_its_threshold_too(tmp_path: Path) -> None:
    model = load_model(str(save_pipeline(tmp_path, threshold=0.9)))
    assert (model.threshold, model.has_scores) == (0.9, True)
    doc = model.nlp(TEXT)
    assert len(spacy.load(tmp_path / "model")(TEXT).ents) < len(doc.ents)
    assert model.find_group(doc) == ""


def test_entities_of_a_span_group_are_found_there(tmp_path: Path) -> None:
    folder = save_pipeline(tmp_path)
    nlp = spacy.load(folder, config={"components": {"hf_ner": {"annotate": "spans"}}})
    nlp.to_disk(tmp_path / "spans")
    model = load_model(str(tmp_path / "spans"))
    (found,) = model.find_spans([TEXT])
    assert found
    assert model.find_group(model.nlp(TEXT)) == "hf_ner"


def test_a_pipeline_without_hf_ner_has_no_scores(tmp_path: Path) -> None:
    make_pipeline().to_disk(tmp_path / "rules")
    model = load_model(str(tmp_path / "rules"))
    assert not model.has_scores
    assert [[span.text for span in found] for found in model.find_spans(["In Paris."])] == [
        ["Paris"]
    ]


def test_where_none_is_named_the_trained_ones_are_found_and_else_the_installed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo_models, "get_installed_models", list)
    with pytest.raises(ConfigError, match="got no MODEL, and found none"):
        find_models()
    monkeypatch.setattr(demo_models, "get_installed_models", lambda: ["en_b", "en_a"])
    assert find_models() == ["en_a", "en_b"]
    for name in ("run/model-best", "run/model-calibrated"):
        folder = tmp_path / "training" / name
        folder.mkdir(parents=True)
        (folder / "meta.json").touch()
    assert find_models() == [str(Path("training/run/model-calibrated"))]
