"""Hugging Face data sets: from the hub, saved on disk, or as parquet and arrow files."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spacy.tokens import Doc

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.arrow_sizes import count_unpacked_bytes
from spacy_hf_ner.corpus.foreign import translate_errors
from spacy_hf_ner.corpus.format import Format, Target
from spacy_hf_ner.corpus.json_values import FoundRecord
from spacy_hf_ner.corpus.record_forms import open_records
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, write_cells, write_sentence_tags
from spacy_hf_ner.corpus.visible import list_visible
from spacy_hf_ner.errors import CorpusError, MissingExtraError

PREFIX: Final = "hf:"
PARQUET: Final = "refs/convert/parquet"  # the hub's own copy of a data set, without a script
SAVED_FILES: Final = ("dataset_dict.json", "state.json")  # that save_to_disk writes
UNNAMED: Final = "unnamed"  # documents without an id are unnamed-1, unnamed-2 and so on
BATCH: Final = 1_000  # records that are read or written at once
FEW_VALUES: Final = 1_000_000  # of a column: they fit into any memory
MAX_VALUES_PER_BYTE: Final = 100  # of a file; words that differ need at least a few bits each
FEW_BYTES: Final = 100_000_000  # unpacked: they fit into any memory
MAX_UNPACKED_PER_BYTE: Final = 100  # of a file; texts become a tenth as long

_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?")

# Data sets that are published as a script, which `datasets` no longer runs, by their short names:
# the hub has a copy of each without one.
SCRIPTED: Final[Mapping[str, str]] = {
    "conll2000": "eriktks/conll2000",
    "conll2002": "eriktks/conll2002",
    "conll2003": "eriktks/conll2003",
    "conllpp": "ZihanWangKi/conllpp",
    "germeval_14": "GermanEval/germeval_14",
    "ncbi_disease": "ncbi/ncbi_disease",
    "wnut_17": "leondz/wnut_17",
}


@dataclass(frozen=True, slots=True)
class HubName:
    """A data set on the hub: ``NAME``, ``NAME:CONFIG``, ``@REVISION``: ``hf:conll2002:es@main``."""

    name: str
    config: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        text = f"{PREFIX}{self.name}"
        if self.config:
            text += f":{self.config}"
        if self.revision and self.name not in SCRIPTED.values():
            text += f"@{self.revision}"
        return text


def parse_hub_name(text: str) -> HubName:
    """Return the data set that a name means; known script data sets become their parquet copies.

    >>> parse_hub_name("hf:conll2002:es")
    HubName(name='eriktks/conll2002', config='es', revision='refs/convert/parquet')
    """
    rest, _, revision = text.removeprefix(PREFIX).partition("@")
    name, _, config = rest.partition(":")
    name = SCRIPTED.get(name, name)
    if not revision and name in SCRIPTED.values():
        revision = PARQUET
    return HubName(name, config or None, revision or None)


def open_hub_dataset(text: str, options: ReadOptions) -> dict[str, Source]:
    """Return the splits of a data set on the hub, or in the hub's local cache, as sources.

    Raises:
        MissingExtraError: The library `datasets` is not installed.
        CorpusError: The data set cannot be had, or is not one of words and tags.
    """
    sources: dict[str, Source] = {}
    for name, split in load_hub_splits(text).items():
        if isinstance(split, list):
            sources[name] = open_parquet(split, f"{text}[{name}]", options)
        else:
            sources[name] = _open_dataset(split, f"{text}[{name}]", options)
    return sources


def load_hub_splits(text: str) -> dict[str, Any]:
    """Return the splits of a data set on the hub, or in the hub's local cache.

    A split is an object of the library `datasets`, or a list of parquet files.

    Raises:
        MissingExtraError: The library `datasets` is not installed.
        CorpusError: The data set cannot be had.
    """
    datasets = import_datasets()
    hub = parse_hub_name(text)
    try:
        if hub.revision == PARQUET:
            return dict(_fetch_parquet(hub, text))
        return dict(datasets.load_dataset(hub.name, hub.config, revision=hub.revision))
    except CorpusError:
        raise
    except Exception as error:  # the hub's client and `datasets` raise what they like
        reason = str(error).strip().partition("\n")[0].removesuffix(".")
        if "script" in reason.lower():
            raise CorpusError(
                f"{text}: expected a data set of plain files, got a script, which 'datasets' does "
                f"not run ({reason}). Most have a copy without: {replace(hub, revision=PARQUET)}"
            ) from error
        raise CorpusError(
            f"{text}: expected a data set on the hub or in its local cache, got "
            f"{type(error).__name__}: {reason}. Check the name, its configuration (hf:NAME:CONFIG) "
            "and the network, or give a local parquet file."
        ) from error


def _fetch_parquet(hub: HubName, text: str) -> dict[str, list[Path]]:
    """Return the files of each split of the hub's own copy; without a network, from its cache.

    The copy is a branch with files ``CONFIG/SPLIT/0000.parquet``. `datasets` would read all
    configurations as one, and knows none of them by its name.

    Raises:
        CorpusError: There is no such configuration, or several and none is named.
    """
    from huggingface_hub import snapshot_download

    parquet_files = [file for file in _list_files(hub) if file.endswith(".parquet")]
    configs = sorted({file.partition("/")[0] for file in parquet_files})
    config = hub.config or ""
    if not config and len(configs) == 1:
        (config,) = configs
    if config not in configs:
        known = ", ".join(configs) or "(none)"
        first, *_ = (*configs, "CONFIG")
        example = replace(hub, config=first)
        raise CorpusError(
            f"{text}: expected the name of a configuration, one of {known}, got "
            f"{config or 'none'}. Name it after a colon: {example}"
        )
    pattern = f"{config}/*"
    folder = snapshot_download(
        hub.name, repo_type="dataset", revision=hub.revision, allow_patterns=pattern
    )
    splits = sorted(filter(Path.is_dir, Path(folder, config).iterdir()))
    splits.sort(key=lambda path: (path.name != "train", path.name != "validation"))
    return {split.name: sorted(split.glob("*.parquet")) for split in splits}


def _list_files(hub: HubName) -> list[str]:
    """Return the files of a data set on the hub; without a network, those in the local cache."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        return list(HfApi().list_repo_files(hub.name, repo_type="dataset", revision=hub.revision))
    except Exception as error:  # noqa: BLE001 - the hub's client raises what it likes
        try:
            found = snapshot_download(
                hub.name, repo_type="dataset", revision=hub.revision, local_files_only=True
            )
        except Exception:  # noqa: BLE001 - the same
            raise error from None
        return [file.relative_to(found).as_posix() for file in Path(found).rglob("*.parquet")]


