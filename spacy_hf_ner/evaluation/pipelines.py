"""A pipeline by its name or folder: find it, load it, describe it."""

from pathlib import Path
from typing import Final

from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.util import is_package, load_model

from spacy_hf_ner.errors import ConfigError

__all__ = [
    "DEFAULT_SPANS_KEY",
    "check_pipeline",
    "describe",
    "find_spans_key",
    "load_pipeline",
    "use_gpu",
]

DEFAULT_SPANS_KEY: Final = "hf_ner"

_PIPELINE_FILES: Final = ("meta.json", "config.cfg")


def load_pipeline(name: str) -> Language:
    """Return an installed pipeline, or the one in a folder.

    Raises:
        ConfigError: There is no such pipeline.
    """
    check_pipeline(name)
    return load_model(name)


def check_pipeline(name: str) -> None:
    """Make sure that there is a pipeline of this name or in this folder, without loading it.

    Raises:
        ConfigError: There is none.
    """
    folder = Path(name)
    missing = [file for file in _PIPELINE_FILES if not (folder / file).is_file()]
    if not missing or name.startswith("blank:") or is_package(name):
        return
    expected = "expected the name of an installed pipeline or a folder that holds one, got"
    if not folder.exists():
        raise ConfigError(
            f"{expected} {name!r}. Train one with `python -m spacy train`, or install one with "
            "`python -m spacy download`."
        )
    if folder.is_file():
        raise ConfigError(f"{expected} the file {name!r}. The pipeline comes before the data.")
    raise ConfigError(
        f"{expected} the folder {name!r}, which has no {' and no '.join(missing)}. "
        f"{_name_pipelines_inside(folder)}"
    )


def _name_pipelines_inside(folder: Path) -> str:
    """Return advice for whoever named ``training`` in place of ``training/model-best``."""
    pipelines = [str(file.parent) for file in sorted(folder.glob(f"*/{_PIPELINE_FILES[0]}"))]
    if pipelines:
        return f"Pipelines in it: {', '.join(pipelines)}."
    return "Name another one."


def use_gpu(gpu_id: int, *, silent: bool = False) -> None:
    """Let what follows run on a GPU, or on the CPU if the number is negative.

    Raises:
        ConfigError: spaCy cannot use that GPU.
    """
    try:
        setup_gpu(gpu_id, silent=silent)
    except (ValueError, RuntimeError) as error:  # thinc's, CuPy's
        raise ConfigError(
            "expected gpu_id to be a GPU that spaCy can use, or -1 for the CPU, got "
            f"{gpu_id} ({error}). spaCy needs CuPy beside a CUDA build of torch: "
            "pip install 'spacy[cuda12x]' for CUDA 12.",
            settings=["gpu_id"],
        ) from error


def find_spans_key(nlp: Language, named: str | None = None) -> str:
    """Return the span group of a pipeline's scores, or of its entities if it sets no ``doc.ents``.

    It is the one that is named; else that of the last component with a setting ``spans_key``.
    """
    if named:
        return named
    spans_key = DEFAULT_SPANS_KEY
    for _, component in nlp.pipeline:
        component_key = getattr(component, "spans_key", None)
        if isinstance(component_key, str):
            spans_key = component_key
    return spans_key


def describe(nlp: Language) -> str:
    """Return a pipeline's name, version and components, such as ``"en_news 1.0.0 (hf_ner)"``."""
    meta = nlp.meta
    return f"{meta['lang']}_{meta['name']} {meta['version']} ({', '.join(nlp.pipe_names)})"
