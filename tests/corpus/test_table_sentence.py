"""A table to a sentence."""

import copy
from collections import Counter
from collections.abc import Sequence

import pytest

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.table_sentence import make_sentence
from spacy_hf_ner.corpus.tag_column import TagColumn, interpret_tags, pair_cells
from tests.corpus.sentences import kinds, show, text_of


def interpret(*columns: Sequence[str]) -> TagColumn:
    """Return what the cells of columns mean."""
    return interpret_tags(Counter(pair for cells in columns for pair in pair_cells(cells)))


def make(table: Table) -> Sentence:
    """Return the sentence of a table whose cells alone say what they mean."""
    return make_sentence(table, interpret(*table.tags), interpret(table.chunks))


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
