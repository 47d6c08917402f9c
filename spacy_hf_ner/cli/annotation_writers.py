"""What ``annotate`` writes: a record for each text, in the format that is asked for.

Lines of JSON of our own are made by a function from a text to a value that JSON has, and a line in
``DESCRIBERS``. All other formats are those of ``hf-ner convert``.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_hf_ner.core.replacing import add_to_folder, replace_file
from spacy_hf_ner.corpus import writing
from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.plain_texts import PlainText
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME
from spacy_hf_ner.corpus.writing import (
    DocWriter,
    find_written_format,
    list_written_formats,
    write_docs,
)
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import get_score
from spacy_hf_ner.pipe.found_entities import describe_entities
from spacy_hf_ner.pipe.tag_scores import find_scored_targets, find_tag_score
from spacy_hf_ner.pipe.text_stream import AnnotatedText
from spacy_hf_ner.pipe.token_attributes import get_attribute

__all__ = [
    "Annotated",
    "TextWriter",
    "list_formats",
    "open_writer",
    "replace_halves",
]

Annotated = AnnotatedText[PlainText]

LINES: Final = "jsonl"
SPACY: Final = "spacy"
SHARD_WORDS: Final = 500_000  # in one .spacy file of a folder


class TextWriter(Protocol):
    """Takes what became of texts, one after the other."""

    def write(self, annotated: Annotated, entities: Sequence[Span]) -> None:
        """Take a text with its entities; there are none if it failed."""


def describe_text(annotated: Annotated, entities: Sequence[Span]) -> dict[str, Any]:
    """Return a text with its entities as a record that ``hf-ner convert`` reads, too."""
    source = annotated.source
    record: dict[str, Any] = {"index": annotated.index}
    if source.text_id:
        record["id"] = source.text_id
    record["text"] = annotated.text
    if annotated.error:
        record["error"] = annotated.error
    record["entities"] = describe_entities(entities)
    tokens = describe_tokens(annotated.doc)
    if tokens:
        record["tokens"] = tokens
    return record


def describe_tokens(doc: Doc | None) -> list[dict[str, Any]]:
    """Return the labels of each token that hf_tagger gave one, with their scores; none without."""
    if doc is None:
        return []
    attributes = [get_attribute(target) for target in find_scored_targets(doc)]
    described: list[dict[str, Any]] = []
    for token in doc:
        if not attributes or token.is_space:
            continue
        record: dict[str, Any] = {"start": token.idx, "end": token.idx + len(token)}
        for attribute in attributes:
            record[attribute.name] = attribute.read(token)
            record[attribute.score_name] = find_tag_score(token, attribute=attribute)
        described.append(record)
    return described


def describe_as_hf(_annotated: Annotated, entities: Sequence[Span]) -> list[dict[str, Any]]:
    """Return the entities as Hugging Face's token-classification pipeline does."""
    return [
        {
            "entity_group": span.label_,
            "score": get_score(span),
            "word": span.text,
            "start": span.start_char,
            "end": span.end_char,
        }
        for span in entities
    ]


Describe = Callable[[Annotated, Sequence[Span]], Any]

DESCRIBERS: Final[Mapping[str, Describe]] = {LINES: describe_text, "hf": describe_as_hf}


def list_formats() -> list[str]:
    """Return what ``--output-format`` may be: lines of our own, or what ``convert`` writes."""
    _, *written = list_written_formats()
    return [*DESCRIBERS, *written]


@contextmanager
def open_writer(
    output: Path | None, format_name: str | None, *, spans_key: str, stdout: TextIO
) -> Iterator[TextWriter]:
    """Give a writer of a file or a folder, which appears whole at the end, or not at all.

    Args:
        output: A file; a folder for shards of ``.spacy``; None for stdout.
        format_name: The format; None for what the ending of the file says.
        spans_key: The span group of Docs that holds their entities, or empty for ``doc.ents``.
        stdout: Where lines go without a file.

    Raises:
        ConfigError: There is no such format, or it cannot be written there.
        OutputError: The output cannot be written. What was there stays.
    """
    is_folder = output is not None and (output.is_dir() or not output.suffix)
    name = format_name or _guess_format(output, is_folder=is_folder)
    if name not in list_formats():
        raise ConfigError(
            f"output_format must be one of {', '.join(list_formats())}, got {name!r}.",
            settings=("output_format",),
        )
    if name in DESCRIBERS:
        with _open_lines(output, stdout) as file:
            yield _LineWriter(file, DESCRIBERS[name])
        return
    if output is None:
        raise ConfigError(
            f'OUTPUT must be given with output_format = "{name}": only lines of JSON can go to '
            "stdout.",
            settings=("output_format",),
        )
    if is_folder:
        with _open_shards(output, name, spans_key) as writer:
            yield writer
    else:
        with write_docs(output, format_name=name, spans_key=spans_key, is_predicted=True) as docs:
            yield _DocWriter(docs)


def _guess_format(output: Path | None, *, is_folder: bool) -> str:
    """Return the format that the ending of a file says; a folder is for shards of .spacy."""
    if output is None or output.suffix == ".jsonl":
        return LINES
    if is_folder:
        return SPACY
    return find_written_format(output.suffix).name


@contextmanager
def _open_lines(output: Path | None, stdout: TextIO) -> Iterator[TextIO]:
    if output is None:
        yield stdout
        return
    if output.is_dir():
        raise ConfigError(f"expected OUTPUT to be a file for lines of JSON, got a folder: {output}")
    with replace_file(output) as fresh, fresh.open("w", encoding="utf8", newline="\n") as file:
        yield file


@contextmanager
def _open_shards(folder: Path, format_name: str, spans_key: str) -> Iterator["_DocWriter"]:
    """Give a writer of Docs in several files of a folder, as many as they need."""
    written = find_written_format("", format_name)
    with add_to_folder(folder) as fresh:
        target = Target(
            folder=fresh,
            part=folder.name,
            suffix=written.written_suffixes[0],
            scheme=DEFAULT_SCHEME,
            shard_words=SHARD_WORDS,
            spans_key=spans_key,
            is_predicted=True,
        )
        with closing(writing.open_writer(target, format_name)) as writer:
            yield _DocWriter(DocWriter(writer, spans_key))
            writer.finish()


class _LineWriter:
    """Writes a line of JSON for each text.

    Args:
        file: What is written to.
        describe: Returns a text with its entities as a value that JSON has.
    """

    def __init__(self, file: TextIO, describe: Describe) -> None:
        self._file = file
        self._describe = describe

    def write(self, annotated: Annotated, entities: Sequence[Span]) -> None:
        """Write the line of a text."""
        line = json.dumps(self._describe(annotated, entities), ensure_ascii=False)
        self._file.write(replace_halves(line) + "\n")
        self._file.flush()  # somebody may read along


class _DocWriter:
    """Writes Docs; a text that failed is a Doc without annotation."""

    def __init__(self, docs: DocWriter) -> None:
        self._docs = docs

    def write(self, annotated: Annotated, entities: Sequence[Span]) -> None:  # noqa: ARG002 - they are in the Doc
        """Write the Doc of a text."""
        doc = annotated.doc
        if doc is None:
            doc = Doc(Vocab(), words=[replace_halves(annotated.text)], spaces=[False])
            doc.user_data["error"] = annotated.error
        self._docs.add(doc)


def replace_halves(text: str) -> str:
    """Return a text that can be written as UTF-8: without halves of characters."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
