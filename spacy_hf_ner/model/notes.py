"""What this package stores beside a checkpoint that Hugging Face has no place for."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.aggregation import SubwordLabels
from spacy_hf_ner.model.limits import Limits

FORMAT_VERSION = 1
NOTES_FILE = "spacy_hf_ner.json"


@dataclass(frozen=True, slots=True)
class Notes:
    """What this package stores beside a checkpoint that Hugging Face has no place for.

    Attributes:
        scheme: The tag scheme, or None if the head was never trained.
        window: Subwords in a window, or None for the default.
        subword_labels: How continuing subwords were labelled in training.
        limits: What the network can read, where it was exported and cannot be asked.
        format_version: Version of this file.
    """

    scheme: str | None
    window: int | None = None
    subword_labels: SubwordLabels = "first"
    limits: Limits | None = None
    format_version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write them to a checkpoint folder."""
        (folder / NOTES_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf8")


def read_notes(folder: Path, called: str) -> Notes | None:
    """Return the notes in a checkpoint folder, or None if there are none.

    Raises:
        CheckpointError: They were written by another version.
    """
    path = folder / NOTES_FILE
    if not path.is_file():
        return None
    raw = json.loads(path.read_text(encoding="utf8"))
    if raw.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{called}: {NOTES_FILE} has format_version {raw.get('format_version')}, this version of spacy-hf-ner "
            f"reads {FORMAT_VERSION}. Use the version of spacy-hf-ner that saved the pipeline, or a newer one."
        )
    limits = None if raw.get("limits") is None else Limits(**raw["limits"])
    return Notes(scheme=raw["scheme"], window=raw["window"], subword_labels=raw["subword_labels"], limits=limits)
