"""Which device a pipeline runs on, and how many cores it may use."""

import os

from spacy.cli._util import setup_gpu

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.installing import make_pip_hint

__all__ = ["count_cores", "use_gpu"]


def use_gpu(gpu_id: int, *, silent: bool = False) -> None:
    """Let what follows run on a GPU, or on the CPU if the number is negative.

    Raises:
        ConfigError: spaCy cannot use that GPU.
    """
    try:
        setup_gpu(gpu_id, silent=silent)
    except (ValueError, RuntimeError) as error:  # thinc's, CuPy's
        raise ConfigError(
            f"expected gpu_id to be a GPU that spaCy can use, or -1 for the CPU, got {gpu_id} "
            f"({error}). spaCy needs CuPy beside a CUDA build of torch: "
            f"{make_pip_hint('spacy[cuda12x]')} for CUDA 12.",
            settings=("gpu_id",),
        ) from error


def count_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
