"""spaCy's own forms: ``.spacy`` files, Docs as JSON, and the JSON that spaCy 2 was trained with."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from spacy.tokens import Doc, DocBin, Span, SpanGroup, Token
from spacy.util import filter_spans
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.universal import NO_FEATURES
from spacy_hf_ner.corpus.columns import Task
from spacy_hf_ner.corpus.docbins import read_docbin
from spacy_hf_ner.corpus.docs import (
    CHUNKS_KEY,
    LAYERS_KEY,
    LEVEL_KEY,
    META_KEY,
    REJECTED_KEY,
    SCORES_KEY,
)
from spacy_hf_ner.corpus.foreign import translate_errors
from spacy_hf_ner.corpus.format import Format, Target
from spacy_hf_ner.corpus.records import read_id
from spacy_hf_ner.corpus.sentence import Problem, Sentence, find_gaps
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, JOINING_SCHEMES
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = [
    "MAX_DOCBIN_WORDS",
    "SHARD_WORDS",
    "SPACY",
    "explain_too_large",
    "is_doc_json",
    "open_docbins",
    "open_docs",
    "read_doc",
    "read_doc_json",
    "read_training_tables",
]

ATTRIBUTES: Final = ("ENT_IOB", "ENT_TYPE", "SENT_START", "TAG", "POS", "MORPH")
KEPT_KEYS: Final = (LAYERS_KEY, CHUNKS_KEY, REJECTED_KEY)  # of doc.spans
# What this package writes to doc.user_data.
USER_DATA_KEYS: Final = frozenset({"source", "scheme", "sentence_ids", "document_id", META_KEY})

SHARD_WORDS: Final = 500_000  # in one file of a folder
# In one file: it keeps seven numbers of eight bytes for each token in one value, and msgpack has no
# form for a value of 2**32 bytes.
MAX_DOCBIN_WORDS: Final = 75_000_000

_SHARD = re.compile(r"(.+)-\d{5}")
_LEVEL = re.compile(re.escape(LEVEL_KEY).replace(r"\{\}", r"[1-9]\d*"))


def open_docbins(paths: Sequence[Path], name: str, options: ReadOptions) -> Source:
    """Return several ``.spacy`` files, one after the other, as one source.

    Raises:
        CorpusError: A file is not one that spaCy wrote.
    """
    vocab = Vocab()

    def read_docs() -> Iterator[Doc]:
        for path in paths:
            with translate_errors(str(path), expected="a .spacy file"):
                yield from read_docbin(path).get_docs(vocab)

    def read() -> Iterator[tuple[int, Doc]]:
        return enumerate(read_docs(), start=1)

    return open_docs(read, Origin(name, "spacy"), options)


def open_docs(
    read: Callable[[], Iterator[tuple[int, Doc]]], origin: Origin, options: ReadOptions
) -> Source:
    """Return Docs as a source.

    Args:
        read: Returns a new iterator over the Docs, each with its line or number from 1.
        origin: What they are read from.
        options: What the user says about the corpus.

    Raises:
        CorpusError: No Doc has the span group that is named.
    """
    task = options.columns.task
    if options.spans_key:
        _check_spans_key(read(), origin.name, options.spans_key)

    def sentences() -> Iterator[Sentence]:
        for line, doc in read():
            # A damaged Doc shows when its tokens and spans are looked at.
            with translate_errors(f"{origin.name}:{line}", expected="a Doc"):
                found = list(read_doc(doc, line, spans_key=options.spans_key))
            for sentence in found:
                if task == "ner":
                    yield sentence
                else:
                    yield _drop_entities(sentence)

    scheme = _find_scheme(read())
    # IO and bare types would join neighbours of one type.
    if scheme in JOINING_SCHEMES and any(map(_has_neighbours, sentences())):
        scheme = DEFAULT_SCHEME
    if task != "ner":
        origin = origin.describe(f"for the task {task}")
    return Source(origin, sentences, has_documents=True, scheme=scheme)


def _check_spans_key(numbered_docs: Iterable[tuple[int, Doc]], name: str, spans_key: str) -> None:
    """Make sure that some Doc has a span group.

    Raises:
        CorpusError: None has.
    """
    known: set[str] = set()
    for _, doc in numbered_docs:
        if spans_key in doc.spans:
            return
        known.update(doc.spans)
    groups = ", ".join(sorted(known)) or "none"
    raise CorpusError(
        f"{name}: expected Docs with the span group doc.spans[{spans_key!r}], got none with it. "
        f"Span groups found: {groups}. Name one of them with spans_key.",
        settings=("spans_key",),
    )


def _find_scheme(numbered_docs: Iterable[tuple[int, Doc]]) -> str:
    """Return the scheme that the Docs were read in, if that is one for all that know it."""
    schemes: set[str] = set()
    for _, doc in numbered_docs:
        schemes.add(str(doc.user_data.get("scheme", "")))
    schemes.discard("")
    if len(schemes) == 1:
        return schemes.pop()
    return DEFAULT_SCHEME


def _has_neighbours(sentence: Sentence) -> bool:
    """Tell whether two entities of one type touch."""
    for left, right in pairwise(sentence.spans):
        if left.end == right.start and left.entity_type == right.entity_type:
            return True
    return False


def _drop_entities(sentence: Sentence) -> Sentence:
    return replace(sentence, spans=(), layers=(), missing=tuple(range(len(sentence.words))))


def read_doc(doc: Doc, line: int = 1, *, spans_key: str = "") -> Iterator[Sentence]:
    """Yield the sentences of a Doc, or all of it as one if it has no sentence boundaries.

    Tokens of white space are no words: they become the white space after the word before them.
    Sentences that an entity crosses are joined.

    Args:
        doc: The Doc.
        line: Its line in the file, or its number.
        spans_key: The span group that holds the entities, or empty for ``doc.ents``. They may
            overlap, and have scores. Where a Doc lacks the group, it is not annotated.
    """
    # spaCy calls one token a sentence, whether somebody looked for sentences or not.
    is_bounded = len(doc) < 2 or doc.has_annotation("SENT_START")  # noqa: PLR2004
    problems = [Problem(kind, line) for kind in _find_left_out(doc, spans_key)]
    entities = _find_entities(doc, spans_key)
    parts = [(0, doc[:])]
    if is_bounded and len(doc):
        parts, n_joined = _join_sentences(doc, entities)
        kind = "entity or span across the start of a sentence, the sentences joined"
        problems += [Problem(kind, line)] * n_joined
    sentence_ids = doc.user_data.get("sentence_ids", [])
    is_first = True
    for number, part in parts:
        sentence = _read_part(part, entities, line, is_bounded=is_bounded)
        if number < len(sentence_ids):
            sentence = replace(sentence, sentence_id=str(sentence_ids[number]))
        if is_first:
            sentence = replace(
                sentence,
                starts_document=True,
                document_id=str(doc.user_data.get("document_id", "")),
                meta=_read_meta(doc),
                problems=(*problems, *sentence.problems),
            )
            is_first = False
        yield sentence


class _Entities(NamedTuple):
    """The entities of a Doc, as spans.

    Attributes:
        outermost: Those that do not overlap.
        layers: Those of all levels, if there are several.
        scores: A score for each of the layers, or nothing.
        is_annotated: Whether tokens without entities are outside; None to ask each token.
    """

    outermost: Sequence[Span]
    layers: Sequence[Span]
    scores: Sequence[float]
    is_annotated: bool | None


def _find_entities(doc: Doc, spans_key: str) -> _Entities:
    """Return the entities of a Doc: ``doc.ents``, or those of a span group."""
    key = spans_key or LAYERS_KEY
    layers = list(doc.spans.get(key, ()))
    scores: list[float] = []
    if layers:
        scores = _read_scores(doc.spans[key])
    if not spans_key:
        return _Entities(doc.ents, layers, scores, is_annotated=None)
    outermost = filter_spans(layers)
    if len(outermost) == len(layers) and not scores:
        layers = []
    return _Entities(outermost, layers, scores, is_annotated=spans_key in doc.spans)


def _read_scores(group: SpanGroup) -> list[float]:
    """Return the score of each span of a group, or nothing if not all have one."""
    scores = group.attrs.get(SCORES_KEY)
    if not isinstance(scores, list | tuple) or len(scores) != len(group):
        return []
    numbers: list[float] = []
    for score in scores:
        if not isinstance(score, int | float):
            return []
        numbers.append(float(score))
    return numbers


def _read_meta(doc: Doc) -> Mapping[str, Any]:
    meta = doc.user_data.get(META_KEY)
    if isinstance(meta, dict):
        return meta
    return {}


def _find_left_out(doc: Doc, spans_key: str) -> Iterator[str]:
    """Yield what a Doc holds and a sentence does not."""
    if all(token.text.isspace() for token in doc):
        yield "document without words, left out"
        return
    if doc.cats:
        yield "text categories (doc.cats), left out"
    for name in ("LEMMA", "DEP"):
        if doc.has_annotation(name):
            yield f"token annotation {name}, left out"
    if any(entity.kb_id or entity.id for entity in doc.ents):
        yield "ids of entities, left out"
    for key in doc.spans:
        is_kept = key in KEPT_KEYS or _LEVEL.fullmatch(key) is not None
        if not is_kept and key != spans_key:
            yield f"doc.spans[{key!r}], left out"
    if not doc.user_data.keys() <= USER_DATA_KEYS:
        yield "doc.user_data of others, left out"


def _join_sentences(doc: Doc, entities: _Entities) -> tuple[list[tuple[int, Span]], int]:
    """Return the sentences of a Doc with their numbers from 0, and how many were joined for a span.

    A sentence of white space only belongs to the one before it, the first to the one after it::

        sentences  0 "Ed met"   1 "Bo Li." with an entity from "met" to "Bo"    2 " "   3 "Oh!"
        parts      (0, "Ed met Bo Li. ")                                                (3, "Oh!")
    """
    spans = [*entities.outermost, *entities.layers]
    for key in (CHUNKS_KEY, REJECTED_KEY):
        spans += doc.spans.get(key, ())
    crossed: set[int] = set()  # tokens at which a sentence cannot start
    for span in spans:
        crossed.update(range(span.start + 1, span.end))
    parts: list[tuple[int, Span]] = []
    n_joined = 0
    for number, sentence in enumerate(doc.sents):
        if not parts:
            parts.append((number, sentence))
            continue
        first_number, before = parts[-1]
        is_crossed = sentence.start in crossed
        if is_crossed or sentence.text.isspace() or before.text.isspace():
            parts[-1] = (first_number, doc[before.start : sentence.end])
            n_joined += is_crossed
        else:
            parts.append((number, sentence))
    return parts, n_joined


def _read_part(part: Span, entities: _Entities, line: int, *, is_bounded: bool) -> Sentence:
    """Return the words and spans of a part of a Doc as a sentence."""
    doc = part.doc
    words = _read_words(part)

    def move(group: Iterable[Span]) -> tuple[list[TokenSpan], list[Problem]]:
        return _move_to_words(group, part, words.word_of_token, line)

    spans, of_spans = move(entities.outermost)
    layers, of_layers = move(entities.layers)
    rejected, of_rejected = move(doc.spans.get(REJECTED_KEY, ()))
    chunks, of_chunks = move(doc.spans.get(CHUNKS_KEY, ()))
    levels: list[tuple[TokenSpan, ...]] = []
    while LEVEL_KEY.format(len(levels) + 1) in doc.spans:
        # What is wrong with them is wrong with the layers, too, and counted there.
        level, _ = move(doc.spans[LEVEL_KEY.format(len(levels) + 1)])
        levels.append(tuple(level))
    missing = words.missing
    if entities.is_annotated is not None:
        # Tokens know of doc.ents only.
        missing = _find_missing(words.words, spans, layers, is_annotated=entities.is_annotated)
    return Sentence(
        words=tuple(words.words),
        spans=tuple(spans),
        layers=tuple(layers),
        levels=tuple(levels),
        rejected=tuple(rejected),
        scores=_move_scores(entities, move),
        chunks=tuple(chunks),
        has_chunks=CHUNKS_KEY in doc.spans,
        missing=tuple(missing),
        gaps=() if doc.has_unknown_spaces else tuple(words.gaps),
        lead=words.lead,
        is_bounded=is_bounded,
        pos=tuple(words.pos) if doc.has_annotation("TAG") else (),
        upos=tuple(words.upos) if doc.has_annotation("POS") else (),
        feats=tuple(words.feats) if doc.has_annotation("MORPH") else (),
        problems=(*of_spans, *of_layers, *of_rejected, *of_chunks),
        line=line,
    )


class _PartWords(NamedTuple):
    """The words of a part of a Doc, which are the tokens that are not white space."""

    words: list[str]
    pos: list[str]
    upos: list[str]
    feats: list[str]
    missing: list[int]
    gaps: list[str]
    lead: str
    word_of_token: dict[int, int]


def _read_words(part: Span) -> _PartWords:
    """Return the words of a part of a Doc.

    White space that is a token moves into the gap before it::

        tokens         "Oh" " "  "no" "!"
        word of token   0    1    1    2   and 3 at the end
        gaps           "  "       ""  ""
    """
    words: list[str] = []
    pos: list[str] = []
    upos: list[str] = []
    feats: list[str] = []
    missing: list[int] = []
    gaps: list[str] = []
    lead = ""
    word_of_token: dict[int, int] = {}
    for token in part:
        word_of_token[token.i] = len(words)
        text = token.text
        if not text.isspace():
            if token.ent_iob == 0:
                missing.append(len(words))
            words.append(text)
            pos.append(token.tag_)
            upos.append(token.pos_)
            feats.append(_read_features(token))
            gaps.append(token.whitespace_)
        elif gaps:
            gaps[-1] += token.text_with_ws
        else:
            lead += token.text_with_ws
    word_of_token[part.end] = len(words)
    return _PartWords(words, pos, upos, feats, missing, gaps, lead, word_of_token)


def _read_features(token: Token) -> str:
    """Return the features of a token; nothing where they are missing."""
    if not token.has_morph():
        return ""
    return str(token.morph) or NO_FEATURES


def _find_missing(
    words: Sequence[str],
    spans: Iterable[TokenSpan],
    layers: Iterable[TokenSpan],
    *,
    is_annotated: bool,
) -> list[int]:
    """Return the words that are not annotated: all, or those of spans that have no place."""
    missing: set[int] = set()
    if not is_annotated:
        missing.update(range(len(words)))
    for span in layers:
        missing.update(range(span.start, span.end))
    for span in spans:
        missing.difference_update(range(span.start, span.end))
    return sorted(missing)


def _move_scores(
    entities: _Entities, move: Callable[[Iterable[Span]], tuple[list[TokenSpan], list[Problem]]]
) -> dict[TokenSpan, float]:
    """Return the scores of the entities of a part, over its words."""
    scores: dict[TokenSpan, float] = {}
    for span, score in zip(entities.layers, entities.scores, strict=False):
        moved, _ = move([span])
        for token_span in moved:
            scores[token_span] = score
    return scores


def _move_to_words(
    spans: Iterable[Span], part: Span, word_of_token: Mapping[int, int], line: int
) -> tuple[list[TokenSpan], list[Problem]]:
    """Return the spans in a part of a Doc over its words, and what white space did to them."""
    moved: list[TokenSpan] = []
    problems: list[Problem] = []
    for span in spans:
        if span.start < part.start or span.end > part.end:
            continue
        start = word_of_token[span.start]
        end = word_of_token[span.end]
        if start == end:
            problems.append(Problem("entity of white space only, left out", line))
            continue
        if span[0].text.isspace() or span[-1].text.isspace():
            problems.append(Problem("white space at the border of an entity, trimmed", line))
        moved.append(TokenSpan(start, end, span.label_))
    return moved, problems


def is_doc_json(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is what ``Doc.to_json`` gives."""
    return "text" in record and "tokens" in record and "ents" in record


