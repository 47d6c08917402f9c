"""The engines that configs can name. An engine is imported when a config first asks for it."""

import re
from pathlib import Path
from pkgutil import resolve_name

from spacy_hf_ner.model.engines.base import Engine

__all__ = ["ENGINES", "find_other_engine", "get_engine", "is_engine_file"]

# What `backend` in a config may be: the class, or where it is.
ENGINES: dict[str, str | type[Engine]] = {
    "torch": "spacy_hf_ner.model.engines.torch_engine:TorchEngine",
    "onnx": "spacy_hf_ner.model.engines.onnx.engine:OnnxEngine",
}


def get_engine(name: str) -> type[Engine]:
    """Return the class of an engine.

    Raises:
        KeyError: There is no engine of that name.
    """
    engine = ENGINES[name]
    if isinstance(engine, str):
        resolved: type[Engine] = resolve_name(engine)
        return resolved
    return engine


def find_other_engine(folder: Path, *, name: str) -> tuple[type[Engine], str] | None:
    """Return another engine than ``name`` that has its files in a folder, and one of these files.

    None if no other engine has any there.
    """
    file_names = sorted(path.name for path in folder.iterdir() if path.is_file())
    for other_name in ENGINES:
        if other_name == name:
            continue
        other = get_engine(other_name)
        for file_name in file_names:
            if re.fullmatch(other.files, file_name):
                return other, file_name
    return None


def is_engine_file(file_name: str) -> bool:
    """Tell whether an engine writes files of a name.

    >>> is_engine_file("model.safetensors"), is_engine_file("README.md")
    (True, False)
    """
    return any(re.fullmatch(get_engine(name).files, file_name) for name in ENGINES)
