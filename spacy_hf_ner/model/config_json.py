"""The config.json of a checkpoint: read, checked before anybody acts on it, and what it says.

Transformers reads it a second time. So what would make transformers read another file, or allocate
without end, is refused here.
"""

import re
from pathlib import Path
from typing import Any

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.adapters import read_adapter
from spacy_hf_ner.model.files import list_files, name_files
from spacy_hf_ner.model.foreign import read_json, refuse_pointers
from spacy_hf_ner.model.network import quiet_transformers
from spacy_hf_ner.model.notes import NOTES_FILE, Notes
from spacy_hf_ner.model.reading.layout import LabelUnit

__all__ = ["find_label_unit", "has_trained_head", "list_labels", "read_config"]

_N_LABELS_OF_TRANSFORMERS = 2  # of a config.json that says nothing of labels
_MAX_LABELS = 100_000  # each is allocated when its name is only counted
_MAX_SHOWN = 80  # characters of a value in a message

# Families whose published classifiers were trained on a label for each subword.
_LABELLED_BY_SUBWORD = {"openai_privacy_filter"}

# Keys that name other files for transformers to read, and what they could bring in.
_REDIRECTIONS = {
    "transformers_weights": "could make transformers read a pickle",
    "configuration_files": "makes transformers read another config than the one that was checked",
}


def read_config(folder: Path, name: str, *, check_sizes: bool = True) -> dict[str, Any]:
    """Return what the config.json in a folder says.

    Args:
        folder: The folder of the checkpoint.
        name: What to call it in messages.
        check_sizes: Refuse a file, and a number of labels, that are larger than any honest ones.

    Raises:
        CheckpointError: There is none, or it is damaged, or asks for something dangerous.
    """
    adapter = read_adapter(folder, name)
    path = folder / "config.json"
    if not path.is_file():
        raise CheckpointError(_describe_missing_config(folder, name))
    files = list_files(folder)
    refuse_pointers(files, name)
    if path not in files:
        raise CheckpointError(
            f"{name}: config.json is a link out of {folder}, and would be copied with the model. "
            "Put the file itself there."
        )
    config = read_json(path, name, check_sizes=check_sizes)
    for key, danger in _REDIRECTIONS.items():
        if key in config:
            raise CheckpointError(
                f"{name}: config.json names other files to read ({key}), which {danger}. Remove "
                "that key: the config is config.json, the weights are model.safetensors."
            )
    _check_labels(config, name, check_sizes=check_sizes)
    architectures = config.get("architectures") or []
    if not _is_list_of_names(architectures):
        raise CheckpointError(
            f"{name}: expected architectures in config.json to be a list of names, got "
            f"{_shorten(architectures)}."
        )
    if adapter is not None:
        # They are those of the weights without the adapter, which may bring the head.
        config["architectures"] = []
    return config


def list_labels(config: dict[str, Any], folder: Path) -> list[str]:
    """Return the labels in a config.json, in the order of the head's rows.

    Where it names none, the class of the config may.
    """
    id2label = config.get("id2label") or _ask_config_class(folder)
    if id2label:
        return [str(id2label[str(i)]) for i in range(len(id2label))]
    # Transformers names them so, too.
    n_labels = config.get("num_labels", _N_LABELS_OF_TRANSFORMERS)
    return [f"LABEL_{i}" for i in range(n_labels)]


def _ask_config_class(folder: Path) -> dict[str, str]:
    """Return the labels that transformers has for a config.json; none where it cannot read it."""
    from transformers import AutoConfig

    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(
                str(folder), trust_remote_code=False, local_files_only=True
            )
    except Exception:  # noqa: BLE001 - what is wrong is said when the network is loaded
        return {}
    id2label = getattr(config, "id2label", None) or {}
    return {str(i): label for i, label in id2label.items()}


def has_trained_head(config: dict[str, Any], notes: Notes | None) -> bool:
    """Tell whether the weights of the head, if there are any, are those of a token classifier."""
    if notes is not None:
        return notes.scheme is not None
    architectures = config.get("architectures")
    if not architectures:
        return True  # old checkpoints do not say; weights that are missing are noticed later
    return any(name.endswith("ForTokenClassification") for name in architectures)


def find_label_unit(config: dict[str, Any]) -> LabelUnit | None:
    """Return what the labels of a family's classifiers run over; None where the family varies."""
    return "subword" if config.get("model_type") in _LABELLED_BY_SUBWORD else None


def _check_labels(config: dict[str, Any], name: str, *, check_sizes: bool) -> None:
    """Check that labels are numbered like the columns of the head, and that they can be counted.

    Raises:
        CheckpointError: They are not.
    """
    id2label = config.get("id2label") or {}
    if not _is_numbered(id2label):
        raise CheckpointError(
            f"{name}: expected id2label in config.json to name the columns of the head, numbered "
            f"from 0 without gaps, got {_shorten(id2label)}. Number them in the order of "
            "the head's rows."
        )
    for key in ("num_labels", "_num_labels"):
        n_labels = config.get(key, 0)
        if not isinstance(n_labels, int) or n_labels < 0:
            raise CheckpointError(
                f"{name}: expected {key} in config.json to be a number of labels, got "
                f"{_shorten(n_labels)}."
            )
        if check_sizes and n_labels > _MAX_LABELS:
            raise CheckpointError(
                f"{name}: {key} in config.json says {n_labels:,} labels, more than "
                f"{_MAX_LABELS:,}: their names alone would fill the memory. If that is meant, set "
                "check_sizes = false.",
                settings=("check_sizes",),
            )


def _describe_missing_config(folder: Path, name: str) -> str:
    message = (
        f"{name}: expected a checkpoint folder with config.json, found {name_files(folder)} "
        f"in {folder}."
    )
    if (folder / NOTES_FILE).is_file():
        message += (
            " That is what spacy_hf_ner.TokenClassifier.v1 saves: name that architecture in the "
            "config."
        )
    return message


def _is_numbered(id2label: object) -> bool:
    """Tell whether labels have the ids 0, 1, …, as strings, because JSON has no other keys."""
    if not isinstance(id2label, dict):
        return False
    expected_ids = set(map(str, range(len(id2label))))
    return id2label.keys() == expected_ids


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _shorten(value: object) -> str:
    """Return a value as far as a message needs it."""
    return shorten(re.sub(r"\s+", " ", str(value)), _MAX_SHOWN)