def read_doc_json(record: Mapping[str, Any], source: str, line: int) -> Iterator[tuple[int, Doc]]:
    """Yield the Doc of a record, with its line.

    Raises:
        CorpusError: spaCy cannot make a Doc of it.
    """
    with translate_errors(f"{source}:{line}", expected="a Doc as JSON"):
        yield line, Doc(Vocab()).from_json(dict(record), validate=True)


def read_training_tables(
    record: Mapping[str, Any], source: str, line: int, *, task: Task = "ner"
) -> Iterator[Table]:
    """Yield the sentences of a document in the JSON that spaCy 2 was trained with.

    They have the white space that the document knows.

    Args:
        record: The document.
        source: The file's name, for messages.
        line: The line on which it begins.
        task: What is read: entities with parts of speech, or these alone.

    Raises:
        CorpusError: The document has another form.
    """
    try:
        document_id = read_id(record, "id")
        is_first = True
        for paragraph in record["paragraphs"]:
            for table in _read_paragraph(paragraph, line, task):
                if is_first:
                    table.starts_document = True
                    table.document_id = document_id
                    is_first = False
                yield table
    except (KeyError, TypeError) as error:
        raise CorpusError(
            f"{source}:{line}: expected paragraphs of sentences of tokens with 'orth' and 'ner', "
            f"got something else ({type(error).__name__}: {error})."
        ) from error


