"""Weights of tags in the loss: counted from data, or given per entity type."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.core.alignment import Units
from spacy_hf_ner.core.arrays import Floats32
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.schemes import OUTSIDE
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.component_settings import ClassWeights
from spacy_hf_ner.pipe.targets import GoldTargets, read_targets

__all__ = ["find_class_weights", "resolve_class_weights"]


def resolve_class_weights(
    class_weights: ClassWeights,
    tag_set: TagSet,
    get_examples: Callable[[], Iterable[Example]],
    *,
    read_targets: Callable[[Example, TagSet], GoldTargets] = read_targets,
    find_units: Callable[[Doc], Units] = find_units,
) -> list[float] | None:
    """Return the weight of each tag in the loss, or None where all are alike.

    ``"balanced"``: inverse to a tag's frequency in the data, "O" included, with a mean of 1; tags
    that the data lacks get 1. A table per entity type applies to all tags of the type, and "O"
    stands in it for what is outside.

    Args:
        class_weights: The setting.
        tag_set: The tags of the model.
        get_examples: Gives the data; called only if it is to be counted.
        read_targets: Gives what an Example teaches; its entities by default.
        find_units: Gives what has a tag in a Doc; its tokens by default.

    Raises:
        ConfigError: The table names an unknown type, or a weight is not positive.
    """
    if class_weights is None:
        return None
    if class_weights == "balanced":
        counts: Counter[int] = Counter()
        for example in get_examples():
            units = find_units(example.predicted)
            columns = read_targets(example, tag_set).write_columns(units.token_i, tag_set)
            counts.update(columns.tolist())
        return _balance(counts, n_tags=len(tag_set))
    return _read_table(class_weights, tag_set)


def find_class_weights(
    class_weights: ClassWeights, tag_set: TagSet, *, resolved: Sequence[float] | None
) -> Floats32 | None:
    """Return the weight of each tag; tags that were added since the others were counted get 1.

    A table per entity type can be applied at any time, so that training may go on with another.

    Args:
        class_weights: The setting.
        tag_set: The tags of the model.
        resolved: What :func:`resolve_class_weights` returned in ``initialize``; None if that was
            not called.

    Returns:
        Shape: (n_tags,). None where all are alike.

    Raises:
        ConfigError: The table has no sense, or the frequencies that balanced weights need were
            never counted.
    """
    if class_weights is None:
        return None
    if class_weights != "balanced":
        resolved = _read_table(class_weights, tag_set)
    if resolved is None:
        raise ConfigError(
            'class_weights = "balanced" expects the frequencies of the tags, got none: '
            "nlp.initialize, which counts them, was not called. Call it before training, or give a "
            "table per entity type.",
            settings=("class_weights",),
        )
    weights = np.ones(len(tag_set), dtype=np.float32)
    weights[: len(resolved)] = resolved
    return weights


def _balance(counts: Mapping[int, int], *, n_tags: int) -> list[float]:
    """Return weights that are inverse to frequency, with a mean of 1 over the tags in the data.

    Args:
        counts: How often the tag of each column is in the data; 0 for those that are not.
        n_tags: How many columns there are.
    """
    inverse: dict[int, float] = {}
    for column in range(n_tags):
        if counts[column]:
            inverse[column] = 1.0 / counts[column]
    mean = sum(inverse.values()) / max(len(inverse), 1)
    weights = [1.0] * n_tags
    for column, value in inverse.items():
        weights[column] = value / mean
    return weights


def _read_table(table: Mapping[str, float], tag_set: TagSet) -> list[float]:
    """Return the weight of each tag from a table per entity type."""
    if "O" in table and "O" in tag_set.entity_types and OUTSIDE in tag_set.columns:
        raise ConfigError(
            'class_weights must say of what "O" is the weight, got it beside an entity type of '
            "that name: it may be that type's, or that of tokens outside of entities. Rename the "
            'type, or leave "O" out, so that both weigh 1.',
            settings=("class_weights",),
        )
    is_unknown = not table.keys() <= {*tag_set.entity_types, "O"}
    if is_unknown or not all(weight > 0 for weight in table.values()):
        raise ConfigError(
            "class_weights must give positive weights to entity types of "
            f"{', '.join(tag_set.entity_types)} or O, got {dict(table)}.",
            settings=("class_weights",),
        )
    return [float(table.get(tag.entity_type or "O", 1.0)) for tag in tag_set.tags]
