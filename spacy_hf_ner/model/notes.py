"""What this package stores beside a model that Hugging Face has no place for, and which files there are its own."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.reading.aggregation import SubwordLabels
from spacy_hf_ner.model.reading.encoding import is_tokenizer_file
from spacy_hf_ner.model.reading.limits import Limits

FORMAT_VERSION = 1
NOTES_FILE = "spacy_hf_ner.json"

# What models are written to, by transformers and by this package.
_MODEL_FILES = re.compile(
    r"config\.json|model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|model(_int8)?\.onnx"
    r"|head\.safetensors|tok2vec"
)


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package stores in a model's folder that Hugging Face has no place for.

    Attributes:
        scheme: The tag scheme, or None if the head was never trained.
        window: Subwords in a window, or None for the default.
        subword_labels: How continuing subwords were labelled in training.
        limits: What the network can read, where it was exported and cannot be asked.
        labels: The tags of a head without a network of its own; else config.json has them.
        format_version: Version of this file.
    """

    scheme: str | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    limits: Limits | None = None
    labels: tuple[str, ...] | None = None
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write them to a model's folder."""
        (folder / NOTES_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf8")


def read_notes(folder: Path, called: str) -> Notes | None:
    """Return the notes in a model's folder, or None if there are none.

    Raises:
        CheckpointError: They are damaged, or were written by another version.
    """
    path = folder / NOTES_FILE
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf8"))
        version = raw["format_version"]
        notes = _make_notes(raw) if version == FORMAT_VERSION else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{called}: {NOTES_FILE} is not what spacy-hf-ner has written: {type(error).__name__}: {error}. Save the "
            "pipeline again, or copy it again from where it is whole."
        ) from error
    if notes is None:
        raise CheckpointError(
            f"{called}: {NOTES_FILE} has format_version {version}, this version of spacy-hf-ner reads "
            f"{FORMAT_VERSION}. Use the version of spacy-hf-ner that saved the pipeline, or a newer one."
        )
    return notes


def _make_notes(raw: dict[str, Any]) -> Notes:
    limits, labels = raw.get("limits"), raw.get("labels")
    read = {
        "limits": None if limits is None else Limits(**limits),
        "labels": None if labels is None else tuple(labels),
    }
    notes = Notes(**(raw | read))
    scheme, window, subword_labels = notes.scheme, notes.window, notes.subword_labels
    if scheme not in {None, *SCHEMES} or subword_labels not in get_args(SubwordLabels):
        raise ValueError(f"scheme = {scheme!r}, subword_labels = {subword_labels!r}")
    if not isinstance(window, int | None):
        raise TypeError(f"window = {window!r}")
    return notes


def remove_saved_model(folder: Path) -> None:
    """Remove the model that this package has saved in a folder: beside a new one its files would be read with it.

    Files of other kinds stay, and so does all of a folder without notes, which somebody else has written.
    """
    if (folder / NOTES_FILE).is_file():
        for path in folder.iterdir():
            if path.is_file() and (_MODEL_FILES.fullmatch(path.name) or is_tokenizer_file(path)):
                path.unlink()
