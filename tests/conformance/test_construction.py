"""Nothing is loaded, and no network is asked, before the component is first used."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy
from spacy import ty
from spacy.pipeline import TrainablePipe
from spacy.pipeline.ner import ner_score
from thinc.api import Config

from spacy_hf_ner.errors import CheckpointError, ConfigError
from tests.conformance.kinds import Kind
from tests.conformance.pipelines import (
    TEXT,
    add_hf_ner,
    get_checkpoint,
    get_component,
    get_ner,
    make_pipeline,
)
from tests.patience import PATIENCE_S

NOWHERE = "nobody/knows-this-model"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the hub's cache be empty, whatever the machine has."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def test_a_component_of_an_unreachable_checkpoint_can_be_added_and_asked_for_its_labels(
    kind: Kind,
) -> None:
    nlp = kind.make_pipeline(NOWHERE)
    assert nlp.pipe_names == [kind.factory]
    assert get_component(nlp).labels == ()
    assert get_component(nlp).label_data == []
    assert get_checkpoint(nlp) is None


def test_the_default_config_names_the_pinned_checkpoint_and_loads_nothing() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner")
    settings = get_ner(nlp).model.shims[0].settings  # type: ignore[attr-defined]
    assert settings.name == "dslim/bert-base-NER"
    assert settings.revision == "d1a3e8f13f8c3566299d95fcfc9a8d2382a9affc"
    assert get_checkpoint(nlp) is None


def test_a_local_checkpoint_is_not_loaded_when_it_is_added_but_tells_its_labels(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    assert get_ner(nlp).labels == ("PER", "ORG", "LOC", "MISC")
    assert get_checkpoint(nlp) is None
    nlp(TEXT)
    assert get_checkpoint(nlp) is not None


def test_a_pipeline_built_from_a_config_loads_nothing(kind: Kind) -> None:
    config = kind.make_pipeline().config
    nlp = spacy.util.load_model_from_config(config, auto_fill=True, validate=True)
    assert get_checkpoint(nlp) is None
    assert nlp.config.to_str() == config.to_str()


def test_the_error_of_an_unreachable_checkpoint_names_it_and_the_ways_out(
    kind: Kind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    nlp = kind.make_pipeline(NOWHERE)
    with pytest.raises(
        CheckpointError,
        match=rf"{NOWHERE}.*neither a folder nor in the hub's local cache.*Ways out",
    ):
        nlp(TEXT)


def test_a_plain_encoder_refuses_to_predict_and_says_what_to_do(kind: Kind) -> None:
    nlp = kind.make_pipeline(kind.encoder)
    with pytest.raises(CheckpointError, match=r"plain encoder .* Train it"):
        nlp(TEXT)


def test_the_component_meets_the_protocols_of_trainable_and_initializable_components(
    kind: Kind,
) -> None:
    ner = get_component(kind.make_pipeline())
    assert isinstance(ner, TrainablePipe)
    assert isinstance(ner, ty.TrainableComponent)
    assert isinstance(ner, ty.InitializableComponent)
    assert ner.is_trainable


def test_the_factory_declares_what_it_assigns_and_how_it_is_scored(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    meta = nlp.get_pipe_meta("hf_ner")
    assert {"doc.ents", "token.ent_iob", "token.ent_type"} <= set(meta.assigns)
    assert nlp.config["training"]["score_weights"]["ents_f"] == 1.0
    assert not (nlp.analyze_pipes() or {})["problems"]["hf_ner"]


def test_the_default_config_survives_being_written_and_read_as_text() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner")
    again = Config().from_str(nlp.config.to_str())
    assert again["components"]["hf_ner"] == nlp.config["components"]["hf_ner"]


def test_the_scorer_is_the_one_that_spacys_own_ner_uses(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    assert nlp.config["components"]["hf_ner"]["scorer"] == {"@scorers": "spacy.ner_scorer.v1"}
    assert get_ner(nlp).scorer is ner_score


@pytest.mark.parametrize(
    "wrong",
    [
        {"decoder": "beam"},
        {"annotate": "tokens"},
        {"scheme": "IOB3"},
        {"thresold": 0.5},
        {"overwrite": "often"},
    ],
)
def test_a_setting_that_does_not_exist_is_refused_when_the_component_is_added(
    wrong: dict[str, object], ner_checkpoint: Path
) -> None:
    with pytest.raises(Exception, match=next(iter(wrong))):
        make_pipeline(ner_checkpoint, **wrong)


def test_a_model_of_another_architecture_is_refused_by_name() -> None:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 8, "depth": 1, "embed_size": 50}
    settings = {
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    with pytest.raises(ConfigError, match=r"Expected .*HFTokenClassifier"):
        nlp.add_pipe("hf_ner", config={"model": model | settings})


def test_two_components_of_one_pipeline_keep_their_own_models_and_names(
    ner_checkpoint: Path, encoder_checkpoint: Path
) -> None:
    nlp = spacy.blank("en")
    first = add_hf_ner(nlp, ner_checkpoint, name="first")
    second = add_hf_ner(nlp, encoder_checkpoint, name="second", spans_key="second")
    second.add_label("DRUG")
    again = spacy.util.load_model_from_config(nlp.config)
    assert first.labels == ("PER", "ORG", "LOC", "MISC")
    assert second.labels == ("DRUG",)
    assert again.pipe_names == ["first", "second"]
    assert get_ner(again, "first").model.id != get_ner(again, "second").model.id


@pytest.mark.skipif(
    find_spec("spacy_transformers") is not None,
    reason="spacy-transformers imports transformers itself",
)
def test_a_blank_pipeline_does_not_import_transformers() -> None:
    program = (
        "import sys, spacy\nnlp = spacy.blank('en')\nassert nlp.has_factory('hf_ner')\n"
        "sys.exit('transformers' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], timeout=PATIENCE_S, check=False)  # noqa: S603
    assert run.returncode == 0
