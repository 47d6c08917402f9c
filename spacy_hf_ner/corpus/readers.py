"""Registered readers: training from raw files or from a data set, with no DocBin between."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_hf_ner.corpus.columns import Columns, Task
from spacy_hf_ner.corpus.docs import group_documents, make_doc
from spacy_hf_ner.corpus.edits import parse_label_map, rename_types
from spacy_hf_ner.corpus.formats.hf_datasets import open_hub_dataset
from spacy_hf_ner.corpus.offsets import CHARACTERS
from spacy_hf_ner.corpus.opening import open_corpora
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.corpus.tag_names import read_tag_names
from spacy_hf_ner.errors import ConfigError

__all__ = ["RawCorpus", "make_conll_corpus_v1", "make_hf_dataset_v1", "read_docs"]

Column = int | str | None


@dataclass(slots=True)
class RawCorpus:
    """Yields the Examples of a corpus.

    An Example is the text tokenised by the pipeline beside the Doc with the source's words.

    Attributes:
        open: Opens the corpus for a language.
        n_sents: The most sentences in a document, or 0 for documents as the source has them.
        limit: The most documents, or 0 for all.
        label_map: New names of entity types; an empty name leaves the type out.
    """

    open: Callable[[str], list[Source]]
    n_sents: int = 0
    limit: int = 0
    label_map: Mapping[str, str] = field(default_factory=dict)
    _opened: dict[str, list[Source]] = field(default_factory=dict)

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example for each document, in the order of the source."""
        lang = str(nlp.lang)
        if lang not in self._opened:
            self._opened[lang] = self.open(lang)
        yield from islice(self._read(self._opened[lang], nlp, lang), self.limit or None)

    def _read(self, sources: Iterable[Source], nlp: Language, lang: str) -> Iterator[Example]:
        for source in sources:
            groups = group_documents(
                self._rename(source.read()),
                has_documents=source.has_documents,
                n_sents=self.n_sents,
            )
            for group in groups:
                gold = make_doc(group, nlp.vocab, lang=lang, scheme=source.scheme)
                yield Example(nlp.make_doc(gold.text), gold)

    def _rename(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        for sentence in sentences:
            yield rename_types(sentence, self.label_map)


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Yield the documents of a corpus in any format that ``hf-ner convert`` reads.

    They are read in the language of the vocabulary.
    """
    lang = str(vocab.lang)
    for source in open_corpora(str(path), ReadOptions(lang=lang)).values():
        groups = group_documents(source.read(), has_documents=source.has_documents)
        for group in groups:
            yield make_doc(group, vocab, lang=lang, scheme=source.scheme)


def make_conll_corpus_v1(  # noqa: PLR0913 - one argument an option
    path: str,
    *,
    format: str = "auto",  # noqa: A002 - the name that the command line has too
    token_column: Column = None,
    tag_column: Column = None,
    column: Task = "ner",
    tag_names: str | None = None,
    encoding: str = "auto",
    scheme: str = "auto",
    offsets: str = CHARACTERS,
    n_sents: int = 0,
    label_map: str = "",
    limit: int = 0,
) -> RawCorpus:
    """Return a reader of raw files: CoNLL, or any other format that ``hf-ner convert`` reads.

    Args:
        path: A file, or a folder of which all files are read.
        format: Its format, or ``"auto"``.
        token_column: Column of words, by index or name; null to detect it.
        tag_column: Column of tags, in the same way.
        column: What the tags are: ``"ner"``, ``"chunk"`` or ``"pos"``.
        tag_names: File with the names of the tags 0, 1, 2 …, where they are written as numbers; one
            a line or JSON, such as a checkpoint's ``config.json``.
        encoding: Encoding of the file, or ``"auto"``.
        scheme: Tag scheme, or ``"auto"``.
        offsets: What offsets of entities in texts count: ``"characters"``, ``"utf16"`` or
            ``"graphemes"``.
        n_sents: The most sentences in a document; 0 for documents as the file has them.
        label_map: New names of entity types, as in ``"OLD=NEW,OLD=NEW"``; an empty NEW leaves the
            type out.
        limit: The most documents; 0 for all.
    """
    names = read_tag_names(tag_names)
    columns = Columns(token=token_column, tag=tag_column, task=column, tag_names=names)
    options = ReadOptions(encoding=encoding, scheme=scheme, columns=columns, offsets=offsets)

    def open_sources(lang: str) -> list[Source]:
        sources = open_corpora(str(path), replace(options, lang=lang), format_name=format)
        return list(sources.values())

    return RawCorpus(
        open_sources, n_sents=n_sents, limit=limit, label_map=parse_label_map(label_map)
    )


def make_hf_dataset_v1(  # noqa: PLR0913 - one argument an option
    name: str,
    split: str,
    *,
    token_column: str | None = None,
    tag_column: str | None = None,
    column: Task = "ner",
    tag_names: str | None = None,
    scheme: str = "auto",
    n_sents: int = 0,
    label_map: str = "",
    limit: int = 0,
) -> RawCorpus:
    """Return a reader of one split of a Hugging Face data set.

    Args:
        name: ``NAME``, ``NAME:CONFIG`` or ``NAME@REVISION`` on the hub, or a path: a folder that
            `save_to_disk` wrote, or a folder of parquet files named after their splits, or one
            file.
        split: The split, such as ``"train"``, which may also mean the only one of a single file.
        token_column: Field of words; null to detect it.
        tag_column: Field of tags; null to detect it.
        column: What the tags are: ``"ner"``, ``"chunk"`` or ``"pos"``.
        tag_names: File with the names of the tags 0, 1, 2 …, where the data set does not name them.
        scheme: Tag scheme, or ``"auto"``.
        n_sents: The most sentences in a document; 0 for documents as the data set has them.
        label_map: New names of entity types, as in ``"OLD=NEW,OLD=NEW"``; an empty NEW leaves the
            type out.
        limit: The most documents; 0 for all.
    """
    names = read_tag_names(tag_names)
    columns = Columns(token=token_column, tag=tag_column, task=column, tag_names=names)
    options = ReadOptions(scheme=scheme, columns=columns)

    def open_sources(lang: str) -> list[Source]:
        with_lang = replace(options, lang=lang)
        path = Path(name)
        if path.exists():
            sources = open_corpora(name, with_lang)
        else:
            sources = open_hub_dataset(name, with_lang)
        if split == "train" and path.is_file():
            return list(sources.values())  # `datasets` calls the only split of a file so
        if split not in sources:
            raise ConfigError(
                f"split of {name!r} must be one of {', '.join(sources)}, got {split!r}.",
                settings=("split",),
            )
        return [sources[split]]

    return RawCorpus(
        open_sources, n_sents=n_sents, limit=limit, label_map=parse_label_map(label_map)
    )