def open_saved_dataset(path: Path, options: ReadOptions) -> dict[str, Source]:
    """Return the splits of a data set that `save_to_disk` wrote; one alone has its folder's name.

    Raises:
        MissingExtraError: The library `datasets` is not installed.
        CorpusError: The folder holds something else.
    """
    return _open_splits(load_saved_splits(path), str(path), options)


def load_saved_splits(path: Path) -> dict[str, Any]:
    """Return the splits of a data set that `save_to_disk` wrote; one alone has its folder's name.

    Raises:
        MissingExtraError: The library `datasets` is not installed.
        CorpusError: The folder holds something else.
    """
    datasets = import_datasets()
    for file in list_visible(path, "*.arrow"):
        _check_arrow(file)
    with translate_errors(str(path), expected="a folder that save_to_disk wrote"):
        found = datasets.load_from_disk(str(path))
    if not isinstance(found, Mapping):
        found = {path.name: found}
    return dict(found)


def load_splits(name: str) -> dict[str, Any]:
    """Return the splits of what :func:`is_dataset` knows, as :func:`load_hub_splits` does."""
    if name.startswith(PREFIX):
        return load_hub_splits(name)
    return load_saved_splits(Path(name))


def open_data_files(paths: Sequence[Path], name: str, options: ReadOptions) -> Source:
    """Return parquet files, or one arrow file, as a source that is read in batches.

    Raises:
        MissingExtraError: The library `datasets` is not installed.
        CorpusError: A file is not what its name says, or not one of words and tags.
    """
    datasets = import_datasets()
    if paths[0].suffix != ".arrow":
        return open_parquet(paths, name, options)
    (path,) = paths
    _check_arrow(path)
    with translate_errors(name, expected="an arrow file"):
        dataset = datasets.Dataset.from_file(str(path))
    return _open_dataset(dataset, name, options)


def _check_arrow(path: Path) -> None:
    """Make sure that a file can be read: one byte of it that is wrong can end the process.

    Raises:
        CorpusError: It cannot, or it would fill the memory.
    """
    import pyarrow as pa

    with (
        translate_errors(str(path), expected="an arrow file"),
        pa.memory_map(str(path)) as source,
    ):
        _check_unpacked(path, count_unpacked_bytes(pa.ipc.MessageReader.open_stream(source)))
        source.seek(0)
        with pa.ipc.open_stream(source) as reader:
            for batch in reader:
                # Offsets that lie outside of the file, and text that is no UTF-8.
                batch.validate(full=True)


def read_text_column(path: Path, name: str) -> list[str]:
    """Return a column of texts of a parquet file.

    Raises:
        CorpusError: It is no parquet file, or has no such column.
        MissingExtraError: The library `pyarrow` is not installed.
    """
    try:
        from pyarrow.parquet import read_table
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="rewrite", purpose=f"reading {path}") from error
    with translate_errors(str(path), expected=f"a parquet file with a column {name!r}"):
        texts: list[str] = read_table(path, columns=[name])[name].to_pylist()
    return texts


