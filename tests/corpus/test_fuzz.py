"""Arbitrary bytes and text: they end in files or in a CorpusError, and never in half of a file."""

import json
import re
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.conversion import convert_corpus
from spacy_hf_ner.corpus.detokenize import detokenize
from spacy_hf_ner.corpus.docs import make_doc
from spacy_hf_ner.corpus.formats.spacy_docs import read_doc
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import CharSpan, TextRecord, blank_pipeline, make_text_sentence
from spacy_hf_ner.errors import CorpusError

NAMES = (
    "a.conll",
    "a.txt",
    "a.conllu",
    "a.csv",
    "a.json",
    "a.jsonl",
    "a.spacy",
    "a.ann",
    "a.parquet",
    "a.arrow",
)
OPTIONS = ReadOptions(lang="xx")

cells = st.sampled_from(
    [
        "a",
        "#",
        "é",
        "\U0001f924",
        " ",
        "\xa0",
        "\u200b",
        "1",
        "O",
        "B-X",
        "I-X",
        "E-X",
        "S-Y",
        "-",
        "_",
        "",
        "X",
        '"',
        ",",
    ]
)
separators = st.sampled_from(
    ["\t", " ", ",", "\n", "\r\n", "\n\n", "-DOCSTART- O\n", "# id 1\n", '{"text": "', "["]
)
files = st.lists(st.one_of(cells, separators), max_size=60).map("".join)


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        files.map(str.encode),
        files.map(lambda text: text.encode("utf-16")),
    )
)
def test_any_bytes_end_in_a_file_or_in_an_error_with_a_position(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        if name == "a.ann":
            path.with_suffix(".txt").write_text("Ed ran", encoding="utf8")
        before = {file.name for file in Path(folder).iterdir()}
        try:
            report = convert_corpus(str(path), Path(folder, "out.spacy"), OPTIONS)
        except CorpusError as error:
            position = re.search(r"a\.\w+(:\d+)?: ", str(error))
            assert position
            assert {file.name for file in Path(folder).iterdir()} == before
        else:
            assert {file.name for file in Path(folder).iterdir()} == before | {"out.spacy"}
            assert report.files[0].n_words >= report.files[0].n_entities


strings = st.sampled_from(
    [
        "Ed ran",
        "Ed",
        "",
        " ",
        "O",
        "B-X",
        "B-\ud83d",
        "\ud83d",
        "\udc00\ud83d",
        "-DOCSTART-",
        "ignore",
    ]
)
keys = st.sampled_from(
    [
        "text",
        "tokens",
        "ner_tags",
        "pos_tags",
        "chunk_tags",
        "id",
        "document_id",
        "spans",
        "label",
        "annotations",
        "was_cancelled",
        "result",
        "value",
        "answer",
        "data",
        "start",
        "end",
        "\ud800",
    ]
)
numbers = st.sampled_from([0, 2, 6, -1, 99, 10**30, True, 0.5])
values = st.recursive(
    st.one_of(strings, numbers, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)
spans = st.lists(
    st.fixed_dictionaries({"start": numbers, "end": numbers, "label": st.one_of(strings, values)}),
    max_size=3,
)
tasks = st.lists(
    st.fixed_dictionaries(
        {"result": st.lists(st.fixed_dictionaries({"value": values}), max_size=2)}
    ),
    max_size=2,
)
others = st.dictionaries(keys, values, max_size=3)
texts = st.builds(
    lambda text, found, more: {**more, "text": text, "spans": found}, strings, spans, others
)
studio = st.builds(
    lambda text, found, more: {**more, "data": text, "annotations": found}, strings, tasks, others
)
LISTS = ("tokens", "ner_tags", "pos_tags")
rows = st.lists(st.tuples(strings, strings, strings), max_size=3)
sentences = st.builds(
    lambda found, more: {
        **more,
        **{name: [row[i] for row in found] for i, name in enumerate(LISTS)},
    },
    rows,
    others,
)
records = st.lists(st.one_of(texts, studio, sentences, others), min_size=1, max_size=3)
json_files = st.one_of(
    records.map(json.dumps), records.map(lambda found: "\n".join(map(json.dumps, found)))
)


@pytest.mark.parametrize("output", ["out.spacy", "out.parquet"])
@settings(max_examples=100, deadline=None)
@given(text=json_files)
def test_any_records_end_in_a_file_or_in_an_error(output: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        path.write_text(text, encoding="utf8")
        with suppress(CorpusError):
            convert_corpus(str(path), Path(folder, output), OPTIONS)
            assert Path(folder, output).is_file()


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["T1\tX ", "0 2", "0 2;4 6", " ", "9" * 5_000, "\t", "Ed", "\n", "#", "R1"])
    )
)
def test_any_annotation_ends_in_a_sentence_or_in_an_error(parts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.ann").write_text("".join(parts), encoding="utf8")
        Path(folder, "a.txt").write_text("Ed ran", encoding="utf8")
        with suppress(CorpusError):
            assert [
                sentence.words for sentence in open_corpus(Path(folder, "a.ann"), OPTIONS).read()
            ]


words = st.text(min_size=1, max_size=6).filter(
    lambda word: not any(map(str.isspace, word)) and word.isprintable()
)


@given(words=st.lists(words, max_size=12), lang=st.sampled_from(["en", "fr", "de", "zh", "xx"]))
def test_white_space_is_decided_after_every_word(words: list[str], lang: str) -> None:
    assert len(detokenize(words, lang)) == len(words)


@settings(deadline=None)
@given(
    words=st.lists(words, min_size=1, max_size=8),
    gaps=st.lists(st.sampled_from(["", " ", "  ", "\n", " \t", "\n \n"]), min_size=8, max_size=8),
    lead=st.sampled_from(["", " ", "\n"]),
)
def test_a_sentence_comes_back_from_its_doc(words: list[str], gaps: list[str], lead: str) -> None:
    sentence = Sentence(
        tuple(words),
        spans=(TokenSpan(0, len(words), "X"),),
        gaps=tuple(gaps[: len(words)]),
        lead=lead,
        missing=(),
    )
    (back,) = read_doc(make_doc([sentence], blank_pipeline("xx").vocab, lang="xx"))
    assert (back.words, back.gaps, back.lead, back.spans) == (
        sentence.words,
        sentence.gaps,
        lead,
        sentence.spans,
    )


@settings(deadline=None)
@given(
    text=st.text(max_size=40),
    spans=st.lists(st.tuples(st.integers(-2, 45), st.integers(-2, 45)), max_size=5),
)
def test_any_spans_over_any_text_keep_the_text_and_lie_on_words(
    text: str, spans: list[tuple[int, int]]
) -> None:
    found = [CharSpan(start, end, "X") for start, end in spans]
    sentence = make_text_sentence(TextRecord(text=text, spans=found), lang="xx")
    joined = sentence.lead + "".join(
        w + (g or "") for w, g in zip(sentence.words, sentence.gaps, strict=True)
    )
    assert joined == text
    assert not any(word.isspace() for word in sentence.words)
    ends = [
        0,
        *(end for span in sentence.spans for end in (span.start, span.end)),
        len(sentence.words),
    ]
    assert ends == sorted(ends)


def test_every_scheme_is_a_choice_that_the_reader_takes(tmp_path: Path) -> None:
    for name, scheme in SCHEMES.items():
        (tmp_path / "a.conll").write_text(f"a {scheme.single}-X\nb O\n", encoding="utf8")
        report = convert_corpus(
            str(tmp_path / "a.conll"), tmp_path / "o.spacy", ReadOptions(scheme=name)
        )
        assert (report.files[0].scheme, report.files[0].entities) == (name, {"X": 1})
