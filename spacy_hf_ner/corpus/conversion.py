"""The whole way: a corpus in any format, through Sentences and Docs, to files and a report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_hf_ner.core.replacing import add_to_folder, replace_file
from spacy_hf_ner.corpus.conversion_report import (
    ConversionReport,
    FileReport,
    PartReport,
    write_report,
)
from spacy_hf_ner.corpus.docs import group_documents, make_doc
from spacy_hf_ner.corpus.edits import SPLIT_NAMES, deal_splits, rename_types
from spacy_hf_ner.corpus.format import Target, Writer
from spacy_hf_ner.corpus.formats.spacy_docs import (
    MAX_DOCBIN_WORDS,
    SHARD_WORDS,
    SPACY,
    explain_too_large,
)
from spacy_hf_ner.corpus.opening import open_corpora
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, JOINING_SCHEMES
from spacy_hf_ner.corpus.tag_labels import BARE
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.corpus.writing import (
    AUTO,
    SortingWriter,
    check_files,
    check_folder,
    find_written_format,
    holds_part,
    open_writer,
)
from spacy_hf_ner.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ConvertOptions", "convert_corpus", "read_documents"]

UNCERTAIN: Final = "uncertain"
PIPELINE_SENTENCES: Final = 20_000  # that one pipeline reads before it makes way for a new one


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How a corpus is to be written.

    Attributes:
        format_name: The corpus's format, or ``"auto"``.
        n_sents: The most sentences in a document, or 0 for documents as the source has them.
        label_map: New names of entity types; an empty name leaves the type out.
        split: Shares of train, dev and test such as ``"80/10/10"``, or empty to leave the corpus
            in its parts.
        seed: What the split depends on.
        limit: The most documents of each part, or 0 for all.
        strict: Refuse what would be repaired.
        shard_words: Words in each ``.spacy`` file of a folder.
        report: A JSON file for the counts, or None.
        output_format: The format of the output, or ``"auto"`` for the one that its ending tells.
        sort: ``"uncertain"`` for documents in the order of their lowest score; all of a part are in
            memory then. Empty for the order of the source.
    """

    format_name: str = "auto"
    n_sents: int = 0
    label_map: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    seed: int = 0
    limit: int = 0
    strict: bool = False
    shard_words: int = SHARD_WORDS
    report: Path | None = None
    output_format: str = AUTO
    sort: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: ``sort`` is no order.
        """
        if self.sort not in {"", UNCERTAIN}:
            raise ConfigError(
                f"sort must be {UNCERTAIN}, or left out, got {self.sort!r}.", settings=("sort",)
            )


def convert_corpus(
    name: str, output: Path, read: ReadOptions | None = None, options: ConvertOptions | None = None
) -> ConversionReport:
    """Write a corpus in another form and return its counts; on an error, nothing is written.

    Args:
        name: A file, a folder, or ``hf:NAME``.
        output: A file whose ending tells its format, or a folder for ``.spacy`` files.
        read: What the user says about the corpus.
        options: How it is to be written.

    Raises:
        ConfigError: An option is wrong, or several parts would become one file.
        CorpusError: The corpus cannot be read as what it claims to be, or `strict` forbids to
            repair it.
        MissingExtraError: The format needs a library that is not installed.
        OutputError: The output or the report cannot be written.
    """
    read = read or ReadOptions()
    options = options or ConvertOptions()
    pipelines = _Pipelines(read.lang)
    sources = open_corpora(name, read, format_name=options.format_name)
    destination = _plan_destination(output, sources, options)
    if options.report is not None:
        check_folder(options.report.parent)
    splits = _deal_documents(options)
    report = ConversionReport(compares_parts=len(sources) > 1 or bool(options.split))
    writers: dict[str, Writer] = {}

    def is_leftover(file: Path) -> bool:
        return holds_part(file, writers.keys(), destination.suffix)

    with ExitStack() as stack:
        # Both places are taken before the work, so that an error of either comes first; whichever
        # is wrong, neither changes.
        report_file = None
        if options.report is not None:
            report_file = stack.enter_context(replace_file(options.report))
        folder = stack.enter_context(add_to_folder(destination.folder, is_outdated=is_leftover))
        target = Target(
            folder=folder,
            suffix=destination.suffix,
            scheme=_choose_scheme(sources.values(), read, options),
            shard_words=destination.shard_words,
            is_predicted=bool(read.spans_key),
            report=report.count_loss,
        )
        with _PartWriters(writers, target, destination.format_name, sort=options.sort) as parts:
            for part in _name_splits(options.split):
                parts.open(part)
                report.parts[part] = PartReport()
            for source_part, source in sources.items():
                part = destination.part or source_part
                if splits is None:
                    parts.open(part)
                counts = report.start_file(source)
                for group in read_documents(source, counts, options):
                    # What `n_sents` cuts a document into stays in one part of the split.
                    if splits is not None and group[0].starts_document:
                        part = next(splits)
                    doc = _make_doc(group, source, read.lang, pipelines, counts)
                    parts.open(part).add(group, doc)
                    report.count_part(part, group)
            parts.finish()
        if report_file is not None:
            write_report(report, report_file)
    return report


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a corpus is written to.

    Attributes:
        folder: The folder of the files.
        format_name: Their format.
        suffix: Their ending.
        part: The name of the only part, or empty where each keeps its own.
        shard_words: Words in each file, or 0 for one file a part.
    """

    folder: Path
    format_name: str
    suffix: str
    part: str = ""
    shard_words: int = 0


