"""spaCy's own forms: ``.spacy`` files, Docs as JSON, and the JSON that spaCy 2 was trained with."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.columns import Task
from spacy_hf_ner.corpus.docs import CHUNKS_KEY, LAYERS_KEY
from spacy_hf_ner.corpus.format import Format, Target
from spacy_hf_ner.corpus.records import read_id
from spacy_hf_ner.corpus.sentence import Problem, Sentence, find_gaps
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, JOINING_SCHEMES
from spacy_hf_ner.errors import CorpusError

ATTRIBUTES: Final = ("ENT_IOB", "ENT_TYPE", "SENT_START", "TAG")
KEPT_KEYS: Final = (LAYERS_KEY, CHUNKS_KEY)  # of doc.spans
USER_DATA_KEYS: Final = frozenset(
    {"source", "scheme", "sentence_ids", "document_id"}
)  # that this package writes

_SHARD = re.compile(r"(.+)-\d{5}")


def open_docbins(paths: Sequence[Path], name: str, options: ReadOptions) -> Source:
    """Return several ``.spacy`` files, one after the other, as one source.

    Raises:
        CorpusError: A file is not one that spaCy wrote.
    """
    vocab = Vocab()

    def read() -> Iterator[tuple[int, Doc]]:
        return enumerate(
            (doc for path in paths for doc in _load_docbin(path).get_docs(vocab)), start=1
        )

    return open_docs(read, name=name, format_name="spacy", task=options.columns.task)


def _load_docbin(path: Path) -> DocBin:
    try:
        return DocBin(store_user_data=True).from_disk(path)
    except Exception as error:  # zlib, msgpack and spaCy raise what they like
        raise CorpusError(
            f"{path}: expected a .spacy file, got something else ({error})."
        ) from error


def open_docs(
    read: Callable[[], Iterator[tuple[int, Doc]]],
    *,
    name: str,
    format_name: str,
    task: Task = "ner",
    problems: tuple[Problem, ...] = (),
) -> Source:
    """Return Docs as a source.

    Args:
        read: Returns a new iterator over the Docs, each with its line or number from 1.
        name: The file's path.
        format_name: The format's name.
        task: What is read: entities, or chunks and parts of speech without them.
        problems: What was wrong with the file as a whole.
    """

    def sentences() -> Iterator[Sentence]:
        for line, doc in read():
            for sentence in read_doc(doc, line):
                yield sentence if task == "ner" else _drop_entities(sentence)

    schemes = {str(doc.user_data.get("scheme", "")) for _, doc in read()} - {""}
    scheme = schemes.pop() if len(schemes) == 1 else DEFAULT_SCHEME
    if scheme in JOINING_SCHEMES and any(_has_neighbours(sentence) for sentence in sentences()):
        scheme = DEFAULT_SCHEME
    return Source(
        name=name,
        format=format_name,
        read=sentences,
        has_documents=True,
        scheme=scheme,
        description="" if task == "ner" else f"for the task {task}",
        problems=problems,
    )


def _has_neighbours(sentence: Sentence) -> bool:
    """Tell whether two entities of one type touch."""
    return any(
        a.end == b.start and a.entity_type == b.entity_type for a, b in pairwise(sentence.spans)
    )


def _drop_entities(sentence: Sentence) -> Sentence:
    return replace(sentence, spans=(), layers=(), missing=tuple(range(len(sentence.words))))


def read_doc(doc: Doc, line: int = 1) -> Iterator[Sentence]:
    """Yield the sentences of a Doc, or all of it as one if it has no sentence boundaries.

    Tokens of white space are no words: they become the white space after the word before them. Sentences that an
    entity crosses are joined.

    Args:
        doc: The Doc.
        line: Its line in the file, or its number.
    """
    is_bounded = len(doc) < 2 or doc.has_annotation("SENT_START")  # noqa: PLR2004 - spaCy calls one token a sentence
    problems = [Problem(kind, line) for kind in _find_left_out(doc)]
    if is_bounded and len(doc):
        parts, n_joined = _join_sentences(doc)
        problems += [
            Problem("entity or span across the start of a sentence, the sentences joined", line)
        ] * n_joined
    else:
        parts = [(0, doc[:])]
    names = doc.user_data.get("sentence_ids", [])
    for i, (number, part) in enumerate(parts):
        yield _read_part(
            part,
            is_bounded=is_bounded,
            starts_document=i == 0,
            sentence_id=str(names[number]) if number < len(names) else "",
            problems=problems if i == 0 else [],
            line=line,
        )


def _find_left_out(doc: Doc) -> Iterator[str]:
    """Yield what a Doc holds and a sentence does not."""
    if all(token.text.isspace() for token in doc):
        yield "document without words, left out"
        return
    if doc.cats:
        yield "text categories (doc.cats), left out"
    for name in ("LEMMA", "POS", "MORPH", "DEP"):
        if doc.has_annotation(name):
            yield f"token annotation {name}, left out"
    if any(entity.kb_id or entity.id for entity in doc.ents):
        yield "ids of entities, left out"
    for key in doc.spans:
        if key not in KEPT_KEYS:
            yield f"doc.spans[{key!r}], left out"
    if not doc.user_data.keys() <= USER_DATA_KEYS:
        yield "doc.user_data of others, left out"


def _join_sentences(doc: Doc) -> tuple[list[tuple[int, Span]], int]:
    """Return the sentences of a Doc with their numbers from 0, and how many starts were in the midst of spans.

    A sentence of white space only belongs to the one before it, the first to the one after it.
    """
    spans = (*doc.ents, *(span for key in KEPT_KEYS for span in doc.spans.get(key, ())))
    crossed = {i for span in spans for i in range(span.start + 1, span.end)}
    parts: list[tuple[int, Span]] = []
    n_joined = 0
    for number, sentence in enumerate(doc.sents):
        is_crossed = sentence.start in crossed
        if parts and (is_crossed or sentence.text.isspace() or parts[-1][1].text.isspace()):
            first, before = parts.pop()
            parts.append((first, doc[before.start : sentence.end]))
            n_joined += is_crossed
        else:
            parts.append((number, sentence))
    return parts, n_joined


def _read_part(
    part: Span,
    *,
    is_bounded: bool,
    starts_document: bool,
    sentence_id: str,
    problems: Iterable[Problem],
    line: int,
) -> Sentence:
    doc = part.doc
    words: list[str] = []
    gaps: list[str] = []
    lead = ""
    places: dict[int, int] = {}  # token → word
    for token in part:
        places[token.i] = len(words)
        if not token.text.isspace():
            words.append(token.text)
            gaps.append(token.whitespace_)
        elif gaps:
            gaps[-1] += token.text_with_ws
        else:
            lead += token.text_with_ws
    places[part.end] = len(words)
    found = list(problems)

    def move(spans: Iterable[Span]) -> tuple[TokenSpan, ...]:
        inside = [span for span in spans if part.start <= span.start and span.end <= part.end]
        kept = [span for span in inside if places[span.start] < places[span.end]]
        found.extend(
            [Problem("entity of white space only, left out", line)] * (len(inside) - len(kept))
        )
        n_trimmed = sum(span[0].text.isspace() or span[-1].text.isspace() for span in kept)
        found.extend([Problem("white space at the border of an entity, trimmed", line)] * n_trimmed)
        return tuple(TokenSpan(places[span.start], places[span.end], span.label_) for span in kept)

    is_tagged = doc.has_annotation("TAG")
    spans, layers, chunks = (
        move(group) for group in (doc.ents, *(doc.spans.get(k, ()) for k in KEPT_KEYS))
    )
    return Sentence(
        words=tuple(words),
        spans=spans,
        layers=layers,
        chunks=chunks,
        missing=tuple(places[t.i] for t in part if t.ent_iob == 0 and not t.text.isspace()),
        gaps=() if doc.has_unknown_spaces else tuple(gaps),
        lead=lead,
        starts_document=starts_document,
        is_bounded=is_bounded,
        sentence_id=sentence_id,
        document_id=str(doc.user_data.get("document_id", "")) if starts_document else "",
        pos=tuple(token.tag_ for token in part if not token.text.isspace()) if is_tagged else (),
        problems=tuple(found),
        line=line,
    )


def is_doc_json(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is what ``Doc.to_json`` gives."""
    return "text" in record and "tokens" in record and "ents" in record


