"""A corpus that was opened: its format is known, and it can be read any number of times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.offsets import CHARACTERS, check_unit
from spacy_hf_ner.corpus.sentence import Problem, Sentence

__all__ = ["Origin", "ReadOptions", "Source"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says about a corpus; whatever is left at its default is told from the data.

    Attributes:
        lang: Language code, for tokenising texts that come without tokens.
        encoding: A codec's name, ``"cesu-8"`` or ``"auto"``.
        scheme: A tag scheme's name, ``"bare"`` or ``"auto"``.
        columns: Which column holds what.
        offsets: What the offsets of entities in texts count.
        spans_key: The span group of Docs whose spans are their entities, or empty for ``doc.ents``.
    """

    lang: str = "en"
    encoding: str = "auto"
    scheme: str = "auto"
    columns: Columns = field(default_factory=Columns)
    offsets: str = CHARACTERS
    spans_key: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: ``offsets`` is no unit.
        """
        check_unit(self.offsets)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a corpus was opened from.

    Attributes:
        name: The file's path, or the data set's name.
        format: The format's name.
        description: Encoding, columns and the like, for people.
        problems: What was wrong with the file as a whole.
    """

    name: str
    format: str
    description: str = ""
    problems: tuple[Problem, ...] = ()

    def describe(self, contents: str) -> "Origin":
        """Return the same origin, with more in its description.

        >>> Origin("train.conll", "conll", "utf-8").describe("2 columns").description
        'utf-8, 2 columns'
        """
        parts = filter(None, (self.description, contents))
        return replace(self, description=", ".join(parts))


@dataclass(frozen=True, slots=True)
class Source:
    """An opened corpus.

    Attributes:
        origin: What it was opened from.
        read: Returns a new iterator over the sentences.
        has_documents: Whether the source says where documents begin. If not, each sentence is one.
        n_sentences: How many sentences there are, or None if nobody has counted.
        n_words: How many words there are, or None.
        scheme: The tag scheme's name, or empty where entities are given as characters.
        share: Share of entity borders that obey the scheme.
        files: The files that were read, where the source is a folder that may hold others too.
    """

    origin: Origin
    read: Callable[[], Iterator[Sentence]]
    has_documents: bool
    n_sentences: int | None = None
    n_words: int | None = None
    scheme: str = ""
    share: float = 1.0
    files: tuple[Path, ...] = ()
