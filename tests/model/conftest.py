"""Tiny checkpoints and Docs that the tests of the models share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.model.checkpoint import Checkpoint, read_checkpoint
from tests.checkpoints import make_checkpoint

TEXTS = (
    "Angela Merkel met Tim Cook in San José.",
    "Berlin",
    "",
    "I can't believe O'Brien-Smith's U.S.-based firm!",
)


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with CoNLL labels; nobody writes to it."""
    return make_checkpoint(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def bert(bert_folder: Path) -> Checkpoint:
    """The tiny BERT, loaded anew."""
    return read_checkpoint(bert_folder)


@pytest.fixture(scope="session")
def vocab() -> Vocab:
    return spacy.blank("xx").vocab


@pytest.fixture
def make_docs(vocab: Vocab) -> Callable[[Sequence[str]], list[Doc]]:
    """Texts to Docs, tokenised without rules for a language."""
    nlp = spacy.blank("xx", vocab=vocab)
    return lambda texts: [nlp.make_doc(text) for text in texts]