def open_parquet(files: Sequence[Path], name: str, options: ReadOptions) -> Source:
    """Return parquet files with one schema as one source.

    Raises:
        CorpusError: A file is no parquet file, holds much more than its size allows, or is not one
            of words and tags, or of texts.
    """
    from pyarrow.parquet import ParquetFile, read_schema

    for path in files:
        with translate_errors(str(path), expected="a parquet file"):
            _check_size(path)
    with translate_errors(str(files[0]), expected="a parquet file"):
        features = import_datasets().Features.from_arrow_schema(read_schema(files[0]))

    def records() -> Iterator[Mapping[str, Any]]:
        for path in files:
            with (
                translate_errors(str(path), expected="a parquet file"),
                ParquetFile(path) as file,
            ):
                for batch in file.iter_batches(BATCH):
                    # A value that is stored once and repeated counts as often as it is read.
                    _check_unpacked(path, batch.nbytes)
                    batch.validate(full=True)
                    yield from batch.to_pylist()

    return _open_records(records, features, name, options)


def _check_size(path: Path) -> None:
    """Refuse a file that would need much more memory than its size lets anybody expect.

    A column of one value needs no room: 953 bytes may hold 30 million words. Nor does a text that
    repeats itself, when it is compressed.

    Raises:
        CorpusError: It would.
    """
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        # It decodes all values, without keeping them, and raises an error where one is damaged.
        # Without it, asking for the metadata of a damaged column would end the process.
        file.scan_contents()
        metadata = file.metadata
    n_bytes = path.stat().st_size
    n_values = 0
    n_unpacked = 0
    for group_i in range(metadata.num_row_groups):
        group = metadata.row_group(group_i)
        for column_i in range(group.num_columns):
            column = group.column(column_i)
            n_values = max(n_values, column.num_values)
            n_unpacked += column.total_uncompressed_size
    _check_unpacked(path, n_unpacked)
    if n_values > max(FEW_VALUES, n_bytes * MAX_VALUES_PER_BYTE):
        raise CorpusError(
            f"{path}: expected a corpus, got {count(n_values, 'value')} of one column in "
            f"{count(n_bytes, 'byte')}: they are all the same, and would fill the memory. If they "
            "are what you want, write them as JSON or in smaller row groups."
        )


def _check_unpacked(path: Path, n_unpacked: int) -> None:
    """Refuse a file that is much larger unpacked than any corpus of its size.

    Raises:
        CorpusError: It is.
    """
    n_bytes = path.stat().st_size
    if n_unpacked > max(FEW_BYTES, n_bytes * MAX_UNPACKED_PER_BYTE):
        raise CorpusError(
            f"{path}: expected a corpus, got {count(n_bytes, 'byte')} that are "
            f"{count(n_unpacked, 'byte')} when they are unpacked, and would fill the memory. If "
            "they are what you want, write them without compression, or as JSON."
        )


def import_datasets() -> Any:  # noqa: ANN401 - the module
    """Return the library `datasets`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError(
            "datasets", extra="data", purpose="reading and writing data sets"
        ) from error
    return datasets


def import_arrow(*, purpose: str) -> Any:  # noqa: ANN401 - the module
    """Return the library `pyarrow`, with what reads and writes parquet.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="scale", purpose=purpose) from error
    return pa


def _open_splits(splits: Mapping[str, Any], name: str, options: ReadOptions) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for split_name, split in splits.items():
        sources[split_name] = _open_dataset(split, f"{name}[{split_name}]", options)
    return sources


def _open_dataset(dataset: Any, name: str, options: ReadOptions) -> Source:  # noqa: ANN401 - datasets has no types
    return _open_records(lambda: iter(dataset), dataset.features, name, options)


def _open_records(
    read: Callable[[], Iterator[Mapping[str, Any]]],
    features: Mapping[str, Any],
    name: str,
    options: ReadOptions,
) -> Source:
    names = _find_class_names(features)

    def read_found() -> Iterator[FoundRecord]:
        for number, record in enumerate(read(), start=1):
            yield FoundRecord(number, _name_types(record, names))

    # A data set without records has the fields that it would have.
    nothing: FoundRecord = FoundRecord(1, dict.fromkeys(features))
    first = next(read_found(), nothing)
    return open_records(read_found, first, Origin(name, "datasets"), options, names.columns)


@dataclass(frozen=True, slots=True)
class _ClassNames:
    """The names of numbers.

    Attributes:
        columns: Those in lists of tags, by their fields.
        entities: Those of types in lists of entities, by the fields of the lists and the keys of
            the entities.
    """

    columns: Mapping[str, Sequence[str]]
    entities: Mapping[tuple[str, str], Sequence[str]]


