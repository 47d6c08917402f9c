"""The method ``export_onnx``: what it writes, and when it refuses 8 bits."""

import logging
from pathlib import Path
from typing import Any

import pytest
import spacy
from safetensors.torch import load_file, save_file
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import Optimizer

from spacy_hf_ner.errors import CheckpointError, ConfigError
from tests.checkpoints import make_checkpoint

for library in ("onnx", "onnxruntime", "onnxscript"):
    pytest.importorskip(library)

TEXTS = [
    f"Angela Merkel met {name} in San José, not in {place}."
    for name in ("Tim", "O'Brien")
    for place in ("Bonn", "東京")
]


def make_nlp(folder: Path | str, **settings: Any) -> Language:
    nlp = spacy.blank("xx")
    model = {"name": str(folder), "precision": "fp32", **settings}
    nlp.add_pipe("hf_ner", config={"model": model})
    return nlp


def get_ner(nlp: Language) -> Any:
    return nlp.get_pipe("hf_ner")


def read(nlp: Language) -> list[list[tuple[int, int, str]]]:
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in nlp.pipe(TEXTS)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT; nobody writes to it."""
    return make_checkpoint(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with a huge activation that no weight reads.

    float32 does not notice it; 8 bits hold nothing else.
    """
    folder = make_checkpoint(
        tmp_path_factory.mktemp("fragile"), initializer_range=0.5, head_scale=1.0
    )
    weights = load_file(folder / "model.safetensors")
    for name, weight in weights.items():
        if name.endswith("attention.self.value.bias"):
            weight[0] = 1e4
        elif name.endswith("attention.output.dense.weight"):
            weight[:, 0] = 0.0
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_the_folder_is_what_a_model_with_the_backend_onnx_reads(
    source: Path, tmp_path: Path
) -> None:
    nlp = make_nlp(source, window=16)
    expected = read(nlp)
    assert any(expected)
    export = get_ner(nlp).export_onnx(tmp_path)
    assert export.file == tmp_path / "model.onnx"
    assert (export.agreement, export.problem) == (None, None)
    assert read(nlp) == expected
    assert read(make_nlp(tmp_path, backend="onnx", window=16)) == expected


