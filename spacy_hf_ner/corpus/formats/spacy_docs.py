"""spaCy's own forms: ``.spacy`` files, Docs as JSON, and the JSON that spaCy 2 was trained with."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.docs import CHUNKS_KEY, LAYERS_KEY
from spacy_hf_ner.corpus.layout import Task
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.table import Table
from spacy_hf_ner.errors import CorpusError

DEFAULT_SCHEME = "IOB2"  # of Docs that nobody says came from tags


def open_docbin(path: Path, options: ReadOptions) -> Source:
    """Return a ``.spacy`` file as a source.

    Raises:
        CorpusError: The file is not one that spaCy wrote.
    """
    try:
        docbin = DocBin(store_user_data=True).from_disk(path)
    except Exception as error:  # zlib, msgpack and spaCy raise what they like
        raise CorpusError(f"{path}: expected a .spacy file, got something else ({error}).") from error
    vocab = Vocab()
    return open_docs(lambda: docbin.get_docs(vocab), name=str(path), format_name="spacy", task=options.columns.task)


def open_docs(read: Callable[[], Iterator[Doc]], *, name: str, format_name: str, task: Task = "ner") -> Source:
    """Return Docs as a source."""
    schemes = {str(doc.user_data.get("scheme", "")) for doc in read()} - {""}
    return Source(
        name=name,
        format=format_name,
        read=lambda: (sentence for doc in read() for sentence in read_doc(doc)),
        has_documents=True,
        scheme=schemes.pop() if len(schemes) == 1 else DEFAULT_SCHEME,
        description="" if task == "ner" else f"for the task {task}",
    )


def read_doc(doc: Doc) -> Iterator[Sentence]:
    """Yield the sentences of a Doc, or all of it as one if it has no sentence boundaries.

    Tokens of white space are no words: they become the white space after the word before them.
    """
    is_bounded = len(doc) < 2 or doc.has_annotation("SENT_START")  # noqa: PLR2004 - spaCy calls one token a sentence
    parts = list(doc.sents) if is_bounded and len(doc) else [doc[:]]
    names = doc.user_data.get("sentence_ids", [])
    for i, part in enumerate(parts):
        yield _read_part(
            part,
            is_bounded=is_bounded,
            starts_document=i == 0,
            sentence_id=str(names[i]) if i < len(names) else "",
        )


def _read_part(part: Span, *, is_bounded: bool, starts_document: bool, sentence_id: str) -> Sentence:
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

    def move(spans: Iterator[Span]) -> tuple[TokenSpan, ...]:
        inside = [s for s in spans if part.start <= s.start and s.end <= part.end and places[s.start] < places[s.end]]
        return tuple(TokenSpan(places[s.start], places[s.end], s.label_) for s in inside)

    is_tagged = doc.has_annotation("TAG")
    return Sentence(
        words=tuple(words),
        spans=move(iter(doc.ents)),
        layers=move(iter(doc.spans.get(LAYERS_KEY, ()))),
        chunks=move(iter(doc.spans.get(CHUNKS_KEY, ()))),
        missing=tuple(places[t.i] for t in part if t.ent_iob == 0 and not t.text.isspace()),
        gaps=() if doc.has_unknown_spaces else tuple(gaps),
        lead=lead,
        starts_document=starts_document,
        is_bounded=is_bounded,
        sentence_id=sentence_id,
        document_id=str(doc.user_data.get("document_id", "")) if starts_document else "",
        pos=tuple(token.tag_ for token in part if not token.text.isspace()) if is_tagged else (),
    )


def is_doc_json(record: Mapping[str, Any]) -> bool:
    """Tell whether a record is what ``Doc.to_json`` gives."""
    return "text" in record and "tokens" in record and "ents" in record


def read_doc_json(record: Mapping[str, Any], source: str, line: int) -> Iterator[Doc]:
    """Yield the Doc of a record.

    Raises:
        CorpusError: spaCy cannot make a Doc of it.
    """
    try:
        yield Doc(Vocab()).from_json(dict(record), validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{source}:{line}: expected a Doc as JSON, got something else ({error}).") from error


def read_training_tables(record: Mapping[str, Any], source: str, line: int) -> Iterator[Table]:
    """Yield the sentences of a document in the JSON that spaCy 2 was trained with.

    Raises:
        CorpusError: The document has another form.
    """
    try:
        starts = True
        for paragraph in record["paragraphs"]:
            for sentence in paragraph["sentences"]:
                tokens = sentence["tokens"]
                yield Table(
                    lines=[line] * len(tokens),
                    words=[str(token["orth"]) for token in tokens],
                    tags=[[str(token.get("ner", "")) for token in tokens]],
                    pos=[str(token.get("tag", "")) for token in tokens] if any("tag" in t for t in tokens) else [],
                    starts_document=starts,
                    document_id=str(record.get("id", "")) if starts else "",
                )
                starts = False
    except (KeyError, TypeError) as error:
        raise CorpusError(
            f"{source}:{line}: expected paragraphs of sentences of tokens with 'orth' and 'ner', got something else "
            f"({type(error).__name__}: {error})."
        ) from error
