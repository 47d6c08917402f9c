"""Which device a pipeline runs on."""

from spacy.cli._util import setup_gpu

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.installing import make_pip_hint

__all__ = ["use_gpu"]


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
