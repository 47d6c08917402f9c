"""CoNLL files in the shapes they are found in."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.columns import Columns, Layout
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.edits import rename_types
from spacy_hf_ner.corpus.formats.conll import LinePlan, open_conll, plan_lines
from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.errors import CorpusError
from tests.corpus.sentences import read as read_file
from tests.corpus.sentences import show


def read(tmp_path: Path, text: str | bytes, options: ReadOptions | None = None) -> list[Sentence]:
    path = tmp_path / "file.conll"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    options = options or ReadOptions()
    return list(open_conll(open_text(path, encoding=options.encoding), options).read())


SHAPES = {
    "tabs": "Tim\tB-PER\nran\tO\n",
    "spaces": "Tim B-PER\nran O\n",
    "several spaces": "Tim     B-PER\nran     O\n",
    "no final newline": "Tim\tB-PER\nran\tO",
    "a leading blank line": "\nTim\tB-PER\nran\tO\n",
    "carriage returns": "Tim\tB-PER\r\nran\tO\r\n",
    "a byte order mark": "\ufeffTim\tB-PER\nran\tO\n",
    "a header": "token\tner\nTim\tB-PER\nran\tO\n",
    "named columns": "# global.columns = FORM NER\nTim\tB-PER\nran\tO\n",
    "a comment": "# sent_id = 1\nTim\tB-PER\nran\tO\n",
    "CoNLL-2003": "Tim NNP B-NP B-PER\nran VBD B-VP O\n",
    "numbered words": "1\tTim\tB-PER\n2\tran\tO\n",
    "a tag before the last column": "1\tTim\tB-PER\t-\tann\n2\tran\tO\t-\t-\n",
    "underscores": "Tim _ _ B-PER\nran _ _ O\n",
    "lower-case prefixes": "Tim\tb-PER\nran\to\n",
    "underscore as a separator": "Tim\tB_PER\nran\tO\n",
    "IOB1": "Tim\tI-PER\nran\tO\n",
    "IOBES": "Tim\tS-PER\nran\tO\n",
    "bare types": "Tim\tPER\nran\tO\n",
    "a document mark glued on": "-DOCSTART- -DOCSTART- O\nTim\tB-PER\nran\tO\n",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_one_sentence_is_read_from_every_shape(tmp_path: Path, text: str) -> None:
    (sentence,) = read(tmp_path, text)
    assert sentence.words == ("Tim", "ran")
    assert show(sentence) == ["Tim/PER"]
    assert not sentence.problems


@pytest.mark.parametrize(
    "tags", ["PER-B PER-I LOC-B", "per_b per_i loc_b", "B:PER I:PER B:LOC", "b/per i/per b/loc"]
)
def test_prefixes_may_be_at_the_end_or_have_another_separator(tmp_path: Path, tags: str) -> None:
    first, second, third = tags.split()
    (sentence,) = read(tmp_path, f"Tim\t{first}\nCook\t{second}\nin\tO\nRome\t{third}\n")
    assert [entity.upper() for entity in show(sentence)] == ["TIM COOK/PER", "ROME/LOC"]
    assert not sentence.problems


def test_a_line_of_white_space_separates_sentences(tmp_path: Path) -> None:
    first, second = read(tmp_path, "Tim\tB-PER\n\t\nTom\tB-PER\n \n")
    assert (first.words, second.words) == (("Tim",), ("Tom",))


def test_a_word_that_begins_with_a_hash_is_no_comment(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "# id 17\tdomain=en\n#NFL B-ORG\n# O\nnow O\n")
    assert sentence.words == ("#NFL", "#", "now")
    assert sentence.sentence_id == "17"


@pytest.mark.parametrize(
    "mark", ["-DOCSTART- -X- -X- O", "-DOCSTART- -X- O O", "-DOCSTART-\tO", "-DOCSTART- O"]
)
def test_document_marks_start_documents_and_are_no_words(tmp_path: Path, mark: str) -> None:
    sentences = read(tmp_path, f"{mark}\n\nTim O\n\nran O\n\n{mark}\nfar O\n")
    assert [(s.words, s.starts_document) for s in sentences] == [
        (("Tim",), True),
        (("ran",), False),
        (("far",), True),
    ]


def test_a_short_row_loses_its_tag_and_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    (sentence,) = read(
        tmp_path, "Tim NNP B-PER\nCook NNP I-PER\nran VBD\nto TO O\nOslo NNP B-LOC\n"
    )
    assert sentence.words == ("Tim", "Cook", "ran", "to", "Oslo")
    assert show(sentence) == ["Tim Cook/PER", "Oslo/LOC"]
    assert sentence.missing == (2,)
    assert sentence.problems == (Problem("row of 2 columns, not 3: its tag is missing", 3),)


def test_blank_words_are_left_out_and_the_entity_through_them_stays_whole(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "New\tB-LOC\n \tI-LOC\nYork\tI-LOC\n\tO\n!\tO\n")
    assert sentence.words == ("New", "York", "!")
    assert show(sentence) == ["New York/LOC"]
    assert sentence.problems == (
        Problem("blank word, left out", 2),
        Problem("blank word, left out", 4),
    )


def test_missing_tags_are_missing_annotation(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Tim\tB-PER\nran\t-\nto\t_\nus\t\nnow\tO\n")
    assert sentence.missing == (1, 2, 3)


def test_a_text_comment_gives_the_white_space_back(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "# text = Oh  no!\nOh\tO\nno\tO\n!\tO\n")
    assert sentence.gaps == ("  ", "", None)


def test_character_offsets_give_the_white_space_and_the_documents_back(tmp_path: Path) -> None:
    first, second = read(tmp_path, "Oh\t0\t2\tO\nno\t3\t5\tO\n!\t5\t6\tO\n\nTim\t0\t3\tB-PER\n")
    assert (first.gaps, first.starts_document) == ((" ", "", None), True)
    assert second.starts_document


def test_two_levels_of_tags_become_spans_and_layers(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "1\tReal\tB-ORG\tO\n2\tMadrid\tI-ORG\tB-LOC\n3\twon\tO\tO\n")
    assert show(sentence) == ["Real Madrid/ORG"]
    assert [(s.start, s.end, s.entity_type) for s in sentence.layers] == [
        (0, 2, "ORG"),
        (1, 2, "LOC"),
    ]

    assert sentence.levels == ((TokenSpan(0, 2, "ORG"),), (TokenSpan(1, 2, "LOC"),))


def test_several_tags_in_one_cell_become_layers(tmp_path: Path) -> None:
    (sentence, flat) = read(tmp_path, "Nokia\tB-corp,B-product\nrings\tO\n\nEd\tB-PER\n")
    assert show(sentence) == ["Nokia/corp"]
    assert [s.entity_type for s in sentence.layers] == ["corp", "product"]
    assert [[s.entity_type for s in level] for level in sentence.levels] == [["corp"], ["product"]]
    assert flat.levels == ((TokenSpan(0, 1, "PER"),), ())


def test_each_level_is_a_group_of_its_own_and_so_are_chunks_where_there_are_none(
    tmp_path: Path,
) -> None:
    text = "1\tReal\tB-ORG\tO\n2\tMadrid\tI-ORG\tB-LOC\n3\twon\tO\tO\n\n1\tOh\tO\tO\n"
    (tmp_path / "levels.conll").write_text(text, encoding="utf8")
    convert_corpus(str(tmp_path / "levels.conll"), tmp_path / "levels.spacy")
    first, second = DocBin().from_disk(tmp_path / "levels.spacy").get_docs(Vocab())
    assert [span.text for span in first.spans["entities_1"]] == ["Real Madrid"]
    assert [span.text for span in first.spans["entities_2"]] == ["Madrid"]
    assert [len(second.spans[f"entities_{level}"]) for level in (1, 2)] == [0, 0]
    again = list(read_file(tmp_path / "levels.spacy"))
    assert [len(sentence.levels) for sentence in again] == [2, 2]
    text = "Ed NNP B-NP O\nran VBD B-VP O\n\n. . O O\n"
    (tmp_path / "chunks.conll").write_text(text, encoding="utf8")
    chunks = ReadOptions(columns=Columns(task="chunk"))
    convert_corpus(str(tmp_path / "chunks.conll"), tmp_path / "chunks.spacy", chunks)
    first, second = DocBin().from_disk(tmp_path / "chunks.spacy").get_docs(Vocab())
    assert [span.label_ for span in first.spans["chunks"]] == ["NP", "VP"]
    assert len(second.spans["chunks"]) == 0
    assert not first.has_annotation("ENT_IOB")


def test_cells_that_are_nearly_tags_are_repaired_and_counted(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tB-X\nb\tU\nc\tI-\nd\tPER\ne\tO\nf\tB-Y \n")
    assert show(sentence) == ["a/X", "d/PER", "f/Y"]
    assert [(p.kind, p.line) for p in sentence.problems] == [
        ("prefix without a type, read as O", 2),
        ("prefix without a type, read as O", 3),
        ("type without a prefix, read as I-", 4),
        ("IOB2: entity starts without a start tag", 4),
    ]


def test_a_hashtag_with_a_type_that_was_not_seen_before_is_no_comment(tmp_path: Path) -> None:
    text = "a\tthing\nb\tO\n\n" * 3_000 + "#c\trare\n"
    sentences = read(tmp_path, text)
    assert show(sentences[-1]) == ["#c/rare"]


def test_an_illegal_sequence_is_repaired_and_counted_with_its_line(tmp_path: Path) -> None:
    sentences = read(tmp_path, "a\tB-X\n\nb\tB-X\n\nc\tO\nd\tI-X\n")
    assert show(sentences[2]) == ["d/X"]
    assert sentences[2].problems == (Problem("IOB2: entity starts without a start tag", 6),)


def test_one_accident_in_a_type_does_not_make_prefixes_types(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "a\tB-X\nb\tM-X\nc\tE-X\nd\tM-Y\n")
    assert show(sentence) == ["a b c/X", "d/Y"]
    assert {problem.line for problem in sentence.problems} == {4}


def test_columns_can_be_named_by_index_from_either_end(tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns(token=1, tag=-2))
    (sentence,) = read(tmp_path, "x Tim B-PER B-ORG\ny ran O O\n", options)
    assert (sentence.words, show(sentence)) == (("Tim", "ran"), ["Tim/PER"])


def test_columns_can_be_named_by_the_header(tmp_path: Path) -> None:
    options = ReadOptions(columns=Columns(tag="gold"))
    (sentence,) = read(tmp_path, "word\tner\tgold\nTim\tO\tB-PER\nran\tO\tO\n", options)
    assert show(sentence) == ["Tim/PER"]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", ReadOptions(), "expected rows of words and tags, got an empty file"),
        (
            "Tim ran\nfar off\n",
            ReadOptions(),
            r"file.conll:1: expected a column of tags .* Name it with tag_column",
        ),
        (
            "Tim B-PER\n",
            ReadOptions(columns=Columns(tag=5)),
            "there is no column 5: the rows have 2 columns",
        ),
        (
            "Tim B-PER\n",
            ReadOptions(columns=Columns(tag="x")),
            "no column is named 'x'; the file names none",
        ),
        ("Tim B-PER\n", ReadOptions(scheme="IO"), r"the prefixes B are not in IO \(I\)"),
        (
            "Tim B-PER\nran L-PER\nx M-PER\n",
            ReadOptions(),
            (
                r"file.conll: the prefixes \['B', 'L', 'M'\] fit no scheme .* "
                r"First lines: B- 1, L- 2, M- 3\."
            ),
        ),
        ("Tim B-PER\n", ReadOptions(encoding="utf-99"), "unknown encoding 'utf-99'"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_why(
    tmp_path: Path, text: str, options: ReadOptions, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, text, options)


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("# text = Oh no\nOh\tO\nyes\tO\n", "text that does not fit the words, not used", 2),
        ("# text = Oh no!\nOh\tO\nno\tO\n", "text that does not fit the words, not used", 2),
        ("a\tO\n \tB-X\n", "entity of blank words only, left out", 2),
        ("a \tB-X\nb\tO\n", "white space around a word, trimmed", 1),
        (
            "ab\t0\t2\tO\n" * 10 + "ab\tx\t2\tO\n",
            "character offsets that are no numbers, not used",
            1,
        ),
    ],
)
def test_what_is_left_out_is_named_with_its_line(
    tmp_path: Path, text: str, kind: str, line: int
) -> None:
    (sentence,) = read(tmp_path, text)
    assert Problem(kind, line) in sentence.problems


# ----------------------------------------------------------------------------------------------
# other columns


@pytest.mark.parametrize("missing", ["_", "-", "-X-"])
def test_a_missing_part_of_speech_is_no_tag_and_comes_back_as_none(
    tmp_path: Path, missing: str
) -> None:
    text = f"Ed NNP B-NP B-PER\nran {missing} B-VP O\n( -LRB- O O\n: : O O\n"
    (sentence,) = read(tmp_path, text)
    assert sentence.pos == ("NNP", "", "-LRB-", ":")
    convert_corpus(str(tmp_path / "file.conll"), tmp_path / "b.spacy")
    (doc,) = read_docs(tmp_path / "b.spacy", spacy.blank("en").vocab)
    assert [token.tag_ for token in doc] == ["NNP", "", "-LRB-", ":"]
    convert_corpus(str(tmp_path / "b.spacy"), tmp_path / "c.conll")
    (back,) = open_conll(open_text(tmp_path / "c.conll"), ReadOptions()).read()
    assert (back.words, back.pos, back.spans) == (sentence.words, sentence.pos, sentence.spans)


def test_an_empty_part_of_speech_is_no_tag(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Ed\tNNP\tB-PER\nran\t\tO\n")
    assert sentence.pos == ("NNP", "")


def test_chunks_know_no_missing_tag(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Ed NNP B-NP B-PER\nran VBD _ O\n")
    assert [(s.start, s.end, s.entity_type) for s in sentence.chunks] == [(0, 1, "NP")]
    assert sentence.problems == ()


BROKEN_CHUNKS = "Ed NNP I-NP B-PER\nran VBD B-VP O\nx NN E-PP O\ny NN I-ADVP O\n"
CHUNKS = ReadOptions(columns=Columns(task="chunk"))


def test_the_scheme_of_chunks_is_told_and_its_repairs_are_counted(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, BROKEN_CHUNKS, CHUNKS)
    assert [span.entity_type for span in sentence.chunks] == ["NP", "VP", "PP", "ADVP"]
    assert sentence.problems[0] == Problem("chunks, IOBES: entity starts without a start tag", 1)
    assert len(sentence.problems) == 6
    source = open_conll(open_text(tmp_path / "file.conll"), CHUNKS)
    assert (source.scheme, source.share) == ("IOBES", 0.25)
    with pytest.raises(
        CorpusError, match=r"file.conll:1: chunks, IOBES: entity starts without a start tag"
    ):
        convert_corpus(
            str(tmp_path / "file.conll"), tmp_path / "o.spacy", CHUNKS, ConvertOptions(strict=True)
        )


def test_repairs_of_chunks_beside_entities_are_counted(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, BROKEN_CHUNKS)
    assert sentence.problems[0] == Problem("chunks, IOBES: entity starts without a start tag", 1)
    assert show(sentence) == ["Ed/PER"]


def test_a_scheme_that_is_named_is_that_of_the_chunks_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    text = "Ed NNP B-NP B-PER\nLi NNP I-NP I-PER\nran VBD I-VP O\n"
    (sentence,) = read(tmp_path, text, ReadOptions(scheme="IOB1", columns=Columns(task="chunk")))
    assert sentence.problems == (Problem("chunks, IOB1: entity starts without a start tag", 1),)
    with pytest.raises(CorpusError, match=r"file.conll: the prefixes B are not in IO"):
        read(tmp_path, text, ReadOptions(scheme="IO", columns=Columns(task="chunk")))


def test_types_of_chunks_are_renamed_too(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "Ed NNP B-NP B-PER\nran VBD B-VP O\n", CHUNKS)
    renamed = rename_types(sentence, {"NP": "NOUN", "VP": ""})
    assert [(s.start, s.end, s.entity_type) for s in renamed.chunks] == [(0, 1, "NOUN")]


def test_offsets_of_thousands_of_digits_are_no_numbers(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, "ab\t0\t2\tO\n" * 10 + f"ab\t{'9' * 5_000}\t2\tO\n")
    assert sentence.problems == (Problem("character offsets that are no numbers, not used", 1),)
    (sentence,) = read(tmp_path, f"ab\t{'9' * 5_000}\t2\tO\n")
    assert sentence.words == ("ab",)


# ----------------------------------------------------------------------------------------------
# what the lines of a file are

TAGS = frozenset({"O", "B-PER", "PER"})
PREFIXED = LinePlan(Layout("\t", n_columns=2, token=0, tags=(1,)), labels=TAGS)
SPACED = LinePlan(Layout(" ", n_columns=2, token=0, tags=(1,)), labels=TAGS)
BARE_TYPES = LinePlan(
    Layout("\t", n_columns=2, token=0, tags=(1,)),
    labels=frozenset({"O", "PER"}),
    is_prefixed=False,
)
NUMBERED = LinePlan(Layout("\t", n_columns=3, token=1, tags=(2,), index=0), labels=TAGS)


@pytest.mark.parametrize(
    ("plan", "line", "is_comment"),
    [
        pytest.param(PREFIXED, "# text = Oh", True, id="fewer cells than columns"),
        pytest.param(PREFIXED, "#a\tO\tO", True, id="more cells than columns"),
        pytest.param(NUMBERED, "#\tTim\tB-PER", True, id="no number where rows have one"),
        pytest.param(PREFIXED, "#NFL\tB-ORG", False, id="a tag"),
        pytest.param(PREFIXED, "# \tO", False, id="a tag behind white space"),
        pytest.param(BARE_TYPES, "#c\tPER", False, id="a type that rows have"),
        pytest.param(SPACED, "# 17", True, id="white space and a number"),
        pytest.param(SPACED, "# _", True, id="a space and a missing tag"),
        pytest.param(PREFIXED, "#\t_", False, id="a word # whose tag is missing"),
        pytest.param(PREFIXED, "#\tnews", True, id="a tab and no tag"),
        pytest.param(BARE_TYPES, "#id\t17", True, id="a number beside bare types"),
        pytest.param(PREFIXED, "#sentence\ttwo", True, id="no tag beside tags with prefixes"),
        pytest.param(BARE_TYPES, "#c\trare", False, id="a new type beside bare types"),
        pytest.param(PREFIXED, "#c\t-", False, id="a missing tag of a hashtag"),
        pytest.param(PREFIXED, "#e\tB-", False, id="a damaged tag of a hashtag"),
    ],
)
def test_a_comment_is_told_from_a_row_that_begins_with_a_hash(
    plan: LinePlan, line: str, is_comment: bool
) -> None:
    assert plan.is_comment(line, plan.split(line)) is is_comment


def test_a_word_that_begins_with_a_hash_may_be_numbered() -> None:
    assert not NUMBERED.is_comment("1\t#NFL\tB-ORG", ["1", "#NFL", "B-ORG"])


def plan_text(tmp_path: Path, text: str) -> LinePlan:
    path = tmp_path / "file.conll"
    path.write_text(text, encoding="utf-8")
    return plan_lines(open_text(path), ReadOptions())


def test_a_plan_holds_what_surely_are_tags_and_their_types(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, "# two\n#NFL B-ORG\nTim B-PER\nran O\nx -\n")
    assert plan.layout.separator == " "
    assert plan.header_line == 0
    assert plan.labels == {"B-ORG", "B-PER", "O", "ORG", "PER"}
    assert plan.is_prefixed
    assert not plan.is_quoted


def test_a_plan_knows_the_line_of_the_header(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, "\n-DOCSTART-\tO\n\ntoken\tner\nTim\tPER\nran\tO\n")
    assert plan.header_line == 4
    assert plan.labels == {"PER", "O"}
    assert not plan.is_prefixed


def test_a_file_whose_words_all_begin_with_a_hash_has_rows(tmp_path: Path) -> None:
    plan = plan_text(tmp_path, "#a\tB-X\n#b\tO\n")
    assert plan.layout.tags == (1,)
    assert not plan.is_comment("#a\tB-X", ["#a", "B-X"])


QUOTE = '""""'


@pytest.mark.parametrize(
    ("cells", "is_quoted"),
    [
        ([QUOTE], True),
        ([QUOTE, '"a ""b"" c"'], True),
        ([QUOTE, '"'], False),
        (["a"], False),
    ],
)
def test_cells_are_in_quotes_where_all_that_hold_quotes_are(
    tmp_path: Path, cells: list[str], is_quoted: bool
) -> None:
    rows = "".join(f"{cell}\tO\n" for cell in cells)
    plan = plan_text(tmp_path, f"token\tner\nTim\tB-PER\n{rows}")
    assert plan.is_quoted is is_quoted
    assert plan.split(f"{QUOTE}\tO") == ['"' if is_quoted else QUOTE, "O"]


def test_offsets_tell_white_space_and_where_documents_begin(tmp_path: Path) -> None:
    first = "Oh\t0\t2\tO\nno\t3\t5\tO\n!\t5\t6\tO\n\n"
    second = "So\t7\t9\tO\n\n"
    sentences = read(tmp_path, (first + second + second) * 2)
    starts = [sentence.starts_document for sentence in sentences]
    assert sentences[0].gaps == (" ", "", None)
    # The same offsets again are a document of their own: characters never go back.
    assert starts == [True, False, True, True, False, True]
