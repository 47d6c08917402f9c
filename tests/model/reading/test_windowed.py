import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.scripted import ScriptedEngine
from spacy_hf_ner.model.engines.torch_engine import TorchBackend
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import MixedReading, Reading, find_sentence_starts, lay_out
from spacy_hf_ner.model.reading.windowed import run_windows

MakeDocs = Callable[[Sequence[str]], list[Doc]]
LONG = "Angela Merkel met Tim Cook in San José on Friday, 3 March 2017.\n" * 8


def test_logits_of_a_long_text_are_those_of_the_window_that_owns_each_subword(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    docs = make_docs(["Berlin", LONG, ""])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
    assert len(layout.windows) > 5
    with torch.inference_mode():
        logits = run_windows(TorchBackend(bert.network), layout, bert, Budget(128, 128))
        for window in layout.windows:
            ids = [*bert.tokenizer.template.prefix, *layout.ids[window.start : window.end],
                   *bert.tokenizer.template.suffix]  # fmt: skip
            alone = bert.network(input_ids=torch.tensor([ids])).logits[0, 1:-1]
            owned = slice(window.owned_start - window.start, window.owned_end - window.start)
            assert torch.allclose(
                logits[window.owned_start : window.owned_end], alone[owned], atol=1e-4
            )


def test_the_budget_changes_nothing(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs([LONG, "Berlin", "Tim Cook"])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
    with torch.inference_mode():
        runs = [
            run_windows(TorchBackend(bert.network), layout, bert, Budget(n, n))
            for n in (1, 60, 10_000)
        ]
    assert torch.allclose(runs[0], runs[1], atol=1e-4)
    assert torch.allclose(runs[0], runs[2], atol=1e-4)


def test_a_tokenizer_of_another_checkpoint_is_refused(
    bert: Checkpoint, make_docs: MakeDocs
) -> None:
    docs = make_docs(["Berlin"])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
    layout.ids[0] = 10_000
    with pytest.raises(CheckpointError, match="belong to another checkpoint"):
        run_windows(TorchBackend(bert.network), layout, bert, Budget(64, 64))


def test_texts_without_subwords_have_no_logits(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs(["", " "])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
    backend = ScriptedEngine({}, n_tags=9)
    assert run_windows(backend, layout, bert, Budget(64, 64)).shape == (0, 9)


def test_each_doc_gets_the_rows_of_its_units(bert: Checkpoint, make_docs: MakeDocs) -> None:
    docs = make_docs(["a\n\nb", "", "c"])
    layout = lay_out(docs, bert.tokenizer.encode(docs), Reading(24, 8))
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


def test_a_scripted_backend_says_what_is_written_down() -> None:
    backend = ScriptedEngine({3: [1.0, 2.0]}, n_tags=2)
    assert backend._table.shape == (5, 2)
    assert backend._table[3].tolist() == [1.0, 2.0]
    assert backend._table[-1].tolist() == [0.0, 0.0]
