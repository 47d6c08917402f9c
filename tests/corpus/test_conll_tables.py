"""CoNLL files that are tables: with headers, names of sentences, or several tags in a cell."""

from pathlib import Path

import pytest

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.edits import rename_types
from spacy_hf_ner.corpus.formats.conll import open_conll
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import show


def read(tmp_path: Path, text: str, options: ReadOptions | None = None) -> list[Sentence]:
    path = tmp_path / "file.conll"
    path.write_text(text, encoding="utf8")
    return list(open_conll(open_text(path), options or ReadOptions()).read())


def describe(tmp_path: Path) -> str:
    return open_conll(open_text(tmp_path / "file.conll"), ReadOptions()).origin.description


def problems(tmp_path: Path) -> tuple[Problem, ...]:
    return open_conll(open_text(tmp_path / "file.conll"), ReadOptions()).origin.problems


def layers(sentence: Sentence) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.entity_type) for span in sentence.layers]


# ----------------------------------------------------------------------------------------------
# named sentences


@pytest.mark.parametrize("separator", ["\t", " "])
def test_a_column_that_names_sentences_cuts_them(tmp_path: Path, separator: str) -> None:
    rows = [
        ("sentence_id", "word", "tag"),
        ("1", "Tim", "B-PER"),
        ("1", "ran", "O"),
        ("2", "Hi", "O"),
    ]
    sentences = read(tmp_path, "".join(separator.join(row) + "\n" for row in rows))
    assert [(s.words, s.sentence_id) for s in sentences] == [(("Tim", "ran"), "1"), (("Hi",), "2")]
    assert show(sentences[0]) == ["Tim/PER"]


def test_a_column_of_names_is_neither_the_word_nor_the_number_of_a_word(tmp_path: Path) -> None:
    (sentence,) = read(
        tmp_path, "doc_id\tsentence_id\tform?\ta\ttag\n1\t1\tTim\tB-X\tB-PER\n1\t1\tran\tO\tO\n"
    )
    assert (sentence.words, show(sentence), sentence.layers) == (("Tim", "ran"), ["Tim/PER"], ())


@pytest.mark.parametrize("quote", ['"', '""""'])
def test_the_kaggle_table_is_read_with_tabs_too(tmp_path: Path, quote: str) -> None:
    text = (
        "Sentence #\tWord\tPOS\tTag\n"
        "Sentence: 1\tLondon\tNNP\tB-geo\n"
        f"\t{quote}\t``\tO\n"
        "Sentence: 2\tHi\tUH\tO\n"
    )
    first, second = read(tmp_path, text)
    assert (first.words, first.pos, show(first)) == (("London", '"'), ("NNP", "``"), ["London/geo"])
    assert (second.words, second.sentence_id) == (("Hi",), "Sentence: 2")


def test_a_column_that_names_documents_starts_them(tmp_path: Path) -> None:
    rows = ["doc_id sentence_id word tag", "a 1 Tim B-PER", "a 1 ran O", "b 1 Hi O", "b 2 Bo B-PER"]
    sentences = read(tmp_path, "".join(row.replace(" ", "\t") + "\n" for row in rows))
    assert [(s.words, s.document_id, s.starts_document) for s in sentences] == [
        (("Tim", "ran"), "a", True),
        (("Hi",), "b", True),
        (("Bo",), "b", False),
    ]


def test_a_document_mark_may_be_numbered(tmp_path: Path) -> None:
    text = "1\t-DOCSTART-\tO\n\n1\tTim\tB-PER\n2\tran\tO\n\n1\t-DOCSTART-\tO\n\n1\tHi\tO\n"
    assert [(s.words, s.starts_document) for s in read(tmp_path, text)] == [
        (("Tim", "ran"), True),
        (("Hi",), True),
    ]


# ----------------------------------------------------------------------------------------------
# comments and headers


def test_a_comment_without_a_space_is_no_word(tmp_path: Path) -> None:
    first, second = read(tmp_path, "#id 17\nTim B-PER\nran O\n\n#sentence 2\nBo B-PER\n")
    assert (first.words, first.sentence_id, show(first)) == (("Tim", "ran"), "17", ["Tim/PER"])
    assert (second.words, show(second)) == (("Bo",), ["Bo/PER"])
    assert open_conll(open_text(tmp_path / "file.conll"), ReadOptions()).scheme == "IOB2"


def test_a_comment_without_a_space_is_no_word_where_only_hashtags_have_entities(
    tmp_path: Path,
) -> None:
    first, second = read(
        tmp_path, "#id 17\nHi O\n#Bob B-PER\n#fun O\n#c PER\n\n#id 18\nHi O\n#no tag\n#ab c\n"
    )
    assert (first.words, first.sentence_id, show(first)) == (
        ("Hi", "#Bob", "#fun", "#c"),
        "17",
        ["#Bob/PER", "#c/PER"],
    )
    assert (second.words, second.sentence_id) == (("Hi",), "18")


