"""What a component must know of the pipeline that it is added to, and what it tells of itself.

spaCy imports this module in every process that makes a pipeline, so it imports next to nothing.
"""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from spacy.language import Language

from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.hf_ner import HFNer

__all__ = [
    "check_component_name",
    "check_group_is_free",
    "declare_requirements",
    "find_entity_setters",
    "is_loading",
]


def check_component_name(name: str) -> None:
    """Check that a component's name is not meant to be that of a checkpoint.

    Raises:
        ConfigError: It is one of a repository, or a path.
    """
    if "/" in name or "\\" in name:
        raise ConfigError(
            f"a component cannot be called {name!r}: its name is that of a folder when the "
            "pipeline is saved. If this is a checkpoint, it belongs to the model: "
            f'nlp.add_pipe("hf_ner", config={{"model": {{"name": {name!r}}}}}).',
            settings=("name",),
        )


def check_group_is_free(nlp: Language, component: "HFNer") -> None:
    """Check that a component will not erase the span group of another one, nor the other way.

    Components that set entities may share a group: each keeps what is still an entity.

    Raises:
        ConfigError: Two have one group, and one of them sets nothing else.
    """
    for name, other in nlp.components:
        if not isinstance(other, type(component)) or other.spans_key != component.spans_key:
            continue
        if "spans" in {component.annotate, other.annotate}:
            raise ConfigError(
                f"{component.name} and {name} both write doc.spans[{other.spans_key!r}], so one "
                "would erase what the other found. Leave out spans_key, which then is the name of "
                'each component, or give one of them another: spans_key = "other".',
                settings=("spans_key",),
            )


def find_entity_setters(nlp: Language) -> list[str]:
    """Return the components of a pipeline that learn to set entities; rules are not among them."""
    names: list[str] = []
    for name, component in nlp.components:
        sets_entities = "doc.ents" in nlp.get_pipe_meta(name).assigns
        if getattr(component, "annotate", "ents") == "spans":
            sets_entities = False
        if sets_entities and hasattr(component, "update"):
            names.append(name)
    return names


def declare_requirements(
    nlp: Language,
    factory: str,
    *,
    reads_sentences: bool,
    assigns: Sequence[str] | None = None,
    retokenizes: bool = False,
) -> None:
    """Declare for ``nlp.analyze_pipes`` what the component needs that a factory is about to return.

    spaCy knows requirements of factories, not of components, but it takes the factory's when it
    adds what the factory has returned: so they are set anew for each component.

    Args:
        nlp: The pipeline.
        factory: The name of the factory.
        reads_sentences: Whether the component needs sentence boundaries.
        assigns: What it sets; None for what all components of the factory do.
        retokenizes: Whether it changes tokens.
    """
    requires = ["token.is_sent_start"] if reads_sentences else []
    meta = nlp.get_factory_meta(factory)
    declared = replace(
        meta, requires=requires, assigns=list(assigns or meta.assigns), retokenizes=retokenizes
    )
    if declared != meta:
        Language.set_factory_meta(factory, declared)


def is_loading() -> bool:
    """Tell whether spaCy is making a pipeline from a config.

    A saved pipeline has its weights, and the name in its config is where they once came from: it
    may be gone. Whoever calls ``nlp.add_pipe`` means a checkpoint that exists. spaCy calls the
    factory in the same way for both, so its own function is looked for among the callers.
    """
    from_config = Language.from_config.__func__.__code__  # type: ignore[attr-defined]
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is from_config:
            return True
        frame = frame.f_back
    return False