def _read_paragraph(paragraph: Mapping[str, Any], line: int, task: Task) -> list[Table]:
    tables: list[Table] = []
    for sentence in paragraph["sentences"]:
        if sentence["tokens"]:
            tables.append(_read_training_sentence(sentence["tokens"], line, task))
    _fill_training_gaps(tables, paragraph, line)
    return tables


def _read_training_sentence(tokens: Sequence[Mapping[str, Any]], line: int, task: Task) -> Table:
    words: list[str] = []
    tags: list[str] = []
    pos: list[str] = []
    has_pos = False
    for token in tokens:
        words.append(_read_cell(token["orth"]))
        tags.append(_read_cell(token.get("ner")))
        pos.append(_read_cell(token.get("tag")))
        has_pos |= "tag" in token
    return Table(
        lines=[line] * len(tokens),
        words=words,
        tags=[tags] if task == "ner" else [],
        pos=pos if has_pos else [],
    )


def _read_cell(value: object) -> str:
    """Return a token's word or tag, empty where it is null."""
    if value is None:
        return ""
    return str(value)


def _fill_training_gaps(tables: Sequence[Table], paragraph: Mapping[str, Any], line: int) -> None:
    """Fill in the text of each sentence of a paragraph and the white space after it, if known."""
    text = _read_training_text(paragraph)
    filled: list[tuple[Table, list[str]]] = []  # the tables that have words, and these
    all_words: list[str] = []
    for table in tables:
        words = list(filter(None, map(str.strip, table.words)))
        if words:
            filled.append((table, words))
            all_words += words
    if text is None or not filled:
        return
    found = find_gaps(all_words, text)
    if found is None:
        tables[0].problems.append(Problem("text that does not fit the words, not used", line))
        return
    lead, all_gaps = found
    first = 0
    for table, words in filled:
        gaps = all_gaps[first : first + len(words)]
        table.text = lead
        for word, gap in zip(words, gaps, strict=True):
            table.text += word + gap
        # Only the last of them counts: the others are found again in the text.
        table.gaps = [gaps[-1]] * len(table.words)
        lead = ""
        first += len(words)
    if not all_gaps[-1]:
        last_table, _ = filled[-1]
        last_table.gaps = []  # nothing is known of what is between paragraphs


