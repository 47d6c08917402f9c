"""Documents cut into pieces for training."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Corpus, Example
from spacy.util import registry

from spacy_hf_ner.corpus.split_documents import make_split_documents_v1
from spacy_hf_ner.errors import ConfigError

TEXT = [
    "Mary met Kofi .",
    "They left .",
    "Nairobi was hot that day , and nobody came .",
    "Rain .",
    "Toyota paid Siemens AG .",
]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


def make_document(nlp: Language, *, sentences: bool = True) -> Doc:
    words = [word for line in TEXT for word in line.split()]
    starts: list[bool | int | None] = [i == 0 for line in TEXT for i in range(len(line.split()))]
    doc = Doc(nlp.vocab, words=words, sent_starts=starts if sentences else None)
    doc.ents = [
        Span(doc, i, i + 1, label="NAME")
        for i, w in enumerate(words)
        if w in {"Mary", "Kofi", "Toyota"}
    ]
    doc.spans["wrong"] = SpanGroup(doc, name="wrong", spans=[Span(doc, 7, 8, label="NAME")])
    return doc


def split(nlp: Language, gold: Doc, max_words: int, seed: int = 0) -> list[Example]:
    return list(
        make_split_documents_v1(max_words, seed)(nlp, Example(nlp.make_doc(gold.text), gold))
    )


@pytest.mark.parametrize("max_words", [1, 5, 12, 1000])
def test_pieces_together_are_the_document(nlp: Language, max_words: int) -> None:
    gold = make_document(nlp)
    pieces = split(nlp, gold, max_words)
    assert [t.text for piece in pieces for t in piece.reference] == [t.text for t in gold]
    assert [e.text for piece in pieces for e in piece.reference.ents] == ["Mary", "Kofi", "Toyota"]
    assert [s.text for piece in pieces for s in piece.reference.spans["wrong"]] == ["Nairobi"]


def test_every_piece_begins_with_a_sentence(nlp: Language) -> None:
    pieces = split(nlp, make_document(nlp), 8)
    firsts = {line.split()[0] for line in TEXT}
    assert len(pieces) > 1
    assert all(piece.reference[0].text in firsts for piece in pieces)


def test_an_aim_of_one_word_gives_single_sentences(nlp: Language) -> None:
    assert len(split(nlp, make_document(nlp), 1)) == len(TEXT)


def test_lengths_depend_on_the_seed_alone(nlp: Language) -> None:
    def lengths(seed: int) -> list[int]:
        return [
            len(piece.reference)
            for _ in range(4)
            for piece in split(nlp, make_document(nlp), 20, seed)
        ]

    assert lengths(1) == lengths(1)
    assert lengths(1) != lengths(2)


def test_a_document_without_sentence_starts_stays_whole(nlp: Language) -> None:
    gold = make_document(nlp, sentences=False)
    assert [len(piece.reference) for piece in split(nlp, gold, 2)] == [len(gold)]


def test_pieces_of_gold_tokens_without_known_white_space_keep_those_tokens(nlp: Language) -> None:
    gold = make_document(nlp)
    gold.has_unknown_spaces = True
    assert all(
        [t.text for t in p.predicted] == [t.text for t in p.reference] for p in split(nlp, gold, 5)
    )


def test_missing_annotation_stays_missing(nlp: Language) -> None:
    gold = make_document(nlp)
    gold.set_ents(list(gold.ents), missing=[gold[4:7]], default="unmodified")
    pieces = split(nlp, gold, 1)
    assert pieces[1].get_aligned_ner() == [None, None, None]


def test_the_augmenter_is_found_by_its_name_and_works_in_a_corpus(
    nlp: Language, tmp_path: Path
) -> None:
    make = registry.augmenters.get("spacy_hf_ner.split_documents.v1")
    DocBin(docs=[make_document(nlp)]).to_disk(tmp_path / "train.spacy")
    examples = list(Corpus(tmp_path / "train.spacy", augmenter=make(max_words=1))(nlp))
    assert len(examples) == len(TEXT)


def test_an_aim_of_no_words_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_words must be at least 1, got 0"):
        make_split_documents_v1(max_words=0)
