"""The data that is checked: its parts, such as train, dev and test, each as Docs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.core.arrays import Ints
from spacy_hf_ner.corpus.docs import group_documents, make_doc
from spacy_hf_ner.corpus.opening import open_corpora
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.source import ReadOptions, Source
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.pipe.gold import Entity, Gold, read_gold

if TYPE_CHECKING:
    # Who has no model needs no torch.
    from spacy_hf_ner.checking.subwords import SubwordReader

__all__ = ["CheckedData", "GoldDoc", "Part", "PredictedPart", "make_part", "read_parts"]

PredictedPart = tuple[tuple[Entity, ...], ...]
"""What a model finds in each document of a part."""


@dataclass(frozen=True, slots=True)
class GoldDoc:
    """A document with what gold says of it.

    Attributes:
        doc: The document.
        gold: Its entities, and what is not annotated.
    """

    doc: Doc
    gold: Gold

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Its entities in text order."""
        return self.gold.entities

    @property
    def missing(self) -> Ints:
        """First character and end of each token without annotation. Shape: (n_missing, 2)."""
        return self.gold.missing


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the data.

    Attributes:
        name: Such as ``"train"``.
        docs: Its documents.
        problems: What the reader of its files had to repair or leave out: how often each kind.
    """

    name: str
    docs: tuple[GoldDoc, ...]
    problems: Counter[str] = field(default_factory=Counter)

    def spacy_docs(self) -> list[Doc]:
        """Return its documents without what gold says of them."""
        return [gold_doc.doc for gold_doc in self.docs]


@dataclass(frozen=True, slots=True)
class CheckedData:
    """All that checks look at.

    Attributes:
        parts: The parts of the data, at least one.
        nlp: The pipeline whose tokenizer will read the texts.
        subwords: What reads texts into subwords; None without a model.
        predicted: What a model finds in each document of each part, in their order; None where
            nothing was predicted.
    """

    parts: tuple[Part, ...]
    nlp: Language
    subwords: "SubwordReader | None" = None
    predicted: tuple[PredictedPart, ...] | None = None

    @property
    def training(self) -> Part:
        """The part that a model will learn from: the one that is called so, else the first."""
        for part in self.parts:
            if "train" in part.name.lower():
                return part
        return self.parts[0]

    def docs(self) -> Iterator[tuple[Part, int, GoldDoc]]:
        """Yield each document with its part and its index in that."""
        for part in self.parts:
            for doc_i, gold_doc in enumerate(part.docs):
                yield part, doc_i, gold_doc


def make_part(
    name: str, docs: Iterable[Doc], *, spans_key: str, problems: Iterable[Problem] = ()
) -> Part:
    """Return Docs as a part of the data.

    Args:
        name: What to call it.
        docs: The Docs with gold entities.
        spans_key: The span group that holds the entities where ``doc.ents`` was never set.
        problems: What was repaired when the Docs were read.
    """
    gold_docs: list[GoldDoc] = []
    for doc in docs:
        gold = read_gold(doc, spans_key=spans_key, prefer_group=False)
        gold_docs.append(GoldDoc(doc, gold))
    kinds = Counter(problem.kind for problem in problems)
    return Part(name, tuple(gold_docs), kinds)


def read_parts(paths: Sequence[Path], vocab: Vocab, *, spans_key: str) -> tuple[Part, ...]:
    """Return the parts that files and folders hold.

    Each .spacy file is a part; of other formats, each file or split of a folder.

    Args:
        paths: Files and folders.
        vocab: The vocabulary of the Docs.
        spans_key: The span group that holds the entities where ``doc.ents`` was never set.

    Raises:
        CorpusError: A corpus cannot be read, or holds no documents.
    """
    parts: list[Part] = []
    for path in paths:
        docbins = _list_docbins(path)
        if docbins:
            for file in docbins:
                parts.append(make_part(file.stem, read_gold_docs(file, vocab), spans_key=spans_key))
        else:
            parts += _read_sources(path, vocab, spans_key=spans_key)
    if not any(part.docs for part in parts):
        raise CorpusError("expected data with documents to check, found none.")
    return _tell_apart(parts)


def _list_docbins(path: Path) -> list[Path]:
    if path.suffix == ".spacy" and not path.is_dir():
        return [path]
    return sorted(path.rglob("*.spacy"))


def _read_sources(path: Path, vocab: Vocab, *, spans_key: str) -> Iterator[Part]:
    lang = str(vocab.lang)
    for name, source in open_corpora(str(path), ReadOptions(lang=lang)).items():
        problems = list(source.origin.problems)
        docs: list[Doc] = []
        sentences = _gather_problems(source, problems)
        for group in group_documents(sentences, has_documents=source.has_documents):
            docs.append(make_doc(group, vocab, lang=lang, scheme=source.scheme))
        yield make_part(name, docs, spans_key=spans_key, problems=problems)


def _gather_problems(source: Source, problems: list[Problem]) -> Iterator[Sentence]:
    for sentence in source.read():
        problems.extend(sentence.problems)
        yield sentence


def _tell_apart(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts whose names differ: "train", "train (2)"."""
    seen: Counter[str] = Counter()
    named: list[Part] = []
    for part in parts:
        seen[part.name] += 1
        name = part.name
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        named.append(Part(name, part.docs, part.problems))
    return tuple(named)
