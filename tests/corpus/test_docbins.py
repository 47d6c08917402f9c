"""DocBins that are read, and those that would fill the memory."""

import zlib
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.docbins import read_docbin
from spacy_hf_ner.corpus.plain_texts import read_texts
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.gold_data import read_gold_docs

BOMB_BYTES = 150_000_000


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small file that is a DocBin of one huge value."""
    path = tmp_path_factory.mktemp("bomb") / "train.spacy"
    path.write_bytes(zlib.compress(srsly.msgpack_dumps({"tokens": bytes(BOMB_BYTES)})))
    assert path.stat().st_size < BOMB_BYTES / 500
    return path


def test_docs_are_read_as_they_were_written(tmp_path: Path) -> None:
    doc = spacy.blank("en")("Angela Merkel met Tim Cook.")
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    (read,) = read_docbin(tmp_path / "docs.spacy").get_docs(Vocab())
    assert read.text == doc.text


def test_a_file_that_unpacks_to_far_more_than_it_holds_is_refused(bomb: Path) -> None:
    with pytest.raises(CorpusError, match="unpack to more than 100,000,000 bytes"):
        read_docbin(bomb)


def test_whoever_reads_docbins_refuses_it(bomb: Path) -> None:
    with pytest.raises(CorpusError, match="would fill the memory"):
        read_gold_docs(bomb, Vocab())
    with pytest.raises(CorpusError, match="would fill the memory"):
        list(read_texts(str(bomb)))
    with pytest.raises(CorpusError, match="would fill the memory"):
        convert_corpus(str(bomb), bomb.with_name("out.spacy"))
