"""The exceptions of this package.

Every error that a user can cause is one of these, and each is also the built-in exception that a
caller who does not know this package would expect::

    HFNerError
    ├── ConfigError        ValueError   a setting is wrong, or two settings contradict each other
    ├── TagError           ValueError   a tag or a tag sequence is not in its scheme
    ├── AlignmentError     ValueError   subwords, tokens and characters cannot be brought together
    ├── CorpusError        ValueError   a data file cannot be read as what it claims to be
    ├── CheckpointError    ValueError   a checkpoint cannot be found, trusted or used
    ├── TrainingError      ValueError   a training cannot go on
    ├── OutputError        OSError      a file or folder cannot be written
    └── MissingExtraError  ImportError  an optional library is needed and not installed

A message says what was expected, what was found, why it matters, and what to do next.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from spacy_hf_ner.installing import make_extra_hint


class HFNerError(Exception):
    """Base of every exception raised on purpose by spacy_hf_ner.

    Messages name settings as Python and configs spell them (``tag_column``, ``scheme = "bare"``).
    Where the command line has a flag for one of ``settings``, it shows the flag in its place.

    Args:
        message: What was expected, what was found, why it matters, what to do next.
        settings: The settings that the message names.
    """

    def __init__(self, message: str, *, settings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.settings = tuple(settings)

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the settings when the error crosses processes."""
        return _restore, (type(self), str(self), self.settings)


def _restore(kind: type[HFNerError], message: str, settings: tuple[str, ...]) -> HFNerError:
    error = kind.__new__(kind)
    HFNerError.__init__(error, message, settings=settings)
    return error


class ConfigError(HFNerError, ValueError):
    """A setting is wrong, or two settings contradict each other."""


class TagError(HFNerError, ValueError):
    """A tag or a tag sequence is not in its scheme."""


class AlignmentError(HFNerError, ValueError):
    """Subwords, tokens and characters cannot be brought together."""


class CorpusError(HFNerError, ValueError):
    """A data file cannot be read as what it claims to be."""


class CheckpointError(HFNerError, ValueError):
    """A Hugging Face checkpoint cannot be found, trusted or used."""


class TrainingError(HFNerError, ValueError):
    """A training cannot go on."""


class OutputError(HFNerError, OSError):
    """A file or folder cannot be written: what was there stays.

    Args:
        message: What was expected, what was found, why it matters, what to do next.
        errno: The number that the operating system gave the failure.
    """

    def __init__(self, message: str, *, errno: int) -> None:
        super().__init__(message)
        self.errno = errno

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the number when the error crosses processes."""
        assert self.errno is not None, "it is made with one"
        return partial(OutputError, errno=self.errno), (str(self),)


class MissingExtraError(HFNerError, ImportError):
    """An optional library is needed and not installed."""

    def __init__(self, library: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library!r}, which is not installed. Install it with: "
            f"{make_extra_hint(extra)}"
        )
