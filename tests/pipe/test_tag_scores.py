"""Scores of labels: found again by the token, as long as token and label are what they were."""

from collections.abc import Iterator

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Token

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.tag_scores import register_tag_score, store_tag_scores
from spacy_hf_ner.pipe.token_attributes import get_attribute

POS = get_attribute("pos")


@pytest.fixture(autouse=True)
def registered() -> None:
    """Have ``token._.pos_score`` registered."""
    register_tag_score(POS)


@pytest.fixture
def doc(nlp: Language) -> Doc:
    """Return a Doc with labels and scores."""
    doc = Doc(
        nlp.vocab,
        words=["We", "can", "not", "fly", "."],
        spaces=[True, False, True, False, False],
        pos=["PRON", "AUX", "PART", "VERB", "PUNCT"],
    )
    store_tag_scores(doc, POS, [0.5, 0.25, None, 0.75, 1.0])
    return doc


def read(doc: Doc) -> list[float | None]:
    return [token._.pos_score for token in doc]


def test_each_token_has_its_score(doc: Doc) -> None:
    assert read(doc) == [0.5, 0.25, None, 0.75, 1.0]


def test_scores_go_through_bytes_and_docbins(doc: Doc, nlp: Language) -> None:
    assert read(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == read(doc)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (from_bin,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    assert read(from_bin) == read(doc)
    assert read(doc.copy()) == read(doc)


def test_tokens_that_were_merged_or_split_have_no_score_and_all_others_keep_theirs(
    doc: Doc,
) -> None:
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3], attrs={"POS": "AUX"})
    assert read(doc) == [0.5, None, 0.75, 1.0]
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["W", "e"], heads=[(doc[0], 1), doc[1]])
    assert read(doc) == [None, None, None, 0.75, 1.0]


def test_a_token_that_was_relabelled_has_no_score(doc: Doc) -> None:
    doc[3].pos_ = "NOUN"
    assert read(doc) == [0.5, 0.25, None, None, 1.0]


def test_parts_of_a_doc_and_joined_docs_have_no_scores_of_other_tokens(doc: Doc) -> None:
    assert read(doc[3:].as_doc(copy_user_data=True)) == [None, None]
    with pytest.warns(UserWarning, match="W102"):  # spaCy drops what it does not know
        joined = Doc.from_docs([doc, doc])
    assert read(joined) == [None] * len(joined)


def test_docs_without_scores_or_tokens_have_none(nlp: Language) -> None:
    assert read(nlp("We fly")) == [None, None]
    empty = nlp("")
    store_tag_scores(empty, POS, [])
    assert read(empty) == []


@pytest.fixture
def foreign() -> Iterator[str]:
    """Return the target whose score is somebody else's extension."""
    Token.set_extension("foreign_score", default=0.0)
    Token.set_extension("foreign", default="")
    yield "foreign"
    Token.remove_extension("foreign_score")
    Token.remove_extension("foreign")
    get_attribute.cache_clear()


def test_an_extension_of_somebody_else_is_refused(foreign: str) -> None:
    with pytest.raises(ConfigError, match=r"token\._\.foreign_score, but another package"):
        register_tag_score(get_attribute(foreign))


def test_it_is_registered_once_however_many_components_ask_for_it() -> None:
    register_tag_score(POS)
    assert spacy.blank("en")("We")[0]._.pos_score is None
