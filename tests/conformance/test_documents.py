"""Documents of all sorts: empty, white space, very long, strange characters, mixed in batches."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin

from tests.checkpoints import TOKENIZER_KINDS, TokenizerKind, make_checkpoint
from tests.conformance.kinds import Kind
from tests.conformance.pipelines import (
    TEXT,
    TEXTS,
    add_hf_ner,
    find,
    get_component,
    get_ner,
    initialize_pipeline,
    make_example,
    make_examples,
    make_pipeline,
    summarise,
    train,
)

STRANGE = [
    "",
    " ",
    "\n\n\n",
    "\u200b",
    "\u200b\u200b a",
    "\x00",
    "\ufeffx",
    "a\u0301\u0301",
    "👩‍👩‍👧",
    "\u202e",
    "[SEP]",
    "</s>",
]


def is_annotated(doc: Doc) -> bool:
    return all(token.ent_iob for token in doc)


@pytest.mark.parametrize("kind", TOKENIZER_KINDS)
def test_every_token_is_annotated_whatever_the_text(kind: TokenizerKind, tmp_path: Path) -> None:
    nlp = make_pipeline(make_checkpoint(tmp_path, kind=kind))
    docs = list(nlp.pipe([*STRANGE, *TEXTS]))
    assert [doc.text for doc in docs] == [*STRANGE, *TEXTS]
    assert all(is_annotated(doc) for doc in docs)
    assert not any(ent.text.isspace() for doc in docs for ent in doc.ents)


def test_docs_without_tokens_have_no_entities_and_an_empty_group(ner_checkpoint: Path) -> None:
    docs = list(make_pipeline(ner_checkpoint).pipe(["", ""]))
    assert [find(doc) for doc in docs] == [[], []]
    assert [len(doc.spans["hf_ner"]) for doc in docs] == [0, 0]


def test_no_docs_are_no_docs(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    assert list(nlp.pipe([])) == []
    assert get_component(nlp).predict([]) == []


def test_no_entity_starts_or_ends_on_white_space(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    doc = nlp("Angela \n Merkel  met \n\n Tim   Cook \t in San   José")
    assert doc.ents
    assert not any(ent[0].is_space or ent[-1].is_space for ent in doc.ents)
    assert is_annotated(doc)


def test_a_blank_line_ends_an_entity(encoder_checkpoint: Path) -> None:
    nlp = initialize_pipeline(encoder_checkpoint)
    train(nlp, make_examples(nlp))
    together, apart = nlp("Who is Shaka \n Khan?"), nlp("Who is Shaka\n\nKhan?")
    assert not any("\n\n" in ent.text for ent in apart.ents)
    assert any("\n" in ent.text for ent in together.ents)


def test_a_token_of_two_thousand_characters_is_one_token(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint, model={"window": 64})
    doc = Doc(nlp.vocab, words=["Angela", "Merkel" * 334, "met", "a-" * 1000, "Tim"])
    get_ner(nlp)(doc)
    assert is_annotated(doc)
    train_on = make_pipeline(ner_checkpoint, model={"window": 64})
    long = Doc(train_on.vocab, words=["x" * 2000])
    example = make_example(train_on, long.text, [(0, 2000, "PER")])
    losses = get_ner(train_on).update([example], sgd=None)
    assert np.isfinite(losses["hf_ner"])


def test_a_document_longer_than_any_window_is_read_to_its_end_and_trained_on(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint, model={"window": 32})
    text = " ".join([TEXT] * 60)
    doc = nlp(text)
    assert doc.ents[-1].end > len(doc) - 5
    assert is_annotated(doc)
    example = make_example(nlp, text, [(len(text) - 7, len(text) - 1, "LOC")])
    train(nlp, [example], n_steps=2, learn_rate=1e-4)


def test_texts_over_spacys_own_limit_are_spacys_error(kind: Kind) -> None:
    nlp = kind.make_pipeline()
    nlp.max_length = 20
    with pytest.raises(ValueError, match="E088"):
        nlp(TEXT)
    nlp.max_length = 1000
    assert summarise(nlp(TEXT))


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_a_batch_gives_what_its_docs_give_alone(batch_size: int, kind: Kind) -> None:
    nlp = kind.make_pipeline()
    alone = [summarise(nlp(text)) for text in TEXTS]
    assert [summarise(doc) for doc in nlp.pipe(TEXTS, batch_size=batch_size)] == alone


def test_the_model_gives_one_row_per_unit_for_docs_alone_and_in_a_batch(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    ner = get_ner(nlp)
    nlp(TEXT)
    docs = [nlp.make_doc(text) for text in TEXTS]
    together = ner.model.predict(docs)
    n_units = [sum(not token.is_space for token in doc) for doc in docs]
    assert [found.rows.shape for found in together] == [(n, 9) for n in n_units]
    for doc, found in zip(docs, together, strict=True):
        np.testing.assert_allclose(ner.model.predict([doc])[0].rows, found.rows, atol=1e-5)
    trained, _ = ner.model.begin_update(docs)
    assert [found.rows.shape for found in trained] == [(n, 9) for n in n_units]


def test_rows_are_log_probabilities_and_nan_only_where_there_is_no_evidence(
    ner_checkpoint: Path,
) -> None:
    nlp = make_pipeline(ner_checkpoint)
    doc = nlp("Angela \n Merkel \u200b")
    (found,) = get_ner(nlp).model.predict([doc])
    known = ~np.isnan(found.rows).any(axis=1)
    assert [doc[i].text for i in found.units.token_i] == ["Angela", "Merkel", "\u200b"]
    assert [doc[i].text for i in found.units.token_i[known]] == ["Angela", "Merkel"]
    np.testing.assert_allclose(np.exp(found.rows[known]).sum(axis=1), 1.0, atol=1e-5)


def test_words_of_any_tokenizer_line_up_with_the_text(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path / "xlmr", family="xlm-roberta")
    for lang in ("en", "de", "xx", "zh"):
        nlp = spacy.blank(lang)
        add_hf_ner(nlp, checkpoint)
        doc = nlp("北京是中国的首都。 Łódź, Zürich… ½ ﬁn can't")
        assert is_annotated(doc)
        assert all(doc.text[e.start_char : e.end_char] == e.text for e in doc.ents)


def test_spans_die_with_their_doc_instead_of_pointing_nowhere(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    groups = [doc.spans["hf_ner"] for doc in nlp.pipe([TEXT, TEXT])]
    for group in groups[:1]:  # the pipe may still hold the last Doc
        assert len(group) > 0
        with pytest.raises(RuntimeError, match="E865"):
            group[0]


def test_scores_survive_bytes_copies_and_docbins(ner_checkpoint: Path) -> None:
    nlp = make_pipeline(ner_checkpoint)
    doc = nlp(TEXT)
    expected = summarise(doc)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (from_bin,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    for other in (Doc(nlp.vocab).from_bytes(doc.to_bytes()), doc.copy(), from_bin):
        assert summarise(other) == expected
        assert [ent._.score for ent in other.ents] == [ent._.score for ent in doc.ents]
