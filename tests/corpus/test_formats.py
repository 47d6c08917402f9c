"""Formats other than CoNLL columns, in the forms that tools and people write them."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.opening import open_corpora, open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, read, show, text_of

# ----------------------------------------------------------------------------------------------
# CSV

KAGGLE = (
    "Sentence #,Word,POS,Tag\r\n"
    "Sentence: 1,London,NNP,B-geo\r\n"
    ',",",",",O\r\n'
    ',"""",``,O\r\n'
    "Sentence: 2,Hi,UH,O\r\n"
)


def test_the_kaggle_csv_is_read_with_quoted_cells(tmp_path: Path) -> None:
    path = tmp_path / "ner.csv"
    path.write_bytes(KAGGLE.encode())
    first, second = read(path)
    assert (first.words, first.pos, show(first)) == (
        ("London", ",", '"'),
        ("NNP", ",", "``"),
        ["London/geo"],
    )
    assert (second.words, second.sentence_id) == (("Hi",), "Sentence: 2")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_three_columns_with_a_sentence_name_on_each_row(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "ner.csv"
    rows = [
        ("sentence_id", "word", "tag"),
        ("1", "Tim", "B-PER"),
        ("1", "ran", "O"),
        ("2", "Hi", "O"),
    ]
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf8")
    assert [s.words for s in read(path)] == [("Tim", "ran"), ("Hi",)]


def test_blank_rows_separate_sentences_where_nothing_names_them(tmp_path: Path) -> None:
    path = tmp_path / "ner.csv"
    path.write_text("word,tag\nTim,B-PER\n,\nHi,O\n", encoding="utf8")
    assert [s.words for s in read(path)] == [("Tim",), ("Hi",)]


def test_a_row_of_another_width_loses_its_tag_and_leaves_its_neighbours_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ner.csv"
    path.write_text("word,pos,tag\nTim,NNP,B-PER\nran,O\nfar,RB,O\n", encoding="utf8")
    (sentence,) = read(path)
    assert (sentence.words, show(sentence), sentence.missing) == (
        ("Tim", "ran", "far"),
        ["Tim/PER"],
        (1,),
    )
    assert kinds(sentence) == ["row of 2 columns, not 3: its tag is missing"]


def test_a_cell_that_csv_does_not_allow_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ner.csv"
    path.write_text('word,tag\nTim,B-PER\n"x"y,O\n', encoding="utf8")
    with pytest.raises(CorpusError, match=r"ner.csv:3: expected a row of quoted or bare cells"):
        read(path)


def test_a_quote_that_does_not_close_is_an_error_before_it_swallows_rows(tmp_path: Path) -> None:
    path = tmp_path / "ner.csv"
    path.write_text('word,tag\nTim,B-PER\n",O\nran,O\n"x",O\n', encoding="utf8")
    with pytest.raises(CorpusError, match=r"ner.csv:3: expected a row"):
        read(path)


# ----------------------------------------------------------------------------------------------
# brat


def test_brat_pairs_are_documents_and_discontinuous_entities_are_reported(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("Ed met\nAnn and Bo Li.\n", encoding="utf8")
    (tmp_path / "b.ann").write_text(
        "T1\tPER 0 2\tEd\n"
        "R1\tMeets Arg1:T1 Arg2:T2\n"
        "T2\tPER 7 10;18 20\tAnn Li\n"
        "T3\tPER 15 20\tBo Li\n"
        "#1\tNote T1\tx\n",
        encoding="utf8",
    )
    (tmp_path / "a.txt").write_text("Oslo", encoding="utf8")
    (tmp_path / "a.ann").write_text("T1\tLOC 0 4\tOslo\n", encoding="utf8")
    sources = open_corpora(str(tmp_path), ReadOptions())
    first, second = next(iter(sources.values())).read()
    assert (show(first), first.document_id) == (["Oslo/LOC"], "a")
    assert show(second) == ["Ed/PER", "Bo Li/PER"]
    assert text_of(second) == "Ed met\nAnn and Bo Li.\n"
    assert sorted(" ".join(second.words[s.start : s.end]) for s in second.layers) == [
        "Ann and Bo Li",
        "Bo Li",
        "Ed",
    ]
    assert {p.kind: p.line for p in second.problems} == {
        "relation, event or attribute, left out": 2,
        "entity in several parts, its hull kept in doc.spans only": 3,
    }


def test_a_pair_is_found_by_either_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Oslo", encoding="utf8")
    (tmp_path / "a.ann").write_text("T1\tLOC 0 4\tOslo\n", encoding="utf8")
    assert [show(s) for name in ("a.txt", "a.ann") for s in read(tmp_path / name)] == [
        ["Oslo/LOC"]
    ] * 2


def test_an_annotation_without_its_text_or_its_form_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.ann").write_text("T1 LOC\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"a.ann: expected its text in a.txt beside it"):
        read(tmp_path / "a.ann")
    (tmp_path / "a.txt").write_text("Oslo", encoding="utf8")
    with pytest.raises(
        CorpusError, match=r"a.ann:1: expected 'T1<tab>TYPE START END<tab>TEXT', got 'T1 LOC'"
    ):
        read(tmp_path / "a.ann")


@pytest.mark.parametrize("task", ["chunk", "pos"])
def test_brat_has_entities_only(tmp_path: Path, task: Task) -> None:
    (tmp_path / "a.txt").write_text("Oslo", encoding="utf8")
    (tmp_path / "a.ann").write_text("T1\tLOC 0 4\tOslo\n", encoding="utf8")
    with pytest.raises(
        CorpusError, match=f'a.ann: expected column = "ner" for brat.s entities, got "{task}"'
    ):
        read(tmp_path / "a.ann", ReadOptions(columns=Columns(task=task)))


def test_an_offset_of_thousands_of_digits_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Oslo", encoding="utf8")
    (tmp_path / "a.ann").write_text(
        f"T1\tLOC 0 4\tOslo\nT2\tLOC 0 {'9' * 5_000}\tOslo\n", encoding="utf8"
    )
    with pytest.raises(
        CorpusError, match=r"a.ann:2: expected 'T1<tab>TYPE START END<tab>TEXT', got"
    ):
        read(tmp_path / "a.ann")


def test_what_was_repaired_in_a_pair_is_reported_with_the_file_and_line_where_it_stands(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("Oslo", encoding="utf8")
    (folder / "a.ann").write_text("T1\tLOC 0 4\tOslo\n", encoding="utf8")
    (folder / "b.txt").write_bytes(
        "é\né\nEd ran\xff\n".encode("latin-1").replace(b"\xe9", "é".encode())
    )
    (folder / "b.ann").write_bytes(
        "#1\té\n#2\té\nT1\tPER 4 5\tE\n".encode() + b"#3\t\xff\nT2\tPER 4 9;10 11\tx\n"
    )
    (_, second) = open_corpus(folder, ReadOptions()).read()
    assert [(p.kind, Path(p.file).name, p.line) for p in second.problems] == [
        ("bytes that are not UTF-8", "b.txt", 3),
        ("bytes that are not UTF-8", "b.ann", 4),
        ("entity in several parts, its hull kept in doc.spans only", "b.ann", 5),
        ("entity that begins or ends inside of a token, token cut", "b.ann", 3),
    ]
    report = convert_corpus(str(folder), tmp_path / "out.spacy")
    told = "1 × entity that begins or ends inside of a token, token cut"
    assert ("repaired", f"{told} (first: {folder / 'b.ann'}, line 3)") in report.files[0].rows()


# ----------------------------------------------------------------------------------------------
# CoNLL-U


def conllu(number: str, word: str, misc: str) -> str:
    return f"{number}\t{word}\t_\tNOUN\t_\t_\t_\t_\t_\t{misc}\n"


def test_conllu_has_its_tags_and_white_space_in_misc(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    rows = [
        ("1", "Ed", "SpaceAfter=No|NER=S-PER"),
        ("2", "!", r"SpacesAfter=\s\n|NER=O"),
        ("3", "Oh", "NER=O"),
    ]
    path.write_text(
        "# newdoc id = d1\n# sent_id = s1\n" + "".join(conllu(*row) for row in rows),
        encoding="utf8",
    )
    (sentence,) = read(path)
    assert (sentence.words, sentence.gaps, show(sentence)) == (
        ("Ed", "!", "Oh"),
        ("", " \n", None),
        ["Ed/PER"],
    )
    assert (sentence.sentence_id, sentence.document_id, sentence.pos) == ("s1", "d1", ("NOUN",) * 3)


def test_words_that_are_written_as_one_are_one_and_empty_nodes_none(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    rows = [
        ("1-2", "del", "_"),
        ("1", "de", "name=O"),
        ("2", "el", "name=B-LOC"),
        ("2.1", "x", "_"),
        ("3", "y", "name=O"),
    ]
    path.write_text("".join(conllu(*row) for row in rows), encoding="utf8")
    (sentence,) = read(path)
    assert (sentence.words, show(sentence)) == (("del", "y"), ["del/LOC"])


def test_conllu_without_tags_is_an_error_that_says_where_they_belong(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(conllu("1", "Ed", "_"), encoding="utf8")
    with pytest.raises(CorpusError, match=r"a.conllu:1: expected tags in column 9 \(MISC\)"):
        read(path)


# ----------------------------------------------------------------------------------------------
# spaCy


def make_doc() -> Doc:
    doc = Doc(
        spacy.blank("en").vocab,
        words=["Ed", "ran", ".", "\n", "Oh", "no"],
        spaces=[True, False, False, False, True, False],
        sent_starts=[True, False, False, False, True, False],
        ents=["B-PER", "O", "O", "O", "", "O"],
        tags=["NNP", "VBD", ".", "_SP", "UH", "UH"],
    )
    doc.spans["entities"] = [Span(doc, 0, 1, "PER"), Span(doc, 0, 3, "EVENT")]
    doc.user_data.update(scheme="IOBES", document_id="d", sentence_ids=["s1", "s2"])
    return doc


def check_doc(first: Sentence, second: Sentence) -> None:
    assert (first.words, first.gaps, show(first)) == (
        ("Ed", "ran", "."),
        (" ", "", "\n"),
        ["Ed/PER"],
    )
    assert (second.words, second.missing, second.starts_document) == (("Oh", "no"), (0,), False)
    assert first.pos == ("NNP", "VBD", ".")


def test_a_docbin_is_read_with_all_that_a_doc_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.spacy"
    DocBin(docs=[make_doc()], store_user_data=True).to_disk(path)
    source = open_corpus(path, ReadOptions())
    first, second = source.read()
    check_doc(first, second)
    assert (first.document_id, first.sentence_id, second.sentence_id) == ("d", "s1", "s2")
    assert [span.entity_type for span in first.layers] == ["PER", "EVENT"]
    assert source.scheme == "IOBES"


def test_docs_as_json_are_read(tmp_path: Path) -> None:
    doc = make_doc()
    doc.user_data.clear()
    (tmp_path / "a.json").write_text(json.dumps([doc.to_json()]), encoding="utf8")
    first, second = read(tmp_path / "a.json")
    assert (first.words, show(first), second.words) == (
        ("Ed", "ran", "."),
        ["Ed/PER"],
        ("Oh", "no"),
    )


def test_a_file_that_spacy_did_not_write_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.spacy").write_bytes(b"no")
    with pytest.raises(CorpusError, match=r"a.spacy: expected a .spacy file"):
        read(tmp_path / "a.spacy")


# ----------------------------------------------------------------------------------------------
# other tasks


@pytest.mark.parametrize("column", [None, 2])
def test_chunks_alone_can_be_read(tmp_path: Path, column: int | None) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Ed NNP B-NP B-PER\nran VBD B-VP O\n", encoding="utf8")
    (sentence,) = read(path, ReadOptions(columns=Columns(tag=column, task="chunk")))
    assert [span.entity_type for span in sentence.chunks] == ["NP", "VP"]
    assert (sentence.spans, sentence.missing) == ((), (0, 1))


def test_parts_of_speech_alone_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Ed NNP\nran VBD\n", encoding="utf8")
    (sentence,) = read(path, ReadOptions(columns=Columns(tag=1, task="pos")))
    assert (sentence.pos, sentence.spans, sentence.missing) == (("NNP", "VBD"), (), (0, 1))
