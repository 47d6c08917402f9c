"""What this package stores beside a model that Hugging Face has no place for.

And which files beside it are this package's own, and go when another model takes their place.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.table import is_engine_file
from spacy_hf_ner.model.reading.aggregation import AGGREGATIONS, Aggregation, SubwordLabels
from spacy_hf_ner.model.reading.limits import Limits
from spacy_hf_ner.model.reading.tokenizer_files import is_tokenizer_file

__all__ = ["FORMAT_VERSION", "NOTES_FILE", "Notes", "is_saved_model_file", "read_notes"]

FORMAT_VERSION = 1
NOTES_FILE = "spacy_hf_ner.json"

# What models are written to besides the files of engines and tokenizers; the last two are those of
# a head without a network of its own.
_OTHER_FILES = frozenset({"config.json", "head.safetensors", "tok2vec"})


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package stores in a model's folder that Hugging Face has no place for.

    Attributes:
        scheme: The tag scheme, or None if the head was never trained.
        window: Subwords in a window, or None for the default.
        subword_labels: How continuing subwords were labelled in training.
        aggregation: How the subwords of a unit are pooled, or None for the default.
        limits: What the network can read, where it was exported and cannot be asked.
        labels: The tags of a head without a network of its own; else config.json has them.
        format_version: Version of this file.
    """

    scheme: str | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    aggregation: Aggregation | None = None
    limits: Limits | None = None
    labels: tuple[str, ...] | None = None
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write them to a model's folder."""
        (folder / NOTES_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf8")


def read_notes(folder: Path, name: str) -> Notes | None:
    """Return the notes in a model's folder, or None if there are none.

    Args:
        folder: The folder.
        name: What to call it in messages.

    Raises:
        CheckpointError: They are damaged, or were written by another version.
    """
    path = folder / NOTES_FILE
    if not path.is_file():
        return None
    notes = None
    try:
        stored = json.loads(path.read_text(encoding="utf8"))
        version = stored["format_version"]
        if version == FORMAT_VERSION:
            notes = _make_notes(stored)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{name}: {NOTES_FILE} is not what spacy-hf-ner has written: {type(error).__name__}: "
            f"{error}. Save the pipeline again, or copy it again from where it is whole."
        ) from error
    if notes is None:
        raise CheckpointError(
            f"{name}: {NOTES_FILE} has format_version {version}, this version of spacy-hf-ner "
            f"reads {FORMAT_VERSION}. Use the version of spacy-hf-ner that saved the pipeline, or "
            "a newer one."
        )
    return notes


def _make_notes(stored: dict[str, Any]) -> Notes:
    """Return the notes that JSON holds; whatever is wrong with it is a TypeError or ValueError."""
    values = dict(stored)
    if values.get("limits") is not None:
        values["limits"] = Limits(**values["limits"])
    if values.get("labels") is not None:
        values["labels"] = tuple(values["labels"])
    notes = Notes(**values)
    is_known_scheme = notes.scheme is None or notes.scheme in SCHEMES
    if not is_known_scheme or notes.subword_labels not in get_args(SubwordLabels):
        raise ValueError(f"scheme = {notes.scheme!r}, subword_labels = {notes.subword_labels!r}")
    if notes.aggregation is not None and notes.aggregation not in AGGREGATIONS:
        raise ValueError(f"aggregation = {notes.aggregation!r}")
    if not isinstance(notes.window, int | None):
        raise TypeError(f"window = {notes.window!r}")
    return notes


def is_saved_model_file(path: Path) -> bool:
    """Tell whether a file belongs to a model that this package has saved in its folder.

    Such a file does not stay beside another model: it would be read with it. Files of other kinds
    do, and so does all of a folder without notes, which somebody else has written.
    """
    if not (path.parent / NOTES_FILE).is_file():
        return False
    return path.name in _OTHER_FILES or is_engine_file(path.name) or is_tokenizer_file(path)
