from collections.abc import Callable

from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import pair_docs
from spacy_hf_ner.evaluation.slices import read_seen, slice_scores
from spacy_hf_ner.evaluation.strict import Counts

MakeDoc = Callable[..., Doc]
WORDS = ["Tim", "Cook", "met", "Rome", "and", "Oslo"]


def test_entities_are_told_apart_by_their_length_in_tokens(make_doc: MakeDoc) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER"), (3, 4, "LOC")])
    predicted = make_doc(WORDS, [(0, 2, "PER"), (5, 6, "LOC")])
    (length, *_) = slice_scores([pair_docs(gold, predicted)])
    assert length.counts == {"1": Counts(0, 1, 1), "2": Counts(1, 1, 1)}


def test_every_slicing_sums_to_the_whole(make_doc: MakeDoc) -> None:
    gold = make_doc(WORDS * 30, [(0, 2, "PER"), (3, 4, "LOC"), (9, 15, "ORG")])
    predicted = make_doc(WORDS * 30, [(0, 2, "PER"), (3, 5, "LOC")])
    for slicing in slice_scores([pair_docs(gold, predicted)], seen={}):
        assert sum(slicing.counts.values(), Counts()) == Counts(1, 2, 3)


def test_entities_seen_in_training_are_told_by_text_and_type(make_doc: MakeDoc) -> None:
    seen = read_seen([make_doc(["ROME", "tim", "cook"], [(0, 1, "LOC"), (1, 3, "ORG")])])
    gold = make_doc(WORDS, [(0, 2, "PER"), (3, 4, "LOC"), (5, 6, "LOC")])
    training = slice_scores([pair_docs(gold, gold)], seen=seen)[-1]
    assert training.name == "In the training data"
    assert {kind: row.n_gold for kind, row in training.counts.items()} == {
        "with this type": 1,
        "with another type only": 1,
        "never": 1,
    }


def test_place_in_the_sentence_needs_sentences(make_doc: MakeDoc) -> None:
    gold = make_doc(WORDS, [(0, 2, "PER"), (3, 4, "LOC")])
    assert "Place" not in [slicing.name for slicing in slice_scores([pair_docs(gold, gold)])]
    for token in gold:
        token.is_sent_start = token.i == 0
    place = next(s for s in slice_scores([pair_docs(gold, gold)]) if s.name == "Place")
    assert {name: row.n_gold for name, row in place.counts.items()} == {
        "first in its sentence": 1,
        "later in its sentence": 1,
    }


def test_long_documents_are_told_from_short_ones(make_doc: MakeDoc) -> None:
    short, long = make_doc(WORDS, [(3, 4, "LOC")]), make_doc(WORDS * 100, [(3, 4, "LOC")])
    document = next(
        s
        for s in slice_scores([pair_docs(short, short), pair_docs(long, long)])
        if s.name == "Document"
    )
    assert list(document.counts) == ["up to 100 tokens", "more than 500 tokens"]