def test_8_bits_are_taken_where_they_find_the_same_entities(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(source)
    expected = read(nlp)
    export = get_ner(nlp).export_onnx(tmp_path, quantize="int8", sample=list(nlp.pipe(TEXTS)))
    assert export.agreement == 1.0
    assert export.problem is None
    assert not [record for record in caplog.records if record.name == "spacy_hf_ner"]
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model_int8.onnx"]
    assert read(make_nlp(tmp_path, backend="onnx", precision="auto")) == expected


def test_8_bits_are_refused_where_they_find_others(
    fragile: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nlp = make_nlp(fragile)
    expected = read(nlp)
    assert any(expected)
    sample = [nlp.make_doc(text) for text in TEXTS]
    with caplog.at_level(logging.WARNING, logger="spacy_hf_ner"):
        export = get_ner(nlp).export_onnx(tmp_path, quantize="int8", sample=sample)
    assert export.agreement is not None
    assert export.agreement < 0.9
    assert [record.getMessage() for record in caplog.records] == [export.problem]
    assert "int8 was refused, and fp32 exported" in export.problem
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model.onnx"]
    assert read(make_nlp(tmp_path, backend="onnx")) == expected


def test_a_lower_limit_takes_8_bits_in_any_case(fragile: Path, tmp_path: Path) -> None:
    nlp = make_nlp(fragile)
    sample = [nlp.make_doc(text) for text in TEXTS]
    export = get_ner(nlp).export_onnx(tmp_path, quantize="int8", sample=sample, min_agreement=0.0)
    assert export.agreement is not None
    assert export.agreement < 0.9
    assert export.problem is None
    assert export.file.name == "model_int8.onnx"
    assert read(make_nlp(tmp_path, backend="onnx", precision="auto")) != read(nlp)


def test_entities_that_the_sample_has_already_prove_nothing(fragile: Path, tmp_path: Path) -> None:
    nlp = make_nlp(fragile)
    sample = [nlp.make_doc(text) for text in TEXTS]
    for doc in sample:
        doc.ents = [
            Span(doc, 0, len(doc), "PER")
        ]  # the component would leave them, and find nothing
    export = get_ner(nlp).export_onnx(tmp_path, quantize="int8", sample=sample)
    assert export.agreement is not None
    assert export.agreement < 0.9
    assert all([ent.label_ for ent in doc.ents] == ["PER"] for doc in sample)


@pytest.mark.parametrize(
    ("texts", "why"), [([], "there is no sample"), ([""], "fp32 finds no entity in the sample")]
)
def test_without_entities_to_compare_8_bits_are_taken_with_a_warning(
    source: Path, tmp_path: Path, texts: list[str], why: str
) -> None:
    nlp = make_nlp(source)
    export = get_ner(nlp).export_onnx(
        tmp_path, quantize="int8", sample=[nlp.make_doc(text) for text in texts]
    )
    assert export.agreement is None
    assert export.problem == f"hf_ner: int8 was not compared with fp32, as {why}."
    assert export.file.name == "model_int8.onnx"


def test_labels_that_were_added_before_the_first_use_are_exported(
    source: Path, tmp_path: Path
) -> None:
    nlp = make_nlp("gone")
    get_ner(nlp).add_label("EVENT")
    get_ner(nlp).model = get_ner(make_nlp(source)).model
    get_ner(nlp).export_onnx(tmp_path)
    assert get_ner(make_nlp(tmp_path, backend="onnx")).labels == (
        "PER",
        "ORG",
        "LOC",
        "MISC",
        "EVENT",
    )


def test_an_exported_pipeline_is_saved_and_loaded_and_cannot_be_trained(
    source: Path, tmp_path: Path
) -> None:
    get_ner(make_nlp(source)).export_onnx(tmp_path / "checkpoint")
    nlp = make_nlp(tmp_path / "checkpoint", backend="onnx")
    expected = read(nlp)
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "checkpoint").rename(tmp_path / "gone")
    assert read(spacy.load(tmp_path / "pipeline")) == expected
    other = make_nlp("gone", backend="onnx").from_bytes(nlp.to_bytes())
    assert read(other) == expected
    example = Example.from_dict(nlp.make_doc(TEXTS[0]), {"entities": [(0, 13, "PER")]})
    with pytest.raises(CheckpointError, match="cannot be trained"):
        nlp.update([example], sgd=Optimizer(0.001))
    with pytest.raises(CheckpointError, match="cannot be trained"):
        get_ner(nlp).add_label("EVENT")


def test_what_cannot_be_exported_is_refused(source: Path, tmp_path: Path) -> None:
    ner = get_ner(make_nlp(source))
    with pytest.raises(ConfigError, match=r"got 'int4' and 0\.98"):
        ner.export_onnx(tmp_path, quantize="int4")
    with pytest.raises(ConfigError, match=r"min_agreement in \[0, 1\], got 'int8' and 98"):
        ner.export_onnx(tmp_path, quantize="int8", min_agreement=98)
    nlp = spacy.blank("xx")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 8,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    }
    shared = {"@architectures": "spacy_hf_ner.TokenClassifier.v1", "tok2vec": tok2vec}
    nlp.add_pipe("hf_ner", config={"model": shared})
    with pytest.raises(
        ConfigError, match=r"only spacy_hf_ner\.HFTokenClassifier\.v1 can be exported"
    ):
        get_ner(nlp).export_onnx(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_precision_that_no_graph_has_is_refused(precision: str) -> None:
    with pytest.raises(ConfigError, match='expected precision = "auto" or "fp32"'):
        make_nlp("gone", backend="onnx", precision=precision)


def test_a_graph_is_decoded_on_subwords_where_its_network_was(source: Path, tmp_path: Path) -> None:
    nlp = make_nlp(source, label_unit="subword")
    expected = read(nlp)
    get_ner(nlp).export_onnx(tmp_path)
    exported = make_nlp(tmp_path, label_unit="subword", backend="onnx")
    assert read(exported) == expected != read(make_nlp(source))
