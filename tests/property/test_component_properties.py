"""Any text at all, through the whole component."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from tests.checkpoints import TOKENIZER_KINDS, TokenizerKind, make_checkpoint

HARD_CHARACTERS = (
    " \t\n\r\u00a0\u200b\u200d\ufeff\u0301\u0308\u3099\u093f\u064e"
    "\x00\x07\x85\u2028\U0001f600\U0001f1e9…ﬁ東か"
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(HARD_CHARACTERS + "aB.'", max_size=60),
    st.lists(
        st.sampled_from(
            ["Angela", "東京", "Zoe\u0308", "[SEP]", "</s>", " ", "\n\n", "\u200b", "😀"]
        )
    ).map("".join),
)


@cache
def _make_nlp(
    kind: TokenizerKind, *, window: int | None = None, annotate: str = "ents"
) -> Language:
    with TemporaryDirectory() as name:
        folder = make_checkpoint(Path(name), kind=kind)
        nlp = spacy.blank("xx")
        model = {
            "name": str(folder),
            "precision": "fp32",
            "mixed_precision": "none",
            "window": window,
        }
        nlp.add_pipe("hf_ner", config={"model": model, "annotate": annotate, "threshold": 0.05})
        nlp("Angela")
    return nlp


def _check(doc: Doc, text: str) -> None:
    assert doc.text == text
    for span in doc.spans["hf_ner"]:
        assert 0 <= span.start < span.end <= len(doc)
        assert not doc[span.start].is_space
        assert not doc[span.end - 1].is_space
        assert isinstance(span._.score, float)
        assert 0.05 <= span._.score <= 1.0


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@pytest.mark.parametrize("annotate", ["ents", "spans"])
@settings(max_examples=60)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
@example(texts=["", " ", "\u200b", "\x00"])
@example(texts=["\ud800"])
def test_any_text_is_annotated_and_none_raises(
    kind: TokenizerKind, annotate: str, texts: list[str]
) -> None:
    texts = [_drop_surrogates(text) for text in texts]
    nlp = _make_nlp(kind, annotate=annotate)
    for doc, text in zip(nlp.pipe(texts), texts, strict=True):
        _check(doc, text)
        assert not doc.ents or doc.has_annotation("ENT_IOB")


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@settings(max_examples=40)
@given(text=TEXTS)
def test_a_text_cut_into_the_smallest_windows_is_annotated_too(
    kind: TokenizerKind, text: str
) -> None:
    text = _drop_surrogates(text)
    _check(_make_nlp(kind, window=2)(text), text)


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@settings(max_examples=40)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_the_company_of_other_texts_changes_nothing(kind: TokenizerKind, texts: list[str]) -> None:
    texts = [_drop_surrogates(text) for text in texts]
    nlp = _make_nlp(kind)
    assert [_read(doc) for doc in nlp.pipe(texts)] == [_read(nlp(text)) for text in texts]


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
@settings(max_examples=25)
@given(text=TEXTS, data=st.data())
def test_any_text_with_any_annotation_gives_a_finite_loss(
    kind: TokenizerKind, text: str, data: st.DataObject
) -> None:
    nlp = _make_nlp(kind, window=4)
    doc = nlp.make_doc(_drop_surrogates(text))
    tags = data.draw(
        st.lists(
            st.sampled_from(["O", "U-PER", "U-LOC", None]), min_size=len(doc), max_size=len(doc)
        )
    )
    tags = ["O" if token.is_space else tag for tag, token in zip(tags, doc, strict=True)]
    losses = nlp.update([Example.from_dict(doc, {"entities": tags})], sgd=None)
    assert 0.0 <= losses["hf_ner"] < 1e6


def _read(doc: Doc) -> list[tuple[int, int, str]]:
    return [(e.start, e.end, e.label_) for e in doc.ents]


def _drop_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which spaCy itself cannot store."""
    return text.encode("utf8", "ignore").decode("utf8")
