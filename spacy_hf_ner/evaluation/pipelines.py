"""Finding and loading a pipeline, what to call it, and the span group that it writes to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from spacy.language import Language
from spacy.util import is_package, load_model

from spacy_hf_ner.core.replacing import complete_swap
from spacy_hf_ner.errors import ConfigError

__all__ = [
    "DEFAULT_SPANS_KEY",
    "check_pipeline",
    "describe_components",
    "find_spans_key",
    "load_pipeline",
    "make_title",
    "name_pipeline",
]

DEFAULT_SPANS_KEY: Final = "hf_ner"

_PIPELINE_FILES: Final = ("meta.json", "config.cfg")

# The name in the meta of a pipeline that was given none.
_UNNAMED: Final = "pipeline"


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
    complete_swap(folder)
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
    lacks = " and no ".join(missing)
    raise ConfigError(
        f"{expected} the folder {name!r}, which has no {lacks}. {_suggest_subfolders(folder)}"
    )


def _suggest_subfolders(folder: Path) -> str:
    """Return a sentence that names the pipelines one level below, such as model-best."""
    found: list[str] = []
    for file in sorted(folder.glob(f"*/{_PIPELINE_FILES[0]}")):
        found.append(str(file.parent))
    if not found:
        return "Name another one."
    return f"Pipelines in it: {', '.join(found)}."


def find_spans_key(nlp: Language, named: str | None = None) -> str:
    """Return the span group of scores, or of entities where ``doc.ents`` is not set.

    It is the one that is named; else that of the last component with a setting ``spans_key``.
    """
    if named:
        return named
    found = DEFAULT_SPANS_KEY
    for _, component in nlp.pipeline:
        spans_key = getattr(component, "spans_key", None)
        if isinstance(spans_key, str):
            found = spans_key
    return found


def make_title(name: str, components: str, data: str | None) -> str:
    """Return what was judged, in a line.

    >>> make_title("training/model-best", "hf_ner", "corpus/dev.spacy")
    'training/model-best (hf_ner) on corpus/dev.spacy'
    """
    title = f"{name} ({components})"
    return title if data is None else f"{title} on {data}"


def name_pipeline(nlp: Language) -> str:
    """Return what to call a pipeline that nobody has named: its own name, or its folder's.

    >>> import spacy
    >>> name_pipeline(spacy.blank("en", meta={"name": "news", "version": "1.2.0"}))
    'en_news 1.2.0'
    >>> name_pipeline(spacy.blank("en"))
    'a pipeline without a name'
    """
    # spaCy names every pipeline so that nobody has named: "en_pipeline 0.0.0" tells nothing.
    if nlp.meta["name"] != _UNNAMED:
        return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
    if nlp.path is not None:
        return str(nlp.path)
    return "a pipeline without a name"


def describe_components(nlp: Language) -> str:
    """Return the components of a pipeline, with the models that their settings name.

    Such as ``"tagger, hf_ner: dslim/bert-base-NER"``.
    """
    # A model may be named by a variable, such as ${paths.encoder}.
    components = nlp.config.interpolate()["components"]
    described: list[str] = []
    for component in nlp.pipe_names:
        settings = components[component].get("model")
        model = None
        if isinstance(settings, Mapping):
            model = settings.get("name")
        if model:
            described.append(f"{component}: {model}")
        else:
            described.append(component)
    return ", ".join(described)
