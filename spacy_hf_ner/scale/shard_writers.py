"""What a shard is written as: a row of parquet for each document or entity, JSON, or Docs.

A writer is asked at the end which documents are in its file: what was meant to be written is not
yet written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from spacy.tokens import Doc, Span

from spacy_hf_ner.corpus import writing
from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.formats.hf_datasets import import_arrow
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME
from spacy_hf_ner.corpus.text_input import PlainText
from spacy_hf_ner.corpus.writing import DocWriter, find_written_format
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.pipe.annotation import get_score
from spacy_hf_ner.pipe.found_entities import describe_entities
from spacy_hf_ner.scale.annotate_settings import ENTITIES, PARQUET, AnnotateSettings

__all__ = [
    "ShardWriter",
    "describe_entity",
    "find_shard_suffix",
    "list_shard_formats",
    "open_shard_writer",
    "read_parquet_ids",
    "write_error_table",
]

JSON_LINES: Final = "jsonl"
BATCH: Final = 1_000  # rows that are written at once

# As many entities are dates of one format as there are names of streets: zstd packs what repeats.
COMPRESSION: Final = "zstd"


class ShardWriter(Protocol):
    """Takes the documents of a shard, one after the other."""

    def write(self, text_id: str, text: PlainText, doc: Doc, entities: Sequence[Span]) -> None:
        """Take a document with its entities."""


def list_shard_formats() -> list[str]:
    """Return what the files of a folder can be: parquet, lines of JSON, or what convert writes."""
    _, *written = writing.list_written_formats()
    return [PARQUET, JSON_LINES, *written]


def find_shard_suffix(settings: AnnotateSettings) -> str:
    """Return the ending of a shard's file.

    Raises:
        ConfigError: There is no such format.
    """
    name = settings.output_format
    if name in {PARQUET, JSON_LINES}:
        return f".{name}"
    if name not in list_shard_formats():
        raise ConfigError(
            f"output_format must be one of {', '.join(list_shard_formats())}, got {name!r}.",
            settings=("output_format",),
        )
    return find_written_format("", name).written_suffixes[0]


@contextmanager
def open_shard_writer(
    path: Path, settings: AnnotateSettings, *, scores_key: str, kept_types: Mapping[str, Any]
) -> Iterator[ShardWriter]:
    """Give a writer of a shard's file.

    Args:
        path: The file.
        settings: Its format, and what is kept.
        scores_key: The span group that has scores; empty where there are none.
        kept_types: The Arrow types of the columns that are kept, where the input has any.

    Raises:
        MissingExtraError: The format needs a library that is not installed.
    """
    name = settings.output_format
    if name == PARQUET:
        with _open_parquet(path, settings, kept_types) as writer:
            yield writer
    elif name == JSON_LINES:
        with path.open("w", encoding="utf8", newline="\n") as file:
            yield _JsonWriter(file)
    else:
        target = Target(
            folder=path.parent,
            part=path.stem,
            suffix=path.suffix,
            scheme=DEFAULT_SCHEME,
            spans_key=scores_key,
            is_predicted=True,
        )
        with closing(writing.open_writer(target, name)) as writer_of_docs:
            yield _DocWriter(DocWriter(writer_of_docs, scores_key))
            writer_of_docs.finish()


class _JsonWriter:
    """Writes a line of JSON for each document, which ``hf-ner convert`` reads, too."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text_id: str, text: PlainText, doc: Doc, entities: Sequence[Span]) -> None:
        """Write the line of a document."""
        record = {
            "id": text_id,
            **text.kept,
            "text": doc.text,
            "entities": describe_entities(entities),
        }
        self._file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")


class _DocWriter:
    """Writes Docs that know their document's name."""

    def __init__(self, docs: DocWriter) -> None:
        self._docs = docs

    def write(
        self,
        text_id: str,
        text: PlainText,  # noqa: ARG002 - as all writers
        doc: Doc,
        entities: Sequence[Span],  # noqa: ARG002
    ) -> None:
        """Write the Doc of a document."""
        doc.user_data["document_id"] = text_id
        self._docs.add(doc)


@contextmanager
def _open_parquet(
    path: Path, settings: AnnotateSettings, kept_types: Mapping[str, Any]
) -> Iterator["_ParquetWriter"]:
    arrow = import_arrow(purpose=f"writing {path.name}")
    kept: list[Any] = []
    for name in settings.columns.kept:
        kept.append(arrow.field(name, kept_types.get(name, arrow.string())))
    entity = [
        arrow.field("start_char", arrow.int32()),
        arrow.field("end_char", arrow.int32()),
        arrow.field("label", arrow.string()),
        arrow.field("score", arrow.float64()),
        arrow.field("text", arrow.string()),
    ]
    is_row_an_entity = settings.rows == ENTITIES
    found = (
        entity if is_row_an_entity else [arrow.field("entities", arrow.list_(arrow.struct(entity)))]
    )
    schema = arrow.schema([arrow.field("id", arrow.string()), *kept, *found])
    are_texts = [name for name in settings.columns.kept if name not in kept_types]
    with arrow.parquet.ParquetWriter(path, schema, compression=COMPRESSION) as file:
        writer = _ParquetWriter(arrow, file, schema, are_texts, is_row_an_entity=is_row_an_entity)
        yield writer
        writer.flush()


class _ParquetWriter:
    """Writes rows of a table, a thousand at a time."""

    def __init__(
        self,
        arrow: Any,  # noqa: ANN401 - the module
        file: Any,  # noqa: ANN401 - pyarrow has no types
        schema: Any,  # noqa: ANN401
        are_texts: Sequence[str],
        *,
        is_row_an_entity: bool,
    ) -> None:
        self._arrow = arrow
        self._file = file
        self._schema = schema
        self._are_texts = are_texts
        self._is_row_an_entity = is_row_an_entity
        self._rows: list[dict[str, Any]] = []

    def write(self, text_id: str, text: PlainText, doc: Doc, entities: Sequence[Span]) -> None:  # noqa: ARG002 - as all writers
        """Write the rows of a document."""
        row = {"id": text_id, **text.kept}
        for name in self._are_texts:
            row[name] = _write_as_text(row[name])
        described = list(map(describe_entity, entities))
        if self._is_row_an_entity:
            self._rows.extend({**row, **entity} for entity in described)
        else:
            self._rows.append({**row, "entities": described})
        if len(self._rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def describe_entity(entity: Span) -> dict[str, Any]:
    """Return an entity as a row of parquet has it."""
    return {
        "start_char": entity.start_char,
        "end_char": entity.end_char,
        "label": entity.label_,
        "score": get_score(entity),
        "text": entity.text,
    }


def _write_as_text(value: object) -> str | None:
    """Return a value of JSON as text: values of one field need not be of one type."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def read_parquet_ids(path: Path) -> list[str]:
    """Return the ids in a parquet file, in order."""
    arrow = import_arrow(purpose=f"reading {path.name}")
    ids: list[str] = arrow.parquet.read_table(path, columns=["id"])["id"].to_pylist()
    return ids


def write_error_table(path: Path, errors: Sequence[Mapping[str, str]]) -> None:
    """Write a parquet file with a row for each text that was set aside: id, place and reason."""
    arrow = import_arrow(purpose=f"writing {path.name}")
    schema = arrow.schema([(name, arrow.string()) for name in ("id", "place", "reason")])
    table = arrow.Table.from_pylist(list(errors), schema=schema)
    arrow.parquet.write_table(table, path, compression=COMPRESSION)
