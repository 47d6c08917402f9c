"""Columns of text that we wrote: they are read back as they were written, or refused."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.formats.conll import CoNLLWriter
from spacy_hf_ner.corpus.opening import open_corpus
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.errors import CorpusError

NAMED = "# global.columns = FORM UPOS CHUNK NER"


def write(folder: Path, *documents: list[Sentence], scheme: str = "IOB2") -> Path:
    target = Target(folder=folder, part="a", suffix=".conll", scheme=scheme)
    writer = CoNLLWriter(target)
    doc = Doc(Vocab(), words=["x"], user_data={"source": "source.jsonl"})
    try:
        for sentences in documents:
            writer.add(sentences, doc)
        writer.finish()
    finally:
        writer.close()
    return target.path


def read(path: Path) -> list[Sentence]:
    return list(open_corpus(path, ReadOptions()).read())


def sentence(words: str, *spans: TokenSpan, missing: tuple[int, ...] = ()) -> Sentence:
    return Sentence(tuple(words.split()), spans=spans, missing=missing)


def test_a_file_that_is_understood_has_no_line_of_names(tmp_path: Path) -> None:
    path = write(tmp_path, [sentence("Ed ran", TokenSpan(0, 1, "PER"))])
    assert path.read_text(encoding="utf8") == (
        "-DOCSTART-\t-X-\t-X-\tO\n\nEd\t_\t_\tB-PER\nran\t_\t_\tO\n\n"
    )


@pytest.mark.parametrize(
    "written",
    [
        sentence("1 2 3", TokenSpan(0, 1, "PER")),  # would be taken for an index
        sentence("0 1", TokenSpan(0, 1, "PER")),
        sentence("a b", missing=(0, 1)),  # no tags at all
        Sentence(tuple("abc"), pos=("1", "2", "3")),
    ],
)
def test_columns_are_named_where_they_would_be_misunderstood(
    tmp_path: Path, written: Sentence
) -> None:
    path = write(tmp_path, [written], [written])
    assert path.read_text(encoding="utf8").splitlines()[0] == NAMED
    for back in read(path):
        assert (back.words, back.spans, back.missing, back.pos) == (
            written.words,
            written.spans,
            written.missing,
            written.pos,
        )
        assert back.starts_document


@pytest.mark.parametrize("entity_type", ["PER,O", "LOC,B-X", "PER "])
def test_a_type_that_would_be_read_back_otherwise_is_refused(
    tmp_path: Path, entity_type: str
) -> None:
    written = [sentence("Ed ran"), sentence("Ed ran", TokenSpan(0, 1, entity_type))]
    with pytest.raises(CorpusError, match=r"^source.jsonl: .* sentence 2 as 'Ed ran' with entit"):
        write(tmp_path, written)


@pytest.mark.parametrize("entity_type", ["a,b", "O", "B-X", "NP", "New York", "0", "-", "_"])
def test_other_types_come_back(tmp_path: Path, entity_type: str) -> None:
    span = TokenSpan(0, 1, entity_type)
    (back,) = read(write(tmp_path, [sentence("Ed ran", span)]))
    assert back.spans == (span,)


def test_entities_that_a_scheme_would_join_are_refused(tmp_path: Path) -> None:
    touching = sentence("Ed Bo", TokenSpan(0, 1, "PER"), TokenSpan(1, 2, "PER"))
    with pytest.raises(CorpusError, match="read back otherwise: sentence 1"):
        write(tmp_path, [touching], scheme="IO")


words = st.one_of(
    st.sampled_from(
        ["1", "2", "3", "#", "#NFL", "# text = a", "-", "O", "B-X", "0", '"', '"a""b"']
    ),
    st.sampled_from(["-DOCSTART-", "a\tb", "", " a", "a\xa0", "\x00", "\ufeff", "word", "token"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4),
)
types = st.sampled_from(["PER", "LOC", "NP", "a,b", "PER,O", "O", "-", "B-X", "x y", "I", "0", "_"])
tags = st.sampled_from(["", "NN", "_", "-X-", "1", "2", "3", "O"])


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    n_words = draw(st.integers(1, 5))
    spans: list[TokenSpan] = []
    chunks: list[TokenSpan] = []
    for found, kinds in ((spans, types), (chunks, st.sampled_from(["NP", "VP", "PER"]))):
        start = 0
        while start < n_words and draw(st.booleans()):
            end = draw(st.integers(start + 1, n_words))
            found.append(TokenSpan(start, end, draw(kinds)))
            start = end + draw(st.integers(0, 1))
    missing: tuple[int, ...] = ()
    if not spans and draw(st.booleans()):
        missing = tuple(range(n_words))
    pos: tuple[str, ...] = ()
    if draw(st.booleans()):
        pos = tuple(draw(st.lists(tags, min_size=n_words, max_size=n_words)))
    return Sentence(
        words=tuple(draw(st.lists(words, min_size=n_words, max_size=n_words))),
        spans=tuple(spans),
        chunks=tuple(chunks),
        missing=missing,
        pos=pos,
    )


@settings(max_examples=300, deadline=None)
@given(
    documents=st.lists(st.lists(sentences(), min_size=1, max_size=3), min_size=1, max_size=3),
    scheme=st.sampled_from(["bare", *SCHEMES]),
)
def test_whatever_is_written_is_read_back_as_it_was(
    documents: list[list[Sentence]], scheme: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(CorpusError):
        path = write(Path(folder), *documents, scheme=scheme)
        written = [found for document in documents for found in document]
        back = read(path)
        assert [found.words for found in back] == [found.words for found in written]
        assert [found.spans for found in back] == [found.spans for found in written]
        assert [found.chunks for found in back] == [found.chunks for found in written]
        assert [found.missing for found in back] == [found.missing for found in written]
        n_documents = sum(found.starts_document for found in back)
        assert n_documents == len(documents)


plain_words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(plain_words, min_size=2, max_size=6),
    entity_type=st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=5),
    scheme=st.sampled_from(list(SCHEMES)),
)
def test_plain_words_and_types_are_never_refused(
    words: list[str], entity_type: str, scheme: str
) -> None:
    written = Sentence(tuple(words), spans=(TokenSpan(0, len(words), entity_type),))
    with tempfile.TemporaryDirectory() as folder:
        (back,) = read(write(Path(folder), [written], scheme=scheme))
        assert (back.words, back.spans) == (written.words, written.spans)