def _read_training_text(paragraph: Mapping[str, Any]) -> str | None:
    """Return the text of a paragraph, or None if it is not known.

    spaCy writes null as the text of those, and a space after each token.
    """
    raw = paragraph.get("raw")
    if isinstance(raw, str):
        return raw
    text = ""
    is_made_up = "raw" in paragraph
    for sentence in paragraph["sentences"]:
        for token in sentence["tokens"]:
            if "space" not in token:
                return None
            is_made_up = is_made_up and bool(token["space"])
            text += _read_cell(token["orth"])
            if token["space"]:
                text += " "
    if is_made_up:
        return None
    return text


def explain_too_large(name: str) -> str:
    """Return why a corpus cannot be one ``.spacy`` file, and what to do instead."""
    return (
        f"{name}: expected at most {MAX_DOCBIN_WORDS:,} words for one .spacy file, got more: "
        "spaCy could not write it. Name a folder as OUTPUT, which takes files of "
        f"{SHARD_WORDS:,} words each."
    )


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
        if self._n_words > MAX_DOCBIN_WORDS:
            raise ConfigError(explain_too_large(self._target.part))
        if self._target.shard_words and self._n_words >= self._target.shard_words:
            self._flush()

    def finish(self) -> None:
        """Write what is left; a single shard gets the plain name."""
        if self._n_words or not self._n_shards:
            self._flush()
        if self._n_shards == 1:
            self._path(0).rename(self._target.path)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

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