def read_doc_json(record: Mapping[str, Any], source: str, line: int) -> Iterator[tuple[int, Doc]]:
    """Yield the Doc of a record, with its line.

    Raises:
        CorpusError: spaCy cannot make a Doc of it.
    """
    try:
        yield line, Doc(Vocab()).from_json(dict(record), validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{source}:{line}: expected a Doc as JSON, got something else ({error})."
        ) from error


def read_training_tables(
    record: Mapping[str, Any], source: str, line: int, *, task: Task = "ner"
) -> Iterator[Table]:
    """Yield the sentences of a document in the JSON that spaCy 2 was trained with, with the white space that it has.

    Args:
        record: The document.
        source: The file's name, for messages.
        line: The line on which it begins.
        task: What is read: entities with parts of speech, or these alone.

    Raises:
        CorpusError: The document has another form.
    """
    try:
        starts = True
        for paragraph in record["paragraphs"]:
            sentences = [
                sentence["tokens"] for sentence in paragraph["sentences"] if sentence["tokens"]
            ]
            tables = [_read_training_sentence(tokens, line, task) for tokens in sentences]
            _fill_training_gaps(tables, paragraph, line)
            for table in tables:
                table.starts_document, table.document_id = (
                    starts,
                    read_id(record, "id") if starts else "",
                )
                starts = False
                yield table
    except (KeyError, TypeError) as error:
        raise CorpusError(
            f"{source}:{line}: expected paragraphs of sentences of tokens with 'orth' and 'ner', got something else "
            f"({type(error).__name__}: {error})."
        ) from error


