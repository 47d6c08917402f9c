"""Windows through a backend: each subword has the logits of the window that owns it."""

from collections.abc import Callable, Sequence

import pytest
import torch
from spacy.tokens import Doc

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.checkpoint import Checkpoint
from spacy_hf_ner.model.engines.scripted import ScriptedEngine
from spacy_hf_ner.model.engines.torch_backend import TorchBackend
from spacy_hf_ner.model.reading.batching import Budget
from spacy_hf_ner.model.reading.layout import Reading, lay_out
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
