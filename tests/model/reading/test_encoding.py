import json
import pickle
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest
from spacy.tokens import Doc

from spacy_hf_ner.model.reading.encoding import FastTokenizer
from tests.checkpoints import (
    FAMILIES,
    TOKENIZER_KINDS,
    TokenizerKind,
    get_special_tokens,
    make_tokenizer,
)

MakeDocs = Callable[[Sequence[str]], list[Doc]]
FAMILY: dict[TokenizerKind, str] = {"wordpiece": "bert", "bpe": "roberta", "unigram": "deberta-v2"}


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_a_text_is_encoded_whole_even_where_the_file_asks_for_truncation(
    kind: TokenizerKind, make_docs: MakeDocs
) -> None:
    backend: Any = make_tokenizer(FAMILY[kind], kind)
    backend.enable_truncation(8)
    backend.enable_padding(length=64)
    (encoding,) = FastTokenizer(backend.to_str()).encode(make_docs(["Berlin " * 50]))
    assert len(encoding.ids) >= 50
    assert encoding.end_char[-1] >= len("Berlin " * 50) - 1
    (short,) = FastTokenizer(backend.to_str()).encode(make_docs(["Berlin"]))
    assert len(short.ids) < 8


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_offsets_point_into_the_text(kind: TokenizerKind, make_docs: MakeDocs) -> None:
    text = "Angela 東京 😀 Zoe\u0308\n\n Łódź"
    (encoding,) = FastTokenizer(make_tokenizer(FAMILY[kind], kind).to_str()).encode(
        make_docs([text])
    )
    assert (encoding.start_char <= encoding.end_char).all()
    assert encoding.end_char.max() <= len(text)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_name_of_a_special_token_in_a_text_is_text(family: str, make_docs: MakeDocs) -> None:
    special = get_special_tokens(family)
    tokenizer = FastTokenizer(make_tokenizer(family, FAMILIES[family]).to_str())
    (encoding,) = tokenizer.encode(make_docs([f"a {special.last} b"]))
    assert not {*tokenizer.template.prefix, *tokenizer.template.suffix} & set(encoding.ids.tolist())
    (again,) = pickle.loads(pickle.dumps(tokenizer)).encode(make_docs([f"a {special.last} b"]))  # noqa: S301
    assert again.ids.tolist() == encoding.ids.tolist()


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_all_other_text_is_encoded_as_the_tokenizer_does_it_itself(
    kind: TokenizerKind, make_docs: MakeDocs
) -> None:
    backend: Any = make_tokenizer(FAMILY[kind], kind)
    texts = ["Angela Merkel", "東京 ☃☃ 😀 ﬁ…", "a<b>c</d>", "  x\n\ny "]
    for text, encoding in zip(
        texts, FastTokenizer(backend.to_str()).encode(make_docs(texts)), strict=True
    ):
        expected = backend.encode(text, add_special_tokens=False)
        assert encoding.ids.tolist() == expected.ids
        assert list(zip(encoding.start_char, encoding.end_char, strict=True)) == expected.offsets


def test_the_template_of_xlnet_ends_a_text_with_a_special_type() -> None:
    backend = make_tokenizer("xlnet", "unigram")
    template = FastTokenizer(backend.to_str()).template
    assert template.prefix == ()
    assert template.suffix == (backend.token_to_id("<sep>"), backend.token_to_id("<cls>"))
    assert template.suffix_types == (0, 2)
    assert template.has_types


def test_the_template_of_bert_needs_no_types() -> None:
    template = FastTokenizer(make_tokenizer("bert", "wordpiece").to_str()).template
    assert len(template) == 2
    assert not template.has_types


def test_a_tokenizer_without_a_template_surrounds_texts_with_nothing() -> None:
    backend: Any = make_tokenizer("bert", "wordpiece")
    raw = json.loads(backend.to_str())
    raw["post_processor"] = None
    assert len(FastTokenizer(json.dumps(raw)).template) == 0


def test_threads_share_a_tokenizer_and_get_what_one_thread_gets(make_docs: MakeDocs) -> None:
    tokenizer = FastTokenizer(make_tokenizer("roberta", "bpe").to_str())
    docs = make_docs([f"Angela Merkel met Tim Cook {i} times in San José" * 20 for i in range(40)])
    expected = [encoding.ids.tolist() for encoding in tokenizer.encode(docs)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(tokenizer.encode, docs) for _ in range(4)]
            for run in runs:
                assert [encoding.ids.tolist() for encoding in run.result()] == expected
    finally:
        sys.setswitchinterval(interval)


def test_a_tokenizer_has_no_state_to_copy() -> None:
    tokenizer = FastTokenizer(make_tokenizer("bert", "wordpiece").to_str())
    assert deepcopy(tokenizer) is tokenizer