def _plan_destination(
    output: Path, sources: Mapping[str, Source], options: ConvertOptions
) -> _Destination:
    """Return where a corpus goes: to a folder, or to a file if the output has an ending.

    Raises:
        ConfigError: Several parts would become one file, or something else stands in its place.
    """
    if not output.suffix or output.is_dir():
        written = find_written_format("", options.output_format)
        suffix, *_ = written.written_suffixes
        destination = _Destination(output, written.name, suffix, shard_words=options.shard_words)
        parts = _name_splits(options.split) or list(sources)
    elif len(sources) > 1 or options.split:
        names = options.split or ", ".join(sources)
        raise ConfigError(
            f"OUTPUT must be a folder for a corpus in parts ({names}), got {output}: they would be "
            "mixed."
        )
    else:
        written = find_written_format(output.suffix, options.output_format)
        if written is SPACY and not options.limit:
            _check_size(sources)
        destination = _Destination(output.parent, written.name, output.suffix, part=output.stem)
        parts = [output.stem]
    check_folder(destination.folder)
    check_files(destination.folder, parts, destination.suffix)
    return destination


def _check_size(sources: Mapping[str, Source]) -> None:
    """Refuse what is known to have more words than one ``.spacy`` file can hold.

    Raises:
        ConfigError: It has.
    """
    for source in sources.values():
        if source.n_words is not None and source.n_words > MAX_DOCBIN_WORDS:
            raise ConfigError(explain_too_large(source.origin.name))


def _deal_documents(options: ConvertOptions) -> Iterator[str] | None:
    """Return the part of the split that each document goes to; None if there is no split."""
    if not options.split:
        return None
    return deal_splits(options.split, options.seed)


def _choose_scheme(sources: Iterable[Source], read: ReadOptions, options: ConvertOptions) -> str:
    """Return the scheme of the tags that are written: the first that a source has."""
    schemes = [source.scheme for source in sources]
    scheme = next(filter(None, schemes), "")
    if read.scheme == BARE:
        return DEFAULT_SCHEME  # a type such as "B-PER" would be taken for a tag where it is read
    if options.label_map and scheme in JOINING_SCHEMES:
        return DEFAULT_SCHEME  # two types that become one may touch
    return scheme


def _name_splits(shares: str) -> list[str]:
    """Return the parts of a split that get a share; each is written, even without documents."""
    names = []
    for name, share in zip(SPLIT_NAMES, shares.split("/"), strict=False):
        if share and int(share):
            names.append(name)
    return names