def _find_class_names(features: Mapping[str, Any]) -> _ClassNames:
    columns: dict[str, Sequence[str]] = {}
    entities: dict[tuple[str, str], Sequence[str]] = {}
    for field, feature in features.items():
        # A list is a wrapper, or a Python list of one.
        inner = getattr(feature, "feature", feature)
        if isinstance(feature, list):
            (inner,) = feature
        if isinstance(inner, Mapping):
            for key, value in inner.items():
                names = getattr(getattr(value, "feature", value), "names", None)
                if names:
                    entities[field, key] = list(names)
        elif getattr(inner, "names", None):
            columns[field] = list(inner.names)
    return _ClassNames(columns, entities)


def _name_types(record: Mapping[str, Any], names: _ClassNames) -> Mapping[str, Any]:
    """Return a record whose entities have the names of their types."""
    if not names.entities:
        return record
    named = dict(record)
    for (field, key), types in names.entities.items():
        value = named[field]
        if isinstance(value, dict) and isinstance(value.get(key), list):
            # A list of each: of starts, of ends, and of types.
            type_names = [_name_type(number, types) for number in value[key]]
            named[field] = {**value, key: type_names}
        elif isinstance(value, list):
            # A list of entities.
            entities: list[dict[str, Any]] = []
            for item in value:
                entities.append({**item, key: _name_type(item.get(key), types)})
            named[field] = entities
    return named


def _name_type(number: object, names: Sequence[str]) -> object:
    if isinstance(number, int) and 0 <= number < len(names):
        return names[number]
    return number


class ParquetWriter:
    """Writes a data set of words and tags, in batches; missing tags are null."""

    def __init__(self, target: Target) -> None:
        datasets = import_datasets()
        from pyarrow.parquet import ParquetWriter as ArrowWriter

        text = datasets.Value("string")
        texts = datasets.Sequence(text)
        features = datasets.Features(
            id=text,
            document_id=text,
            tokens=texts,
            pos_tags=texts,
            chunk_tags=texts,
            ner_tags=texts,
        )
        self._schema: Any = features.arrow_schema
        self._file: Any = ArrowWriter(target.path, self._schema)
        self._scheme = target.scheme
        self._rows: list[dict[str, Any]] = []
        self._names = Counter({UNNAMED: 0})  # of documents: how many wanted each

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - a writer's interface
        """Take one document."""
        document_id = self._name_document(sentences[0].document_id)
        for sentence in sentences:
            n_words = len(sentence.words)
            chunks: list[str] = []
            if sentence.chunks:
                chunks = write_cells(sentence.chunks, n_words, DEFAULT_SCHEME)
            tags = write_sentence_tags(sentence, self._scheme)
            row = {
                "id": sentence.sentence_id,
                "document_id": document_id,
                "tokens": list(sentence.words),
                "pos_tags": list(sentence.pos),
                "chunk_tags": chunks,
                "ner_tags": [tag or None for tag in tags],
            }
            self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._flush()

    def _name_document(self, document_id: str) -> str:
        """Return the source's name for a document, with a number if it is not its own."""
        wanted = document_id or UNNAMED
        name = wanted
        while name in self._names:
            self._names[wanted] += 1
            name = f"{wanted}-{self._names[wanted]}"
        self._names[name] = 1
        return name

    def finish(self) -> None:
        """Write what is left."""
        self._flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _flush(self) -> None:
        from pyarrow import Table as ArrowTable

        self._file.write_table(ArrowTable.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def name_split(file: Path, siblings: Collection[str]) -> str:  # noqa: ARG001 - as all formats
    """Return the split that a file holds, of which it may be a shard as the hub names them."""
    shard = _SHARD.fullmatch(file.stem)
    if shard is None or file.suffix != ".parquet":
        return file.stem
    return shard[1]


def is_dataset(name: str) -> bool:
    """Tell whether this names a data set on the hub, or a folder that `save_to_disk` wrote."""
    return name.startswith(PREFIX) or any(Path(name, file).is_file() for file in SAVED_FILES)


def open_dataset_splits(name: str, options: ReadOptions) -> dict[str, Source]:
    """Return the splits of a data set on the hub, or of one that `save_to_disk` wrote."""
    if name.startswith(PREFIX):
        return open_hub_dataset(name, options)
    return open_saved_dataset(Path(name), options)


DATASETS: Final = Format(
    name="datasets",
    suffixes=(".arrow", ".parquet"),
    no_data=("dataset_info.json", "dataset_infos.json", *SAVED_FILES),
    open_files=open_data_files,
    name_part=name_split,
    claims=is_dataset,
    open_whole=open_dataset_splits,
    written_suffixes=(".parquet",),
    open_writer=ParquetWriter,
)