def _read_training_sentence(tokens: Sequence[Mapping[str, Any]], line: int, task: Task) -> Table:
    return Table(
        lines=[line] * len(tokens),
        words=[_read_cell(token["orth"]) for token in tokens],
        tags=[[_read_cell(token.get("ner")) for token in tokens]] if task == "ner" else [],
        pos=[_read_cell(token.get("tag")) for token in tokens]
        if any("tag" in t for t in tokens)
        else [],
    )


def _read_cell(value: object) -> str:
    """Return a token's word or tag, empty where it is null."""
    return "" if value is None else str(value)


def _fill_training_gaps(tables: Sequence[Table], paragraph: Mapping[str, Any], line: int) -> None:
    """Fill in the text of each sentence of a paragraph, and the white space after it, where the paragraph has them."""
    text = _read_training_text(paragraph)
    rows = [[word.strip() for word in table.words if word.strip()] for table in tables]
    if text is None or not any(rows):
        return
    found = find_gaps([word for words in rows for word in words], text)
    if found is None:
        tables[0].problems.append(Problem("text that does not fit the words, not used", line))
        return
    lead, gaps = found[0], iter(found[1])
    filled = [(table, words) for table, words in zip(tables, rows, strict=True) if words]
    for table, words in filled:
        after = [next(gaps) for _ in words]
        table.text = lead + "".join(word + gap for word, gap in zip(words, after, strict=True))
        table.gaps = [after[-1]] * len(table.words)
        lead = ""
    if not found[1][-1]:  # nothing is known of what is between paragraphs
        filled[-1][0].gaps = []


def _read_training_text(paragraph: Mapping[str, Any]) -> str | None:
    """Return the text of a paragraph, or None if it is not known; spaCy writes null then, and spaces everywhere."""
    raw = paragraph.get("raw")
    if isinstance(raw, str):
        return raw
    tokens = [token for sentence in paragraph["sentences"] for token in sentence["tokens"]]
    is_known = all("space" in token for token in tokens)
    if not is_known or ("raw" in paragraph and all(token["space"] for token in tokens)):
        return None
    return "".join(_read_cell(token["orth"]) + (" " if token["space"] else "") for token in tokens)


class DocBinWriter:
    """Writes ``NAME.spacy``, or ``NAME-00000.spacy`` and so on."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._n_shards = 0
        self._n_words = 0
        self._docbin = self._new_docbin()

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - a writer's interface
        """Take one document."""
        self._docbin.add(doc)
        self._n_words += len(doc)
        if self._target.shard_words and self._n_words >= self._target.shard_words:
            self._flush()

    def close(self) -> None:
        """Write what is left; a single shard gets the plain name."""
        if self._n_words or not self._n_shards:
            self._flush()
        if self._n_shards == 1:
            self._path(0).rename(self._target.path)

    def _flush(self) -> None:
        self._docbin.to_disk(self._path(self._n_shards))
        self._docbin = self._new_docbin()
        self._n_shards += 1
        self._n_words = 0

    def _path(self, number: int) -> Path:
        return self._target.folder / f"{self._target.part}-{number:05}.spacy"

    @staticmethod
    def _new_docbin() -> DocBin:
        return DocBin(attrs=ATTRIBUTES, store_user_data=True)


def name_part(file: Path, siblings: Collection[str]) -> str:
    """Return the part that a file holds: it is a shard of one if the first shard is beside it."""
    shard = _SHARD.fullmatch(file.stem)
    if shard and f"{shard[1]}-00000.spacy" in siblings:
        return shard[1]
    return file.stem


SPACY: Final = Format(
    name="spacy",
    suffixes=(".spacy",),
    open_files=open_docbins,
    name_part=name_part,
    written_suffixes=(".spacy",),
    open_writer=DocBinWriter,
)