def _make_doc(
    group: list[Sentence],
    source: Source,
    lang: str,
    pipelines: "_Pipelines",
    counts: FileReport,
) -> Doc:
    nlp = pipelines.get(len(group))
    source_name = Path(source.origin.name).name
    doc = make_doc(group, nlp.vocab, lang=lang, scheme=source.scheme, source=source_name)
    counts.add_cuts(doc, nlp)
    return doc


class _PartWriters:
    """The writer of each part of a corpus, opened when it is first needed.

    Args:
        opened: Takes the writers, by their parts.
        target: What they have in common.
        format_name: The format of their files.
        sort: The order of the documents of each part; empty for that of the source.
    """

    def __init__(
        self, opened: dict[str, Writer], target: Target, format_name: str, *, sort: str
    ) -> None:
        self._opened = opened
        self._target = target
        self._format_name = format_name
        self._sort = sort

    def __enter__(self) -> "Self":
        return self

    def open(self, part: str) -> Writer:
        """Return the writer of a part."""
        if part not in self._opened:
            writer = open_writer(replace(self._target, part=part), self._format_name)
            self._opened[part] = SortingWriter(writer) if self._sort else writer
        return self._opened[part]

    def finish(self) -> None:
        """Write what is left of all parts, after the last document.

        Raises:
            ConfigError: Documents were to be sorted by scores, and there are none.
        """
        sorting = [writer for writer in self._opened.values() if isinstance(writer, SortingWriter)]
        if sorting and not any(writer.has_scores for writer in sorting):
            raise ConfigError(
                f'sort = "{self._sort}" needs scores of entities, got none. Name a span group with '
                "spans_key, such as hf_ner, or leave sort out.",
                settings=("sort", "spans_key"),
            )
        for writer in self._opened.values():
            writer.finish()

    def __exit__(self, *error: object) -> None:
        # After an error, too: files that are open could not be removed on Windows.
        with ExitStack() as stack:
            for writer in self._opened.values():
                stack.callback(writer.close)


class _Pipelines:
    """Gives a language's empty pipeline, and from time to time a new one.

    spaCy remembers all words that it reads, which would fill the memory. Those of a memory zone
    leave gaps behind in its tables, and these grow with every zone.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._n_sentences = 0
        blank_pipeline(lang)  # an error of the language comes first

    def get(self, n_sentences: int) -> Language:
        """Return the pipeline that reads the next sentences."""
        if self._n_sentences > PIPELINE_SENTENCES:
            blank_pipeline.cache_clear()
            self._n_sentences = 0
        self._n_sentences += n_sentences
        return blank_pipeline(self._lang)


def read_documents(
    source: Source, report: FileReport, options: ConvertOptions
) -> Iterator[list[Sentence]]:
    """Yield the sentences of one document after the other, with a progress bar.

    They are counted in the report.

    Raises:
        CorpusError: Something must be repaired, and `strict` forbids it.
    """
    if options.strict:
        _refuse(source, source.origin.problems)
    sentences = tqdm(
        source.read(),
        desc=source.origin.name,
        total=source.n_sentences,
        unit=" sentences",
        disable=None,
    )
    groups = group_documents(
        _watch(sentences, source, report, options),
        has_documents=source.has_documents,
        n_sents=options.n_sents,
    )
    for group in islice(groups, options.limit or None):
        report.add(group)
        yield group


def _watch(
    sentences: Iterable[Sentence], source: Source, report: FileReport, options: ConvertOptions
) -> Iterator[Sentence]:
    """Yield the sentences with their new types, and count what had to be repaired in them.

    That counts when the next one is asked for: not in sentences beyond the limit.
    """
    for sentence in sentences:
        yield rename_types(sentence, options.label_map)
        if options.strict:
            _refuse(source, sentence.problems)
        report.add_problems(sentence.problems)


def _refuse(source: Source, problems: Sequence[Problem]) -> None:
    """Refuse what would have to be repaired.

    Raises:
        CorpusError: There is something; the error names the first.
    """
    if not problems:
        return
    first = problems[0]
    raise CorpusError(
        f"{first.file or source.origin.name}:{first.line}: {first.kind}. Correct the file, or "
        "convert it without strict to have such places repaired and counted.",
        settings=("strict",),
    )
