from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.gold_data import check_gold, read_gold_docs

MakeDoc = Callable[..., Doc]


def test_a_folder_is_read_in_the_order_of_its_files(tmp_path: Path, make_doc: MakeDoc) -> None:
    DocBin(docs=[make_doc(["second"])]).to_disk(tmp_path / "b.spacy")
    DocBin(docs=[make_doc(["first"])]).to_disk(tmp_path / "a.spacy")
    assert [doc.text for doc in read_gold_docs(tmp_path, spacy.blank("en").vocab)] == [
        "first ",
        "second ",
    ]


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "train.spacy").write_text("-DOCSTART- O\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"train\.spacy: expected a DocBin"):
        read_gold_docs(tmp_path, spacy.blank("en").vocab)


def test_a_file_without_docs_is_refused(tmp_path: Path) -> None:
    DocBin().to_disk(tmp_path / "empty.spacy")
    with pytest.raises(CorpusError, match="found none"):
        read_gold_docs(tmp_path / "empty.spacy", spacy.blank("en").vocab)


def test_a_data_set_of_the_hub_is_to_be_converted_first() -> None:
    with pytest.raises(
        CorpusError, match=r"hf:conll2003: expected a file or a folder.* converted first"
    ):
        read_gold_docs(Path("hf:conll2003"), spacy.blank("en").vocab)


def test_gold_that_nobody_annotated_is_refused_and_its_span_groups_are_named(
    make_doc: MakeDoc,
) -> None:
    bare = Doc(make_doc([]).vocab, words=["Oslo"])
    with pytest.raises(CorpusError, match=r"got documents without\. Annotate it"):
        check_gold([bare, make_doc([])], spans_key="hf_ner")
    bare.spans["sc"] = [bare[:1]]
    with pytest.raises(CorpusError, match=r"Span groups found: sc\. Name one with spans_key"):
        check_gold([bare], spans_key="hf_ner")
    check_gold([bare], spans_key="sc")
    check_gold([bare, make_doc(["no", "entity"])], spans_key="hf_ner")


def test_gold_is_read_from_any_corpus_that_can_be_converted(tmp_path: Path) -> None:
    (tmp_path / "dev.conll").write_text("Mary B-PER\nleft O\n\nRome B-LOC\n", encoding="utf8")
    docs = read_gold_docs(tmp_path / "dev.conll", spacy.blank("en").vocab)
    assert [[ent.label_ for ent in doc.ents] for doc in docs] == [["PER"], ["LOC"]]
