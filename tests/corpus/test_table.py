"""Tables, as all formats with one word a row make them."""

import copy
from collections import Counter
from collections.abc import Sequence

import pytest

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.blocks import Block, Row
from spacy_hf_ner.corpus.columns import Columns, Layout, Task
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table, make_sentence, open_tables, read_block
from spacy_hf_ner.corpus.tag_column import TagColumn, interpret_tags, pair_cells
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import kinds, show, text_of


def interpret(*columns: Sequence[str]) -> TagColumn:
    """Return what the cells of columns mean."""
    return interpret_tags(Counter(pair for cells in columns for pair in pair_cells(cells)))


def make(table: Table) -> Sentence:
    """Return the sentence of a table whose cells alone say what they mean."""
    return make_sentence(table, interpret(*table.tags), interpret(table.chunks))


def open_all(*tables: Table, task: Task = "ner", scheme: str = "auto") -> Source:
    options = ReadOptions(columns=Columns(task=task), scheme=scheme)
    return open_tables(
        lambda: iter(tables),
        name="file",
        format_name="conll",
        options=options,
        description="",
    )


# A row of each width: the usual three columns are word, part of speech and tag.
ODD_ROWS = [["Tim", "NNP", "B-PER"], ["ran", "O", "O", "?"], ["off", "RP"], [".", ".", "O"]]


def make_block(rows: Sequence[list[str]]) -> Block:
    return Block([Row(line, cells) for line, cells in enumerate(rows, start=1)])


# ----------------------------------------------------------------------------------------------
# rows to a table


def test_a_block_is_read_by_its_layout() -> None:
    block = make_block([["1", "Tim", "B-PER ", "B-X"], ["2", "ran", "O", "O"]])
    block.comments = [Row(0, ["# text = Tim ran"])]
    table = read_block(block, Layout("\t", n_columns=4, token=1, tags=(2, 3)))
    assert table.words == ["Tim", "ran"]
    assert table.tags == [["B-PER", "O"], ["B-X", "O"]]
    assert table.lines == [1, 2]
    assert table.text == "Tim ran"
    assert not table.pos
    assert not table.chunks
    assert not table.problems


def test_a_row_of_another_width_has_a_tag_only_where_it_looks_like_one() -> None:
    layout = Layout("\t", n_columns=3, token=0, tags=(2,), pos=1)
    table = read_block(make_block(ODD_ROWS), layout)
    assert table.words == ["Tim", "ran", "off", "."]
    assert table.tags == [["B-PER", "O", "", "O"]]
    assert table.pos == ["NNP", "", "", "."]
    assert table.problems == [
        Problem("row of 4 columns, not 3: its tag is kept", 2),
        Problem("row of 2 columns, not 3: its tag is missing", 3),
    ]


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        (["O"], ""),
        (["B-PER"], ""),
        (["", "O"], ""),
        (["", "", "B-PER"], ""),
        (["E-mail"], "E-mail"),  # looks like a tag, and is none of this file
        (["Tim"], "Tim"),
    ],
)
def test_a_row_of_nothing_but_a_tag_of_the_file_has_no_word(cells: list[str], word: str) -> None:
    known_tags = frozenset({"O", "B-PER"})
    layout = Layout("\t", n_columns=3, token=0, tags=(2,), pos=1, known_tags=known_tags)
    table = read_block(make_block([["Tim", "NNP", "B-PER"], cells]), layout)
    assert table.words == ["Tim", word]


def test_chunks_of_odd_rows_are_kept_only_where_they_are_what_is_asked_for() -> None:
    rows = [["Tim", "NNP", "B-NP"], ["ran", "VBD"], ["far", "RB", "B-ADVP", "?"]]
    layout = Layout("\t", n_columns=3, token=0, tags=(), pos=1, chunk=2)
    table = read_block(make_block(rows), layout)
    assert table.chunks == ["B-NP", "", "B-ADVP"]
    assert table.pos == ["NNP", "", ""]


def test_parts_of_speech_of_odd_rows_are_missing() -> None:
    layout = Layout("\t", n_columns=2, token=0, tags=(), pos=1)
    table = read_block(make_block([["Tim", "NNP"], ["ran", "VBD", "?"]]), layout)
    assert table.pos == ["NNP", ""]
    assert kinds(Sentence((), problems=tuple(table.problems))) == [
        "row of 3 columns, not 2: its tag is missing"
    ]


# ----------------------------------------------------------------------------------------------
# tables to a source


def test_a_source_knows_scheme_sentences_and_documents() -> None:
    first = Table(lines=[1, 2], words=["Tim", "ran"], tags=[["B-PER", "O"]], starts_document=True)
    second = Table(lines=[4], words=["Off"], tags=[["O"]])
    source = open_all(first, second)
    assert source.scheme == "IOB2"
    assert source.n_sentences == 2
    assert source.has_documents
    assert [sentence.words for sentence in source.read()] == [("Tim", "ran"), ("Off",)]
    assert not open_all(second).has_documents


def test_a_source_can_be_read_again() -> None:
    table = Table(
        lines=[1, 2, 3],
        words=[" Tim ", "\u200b ", " "],
        tags=[["B-PER", "I-PER", "O"]],
        gaps=["", None, None],
    )
    before = copy.deepcopy(table)
    source = open_all(table)
    assert list(source.read()) == list(source.read())
    assert table == before


def test_the_named_scheme_is_that_of_what_is_asked_for() -> None:
    table = Table(lines=[1], words=["Tim"], tags=[["U-PER"]], chunks=["B-NP"])
    assert open_all(table, scheme="BILOU").scheme == "BILOU"
    assert open_all(table, task="chunk", scheme="IOB2").scheme == "IOB2"
    with pytest.raises(CorpusError, match=r"^file: the prefixes B are not in IO .*B- 1"):
        open_all(table, task="chunk", scheme="IO")


