"""Sentences to Docs."""

import pytest
import spacy
from spacy.tokens import Doc

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.docs import CHUNKS_KEY, LAYERS_KEY, group_documents, make_doc
from spacy_hf_ner.corpus.sentence import Sentence

VOCAB = spacy.blank("en").vocab


def make(*sentences: Sentence, lang: str = "en") -> Doc:
    return make_doc(sentences, VOCAB, lang=lang)


def test_a_doc_has_the_words_as_tokens_and_white_space_as_it_is_written() -> None:
    doc = make(Sentence(("Is", "n't", "it", "?")), Sentence(("Yes", "!")))
    assert doc.text == "Isn't it? Yes!"
    assert [token.text for token in doc] == ["Is", "n't", "it", "?", "Yes", "!"]
    assert [sentence.text for sentence in doc.sents] == ["Isn't it?", "Yes!"]
    assert not doc.has_unknown_spaces


def test_known_white_space_is_kept_to_the_letter() -> None:
    doc = make(
        Sentence(("Oh", "no", "!"), gaps=("  ", "\n", " "), lead=" ", spans=(TokenSpan(0, 2, "X"),))
    )
    assert doc.text == " Oh  no\n! "
    assert [entity.text for entity in doc.ents] == ["Oh  no"]
    assert [token.text for token in doc if not token.is_space] == ["Oh", "no", "!"]
    assert doc[0].is_sent_start
    assert not doc[1].is_sent_start


def test_a_gap_that_the_source_does_not_know_is_filled_in() -> None:
    assert make(Sentence(("a", "-", "b", "."), gaps=(" ", " ", None, None))).text == "a - b."


def test_a_language_without_white_space_gets_none() -> None:
    assert (
        make(Sentence(tuple("我在北京")), Sentence(("好", "iPhone", "5")), lang="zh").text
        == "我在北京好iPhone 5"
    )


def test_missing_annotation_stays_missing_beside_outside() -> None:
    doc = make(Sentence(("a", "b", "c"), spans=(TokenSpan(0, 1, "X"),), missing=(2,)))
    assert [token.ent_iob_ for token in doc] == ["B", "O", ""]


def test_levels_chunks_tags_and_names_find_their_places() -> None:
    doc = make(
        Sentence(
            ("Real", "Madrid"),
            spans=(TokenSpan(0, 2, "ORG"),),
            layers=(TokenSpan(0, 2, "ORG"), TokenSpan(1, 2, "LOC")),
            chunks=(TokenSpan(0, 2, "NP"),),
            pos=("NNP", "NNP"),
            sentence_id="s1",
            document_id="d1",
        )
    )
    assert [(s.text, s.label_) for s in doc.spans[LAYERS_KEY]] == [
        ("Real Madrid", "ORG"),
        ("Madrid", "LOC"),
    ]
    assert [(s.text, s.label_) for s in doc.spans[CHUNKS_KEY]] == [("Real Madrid", "NP")]
    assert [token.tag_ for token in doc] == ["NNP", "NNP"]
    assert doc.user_data == {"sentence_ids": ["s1"], "document_id": "d1"}


def test_a_text_without_known_sentences_gets_no_sentence_starts() -> None:
    assert not make(Sentence(("a", ".", "b"), is_bounded=False)).has_annotation("SENT_START")


@pytest.mark.parametrize(
    ("has_documents", "n_sents", "sizes"),
    [
        (True, 0, [3, 2]),
        (True, 2, [2, 1, 2]),
        (False, 0, [1] * 5),
        (False, 4, [3, 2]),
        (True, 99, [3, 2]),
    ],
)
def test_sentences_are_grouped_as_the_source_or_the_user_says(
    *, has_documents: bool, n_sents: int, sizes: list[int]
) -> None:
    sentences = [Sentence(("x",), starts_document=i in (0, 3)) for i in range(5)]
    groups = group_documents(sentences, has_documents=has_documents, n_sents=n_sents)
    assert [len(group) for group in groups] == sizes


def test_the_pieces_of_a_document_have_its_name_and_the_first_one_starts_it() -> None:
    sentences = [
        Sentence((), starts_document=True, document_id="a"),
        *(Sentence((word,)) for word in "xyz"),
        Sentence(("x",), starts_document=True, document_id="b"),
    ]
    groups = list(group_documents(sentences, has_documents=True, n_sents=2))
    assert [(g[0].document_id, g[0].starts_document, len(g)) for g in groups] == [
        ("a", True, 2),
        ("a", False, 1),
        ("b", True, 1),
    ]
