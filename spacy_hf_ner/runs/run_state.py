"""Where a run stands, on disk: all that another process needs to go on as if nothing had happened.

It is written after an evaluation, whole or not at all. Restoring it is the second half of going
on; the first is :mod:`.replay`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from spacy.language import Language
from spacy.util import load_config, load_config_from_str
from thinc.api import Config, Optimizer

from spacy_hf_ner.core.replacing import complete_swap, replace_folder
from spacy_hf_ner.errors import CheckpointError, ConfigError
from spacy_hf_ner.model.files import raise_os_errors
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.runs.optimizer_state import read_optimizer_state, set_optimizer_state
from spacy_hf_ner.runs.random_states import RandomStates, set_random_states
from spacy_hf_ner.runs.replay import Draw, EvaluatedStep

__all__ = ["RunState", "read_run_state", "refuse_changes", "write_run_state"]

FORMAT_VERSION: Final = 1

_STATE_FILE: Final = "state.json"
_TENSORS_FILE: Final = "optimizer.safetensors"
_PIPELINE_FOLDER: Final = "pipeline"

# What a run may go on with, however it began: where its data lies now, and how it is shown.
_FREE: Final = ("paths.", "training.logger.")

_MISSING: Final = "nothing"


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands after an evaluation, but for weights and optimizers.

    Attributes:
        evaluated: The steps that were evaluated; the last one is the last that was made.
        draws: What drawing the batches again needs to know.
        random_states: Where the random numbers stand.
        folder: Where the rest lies; None for a state that was not read.
    """

    evaluated: tuple[EvaluatedStep, ...]
    draws: tuple[Draw, ...]
    random_states: RandomStates
    folder: Path | None = None

    @property
    def n_steps(self) -> int:
        """How many steps were made."""
        return self.evaluated[-1].step + 1

    def restore(self, nlp: Language, optimizer: Optimizer) -> None:
        """Put weights, what optimizers keep, and random numbers where they stood.

        Args:
            nlp: The pipeline, initialized as that of the run was.
            optimizer: Its optimizer, whose schedules stand where they stood.

        Raises:
            CheckpointError: The files are damaged.
        """
        from safetensors.torch import load_file

        assert self.folder is not None
        with reading("the state of the run", str(self.folder)):
            # Words and rules of tokenization are those of the config, and Docs hold on to them.
            nlp.from_disk(self.folder / _PIPELINE_FOLDER, exclude=["vocab", "tokenizer"])
            set_optimizer_state(nlp, optimizer, load_file(self.folder / _TENSORS_FILE))
        set_random_states(self.random_states)


def write_run_state(folder: Path, state: RunState, nlp: Language, optimizer: Optimizer) -> None:
    """Write where a run stands to a folder, in place of where it stood before.

    Raises:
        OutputError: It cannot be written. What was there stays.
    """
    from safetensors.torch import save_file

    plain = {
        "format_version": FORMAT_VERSION,
        "evaluated": [asdict(evaluated) for evaluated in state.evaluated],
        "draws": [asdict(draw) for draw in state.draws],
        "random_states": state.random_states,
    }
    tensors = {}
    for name, tensor in read_optimizer_state(nlp, optimizer).items():
        tensors[name] = tensor.detach().cpu().contiguous()
    with replace_folder(folder, marker=_STATE_FILE, is_outdated=_is_outdated) as fresh:
        nlp.to_disk(fresh / _PIPELINE_FOLDER)
        with raise_os_errors():
            save_file(tensors, fresh / _TENSORS_FILE)
        (fresh / _STATE_FILE).write_text(json.dumps(plain, default=_to_number), encoding="utf8")


def read_run_state(folder: Path) -> RunState | None:
    """Return where a run stands; None if there is none, or none of its steps was evaluated.

    Raises:
        CheckpointError: The files are damaged, or come from a later version of this package.
    """
    complete_swap(folder)
    if not (folder / _STATE_FILE).is_file():
        return None
    with reading(_STATE_FILE, str(folder)):
        plain = json.loads((folder / _STATE_FILE).read_text(encoding="utf8"))
        if plain["format_version"] > FORMAT_VERSION:
            raise CheckpointError(
                f"{folder}: expected a run of format {FORMAT_VERSION} or older, got "
                f"{plain['format_version']}: a later version of spacy-hf-ner wrote it. Install "
                "that one, or begin the run anew."
            )
        return RunState(
            evaluated=tuple(EvaluatedStep(**evaluated) for evaluated in plain["evaluated"]),
            draws=tuple(Draw(**draw) for draw in plain["draws"]),
            random_states=plain["random_states"],
            folder=folder,
        )


def refuse_changes(state: RunState, config: Config) -> None:
    """Refuse to go on with other settings: what would come of that is neither run.

    Raises:
        CheckpointError: The config of the run cannot be read.
        ConfigError: A setting that has a say in the weights has changed. Paths may change, and so
            may what shows the run.
    """
    changes = _find_changes(state, config)
    if changes:
        raise ConfigError(
            f"expected the config that the run began with, got another one: {'; '.join(changes)}. "
            "Go on with the old one, or begin anew without resume = true.",
            settings=("resume",),
        )


def _find_changes(state: RunState, config: Config) -> list[str]:
    """Return in words which settings have changed since a run began, but for those that may."""
    assert state.folder is not None
    with reading("config.cfg", str(state.folder)):
        path = state.folder / _PIPELINE_FOLDER / "config.cfg"
        before = _flatten(load_config(path, interpolate=False))
    # As text and back, so that both have the types that text has.
    now = _flatten(load_config_from_str(config.to_str(interpolate=False), interpolate=False))
    changes: list[str] = []
    for name in sorted(before.keys() | now.keys()):
        if name.startswith(_FREE) or before.get(name) == now.get(name):
            continue
        changes.append(f"{name} was {before.get(name, _MISSING)}, is {now.get(name, _MISSING)}")
    return changes


def _flatten(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the values of nested sections by their dotted names, as JSON."""
    flat: dict[str, str] = {}
    for name, value in section.items():
        if isinstance(value, Mapping):
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = json.dumps(value, default=str)
    return flat


def _to_number(value: Any) -> float | str:  # noqa: ANN401 - what scorers return beside plain numbers
    """Return a number of another library as one that JSON has, and anything else as its name."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _is_outdated(_path: Path) -> bool:
    return True