def test_a_number_is_no_type_that_was_not_seen_before(tmp_path: Path) -> None:
    first, second = read(tmp_path, "#id 17\nHi O\nAl PER\n#new LOC\n\n#id 18\nHi O\n")
    assert (first.words, first.sentence_id) == (("Hi", "Al", "#new"), "17")
    assert (show(first), second.words, second.sentence_id) == (
        ["Al/PER", "#new/LOC"],
        ("Hi",),
        "18",
    )


def test_words_with_a_hash_and_a_tag_or_nearly_one_stay_words(tmp_path: Path) -> None:
    text = "Tim B-PER\n#a B-PER\n#b O\n#c -\n#d PER\n#e B-\n"
    (sentence,) = read(tmp_path, text)
    assert sentence.words == ("Tim", "#a", "#b", "#c", "#d", "#e")
    assert (show(sentence), sentence.missing) == (["Tim/PER", "#a/PER", "#d/PER"], (3,))


@pytest.mark.parametrize("header", ["Token\tNE", "Wort\tMarke"])
def test_a_first_row_without_a_tag_is_a_header_and_told(tmp_path: Path, header: str) -> None:
    (sentence,) = read(tmp_path, f"{header}\nTim\tB-PER\nran\tO\n")
    assert (sentence.words, show(sentence)) == (("Tim", "ran"), ["Tim/PER"])
    assert (
        describe(tmp_path)
        == f"utf-8, 2 columns: token 0; tag 1; header {header.replace(chr(9), ' ')!r}"
    )
    assert problems(tmp_path) == (Problem("first row taken for a header", 1),)
    (sentence,) = read(
        tmp_path, f"{header}\nTim\tB-PER\nran\tO\n", ReadOptions(columns=Columns(tag=1))
    )
    assert sentence.words == ("Tim", "ran")


def test_a_first_row_that_may_be_no_header_is_counted_and_can_be_refused(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "\nEU ORG\nBob B-PER\nx O\n")
    assert (sentence.words, problems(tmp_path)) == (
        ("Bob", "x"),
        (Problem("first row taken for a header", 2),),
    )
    with pytest.raises(CorpusError, match=r"file.conll:2: first row taken for a header"):
        convert_corpus(
            str(tmp_path / "file.conll"), tmp_path / "o.spacy", None, ConvertOptions(strict=True)
        )


def test_a_header_of_known_names_is_no_problem(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "word\ttag\nTim\tB-PER\nran\tO\n")
    assert (sentence.words, problems(tmp_path)) == (("Tim", "ran"), ())


@pytest.mark.parametrize("first", ["Ed\tPER", "Ed\t-", "Ed\tB", "Ed\tO"])
def test_a_first_row_with_nearly_a_tag_is_no_header(tmp_path: Path, first: str) -> None:
    (sentence,) = read(tmp_path, f"{first}\nTim\tB-PER\nran\tO\n")
    assert sentence.words == ("Ed", "Tim", "ran")
    assert describe(tmp_path) == "utf-8, 2 columns: token 0; tag 1"


def test_a_first_row_of_bare_types_is_no_header(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "London\tplace\nis\tO\nbig\tO\nJune\ttime\n")
    assert show(sentence) == ["London/place", "June/time"]


# ----------------------------------------------------------------------------------------------
# several tags


@pytest.mark.parametrize("cell", ["I-product", "O,I-product", "I-product,O"])
def test_a_tag_goes_on_with_the_level_of_its_type(tmp_path: Path, cell: str) -> None:
    (sentence,) = read(tmp_path, f"Nokia\tB-corp,B-product\n3310\t{cell}\nrings\tO\n")
    assert show(sentence) == ["Nokia 3310/product"]
    assert layers(sentence) == [(0, 1, "corp"), (0, 2, "product")]
    assert sentence.problems == ()
    assert open_conll(open_text(tmp_path / "file.conll"), ReadOptions()).share == 1


