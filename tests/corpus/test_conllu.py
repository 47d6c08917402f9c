"""CoNLL-U with other tasks than entities, missing cells and damaged numbers.

The rest is in ``test_formats.py``.
"""

from pathlib import Path

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, show
from tests.corpus.sentences import read as read_file

POS = ReadOptions(columns=Columns(task="pos"))


def row(
    number: str,
    word: str,
    misc: str = "_",
    *,
    upos: str = "NOUN",
    xpos: str = "_",
    feats: str = "_",
) -> str:
    return f"{number}\t{word}\t_\t{upos}\t{xpos}\t{feats}\t_\t_\t_\t{misc}\n"


def read(tmp_path: Path, text: str, options: ReadOptions | None = None) -> list[Sentence]:
    path = tmp_path / "a.conllu"
    path.write_text(text, encoding="utf8")
    return read_file(path, options)


def test_a_treebank_without_tags_gives_its_parts_of_speech(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, row("1", "Ed", upos="PROPN") + row("2", "ran", upos="VERB"), POS)
    assert (sentence.words, sentence.pos) == (("Ed", "ran"), ("PROPN", "VERB"))
    assert (sentence.spans, sentence.missing) == ((), (0, 1))


def test_parts_of_speech_alone_leave_entities_unannotated(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, row("1", "Ed", "name=B-PER") + row("2", "ran", "name=O"), POS)
    assert (sentence.spans, sentence.missing, sentence.pos) == ((), (0, 1), ("NOUN", "NOUN"))


def test_the_column_of_parts_of_speech_can_be_named(tmp_path: Path) -> None:
    text = row("1", "Ed", xpos="NNP") + row("2", "ran")
    (sentence,) = read(tmp_path, text, ReadOptions(columns=Columns(tag="xpos", task="pos")))
    assert sentence.pos == ("NNP", "")
    with pytest.raises(CorpusError, match=r"a.conllu: expected upos or xpos .*, got 'tag'"):
        read(tmp_path, text, ReadOptions(columns=Columns(tag="tag", task="pos")))


