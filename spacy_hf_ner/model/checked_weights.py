"""The files of a network's weights: which they are, that they can be trusted, how much they hold.

Transformers reads them. What it would find elsewhere, and what it would allocate beyond them, is
refused before.
"""

import contextlib
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from spacy_hf_ner.core.wording import shorten
from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.foreign import (
    PICKLES,
    explain_missing_weights,
    list_pickles,
    read_json,
    reading,
)

__all__ = ["Weights", "find_weights", "has_weights", "limit_sizes"]

# A network may have as many values as its file twice over, because parts that share weights are
# made one by one, and a table of positions that no file holds.
_N_FACTOR = 2
_N_EXTRA = 100_000_000

_MAX_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights in a checkpoint folder.

    Attributes:
        files: Their files.
        is_pickle: Whether these are pickles.
        n_values: How many numbers they hold, or could hold.
    """

    files: tuple[Path, ...]
    is_pickle: bool
    n_values: int


def has_weights(folder: Path) -> bool:
    """Tell whether a folder has weights for PyTorch, of whatever kind."""
    return any(folder.glob("*.safetensors")) or any(folder.glob(PICKLES))


def find_weights(folder: Path, name: str, *, allow_pickle: bool = False) -> Weights:
    """Return the weights in a folder.

    Args:
        folder: The folder of the checkpoint.
        name: What to call it in messages.
        allow_pickle: Take ``.bin`` weights where there are no safetensors.

    Raises:
        CheckpointError: There are no safetensors, and no permission to do without; a file is
            damaged, or an index names files elsewhere.
    """
    is_pickle = not any(folder.glob("*.safetensors"))
    if is_pickle:
        _check_permission(folder, name, allow_pickle=allow_pickle)
    files = _list_read_files(
        folder, name, "pytorch_model.bin" if is_pickle else "model.safetensors"
    )
    n_values = 0
    for file in files:
        with reading(file.name, name):
            # A number takes one byte or more; a pickle does not say what it holds.
            n_values += file.stat().st_size if is_pickle else _count_values(file)
    return Weights(tuple(files), is_pickle=is_pickle, n_values=n_values)


def _list_read_files(folder: Path, name: str, usual_name: str) -> list[Path]:
    """Return the files that transformers reads weights from: one, or those that an index names.

    Raises:
        CheckpointError: The index is damaged, or names files of another kind or elsewhere.
    """
    file = folder / usual_name
    if file.is_file():
        return [file]
    index = folder / f"{usual_name}.index.json"
    if not index.is_file():
        return []
    weight_map = read_json(index, name).get("weight_map")
    if not isinstance(weight_map, dict):
        raise CheckpointError(
            f"{name}: expected a table weight_map in {index.name}: the file is damaged. Copy it "
            "again from where it is whole."
        )
    files: set[Path] = set()
    for file_name in weight_map.values():
        is_own = isinstance(file_name, str) and Path(file_name).name == file_name
        if not is_own or Path(file_name).suffix != file.suffix:
            shown = shorten(str(file_name), _MAX_SHOWN)
            raise CheckpointError(
                f"{name}: {index.name} names {shown!r} as a file of weights. "
                f"Only {file.suffix} files in the folder itself are read."
            )
        files.add(folder / file_name)
    return sorted(files)


def _check_permission(folder: Path, name: str, *, allow_pickle: bool) -> None:
    """Check that there are pickles, and that they may be read."""
    files = [path.name for path in folder.iterdir()]
    if not allow_pickle or not list_pickles(files):
        raise CheckpointError(explain_missing_weights(files, name))


def _count_values(file: Path) -> int:
    """Return how many numbers a file of safetensors holds, from its header."""
    from safetensors import safe_open

    n_values = 0
    with safe_open(file, framework="pt") as tensors:
        for key in tensors.keys():  # noqa: SIM118 - it is no dict
            n_values += math.prod(tensors.get_slice(key).get_shape())
    return n_values


@contextlib.contextmanager
def limit_sizes(n_values: int, name: str) -> Iterator[None]:
    """Refuse a network that this thread makes for a while if it is far larger than its weights.

    Transformers makes networks without values before it reads weights: what is refused has taken
    no memory yet, or the system has refused it before.

    Args:
        n_values: How many numbers the weights hold.
        name: What to call the checkpoint in messages.

    Raises:
        CheckpointError: The network has more parameters, or one of its tables more rows.
    """
    thread = threading.get_ident()
    most = _N_FACTOR * n_values + _N_EXTRA
    n_made = 0

    def count(_module: nn.Module, key: str, tensor: torch.Tensor | None) -> None:
        nonlocal n_made
        if tensor is None or threading.get_ident() != thread:
            return
        n_made += tensor.numel()
        if n_made > most:
            raise CheckpointError(
                f"{name}: config.json describes a network far larger than its weights: they hold "
                f"{n_values:,} numbers, and {key!r} makes {n_made:,} of the network. If that is "
                "meant, set check_sizes = false.",
                settings=("check_sizes",),
            )

    handles = [
        register_module_parameter_registration_hook(count),
        register_module_buffer_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
