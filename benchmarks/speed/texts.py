"""The texts that everybody reads, and their gold entities."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora import DATA, REPOSITORY
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab
from speed.runner import Entity, Found, Kind

from spacy_hf_ner.corpus.readers import read_docs
from spacy_hf_ner.evaluation.strict import Counts


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus to train and to measure on."""

    name: str
    train: Path
    dev: Path


@dataclass(frozen=True, slots=True)
class GoldText:
    """A text with its gold entities.

    Attributes:
        text: The text.
        n_words: Its gold words.
        entities: Its gold entities.
    """

    text: str
    n_words: int
    entities: frozenset[Entity]


def find_corpus() -> Corpus:
    """Return CoNLL++ where there is one, else the sample corpus.

    It may lie beside the repository, or have been fetched by the project.
    """
    places = (
        Corpus(
            "CoNLL++", DATA / "conllpp" / "conllpp_train.txt", DATA / "conllpp" / "conllpp_dev.txt"
        ),
        Corpus(
            "CoNLL++",
            *(REPOSITORY / "corpus" / "conllpp" / f"{part}.conll" for part in ("train", "dev")),
        ),
        Corpus(
            "sample corpus",
            *(REPOSITORY / "corpus" / "sample" / f"{part}.conll" for part in ("train", "dev")),
        ),
    )
    return next(corpus for corpus in places if corpus.train.is_file() and corpus.dev.is_file())


def read_texts(path: Path, vocab: Vocab) -> dict[Kind, list[GoldText]]:
    """Return the sentences of a corpus, each as a text of its own, and its documents."""
    docs = list(read_docs(path, vocab))
    return {
        "short": [_make_text(sentence) for doc in docs for sentence in doc.sents],
        "documents": [_make_text(doc) for doc in docs],
    }


def thin_out(texts: Sequence[GoldText], max_words: int | None) -> Sequence[GoldText]:
    """Return texts from all over the corpus with about so many words; all of them if None."""
    return texts if max_words is None else texts[:: -(-count_words(texts) // max_words)]


def deal(texts: Sequence[GoldText], n_slices: int) -> list[list[GoldText]]:
    """Deal texts to slices that are as much alike as can be; no slice is empty."""
    return [list(texts[i::n_slices]) for i in range(min(n_slices, len(texts)))]


def count_words(texts: Sequence[GoldText]) -> int:
    """Return the gold words of some texts."""
    return sum(text.n_words for text in texts)


def count_entities(texts: Sequence[GoldText], found: Found) -> Counts:
    """Return how many entities are there, were found and are right, by characters and type."""
    assert found is not None
    pairs = [(text.entities, set(entities)) for text, entities in zip(texts, found, strict=True)]
    return Counts(
        n_correct=sum(len(gold & predicted) for gold, predicted in pairs),
        n_predicted=sum(len(predicted) for _, predicted in pairs),
        n_gold=sum(len(gold) for gold, _ in pairs),
    )


def _make_text(part: Doc | Span) -> GoldText:
    first = part[0].idx
    entities = ((ent.start_char - first, ent.end_char - first, ent.label_) for ent in part.ents)
    return GoldText(part.text, sum(not token.is_space for token in part), frozenset(entities))