def test_tags_parts_of_speech_and_features_come_each_from_its_column(tmp_path: Path) -> None:
    text = row("1", "Ed", upos="PROPN", xpos="NNP", feats="Number=Sing|Case=Nom")
    text += row("2", "ran", upos="VERB", xpos="VBD") + row("3", "?", upos="_", xpos="_")
    (sentence,) = read(tmp_path, text, POS)
    assert sentence.pos == ("NNP", "VBD", "")
    assert sentence.upos == ("PROPN", "VERB", "")
    assert sentence.feats == ("Number=Sing|Case=Nom", "_", "_")
    convert_corpus(str(tmp_path / "a.conllu"), tmp_path / "a.spacy", POS)
    (doc,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(Vocab())
    assert [token.tag_ for token in doc] == ["NNP", "VBD", ""]
    assert [token.pos_ for token in doc] == ["PROPN", "VERB", ""]
    assert [str(token.morph) for token in doc] == ["Case=Nom|Number=Sing", "", ""]
    assert all(token.has_morph() for token in doc)
    (again,) = read_file(tmp_path / "a.spacy", POS)
    assert (again.pos, again.upos) == (sentence.pos, sentence.upos)
    assert again.feats == ("Case=Nom|Number=Sing", "_", "_")


def test_a_treebank_without_features_leaves_them_missing(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, row("1", "Ed") + row("2", "ran"), POS)
    assert sentence.feats == ()
    assert sentence.upos == ("NOUN", "NOUN")


def test_words_written_as_one_have_no_features_of_their_own(tmp_path: Path) -> None:
    text = row("1-2", "don't", upos="_") + row("1", "do", upos="AUX", feats="Mood=Ind")
    text += row("2", "n't", upos="PART") + row("3", "go", upos="VERB", feats="VerbForm=Inf")
    (sentence,) = read(tmp_path, text, POS)
    assert (sentence.words, sentence.upos) == (("don't", "go"), ("", "VERB"))
    assert sentence.feats == ("", "VerbForm=Inf")


def test_what_universal_dependencies_do_not_have_is_left_out_and_counted(tmp_path: Path) -> None:
    text = row("1", "Ed", upos="NAME", feats="Nom") + row("2", "ran", upos="VERB", feats="A=B")
    (sentence,) = read(tmp_path, text, POS)
    assert (sentence.upos, sentence.feats) == (("", "VERB"), ("", "A=B"))
    assert kinds(sentence) == [
        "part of speech that Universal Dependencies do not have, left out of pos",
        "features that are no FEATURE=VALUE, left out",
    ]


def test_chunks_in_misc_leave_entities_unannotated(tmp_path: Path) -> None:
    text = row("1", "Ed", "chunk=B-NP") + row("2", "ran", "chunk=B-VP")
    (sentence,) = read(tmp_path, text, ReadOptions(columns=Columns(task="chunk")))
    assert [span.entity_type for span in sentence.chunks] == ["NP", "VP"]
    assert (sentence.spans, sentence.missing) == ((), (0, 1))


def test_a_missing_part_of_speech_is_no_tag(tmp_path: Path) -> None:
    (sentence,) = read(
        tmp_path, row("1", "Ed", "name=B-PER", upos="_") + row("2", "ran", "name=O", upos="VERB")
    )
    assert sentence.pos == ("", "VERB")
    (sentence,) = read(tmp_path, row("1", "Ed", "name=B-PER", upos="_"))
    assert sentence.pos == ()


def test_a_key_that_no_word_has_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    text = row("1", "Ed", "name=B-PER|SpaceAfter=No") + row("2", "ran", "name=O")
    with pytest.raises(
        CorpusError,
        match=r"a.conllu:1: expected the key nmae .*, found only name, SpaceAfter. Name",
    ):
        read(tmp_path, text, ReadOptions(columns=Columns(tag="nmae")))


def test_a_key_that_comes_late_can_be_named(tmp_path: Path) -> None:
    text = (row("1", "Ed", "name=O") + "\n") * 1_000 + row("1", "Bo", "gold=B-PER")
    *_, last = read(tmp_path, text, ReadOptions(columns=Columns(tag="gold")))
    assert show(last) == ["Bo/PER"]


@pytest.mark.parametrize("number", ["1-" + "9" * 5_000, "9" * 5_000])
def test_a_number_of_thousands_of_digits_is_none(tmp_path: Path, number: str) -> None:
    (sentence,) = read(tmp_path, row("1", "Ed", "name=B-PER") + row(number, "ran", "name=O"))
    assert (sentence.words, show(sentence)) == (("Ed", "ran"), ["Ed/PER"])


def test_words_written_as_one_are_that_word_with_the_first_entity_of_their_rows(
    tmp_path: Path,
) -> None:
    text = row("1-2", "del") + row("1", "de", "name=O") + row("2", "el", "name=B-LOC")
    (sentence,) = read(tmp_path, text + row("3", "Rey", "name=I-LOC"))
    assert (sentence.words, show(sentence)) == (("del", "Rey"), ["del Rey/LOC"])
    assert sentence.problems == ()


def test_a_second_entity_in_words_written_as_one_is_reported(tmp_path: Path) -> None:
    text = row("1-2", "EdRome") + row("1", "Ed", "name=B-PER") + row("2", "Rome", "name=B-LOC")
    (sentence,) = read(tmp_path, text)
    assert (sentence.words, show(sentence)) == (("EdRome",), ["EdRome/PER"])
    assert kinds(sentence) == ["word of several entities, only the first is kept"]


# Sentences whose second and later rows are damaged: numbers, and in which lines this is reported.
@pytest.mark.parametrize(
    ("numbers", "lines"),
    [
        ("1 U.S. 3", [2]),
        ("1 2. 3", [2]),
        ("1 2-29 3", [2]),  # nothing that the range could cover
        ("1 2-29 2 3", [2]),  # not all of what it would cover
        ("1-2 1 3", [1, 3]),
        ("1-999999999 1 2", [1]),
        ("2-2 3-1 3", [1, 2]),
        ("1 2 2", [3]),
        ("1 2 5", [3]),
        ("0 1 2", [1]),
    ],
)
def test_rows_whose_numbers_do_not_count_up_are_words_and_reported(
    tmp_path: Path, numbers: str, lines: list[int]
) -> None:
    rows = [row(number, f"w{number}", "name=B-X") for number in numbers.split()]
    context = (row("1", "a", "name=O") + row("2", "b", "name=O") + "\n") * 2
    *_, sentence = read(tmp_path, context + "".join(rows))
    assert len(sentence.words) == len(sentence.spans) == len(rows)
    assert [problem.line - 6 for problem in sentence.problems] == lines


def test_an_empty_node_is_no_word(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, row("1", "Ed", "name=B-PER") + row("1.1", "x") + row("2", "ran"))
    assert (sentence.words, sentence.problems) == (("Ed", "ran"), ())


def test_a_file_of_five_columns_is_read_as_columns_whatever_it_is_called(tmp_path: Path) -> None:
    text = "1\tEd\tB-PER\t-\tann\n2\tran\tO\t-\t-\n"
    (sentence,) = read(tmp_path, text)
    assert (sentence.words, show(sentence)) == (("Ed", "ran"), ["Ed/PER"])


def test_the_scheme_of_tags_in_misc_is_repaired_for_chunks_too(tmp_path: Path) -> None:
    text = (
        row("1", "Ed", "chunk=B-NP")
        + row("2", "Li", "chunk=I-NP")
        + "\n"
        + row("1", "ran", "chunk=I-VP")
    )
    first, second = read(tmp_path, text, ReadOptions(scheme="IOB2", columns=Columns(task="chunk")))
    assert first.problems == ()
    assert second.problems == (Problem("chunks, IOB2: entity starts without a start tag", 4),)


def test_a_word_without_a_part_of_speech_has_no_tag_in_its_doc_and_in_columns(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.conllu").write_text(
        row("1", "Ed", "name=S-PER", upos="_") + row("2", "ran", "name=O", upos="VERB"),
        encoding="utf8",
    )
    convert_corpus(str(tmp_path / "a.conllu"), tmp_path / "b.spacy")
    convert_corpus(str(tmp_path / "b.spacy"), tmp_path / "c.conll")
    (sentence,) = read_file(tmp_path / "c.conll")
    assert (sentence.words, sentence.pos, show(sentence)) == (
        ("Ed", "ran"),
        ("", "VERB"),
        ["Ed/PER"],
    )


def test_a_row_that_is_too_long_keeps_its_tag_and_that_is_told(tmp_path: Path) -> None:
    long = row("1", "Ed", "name=B-PER").replace("\n", "\tx\n")
    (sentence,) = read(
        tmp_path,
        long
        + row("2", "ran", "name=O")
        + row("3", "far").replace("\n", "\tx\n")
        + row("4", "and", "name=O")
        + row("5", "wide", "name=O"),
    )
    assert (show(sentence), sentence.missing) == (["Ed/PER"], (2,))
    assert sentence.problems == (
        Problem("row of 11 columns, not 10: its tag is kept", 1),
        Problem("row of 11 columns, not 10: its tag is missing", 3),
    )
    (sentence,) = read(tmp_path, long + row("2", "ran") + row("3", "far"), POS)
    assert (sentence.pos, sentence.problems) == (
        ("NOUN",) * 3,
        (Problem("row of 11 columns, not 10: its tag is kept", 1),),
    )


def test_mentions_in_brackets_are_found_and_the_outermost_are_entities(tmp_path: Path) -> None:
    text = (
        "# newdoc id = first\n# global.Entity = GRP-infstat-etype\n"
        + row("1", "Durham", "Entity=(1-new-organization(2-new-place)|MSeg=I-x")
        + row("2", "University", "Entity=1)")
        + row("3-4", "isn't")
        + row("3", "is")
        + row("4", "n't", "Entity=(3-new-event)")
    )
    (sentence,) = read(tmp_path, text)
    assert show(sentence) == ["Durham University/organization", "isn't/event"]
    assert len(sentence.layers) == 3
    assert sentence.document_id == "first"


def test_the_mentions_of_a_real_treebank_are_all_read(shared_data: Path, tmp_path: Path) -> None:
    report = convert_corpus(
        str(shared_data / "ud_en" / "gum_train_part.conllu"), tmp_path / "gum.spacy"
    )
    (file,) = report.files
    assert (file.n_documents, file.n_sentences, file.repairs) == (64, 2427, {})
    assert sum(file.entities.values()) == 9047
    assert len(file.entities) == 10
