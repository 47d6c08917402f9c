"""The whole way: a corpus in any format, through Sentences and Docs, to files and a report."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_hf_ner.corpus.conversion_report import ConversionReport, FileReport, PartReport
from spacy_hf_ner.corpus.docs import group_documents, make_doc
from spacy_hf_ner.corpus.edits import SPLIT_NAMES, deal_splits, rename_types
from spacy_hf_ner.corpus.format import Target, Writer
from spacy_hf_ner.corpus.opening import open_corpora
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_column import DEFAULT_SCHEME, JOINING_SCHEMES
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.corpus.writing import SHARD_WORDS, open_writer, stage_files
from spacy_hf_ner.errors import ConfigError, CorpusError

__all__ = ["ConvertOptions", "convert_corpus", "read_documents"]

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
    """

    format_name: str = "auto"
    n_sents: int = 0
    label_map: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    seed: int = 0
    limit: int = 0
    strict: bool = False
    shard_words: int = SHARD_WORDS


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
    """
    read = read or ReadOptions()
    options = options or ConvertOptions()
    pipelines = _Pipelines(read.lang)
    sources = open_corpora(name, read, format_name=options.format_name)
    destination = _plan_destination(output, sources, options)
    splits = _deal_documents(options)
    report = ConversionReport(compares_parts=len(sources) > 1 or bool(options.split))
    with stage_files(destination.folder) as scratch, ExitStack() as stack:
        writers = _Writers(
            stack,
            folder=scratch,
            suffix=destination.suffix,
            scheme=_choose_scheme(sources.values(), options),
            shard_words=destination.shard_words,
        )
        for part in _name_splits(options.split):
            writers.get(part)
            report.parts[part] = PartReport()
        for source_part, source in sources.items():
            part = destination.part or source_part
            if splits is None:
                writers.get(part)
            counts = report.start_file(source)
            for group in read_documents(source, counts, options):
                # What `n_sents` cuts a document into stays in one part of the split.
                if splits is not None and group[0].starts_document:
                    part = next(splits)
                doc = _make_doc(group, source, read.lang, pipelines, counts)
                writers.get(part).add(group, doc)
                report.count_part(part, group)
    return report


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where a corpus is written to.

    Attributes:
        folder: The folder of the files.
        suffix: Their ending.
        part: The name of the only part, or empty where each keeps its own.
        shard_words: Words in each file, or 0 for one file a part.
    """

    folder: Path
    suffix: str
    part: str = ""
    shard_words: int = 0


def _plan_destination(
    output: Path, sources: Mapping[str, Source], options: ConvertOptions
) -> _Destination:
    """Return where a corpus goes: to a folder, or to a file if the output has an ending.

    Raises:
        ConfigError: Several parts would become one file.
    """
    if not output.suffix or output.is_dir():
        return _Destination(output, ".spacy", shard_words=options.shard_words)
    if len(sources) > 1 or options.split:
        parts = options.split or ", ".join(sources)
        raise ConfigError(
            f"OUTPUT must be a folder for a corpus in parts ({parts}), got {output}: they would be "
            "mixed."
        )
    return _Destination(output.parent, output.suffix, part=output.stem)


def _deal_documents(options: ConvertOptions) -> Iterator[str] | None:
    """Return the part of the split that each document goes to; None if there is no split."""
    if not options.split:
        return None
    return deal_splits(options.split, options.seed)


def _choose_scheme(sources: Iterable[Source], options: ConvertOptions) -> str:
    """Return the scheme of the tags that are written: the first that a source has."""
    schemes = [source.scheme for source in sources]
    scheme = next(filter(None, schemes), "")
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
    source_name = Path(source.name).name
    doc = make_doc(group, nlp.vocab, lang=lang, scheme=source.scheme, source=source_name)
    counts.add_cuts(doc, nlp)
    return doc


class _Writers:
    """The writer of each part of a corpus, opened when it is first needed."""

    def __init__(
        self, stack: ExitStack, *, folder: Path, suffix: str, scheme: str, shard_words: int
    ) -> None:
        self._stack = stack  # closes the writers
        self._folder = folder
        self._suffix = suffix
        self._scheme = scheme
        self._shard_words = shard_words
        self._opened: dict[str, Writer] = {}

    def get(self, part: str) -> Writer:
        if part not in self._opened:
            target = Target(
                folder=self._folder,
                part=part,
                suffix=self._suffix,
                scheme=self._scheme,
                shard_words=self._shard_words,
            )
            writer = open_writer(target)
            self._stack.callback(writer.close)
            self._opened[part] = writer
        return self._opened[part]


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
        _refuse(source, source.problems)
    sentences = tqdm(
        source.read(), desc=source.name, total=source.n_sentences, unit=" sentences", disable=None
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


def _refuse(source: Source, problems: Iterable[Problem]) -> None:
    for problem in problems:
        raise CorpusError(
            f"{problem.file or source.name}:{problem.line}: {problem.kind}. Correct the file, or "
            "convert it without strict to have such places repaired and counted.",
            settings=("strict",),
        )
