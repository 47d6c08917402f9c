"""``viterbi_calibration.json``: what some published checkpoints add to transitions in decoding.

The file has a table of operating points, each a trade of precision for recall; the one that is
called ``default`` counts, as it does for those who publish such files. ``openai/privacy-filter``
brings one.
"""

import json
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.core.chain import TransitionScores
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.foreign import read_bytes, reading

__all__ = ["VITERBI_CALIBRATION_FILE", "ViterbiCalibration", "read_viterbi_calibration"]

VITERBI_CALIBRATION_FILE: Final = "viterbi_calibration.json"

_KEYS: Final = {
    "transition_bias_background_stay": "stay_outside",
    "transition_bias_background_to_start": "outside_to_start",
    "transition_bias_inside_to_continue": "go_on",
    "transition_bias_inside_to_end": "go_on_to_end",
    "transition_bias_end_to_background": "end_to_outside",
    "transition_bias_end_to_start": "end_to_start",
}
# Some write a score that no row outweighs where they mean "never"; far beyond it floats lose what
# rows say.
_MAX_SCORE: Final = 1e6


@dataclass(frozen=True, slots=True)
class ViterbiCalibration:
    """What a checkpoint's ``viterbi_calibration.json`` holds.

    Attributes:
        content: The file as it was found: it is saved so, with what others read in it.
        scores: What it adds to transitions.
    """

    content: bytes
    scores: TransitionScores


def read_viterbi_calibration(
    folder: Path, name: str, *, check_sizes: bool = True
) -> ViterbiCalibration | None:
    """Return what a folder's ``viterbi_calibration.json`` holds, or None if there is none.

    Args:
        folder: The folder of the checkpoint.
        name: What to call it in messages.
        check_sizes: Refuse a file that is larger than any honest one.

    Raises:
        CheckpointError: The file cannot be read, or is not of that form.
    """
    path = folder / VITERBI_CALIBRATION_FILE
    if not path.is_file():
        return None
    content = read_bytes(path, name, check_sizes=check_sizes)
    with reading(path.name, name):
        biases = json.loads(content.decode("utf8"))["operating_points"]["default"]["biases"]
        return ViterbiCalibration(content, _read_scores(biases, name))


def _read_scores(biases: Any, name: str) -> TransitionScores:  # noqa: ANN401 - whatever JSON has
    """Return transition scores from the table of a file.

    Raises:
        CheckpointError: A score is missing, unknown, or no number in range.
    """
    if not isinstance(biases, dict) or biases.keys() != _KEYS.keys():
        found = ", ".join(map(str, biases)) if isinstance(biases, dict) else repr(biases)
        raise CheckpointError(
            f"{name}: expected the biases {', '.join(_KEYS)} in {VITERBI_CALIBRATION_FILE}, got "
            f"{found}: decoding would not be what it was tuned for. Copy the file again from where "
            "it is whole, or remove it to decode without."
        )
    scores: dict[str, float] = {}
    for key, field in _KEYS.items():
        value = biases[key]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not isfinite(value) or abs(value) > _MAX_SCORE:
            raise CheckpointError(
                f"{name}: expected {key} in {VITERBI_CALIBRATION_FILE} to be a number from "
                f"-{_MAX_SCORE:g} to {_MAX_SCORE:g}, got {value!r}. Copy the file again from where "
                "it is whole, or remove it to decode without."
            )
        scores[field] = float(value)
    return TransitionScores(**scores)
