"""A batch of Docs as one long text: what each Doc gets back, and where texts are cut."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.reading.layout import (
    SHORTEST_MIXED_WINDOW,
    MixedReading,
    Reading,
    TextStarts,
    find_sentence_starts,
    lay_out,
)

MakeDocs = Callable[[Sequence[str]], list[Doc]]
LONG = "Angela Merkel met Tim Cook in San José on Friday, 3 March 2017.\n" * 8
READING = Reading(24, 8)


def never_cut() -> TextStarts:
    raise AssertionError("nobody should ask where this text may be cut")


def test_each_doc_gets_the_rows_of_its_units(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs(["a\n\nb", "", "c"])
    layout = lay_out(docs, bert.tokenizer.encode(docs), READING)
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    by_doc = layout.split_rows(rows)
    assert [doc.units.token_i.tolist() for doc in by_doc] == [[0, 2], [], [0]]
    assert [doc.units.start_char.tolist() for doc in by_doc] == [[0, 3], [], [0]]
    assert np.array_equal(np.concatenate([doc.rows for doc in by_doc]), rows)


def _sentences(vocab: Vocab) -> Doc:
    words = ["Tim", "Cook", "met", "Angela", ".", "She", "flew", "to", "Berlin", "."]
    return Doc(vocab, words=words, sent_starts=[i in {0, 5} for i in range(len(words))])


def test_reading_by_sentence_never_reads_across_a_start(bert: Checkpoint, vocab: Vocab) -> None:
    doc = _sentences(vocab)
    encodings = bert.tokenizer.encode([doc])
    assert find_sentence_starts(doc).tolist() == [0, 5]
    whole = lay_out([doc], encodings, Reading(128, 32))
    assert len(whole.windows) == 1
    by_sentence = lay_out([doc], encodings, Reading(128, 32, by_sentence=True))
    border = int(by_sentence.alignment.evidence[5])
    assert [(w.start, w.end) for w in by_sentence.windows] == [
        (0, border),
        (border, len(by_sentence.ids)),
    ]


def test_training_reads_short_texts_whole_and_long_ones_in_windows_of_mixed_lengths(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    docs = make_docs([LONG, "Berlin"])
    encodings = bert.tokenizer.encode(docs)
    mixed = MixedReading(Reading(32, 8), longest=50)
    random.seed(0)
    seen = set()
    for _ in range(20):
        layout = lay_out(docs, encodings, mixed)
        owned = np.concatenate([np.arange(w.owned_start, w.owned_end) for w in layout.windows])
        assert np.array_equal(np.sort(owned), np.arange(len(layout.ids)))
        assert max(len(w) for w in layout.windows) <= 50
        seen.add(len(layout.windows[0]))
    assert len(seen) > 3


def test_a_doc_is_laid_out_in_a_batch_as_it_is_alone(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs(["Berlin", "", LONG, "  ", "Tim Cook"])
    encodings = bert.tokenizer.encode(docs)
    together = lay_out(docs, encodings, READING)
    first_subword = 0
    first_unit = 0
    windows = []
    for doc, encoding in zip(docs, encodings, strict=True):
        alone = lay_out([doc], [encoding], READING)
        subwords = slice(first_subword, first_subword + len(alone.ids))
        units = slice(first_unit, first_unit + len(alone.alignment.evidence))
        assert np.array_equal(together.ids[subwords], alone.ids)
        is_known = alone.alignment.evidence >= 0
        evidence = np.where(is_known, alone.alignment.evidence + first_subword, -1)
        assert np.array_equal(together.alignment.evidence[units], evidence)
        windows += [window.shift(first_subword) for window in alone.windows]
        first_subword, first_unit = subwords.stop, units.stop
    assert together.windows == windows
    assert first_subword == len(together.ids)


def test_a_text_that_fits_is_read_whole_and_nobody_asks_where_to_cut_it() -> None:
    (window,) = Reading(24, 8).plan(24, never_cut)
    assert (window.start, window.end, window.owned_start, window.owned_end) == (0, 24, 0, 24)
    assert Reading(24, 8).plan(0, never_cut) == []
    assert Reading(24, 8, by_sentence=True).plan(0, never_cut) == []
    assert len(MixedReading(Reading(24, 8), longest=100).plan(24, never_cut)) == 1


def test_a_long_text_is_cut_where_a_token_starts(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs(["O'Brien-Smith's " * 12])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(16, 4))
    token_starts = set(layout.alignment.evidence.tolist())
    assert len(layout.windows) > 3
    assert {window.owned_start for window in layout.windows} <= token_starts


@pytest.mark.parametrize("space", ["\n\n", "\u200b"])
def test_a_sentence_that_starts_with_white_space_starts_with_its_first_word(
    bert: Checkpoint, vocab: Vocab, space: str
) -> None:
    words = ["Tim", "met", space, "Ann", "flew"]
    spaces = [True, False, False, True, False]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=[1, -1, 1, -1, -1])
    layout = lay_out([doc], bert.tokenizer.encode([doc]), Reading(24, 8, by_sentence=True))
    ann = doc[3].idx
    (at,) = np.flatnonzero(layout.units[0].start_char == ann)
    first_of_ann = int(layout.alignment.evidence[at])
    assert [window.start for window in layout.windows] == [0, first_of_ann]


def test_a_doc_that_knows_no_sentences_is_one(vocab: Vocab) -> None:
    assert find_sentence_starts(Doc(vocab, words=["Tim", "met"])).tolist() == [0]
    assert find_sentence_starts(Doc(vocab)).tolist() == []


def test_no_mixed_window_is_longer_than_the_network_reads_or_shorter_than_the_shortest(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    docs = make_docs(["a " * 400])
    encodings = bert.tokenizer.encode(docs)
    random.seed(1)
    lengths = set()
    for _ in range(200):
        layout = lay_out(docs, encodings, MixedReading(Reading(40, 8), longest=60))
        lengths.add(max(len(window) for window in layout.windows))
    assert min(lengths) >= SHORTEST_MIXED_WINDOW
    assert max(lengths) == 60


def test_where_labels_run_over_subwords_each_has_a_unit_and_windows_stay(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    docs = make_docs(["Angela Merkel can't", "", " \n", LONG])
    encodings = bert.tokenizer.encode(docs)
    by_token = lay_out(docs, encodings, READING)
    by_subword = lay_out(docs, encodings, READING, label_unit="subword")
    assert by_subword.windows == by_token.windows
    assert by_subword.ids.tolist() == by_token.ids.tolist()
    assert by_subword.alignment.evidence.tolist() == list(range(len(by_subword.ids)))
    for doc, units, encoding in zip(docs, by_subword.units, encodings, strict=True):
        assert units.start_char.tolist() == encoding.start_char.tolist()
        assert units.end_char.tolist() == encoding.end_char.tolist()
        for token_i, start_char in zip(
            units.token_i.tolist(), units.start_char.tolist(), strict=True
        ):
            token = doc[token_i]
            assert token.idx <= start_char < token.idx + len(token)
