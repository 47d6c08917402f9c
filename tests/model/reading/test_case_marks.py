"""Marks before capitalised words.

Where they stand, what they leave alone, and that a network learns from them.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Adam
from tokenizers import Tokenizer, normalizers
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import OUTSIDE, SCHEMES, Tag
from spacy_hf_ner.model.reading.case_marks import CAPITAL, CAPITALS, mark_case
from tests.checkpoints import make_checkpoint, make_tokenizer
from tests.model.classifiers import MakeDocs, make_classifier

LINES = ("^ ~ may turkey usa paris école",)  # a vocabulary with both marks and some words
TAGS = TagSet((OUTSIDE, Tag("B", "PER"), Tag("I", "PER")), SCHEMES["IOB2"])


def _uncased() -> Tokenizer:
    return make_tokenizer("bert", "wordpiece", LINES)


def _marked() -> Tokenizer:
    files = mark_case({"tokenizer.json": _uncased().to_str().encode()})
    assert files is not None
    marked: Tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
    return marked


def _encode(tokenizer: Tokenizer, text: str) -> list[tuple[str, tuple[int, int]]]:
    encoded = tokenizer.encode(text, add_special_tokens=False)
    return list(zip(encoded.tokens, encoded.offsets, strict=True))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny uncased BERT without a head."""
    folder = make_checkpoint(tmp_path_factory.mktemp("uncased"), lines=LINES)
    load: Any = AutoModelForTokenClassification.from_pretrained  # untyped in transformers 4
    load(folder).base_model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("May may", [(CAPITAL, 0)]),
        ("USA Usa", [(CAPITALS, 0), (CAPITAL, 4)]),
        (
            "(Paris) iPhone McDonald U.S.",
            [(CAPITAL, 1), (CAPITAL, 15), (CAPITAL, 24), (CAPITAL, 26)],
        ),
        ("ÉCOLE E\u0301cole E\u0301COLE", [(CAPITALS, 0), (CAPITAL, 6), (CAPITALS, 13)]),
        ("東May 3May x_May", [(CAPITAL, 1), (CAPITAL, 12)]),
        ("Москва", []),
    ],
)
def test_a_mark_stands_before_each_word_that_begins_with_a_latin_capital(
    text: str, marks: list[tuple[str, int]]
) -> None:
    found = [
        (name, start)
        for name, (start, end) in _encode(_marked(), text)
        if name in {CAPITAL, CAPITALS}
    ]
    assert found == marks


@given(
    text=st.text(
        st.characters(min_codepoint=1, max_codepoint=0x2FF, exclude_characters="^~"), max_size=30
    )
)
def test_all_other_subwords_stay_what_and_where_they_were(text: str) -> None:
    others = [pair for pair in _encode(_marked(), text) if pair[0] not in {CAPITAL, CAPITALS}]
    assert others == _encode(_uncased(), text)


def test_accents_that_the_tokenizer_keeps_are_kept() -> None:
    tokenizer = _uncased()
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    files = mark_case({"tokenizer.json": tokenizer.to_str().encode()})
    assert files is not None
    marked: Any = Tokenizer.from_str(files["tokenizer.json"].decode())
    assert marked.normalizer.normalize_str("Zoé École") == f"{CAPITAL}zoé école"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"vocab.txt": b"a"},
        {"tokenizer.json": _marked().to_str().encode()},
        {"tokenizer.json": make_tokenizer("bert", "wordpiece").to_str().encode()},
        *(
            {"tokenizer.json": make_tokenizer("roberta", kind).to_str().encode()}
            for kind in ("bpe", "unigram")
        ),
    ],
    ids=[
        "no files",
        "no tokenizer.json",
        "marked already",
        "no marks in the vocabulary",
        "bpe",
        "unigram",
    ],
)
def test_other_tokenizers_get_no_marks(files: dict[str, bytes]) -> None:
    assert mark_case(files) is None


def test_a_tokenizer_that_keeps_capitals_gets_no_marks() -> None:
    tokenizer = _uncased()
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    assert mark_case({"tokenizer.json": tokenizer.to_str().encode()}) is None


def test_only_an_encoder_that_gets_its_first_head_gets_marks(encoder: Path, tmp_path: Path) -> None:
    classifier = make_classifier(encoder, mark_case=True)
    classifier.set_tags(TAGS, scheme="IOB2")
    classifier.shim.to_disk(tmp_path / "marked")
    saved = (tmp_path / "marked" / "tokenizer.json").read_bytes()
    assert _encode(Tokenizer.from_str(saved.decode()), "May")[0] == (CAPITAL, (0, 1))

    unmarked = make_classifier(encoder)
    unmarked.set_tags(TAGS, scheme="IOB2")
    unmarked.shim.to_disk(tmp_path / "unmarked")
    assert (tmp_path / "unmarked" / "tokenizer.json").read_bytes() == (
        encoder / "tokenizer.json"
    ).read_bytes()
    again = make_classifier(tmp_path / "unmarked", mark_case=True)
    again.set_tags(
        TagSet((*TAGS.tags, Tag("B", "LOC"), Tag("I", "LOC")), SCHEMES["IOB2"]), scheme="IOB2"
    )
    again.shim.to_disk(tmp_path / "again")
    assert (tmp_path / "again" / "tokenizer.json").read_bytes() == (
        encoder / "tokenizer.json"
    ).read_bytes()


def test_hugging_face_reads_the_saved_marks(encoder: Path, tmp_path: Path) -> None:
    settings = json.loads((encoder / "tokenizer_config.json").read_text(encoding="utf8"))
    folder = Path(shutil.copytree(encoder, tmp_path / "bert"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({**settings, "tokenizer_class": "BertTokenizer"}), encoding="utf8"
    )
    classifier = make_classifier(folder, mark_case=True)
    classifier.set_tags(TAGS, scheme="IOB2")
    classifier.shim.to_disk(tmp_path / "marked")
    load: Any = AutoTokenizer.from_pretrained  # untyped in transformers 4
    text = "In May the USA met Turkey."
    assert load(tmp_path / "marked").tokenize(text) == [
        name for name, _ in _encode(_marked(), text)
    ]


@pytest.mark.parametrize("marked", [True, False])
def test_a_network_learns_to_tell_names_by_their_capitals(
    encoder: Path, make_docs: MakeDocs, marked: bool
) -> None:
    classifier = make_classifier(encoder, mark_case=marked)
    classifier.set_tags(TAGS, scheme="IOB2")
    docs = make_docs(["May", "may"])
    optimizer = Adam(0.01)
    for _ in range(30):
        predicted, backprop = classifier.begin_update(docs)
        gold = np.eye(len(TAGS), dtype=np.float32)[[1, 0]]
        backprop([_softmax(doc.rows) - g[None] for doc, g in zip(predicted, gold, strict=True)])
        classifier.finish_update(optimizer)
    name, verb = (int(doc.rows[0].argmax()) for doc in classifier.predict(docs))
    assert (name, verb) == (1, 0) if marked else name == verb


def _softmax(row: Any) -> Any:
    e = np.exp(row - row.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
