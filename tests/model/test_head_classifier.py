"""The head on a layer of spaCy's own: no Hugging Face network, no extra."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError, TrainingError
from spacy_hf_ner.model.files import pack_folder, unpack_folder
from spacy_hf_ner.model.head_classifier import HeadTokenClassifier, make_head_model

TEXT = "Angela Merkel met Tim\nCook in San José."
GOLD = {"entities": [(0, 13, "PER"), (18, 26, "PER"), (30, 38, "LOC")]}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 24,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def _make_nlp(**config: Any) -> Language:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": CNN}
    nlp.add_pipe("hf_ner", config={"model": model, **config})
    return nlp


def _train(nlp: Language, *, n_steps: int = 60) -> None:
    example = Example.from_dict(nlp.make_doc(TEXT), GOLD)
    optimizer = nlp.initialize(lambda: [example])
    optimizer.learn_rate = 0.01
    for _ in range(n_steps):
        nlp.update([Example.from_dict(nlp.make_doc(TEXT), GOLD)], sgd=optimizer)


def _read(nlp: Language) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in nlp(TEXT).ents]


@pytest.mark.parametrize("scheme", ["auto", "IOBES"])
def test_it_learns_and_is_saved_without_pickle(tmp_path: Path, scheme: str) -> None:
    nlp = _make_nlp(scheme=scheme)
    _train(nlp)
    assert _read(nlp) == [("Angela Merkel", "PER"), ("Tim\nCook", "PER"), ("San José", "LOC")]
    nlp.to_disk(tmp_path)
    assert {path.name for path in (tmp_path / "hf_ner" / "model").iterdir()} == {
        "head.safetensors", "spacy_hf_ner.json", "tok2vec"
    }  # fmt: skip
    assert _read(spacy.load(tmp_path)) == _read(nlp)
    assert _read(_make_nlp(scheme=scheme).from_bytes(nlp.to_bytes())) == _read(nlp)


def test_the_gradient_of_the_logits_is_the_slope_of_the_loss() -> None:
    nlp = _make_nlp()
    _train(nlp, n_steps=1)
    ner: Any = nlp.get_pipe("hf_ner")
    doc = nlp.make_doc(TEXT)
    (predicted,), backprop = ner.classifier.begin_update([doc])
    rows = predicted.rows
    assert predicted.units.token_i.tolist() == [t.i for t in doc if not t.is_space]
    assert len(rows) == len(predicted.units) < len(doc)
    assert np.exp(rows[0]).sum() == pytest.approx(1.0, abs=1e-5)
    gradient = np.zeros_like(rows)
    gradient[0, 1] = -1.0
    backprop([gradient])
    head = ner.classifier.head
    slope, bias = head.get_grad("b").copy(), head.get_param("b")
    expected = []
    for k in range(len(bias)):
        around = []
        for step in (1e-2, -2e-2):
            bias[k] += step
            around.append(float(ner.classifier.predict([doc])[0].rows[0, 1]))
        bias[k] += 1e-2
        expected.append(-(around[0] - around[1]) / 2e-2)
    assert slope == pytest.approx(expected, abs=1e-3)


def test_a_new_tag_set_keeps_the_rows_of_tags_it_knows() -> None:
    nlp = _make_nlp()
    _train(nlp, n_steps=2)
    ner: Any = nlp.get_pipe("hf_ner")
    classifier = ner.classifier
    doc = nlp.make_doc(TEXT)
    before = {
        str(tag): classifier.head.get_param("W")[k].copy()
        for k, tag in enumerate(classifier.peek("auto").tags)
    }
    classifier.set_tags(make_tag_set(["NEW", "PER"], SCHEMES["IOB2"]), scheme="auto")
    (predicted,) = classifier.predict([doc])
    assert predicted.rows.shape == (len(predicted.units), 5)
    for k, tag in enumerate(classifier.peek("auto").tags):
        expected = before.get(str(tag), np.zeros(24))
        assert classifier.head.get_param("W")[k] == pytest.approx(expected, abs=1e-6)


def test_a_head_that_nobody_trained_has_no_tags() -> None:
    classifier = HeadTokenClassifier(make_head_model(registry.resolve({"layer": CNN})["layer"]))
    assert classifier.load("auto") is None


def test_a_head_of_a_later_format_is_refused(tmp_path: Path) -> None:
    nlp = _make_nlp()
    _train(nlp, n_steps=1)
    ner: Any = nlp.get_pipe("hf_ner")
    ner.classifier.write(tmp_path)
    notes = tmp_path / "spacy_hf_ner.json"
    notes.write_text(
        json.dumps(json.loads(notes.read_text("utf8")) | {"format_version": 99}), "utf8"
    )
    with pytest.raises(CheckpointError, match="has format_version 99"):
        ner.classifier.read(tmp_path, "auto")


def _make_sharing_nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 24, "upstream": "*"}
    model = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("hf_ner", config={"model": model})
    return nlp


def test_a_head_saved_over_one_with_a_layer_of_its_own_leaves_nothing_of_that(
    tmp_path: Path,
) -> None:
    alone, sharing = _make_nlp(), _make_sharing_nlp()
    _train(alone, n_steps=1)
    _train(sharing)
    alone.to_disk(tmp_path)
    sharing.to_disk(tmp_path)
    assert {path.name for path in (tmp_path / "hf_ner" / "model").iterdir()} == {
        "head.safetensors", "spacy_hf_ner.json"
    }  # fmt: skip
    assert _read(spacy.load(tmp_path)) == _read(sharing) != []
    _make_nlp().to_disk(tmp_path)
    assert {path.name for path in (tmp_path / "hf_ner" / "model").iterdir()} == {
        "spacy_hf_ner.json",
        "tok2vec",
    }


def test_what_the_other_architecture_has_saved_is_refused(bert_folder: Path) -> None:
    head, network = _make_nlp(), spacy.blank("en")
    network.add_pipe("hf_ner", config={"model": {"name": str(bert_folder)}})
    with pytest.raises(
        CheckpointError,
        match=r"TokenClassifier\.v1 has saved, found .*config\.json.*HFTokenClassifier\.v1",
    ):
        head.from_bytes(network.to_bytes())
    with pytest.raises(
        CheckpointError,
        match=r"with config\.json, found .* That is what spacy_hf_ner\.TokenClassifier",
    ):
        network.from_bytes(head.to_bytes())


def test_a_head_whose_folder_is_gone_is_refused(tmp_path: Path) -> None:
    ner: Any = _make_nlp().get_pipe("hf_ner")
    with pytest.raises(CheckpointError, match="found nothing"):
        ner.classifier.read(tmp_path / "gone", "auto")


def test_packed_files_never_leave_their_folder() -> None:
    import srsly

    packed = srsly.msgpack_dumps({"../outside.txt": b"x"})
    with unpack_folder(packed) as folder:
        assert [path.name for path in folder.iterdir()] == ["outside.txt"]
    assert srsly.msgpack_loads(pack_folder(lambda folder: (folder / "a").write_bytes(b"1"))) == {
        "a": b"1"
    }


def test_a_head_that_training_has_ruined_says_so() -> None:
    nlp = _make_nlp()
    _train(nlp, n_steps=1)
    head: Any = nlp.get_pipe("hf_ner").classifier.head  # type: ignore[attr-defined]
    head.get_param("b")[0] = np.nan
    with pytest.raises(TrainingError, match="got NaN"):
        nlp.update([Example.from_dict(nlp.make_doc(TEXT), GOLD)])
