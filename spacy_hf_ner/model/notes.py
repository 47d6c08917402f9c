"""What this package stores beside a model that Hugging Face has no place for.

And which files beside it are this package's own, and go when another model takes their place.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from spacy_hf_ner.core.schemes import PLAIN, SCHEMES
from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.engines.table import is_engine_file
from spacy_hf_ner.model.foreign import read_bytes, reading
from spacy_hf_ner.model.reading.aggregation import AGGREGATIONS, Aggregation, SubwordLabels
from spacy_hf_ner.model.reading.layout import LabelUnit
from spacy_hf_ner.model.reading.limits import Limits
from spacy_hf_ner.model.reading.tokenizer_files import is_tokenizer_file
from spacy_hf_ner.model.viterbi_calibration import VITERBI_CALIBRATION_FILE

__all__ = ["FORMAT_VERSION", "NOTES_FILE", "Notes", "is_saved_model_file", "read_notes"]

FORMAT_VERSION = 1
_MAX_COUNT = 2**31 - 1  # no text, and no vocabulary, has more subwords
_MAX_SHOWN = 80  # characters of a value in a message
NOTES_FILE = "spacy_hf_ner.json"

# What models are written to besides the files of engines and tokenizers; the last two are those of
# a head without a network of its own.
_OTHER_FILES = frozenset({"config.json", VITERBI_CALIBRATION_FILE, "head.safetensors", "tok2vec"})


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package stores in a model's folder that Hugging Face has no place for.

    Attributes:
        scheme: The tag scheme, or None if the head was never trained.
        window: Subwords in a window, or None for the default.
        subword_labels: How continuing subwords were labelled in training.
        aggregation: How the subwords of a unit are pooled, or None for the default.
        label_unit: What the labels run over, or None if nobody has said it.
        limits: What the network can read, where it was exported and cannot be asked.
        prefers_int8: Whether 8-bit integers were found to keep what is found.
        labels: The tags of a head without a network of its own; else config.json has them.
        format_version: Version of this file.
    """

    scheme: str | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    aggregation: Aggregation | None = None
    label_unit: LabelUnit | None = None
    limits: Limits | None = None
    prefers_int8: bool = False
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
    content = read_bytes(path, name)
    with reading(NOTES_FILE, name, problem="is not what spacy-hf-ner has written"):
        stored = json.loads(content.decode("utf8"))
        version = stored["format_version"]
        if version == FORMAT_VERSION:
            return _make_notes(stored)
    shown = shorten(str(version), _MAX_SHOWN)
    raise CheckpointError(
        f"{name}: {NOTES_FILE} has format_version {shown}, this version of spacy-hf-ner reads "
        f"{FORMAT_VERSION}. Use the version of spacy-hf-ner that saved the pipeline, or a newer "
        "one."
    )


def _make_notes(stored: dict[str, Any]) -> Notes:
    """Return the notes that JSON holds; whatever is wrong with it raises some error."""
    values = dict(stored)
    if values.get("limits") is not None:
        values["limits"] = Limits(**values["limits"])
        _check_limits(values["limits"])
    if values.get("labels") is not None:
        values["labels"] = tuple(values["labels"])
        _check(all(isinstance(label, str) for label in values["labels"]), "labels", stored)
    notes = Notes(**values)
    _check(notes.scheme in {None, PLAIN.name, *SCHEMES}, "scheme", stored)
    _check(notes.subword_labels in get_args(SubwordLabels), "subword_labels", stored)
    is_known = notes.aggregation is None or notes.aggregation in AGGREGATIONS
    _check(is_known, "aggregation", stored)
    _check(notes.label_unit in {None, *get_args(LabelUnit)}, "label_unit", stored)
    _check(isinstance(notes.prefers_int8, bool), "prefers_int8", stored)
    _check(notes.window is None or _is_count(notes.window, at_least=1), "window", stored)
    return notes


def _check_limits(limits: Limits) -> None:
    """Check the type and the range of what was stored of a network.

    Raises:
        ValueError: One of them is wrong.
    """
    stored = asdict(limits)
    _check(_is_count(limits.max_subwords, at_least=1), "max_subwords", stored)
    _check(_is_count(limits.pad_id), "pad_id", stored)
    _check(limits.n_embeddings is None or _is_count(limits.n_embeddings), "n_embeddings", stored)
    _check(_is_count(limits.shortest, at_least=1), "shortest", stored)
    _check(isinstance(limits.takes_padding, bool), "takes_padding", stored)
    _check(limits.reach is None or _is_count(limits.reach), "reach", stored)


def _is_count(value: object, *, at_least: int = 0) -> bool:
    """Tell whether a value is an integer in the range of what is counted."""
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return at_least <= value <= _MAX_COUNT


def _check(is_right: bool, key: str, stored: dict[str, Any]) -> None:  # noqa: FBT001 - reads as a sentence
    if not is_right:
        raise ValueError(f"{key} = {stored[key]!r}")


def is_saved_model_file(path: Path) -> bool:
    """Tell whether a file belongs to a model that this package has saved in its folder.

    Such a file does not stay beside another model: it would be read with it. Files of other kinds
    do, and so does all of a folder without notes, which somebody else has written.
    """
    if not (path.parent / NOTES_FILE).is_file():
        return False
    return path.name in _OTHER_FILES or is_engine_file(path.name) or is_tokenizer_file(path)