def test_levels_may_change_their_order_and_begin_in_the_midst(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tO\nb\tB-x\nc\tB-y,I-x\nd\tI-x,I-y\ne\t-\nf\tI-y\n")
    assert (show(sentence), sentence.missing) == (["b c d/x", "f/y"], (4,))
    assert layers(sentence) == [(1, 4, "x"), (2, 4, "y"), (5, 6, "y")]
    assert sentence.problems == (Problem("IOB2: entity starts without a start tag", 6),)


def test_two_entities_of_one_type_in_one_cell_stay_two(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tB-x\nb\tB-x,I-x\nc\tI-x\nd\tB-x\n")
    assert sorted(layers(sentence)) == [(0, 3, "x"), (1, 2, "x"), (3, 4, "x")]


# ----------------------------------------------------------------------------------------------
# widths


def test_a_row_that_is_too_long_is_counted_even_if_its_tag_looks_right(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Tim\tB-PER\nran\tO\tjunk\nto\tx\tO\nus\tO\n.\tO\n")
    assert (sentence.words, sentence.missing, show(sentence)) == (
        ("Tim", "ran", "to", "us", "."),
        (2,),
        ["Tim/PER"],
    )
    assert sentence.problems == (
        Problem("row of 3 columns, not 2: its tag is kept", 2),
        Problem("row of 3 columns, not 2: its tag is missing", 3),
    )


def test_a_row_of_another_width_has_no_part_of_speech_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    (sentence,) = read(
        tmp_path,
        "Tim\tNNP\nran\tfar\tO\nus\tPRP\n",
        ReadOptions(columns=Columns(tag=1, task="pos")),
    )
    assert sentence.pos == ("NNP", "", "PRP")
    assert sentence.problems == (Problem("row of 3 columns, not 2: its tag is missing", 2),)


def test_a_row_of_another_width_has_no_part_of_speech(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tNN\tO\nb\tB-X\nc\tNN\tB-Y\nd\tNN\tB-Y\n")
    assert (sentence.words, sentence.pos, sentence.missing) == (
        ("a", "b", "c", "d"),
        ("NN", "", "NN", "NN"),
        (1,),
    )
    assert show(sentence) == ["c/Y", "d/Y"]


def test_a_row_of_another_width_has_no_part_of_speech_and_no_chunk(tmp_path: Path) -> None:
    text = "a NN B-NP B-X\nd B-VP O\nb VB B-VP O\nc NN B-NP O x\nd NN B-NP O\n"
    (sentence,) = read(tmp_path, text)
    assert (sentence.pos, sentence.missing, show(sentence)) == (
        ("NN", "", "VB", "", "NN"),
        (1,),
        ["a/X"],
    )
    assert [(s.start, s.end, s.entity_type) for s in sentence.chunks] == [
        (0, 1, "NP"),
        (2, 3, "VP"),
        (4, 5, "NP"),
    ]
    (sentence,) = read(tmp_path, text, ReadOptions(columns=Columns(task="chunk")))
    assert sentence.pos == ("NN", "", "VB", "", "NN")
    assert [(s.start, s.end, s.entity_type) for s in sentence.chunks][2:] == [
        (3, 4, "NP"),
        (4, 5, "NP"),
    ]


# ----------------------------------------------------------------------------------------------
# what is not there


@pytest.mark.parametrize(
    ("text", "task", "wanted"),
    [("a N O\nb V B-X\n", "chunk", "chunks"), ("a O\nb B-X\n", "pos", "parts of speech")],
)
def test_a_column_that_is_asked_for_and_not_there_is_an_error(
    tmp_path: Path, text: str, task: Task, wanted: str
) -> None:
    with pytest.raises(
        CorpusError,
        match=rf"file.conll:1: expected a column of {wanted}.* found none .* tag_column",
    ):
        read(tmp_path, text, ReadOptions(columns=Columns(task=task)))


@pytest.mark.parametrize("scheme", ["auto", "IOB2"])
@pytest.mark.parametrize(
    ("text", "cell"), [("x\tO\nBob\tB\nSmith\tI\n", "B"), ("x\tO\ny\t_\nz\tI-\n", "I-")]
)
def test_prefixes_without_types_are_an_error(
    tmp_path: Path, text: str, cell: str, scheme: str
) -> None:
    line = 2 if cell == "B" else 3
    with pytest.raises(
        CorpusError,
        match=rf"file.conll:{line}: expected tags with types .*, got '{cell}'.* scheme = .bare.",
    ):
        read(tmp_path, text, ReadOptions(scheme=scheme))


def test_prefixes_without_types_are_types_where_that_is_said(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "x\tO\nBob\tB\nSmith\tI\n", ReadOptions(scheme="bare"))
    assert show(sentence) == ["Bob/B", "Smith/I"]


def test_chunks_without_types_do_not_keep_entities_from_being_read(tmp_path: Path) -> None:
    text = "word chunk tag\nBob B B-PER\nSmith I I-PER\n"
    (sentence,) = read(tmp_path, text)
    assert show(sentence) == ["Bob Smith/PER"]
    with pytest.raises(
        CorpusError, match=r"file.conll:2: expected tags with types such as B-PER, got 'B'"
    ):
        read(tmp_path, text, ReadOptions(columns=Columns(task="chunk")))


def test_spans_that_are_the_same_with_their_new_types_are_one(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a B-a,B-b\nb I-b,I-a\nc B-c\n")
    assert layers(sentence) == [(0, 2, "a"), (0, 2, "b"), (2, 3, "c")]
    assert layers(rename_types(sentence, {"a": "b"})) == [(0, 2, "b"), (2, 3, "c")]