def test_tags_without_types_are_refused_with_their_first_line() -> None:
    first = Table(lines=[3], words=["ran"], tags=[["O"]])
    second = Table(lines=[5, 6], words=["by", "Tim"], tags=[["O", "B"]])
    with pytest.raises(CorpusError, match=r"^file:6: expected tags with types such as B-PER, got"):
        open_all(first, second)
    assert open_all(first, second, scheme="bare").scheme == "bare"


def test_chunks_without_types_are_refused_where_some_sentences_have_none() -> None:
    first = Table(lines=[3], words=["ran"], tags=[])
    second = Table(lines=[5], words=["Tim"], tags=[], chunks=["B"])
    with pytest.raises(CorpusError, match=r"^file:5: "):
        open_all(first, second, task="chunk")


# ----------------------------------------------------------------------------------------------
# a table to a sentence


def test_a_table_is_not_changed_by_its_sentence() -> None:
    table = Table(
        lines=[1, 2, 3],
        words=["Tim ", " ", "ran"],
        tags=[["B-PER", "I-PER", "I-LOC"]],
        chunks=["B-NP", "I-NP", "I-VP"],
        gaps=["", "", ""],
        text="somebody else",
        problems=[Problem("from the file", 1)],
    )
    before = copy.deepcopy(table)
    sentence = make(table)
    assert len(sentence.problems) > 1
    assert table == before


def test_blank_words_are_left_out_and_entities_stay_whole() -> None:
    table = Table(
        lines=[1, 2, 3, 4],
        words=["New", " ", "York", "ran"],
        tags=[["B-LOC", "I-LOC", "I-LOC", ""]],
        pos=["NNP", "_", "NNP", "VBD"],
    )
    sentence = make(table)
    assert sentence.words == ("New", "York", "ran")
    assert show(sentence) == ["New York/LOC"]
    assert sentence.missing == (2,)
    assert sentence.pos == ("NNP", "NNP", "VBD")
    assert sentence.problems == (Problem("blank word, left out", 2),)


def test_an_entity_of_blank_words_only_is_reported() -> None:
    sentence = make(Table(lines=[7, 8], words=[" ", "ran"], tags=[["B-PER", "O"]]))
    assert not sentence.spans
    assert sentence.problems == (
        Problem("blank word, left out", 7),
        Problem("entity of blank words only, left out", 7),
    )


def test_white_space_behind_a_word_is_its_gap() -> None:
    sentence = make(Table(lines=[1, 2], words=["Tim  ", " ran"], tags=[["B-PER", "O"]]))
    assert sentence.words == ("Tim", "ran")
    assert sentence.gaps == ("  ", None)
    assert kinds(sentence) == ["white space around a word, trimmed"] * 2


def test_gaps_that_are_never_known_are_none_at_all() -> None:
    sentence = make(Table(lines=[1], words=["Tim"], tags=[["O"]], gaps=[None]))
    assert sentence.gaps == ()


def test_white_space_of_the_text_is_preferred_to_that_of_the_rows() -> None:
    table = Table(lines=[1, 2], words=["Oh", "!"], tags=[["O", "O"]], gaps=[" ", "\n"], text=" Oh!")
    sentence = make(table)
    assert text_of(sentence) == " Oh!\n"
    assert sentence.lead == " "


def test_a_text_that_does_not_fit_is_reported_and_not_used() -> None:
    table = Table(lines=[4, 5], words=["Oh", "!"], tags=[["O", "O"]], gaps=[" ", None], text="Ah!")
    sentence = make(table)
    assert sentence.gaps == (" ", None)
    assert sentence.problems == (Problem("text that does not fit the words, not used", 4),)


@pytest.mark.parametrize("text", ["", " ", "Oh"])
def test_a_sentence_of_blank_words_only_has_no_white_space(text: str) -> None:
    sentence = make(Table(lines=[1], words=[" "], tags=[["O"]], text=text))
    assert sentence.words == ()
    assert sentence.gaps == ()
    assert sentence.problems == (Problem("blank word, left out", 1),)


def test_levels_are_layers_and_the_first_level_gives_the_entities() -> None:
    table = Table(lines=[1, 2], words=["Bonn", "Uni"], tags=[["B-ORG", "I-ORG"], ["B-LOC", "O"]])
    sentence = make(table)
    assert sentence.spans == (TokenSpan(0, 2, "ORG"),)
    assert sentence.layers == (TokenSpan(0, 1, "LOC"), TokenSpan(0, 2, "ORG"))


def test_one_level_has_no_layers() -> None:
    assert make(Table(lines=[1], words=["Bonn"], tags=[["B-LOC"]])).layers == ()


def test_without_tags_all_annotation_is_missing() -> None:
    sentence = make(Table(lines=[1, 2], words=["Tim", "ran"], tags=[]))
    assert sentence.missing == (0, 1)


def test_problems_of_chunks_say_so() -> None:
    table = Table(lines=[1], words=["Tim"], tags=[["O"]], chunks=["I-NP"])
    chunks = interpret(["B-NP", "I-NP"], ["I-NP"], ["B-NP"])
    sentence = make_sentence(table, interpret(["O"]), chunks)
    assert sentence.chunks == (TokenSpan(0, 1, "NP"),)
    (problem,) = sentence.problems
    assert problem.kind.startswith("chunks, ")


def test_parts_of_speech_that_are_all_missing_are_none_at_all() -> None:
    table = Table(lines=[1, 2], words=["Tim", "ran"], tags=[["O", "O"]], pos=["-X-", "_"])
    assert make(table).pos == ()
