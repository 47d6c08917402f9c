"""Tokenizers written in Python give their own subwords, and these stand where their letters are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc
from transformers import CanineTokenizer

from spacy_hf_ner.model.reading.python_tokenizer import PythonTokenizer, place_subwords
from spacy_hf_ner.model.reading.tokenizer_files import load_tokenizer
from tests.families.networks import make_family

MakeDocs = Callable[[Sequence[str]], list[Doc]]
make_canine: Any = CanineTokenizer  # untyped in transformers 4


def test_characters_are_subwords_of_canine_white_space_included(make_docs: MakeDocs) -> None:
    tokenizer = PythonTokenizer(make_canine())
    text = "Tim  Cook\nTim 😀"
    (encoding,) = tokenizer.encode(make_docs([text]))
    assert encoding.ids.tolist() == [ord(c) for c in text]
    for i, character in enumerate(text):
        if not character.isspace():
            assert (encoding.start_char[i], encoding.end_char[i]) == (i, i + 1)
    assert tokenizer.template.prefix == (0xE000,)
    assert tokenizer.template.suffix == (0xE001,)


@pytest.mark.parametrize(
    ("text", "subwords", "words"),
    [
        ("Straße in Ōsaka", ["stras", "se", "in", "osaka"], ["Straß", "ße", "in", "Ōsaka"]),
        ("a xyz b", ["a", "", "b"], ["a", "xyz", "b"]),
        ("a xyz uvw b", ["a", "", "", "b"], ["a", "xyz", "uvw", "b"]),
        ("a xyz b", ["a", "", "", "b"], ["a", "xyz", "xyz", "b"]),
        ("AT&T Inc", ["at", "&amp;", "t", "inc"], ["AT", "&", "T", "Inc"]),
        ("xyz", [""], ["xyz"]),
        ("", [], []),
    ],
)
def test_subwords_stand_where_their_letters_are(
    text: str, subwords: list[str], words: list[str]
) -> None:
    assert [text[start:end] for start, end in place_subwords(text, subwords)] == words


@pytest.mark.parametrize("family", ["luke", "gpt-sw3", "esm"])
def test_places_never_go_back_nor_leave_the_text(
    family: str, tmp_path: Path, make_docs: MakeDocs
) -> None:
    tokenizer, _ = load_tokenizer(make_family(family, tmp_path), "tiny")
    texts = ["Angela  Merkel\n\nmet Tim-Cook's 東京 😀 ﬁn", " a", "", "[SEP] <s>"]
    for text, encoding in zip(texts, tokenizer.encode(make_docs(texts)), strict=True):
        assert (encoding.start_char <= encoding.end_char).all()
        assert (encoding.start_char[1:] >= encoding.start_char[:-1]).all()
        assert (encoding.end_char <= len(text)).all()
