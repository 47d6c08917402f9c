"""Checks that need a model, on a tiny checkpoint with a real tokenizer."""

from dataclasses import replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_hf_ner.checking.checks.subword_borders import check_subword_borders
from spacy_hf_ner.checking.checks.window_share import check_window_share
from spacy_hf_ner.checking.parts import CheckedData
from spacy_hf_ner.checking.subwords import SubwordReader, find_subword_reader
from tests.checking.conftest import MakeData, make_encoder
from tests.checkpoints import make_checkpoint
from tests.conformance.pipelines import make_pipeline


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> SubwordReader:
    checkpoint = make_checkpoint(tmp_path_factory.mktemp("bert"))
    found = find_subword_reader(make_pipeline(checkpoint))
    assert found is not None
    return found


def with_reader(data: CheckedData, reader: SubwordReader) -> CheckedData:
    return replace(data, subwords=reader)


def test_a_pipeline_without_a_token_classifier_has_no_subwords() -> None:
    assert find_subword_reader(spacy.blank("en")) is None


def test_checks_of_subwords_need_a_model(make_data: MakeData) -> None:
    data = make_data(train=["[Oslo|LOC]"])
    assert list(check_subword_borders(data)) == []
    assert list(check_window_share(data)) == []


def test_an_entity_that_shares_a_subword_with_its_neighbour_is_found(
    make_data: MakeData, tmp_path: Path
) -> None:
    # A word that the tokenizer knows whole, and that is two tokens.
    checkpoint = make_checkpoint(tmp_path, kind="wordpiece", lines=("cannot",) * 50)
    reader = find_subword_reader(make_pipeline(checkpoint))
    assert reader is not None
    doc = Doc(spacy.blank("en").vocab, words=["can", "not"], spaces=[False, False])
    doc.ents = [Span(doc, 1, 2, "LOC")]
    (finding,) = check_subword_borders(with_reader(make_data(train=[doc, "[Oslo|LOC]"]), reader))
    assert (finding.n, finding.severity) == (1, "warning")
    assert str(finding.examples[0]) == "train 1: can[not]"


def test_an_entity_that_the_tokenizer_drops_is_an_error(
    make_data: MakeData, reader: SubwordReader
) -> None:
    doc = Doc(spacy.blank("en").vocab, words=["a", "\u200b"], spaces=[True, False])
    doc.ents = [Span(doc, 1, 2, "LOC")]
    (finding,) = check_subword_borders(with_reader(make_data(train=[doc]), reader))
    assert (finding.n, finding.severity) == (1, "error")
    assert "sees nothing" in finding.message


def test_documents_beyond_the_window_and_subwords_per_word_are_counted(
    make_data: MakeData, reader: SubwordReader
) -> None:
    data = make_data(train=["a " * (reader.window + 1), "a a a"])
    per_word, beyond = check_window_share(with_reader(data, reader))
    assert per_word.message == "1.00 subwords per word."
    assert beyond.n == 1
    assert beyond.message.startswith("1 of 2 documents longer")


def test_checkpoints_without_a_trained_head_have_a_tokenizer_too(tmp_path: Path) -> None:
    assert find_subword_reader(make_pipeline(make_encoder(tmp_path))) is not None
