"""Every family the whole way: predict, train, save, and load again, by Hugging Face and by us."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from transformers import (
    AutoModelForTokenClassification,
    CanineConfig,
    CanineForTokenClassification,
    CanineTokenizer,
)

from tests.checkpoints import CONLL_LABELS, FAMILIES, make_checkpoint

_CANINE: tuple[Any, ...] = (CanineConfig, CanineForTokenClassification, CanineTokenizer)
TEXT = "Angela Merkel met Tim Cook in San José, 東京 😀."
TEXTS = (TEXT, "Berlin", f"{TEXT} " * 12)
SCHEMES = {
    "IO": ("O", "I-PER", "I-LOC"),
    "IOB": ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    "IOBES": ("O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "I-LOC", "E-LOC", "S-LOC"),
    "BILOU": ("O", "B-PER", "I-PER", "L-PER", "U-PER", "B-LOC", "I-LOC", "L-LOC", "U-LOC"),
    "BMES": ("O", "B-PER", "M-PER", "E-PER", "S-PER", "B-LOC", "M-LOC", "E-LOC", "S-LOC"),
    "BIE": ("O", "B-PER", "I-PER", "E-PER", "B-LOC", "I-LOC", "E-LOC"),
    "BIS": ("O", "B-PER", "I-PER", "S-PER", "B-LOC", "I-LOC", "S-LOC"),
}


def _make_nlp(folder: Path, *, scheme: str = "auto", **model: Any) -> Language:
    nlp = spacy.blank("xx")
    settings = {"name": str(folder), "precision": "fp32", "mixed_precision": "none", **model}
    nlp.add_pipe("hf_ner", config={"model": settings, "scheme": scheme})
    return nlp


def _read(docs: list[Doc]) -> list[list[tuple[int, int, str, float]]]:
    return [
        [(e.start_char, e.end_char, e.label_, round(e._.score, 4)) for e in doc.ents]
        for doc in docs
    ]


def _example(nlp: Language) -> Example:
    return Example.from_dict(
        nlp.make_doc(TEXT), {"entities": [(0, 13, "PER"), (18, 26, "PER"), (30, 38, "LOC")]}
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_predicts_learns_and_is_saved_as_a_checkpoint(family: str, tmp_path: Path) -> None:
    nlp = _make_nlp(make_checkpoint(tmp_path / "source", family=family), window=64)
    assert any(_read(list(nlp.pipe(TEXTS))))
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 1e-3
    losses = [nlp.update([_example(nlp)], sgd=optimizer)["hf_ner"] for _ in range(3)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    expected = _read(list(nlp.pipe(TEXTS)))
    nlp.to_disk(tmp_path / "pipeline")
    assert _read(list(spacy.load(tmp_path / "pipeline").pipe(TEXTS))) == expected
    load: Any = AutoModelForTokenClassification.from_pretrained
    theirs = load(tmp_path / "pipeline" / "hf_ner" / "model")
    ner: Any = nlp.get_pipe("hf_ner")
    ours = ner.classifier.shim.checkpoint.network.eval()
    ids = torch.tensor([[5, 9, 12, 20]])
    assert torch.allclose(theirs(input_ids=ids).logits, ours(input_ids=ids).logits, atol=1e-5)
    assert list(theirs.config.id2label.values()) == list(CONLL_LABELS)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_among_others_is_read_as_if_it_were_alone(family: str, tmp_path: Path) -> None:
    nlp = _make_nlp(make_checkpoint(tmp_path, family=family))
    assert _read(list(nlp.pipe(TEXTS))) == [row for text in TEXTS for row in _read([nlp(text)])]


@pytest.mark.parametrize(("scheme", "labels"), SCHEMES.items())
@pytest.mark.parametrize("separator", ["-", "_"])
def test_every_scheme_and_separator_is_read_from_the_labels(
    scheme: str, labels: tuple[str, ...], separator: str, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path, labels=[label.replace("-", separator) for label in labels])
    nlp = _make_nlp(folder)
    ner: Any = nlp.get_pipe("hf_ner")
    assert ner.classifier.load("auto").scheme.name == scheme
    assert ner.labels == ("PER", "LOC")
    assert {ent.label_ for doc in nlp.pipe(TEXTS) for ent in doc.ents} <= {"PER", "LOC"}


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2"])
def test_a_named_scheme_settles_what_labels_leave_open(scheme: str, tmp_path: Path) -> None:
    nlp = _make_nlp(make_checkpoint(tmp_path, labels=SCHEMES["IOB"]), scheme=scheme)
    assert any(_read(list(nlp.pipe(TEXTS))))
    ner: Any = nlp.get_pipe("hf_ner")
    assert ner.classifier.load(scheme).scheme.name == scheme


@pytest.mark.parametrize(
    "labels", [("O", "PER", "date-time"), ("OUT", "PER", "date-time"), ("NONE", "PER", "date-time")]
)
def test_bare_types_and_other_outside_labels_are_read(
    labels: tuple[str, ...], tmp_path: Path
) -> None:
    nlp = _make_nlp(make_checkpoint(tmp_path, labels=labels))
    ner: Any = nlp.get_pipe("hf_ner")
    assert ner.labels == ("PER", "date-time")
    assert {ent.label_ for ent in nlp(TEXT).ents} <= {"PER", "date-time"}


@pytest.mark.parametrize("scheme", ["IO", "IOB1", "IOB2", "IOBES", "BILOU", "BMES"])
def test_a_new_head_is_trained_in_every_scheme(scheme: str, bert_folder: Path) -> None:
    nlp = (
        _make_nlp(bert_folder, scheme=scheme)
        if scheme in {"IOB1", "IOB2"}
        else _make_nlp(bert_folder)
    )
    ner: Any = nlp.get_pipe("hf_ner")
    ner.scheme = scheme
    if scheme not in {"IOB1", "IOB2"}:
        ner.classifier.load("auto")
    optimizer = nlp.initialize(lambda: [_example(nlp)])
    optimizer.learn_rate = 5e-3
    for _ in range(60):
        losses = nlp.update([_example(nlp)], sgd=optimizer)
    assert losses["hf_ner"] < 0.3
    assert [(ent.text, ent.label_) for ent in nlp(TEXT).ents] == [
        ("Angela Merkel", "PER"), ("Tim Cook", "PER"), ("San José", "LOC")
    ]  # fmt: skip


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "modernbert"])
def test_bf16_is_close_to_fp32(family: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, family=family, head_scale=10.0)
    rows = []
    for precision in ("fp32", "bf16"):
        nlp = _make_nlp(folder, precision=precision)
        ner: Any = nlp.get_pipe("hf_ner")
        ner.classifier.load("auto")
        rows.append(np.exp(ner.classifier.predict([nlp.make_doc(TEXT)])[0].rows))
    assert np.abs(rows[0] - rows[1]).max() < 0.1
    assert (rows[0] != rows[1]).any()


def test_a_tokenizer_written_in_python_works_the_whole_way(tmp_path: Path) -> None:
    labels = dict(enumerate(CONLL_LABELS))
    make_config, make_network, make_tokenizer = _CANINE
    config = make_config(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_hash_buckets=512,
        id2label=labels,
        label2id={label: i for i, label in labels.items()},
    )
    network, tokenizer = make_network(config), make_tokenizer(model_max_length=512)
    network.save_pretrained(tmp_path / "source")
    tokenizer.save_pretrained(tmp_path / "source")
    nlp = _make_nlp(tmp_path / "source", window=64)
    expected = _read(list(nlp.pipe(TEXTS)))
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.0
    assert np.isfinite(nlp.update([_example(nlp)], sgd=optimizer)["hf_ner"])
    nlp.to_disk(tmp_path / "pipeline")
    assert _read(list(spacy.load(tmp_path / "pipeline").pipe(TEXTS))) == expected
