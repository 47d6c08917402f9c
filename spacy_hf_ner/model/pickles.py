"""Weights in pickles, or in several files, to one file of safetensors, in a process of its own.

A pickle can run code when it is loaded. ``weights_only`` lets it make tensors and nothing else; the
process that reads it has nothing to lose, and ends with it.
"""

import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy_hf_ner.errors import CheckpointError
from spacy_hf_ner.model.foreign import describe

__all__ = ["convert_weights"]

# Before, code could be run in spite of weights_only.
# Source: https://github.com/advisories/GHSA-53q9-r3pm-6pq6 (CVE-2025-32434)
_SAFE_TORCH = (2, 6)


def convert_weights(files: Sequence[Path], output: Path, name: str) -> None:
    """Write the weights of some files to one file of safetensors, by the same names.

    Args:
        files: Pickles (``.bin``) or safetensors.
        output: The file to write.
        name: What to call the checkpoint in messages.

    Raises:
        CheckpointError: A file is damaged, holds anything else than tensors, or wants to run code.
    """
    command = [sys.executable, "-m", __name__, str(output), *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - our own module
    if ended.returncode:
        listed = ", ".join(file.name for file in files)
        reason = ended.stderr.strip() or f"it ended with {ended.returncode}"
        raise CheckpointError(f"{name}: {listed} cannot be converted to safetensors: {reason}")


def _convert(files: Sequence[Path], output: Path) -> None:
    from safetensors.torch import save_file

    weights: dict[str, Any] = {}
    for file in files:
        weights.update(_read(file))
    save_file(_separate(weights), output, metadata={"format": "pt"})


def _read(file: Path) -> dict[str, Any]:
    """Return the tensors in a file, by name."""
    import torch
    from safetensors.torch import load_file

    if file.suffix == ".safetensors":
        return load_file(file)
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < _SAFE_TORCH:
        raise ValueError(
            f"torch {torch.__version__} lets a pickle run code in spite of weights_only "
            "(CVE-2025-32434). Install torch 2.6 or newer to convert it."
        )
    # Files from before torch 1.6 are no archives, and cannot be mapped.
    is_archive = zipfile.is_zipfile(file)
    loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=is_archive)
    if not isinstance(loaded, Mapping):
        raise TypeError(f"expected tensors by name, got {type(loaded).__name__}.")
    tensors = {key: value for key, value in loaded.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f"expected tensors by name, got {', '.join(map(str, loaded)) or 'none'}.")
    return tensors


def _separate(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return tensors of which no two share memory, as safetensors wants them."""
    seen: set[int] = set()
    separate: dict[str, Any] = {}
    for key, tensor in weights.items():
        memory = tensor.untyped_storage().data_ptr()
        separate[key] = tensor.clone() if memory in seen else tensor
        separate[key] = separate[key].contiguous()
        seen.add(memory)
    return separate


def _main(arguments: Sequence[str]) -> None:
    output, *files = map(Path, arguments)
    try:
        _convert(files, output)
    except Exception as error:  # noqa: BLE001 - said in a sentence by the process that asked
        sys.exit(describe(error))


if __name__ == "__main__":
    _main(sys.argv[1:])
