"""The model that data is checked with: a pipeline, or a checkpoint to train one from."""

from pathlib import Path
from typing import Final

import spacy
from spacy.language import Language

from spacy_hf_ner.evaluation.pipelines import load_pipeline

__all__ = ["load_checked_model"]

_ARCHITECTURE: Final = "spacy_hf_ner.HFTokenClassifier.v1"


def load_checked_model(name: str, *, lang: str) -> Language:
    """Return a pipeline by its name or folder, or one around a Hugging Face checkpoint.

    Args:
        name: An installed pipeline, a pipeline's folder, a checkpoint's folder, or the name of a
            checkpoint on the hub, such as ``"dslim/bert-base-NER"``.
        lang: The language of the pipeline around a checkpoint.

    Raises:
        ConfigError: There is no such pipeline.
    """
    if not _is_checkpoint(name):
        return load_pipeline(name)
    nlp = spacy.blank(lang)
    nlp.add_pipe("hf_ner", config={"model": {"@architectures": _ARCHITECTURE, "name": name}})
    return nlp


def _is_checkpoint(name: str) -> bool:
    folder = Path(name)
    if folder.exists():
        return (folder / "config.json").is_file()
    # Names on the hub have an owner; those of installed pipelines have no slash.
    return name.count("/") == 1 and not name.startswith(("/", "."))
