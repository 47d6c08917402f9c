"""What a user says of how names are rewritten → the method that does so."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.rewriting.methods import Hashes, Masks, Method, Redactions
from spacy_hf_ner.rewriting.rewriter import SCOPES
from spacy_hf_ner.rewriting.secret_files import read_key

__all__ = ["HOWS", "How", "RewriteSettings", "make_method"]

How = Literal["redact", "mask", "hash"]

HOWS: Final[tuple[str, ...]] = get_args(How)


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """How names are rewritten.

    Attributes:
        how: The method, one of ``HOWS``.
        numbered: Number names that are redacted.
        key_file: The file of the key for hashes; it is made if there is none.
        scope: Where the same name becomes the same, one of ``SCOPES``.
        types: The entity types that are rewritten; None for all.

    Raises:
        ConfigError: There is no such method or scope.
    """

    how: str
    numbered: bool = False
    key_file: Path | None = None
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


def make_method(settings: RewriteSettings) -> Method:
    """Return the method that settings name.

    Raises:
        ConfigError: A setting is missing, or out of its range.
        OutputError: The key file cannot be written.
    """
    if settings.how == "redact":
        return Redactions(numbered=settings.numbered)
    if settings.how == "mask":
        return Masks()
    return _make_hashes(settings.key_file)


def _make_hashes(key_file: Path | None) -> Hashes:
    if key_file is None:
        raise ConfigError(
            'key_file must be given with how = "hash": without a key, who knows a name knows its '
            "hash. Name a file; it is made if there is none.",
            settings=("key_file", "how"),
        )
    return Hashes(read_key(key_file))
