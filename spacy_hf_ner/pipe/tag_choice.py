"""Which tags a model is trained with: types of the data, and tags that a checkpoint has."""

import logging
from collections.abc import Iterable, Sequence

from spacy.errors import Errors
from spacy.language import Language
from spacy.training import Example

from spacy_hf_ner.core.labels import TagSet, make_plain_tag_set, make_tag_set, read_labels
from spacy_hf_ner.core.schemes import SCHEMES, choose_strict, get_scheme
from spacy_hf_ner.errors import ConfigError, TagError
from spacy_hf_ner.pipe.gold import read_gold_spans

__all__ = [
    "NEW_HEAD_SCHEME",
    "check_labels",
    "choose_plain_tag_set",
    "choose_tag_set",
    "find_entity_types",
    "merge_types",
]

logger = logging.getLogger("spacy_hf_ner")

NEW_HEAD_SCHEME = SCHEMES["IOB2"]
"""The scheme of a head that is made anew where no scheme is asked for."""


def find_entity_types(
    examples: Iterable[Example], *, spans_key: str | None = None, prefer_group: bool = False
) -> list[str]:
    """Return the entity types in the gold annotation of examples, sorted.

    For the arguments see :func:`.read_targets`.

    Raises:
        ValueError: A type begins with ``!``, spaCy 2's way to mark wrong spans (spaCy's E869).
    """
    types: set[str] = set()
    for example in examples:
        spans = list(example.reference.ents)
        if spans_key is not None:
            spans = read_gold_spans(
                example.reference, spans_key=spans_key, prefer_group=prefer_group
            )
        types.update(entity.label_ for entity in spans)
    for entity_type in types:
        if entity_type.startswith("!"):
            raise ValueError(Errors.E869.format(label=entity_type))
    return sorted(types - {""})


def check_labels(
    labels: Sequence[str],
    in_data: Iterable[str],
    *,
    nlp: Language | None,
    name: str,
    kind: str = "entity types",
) -> None:
    """Refuse labels that lack some of the training data: a file of another data set, mostly.

    Args:
        labels: The labels that ``initialize`` is given.
        in_data: The labels in the training data.
        nlp: The pipeline, whose config may say where the labels come from.
        name: The component's name.
        kind: What its labels are, in the plural.

    Raises:
        ConfigError: A label is missing.
    """
    missing = [label for label in in_data if label not in labels]
    if not missing:
        return
    section = f"[initialize.components.{name}.labels]"
    file = _find_labels_file(nlp, name)
    source = f"{file}, which {section} names" if file else section
    raise ConfigError(
        f"{name}: expected labels with all {kind} of the training data, got "
        f"{', '.join(labels)}, without {', '.join(missing)}. They come from {source}. Write them "
        "anew with `python -m spacy init labels`, or leave them out, in our configs with "
        f"paths.labels = null: then the {kind} are those of the data."
    )


def _find_labels_file(nlp: Language | None, name: str) -> str:
    """Return the file that a pipeline's config reads labels from; empty if it names none."""
    if nlp is None:
        return ""
    components = nlp.config.interpolate()["initialize"]["components"]
    reader = components.get(name, {}).get("labels")
    return str(reader.get("path", "")) if isinstance(reader, dict) else ""


def merge_types(
    types: Iterable[str],
    known: TagSet | None,
    *,
    keep_known: bool,
    name: str,
    kind: str = "entity types",
) -> list[str]:
    """Return the labels to train: those wanted, then those of the checkpoint if kept.

    Args:
        types: The labels wanted.
        known: The tags of the checkpoint, or None if its head was never trained.
        keep_known: Keep labels that are not wanted; else what is dropped is logged.
        name: The component's name, for the log.
        kind: What its labels are, in the plural.
    """
    wanted = list(dict.fromkeys(types))
    if known is None:
        return wanted
    extra = [entity_type for entity_type in known.entity_types if entity_type not in wanted]
    if keep_known:
        return [*wanted, *extra]
    if extra:
        logger.warning(
            "%s: the checkpoint's %s %s are not in the training data and are dropped. "
            "Set keep_checkpoint_labels = true to keep them.",
            name,
            kind,
            ", ".join(extra),
        )
    return wanted


def choose_tag_set(types: Sequence[str], *, known: TagSet | None, scheme: str) -> TagSet:
    """Return the tags to train.

    They are those of the checkpoint, if they can be read in the scheme and lack none, else new
    ones.

    Args:
        types: The entity types wanted; if empty, those of the checkpoint, with the tags it has.
        known: The tags of the checkpoint, or None if its head was never trained.
        scheme: A scheme's name, or ``"auto"`` for that of the checkpoint.

    >>> choose_tag_set(["PER"], known=read_labels(["O", "I-PER"]), scheme="IOB2").labels
    ('O', 'B-PER', 'I-PER')
    """
    if known is None:
        new_scheme = NEW_HEAD_SCHEME if scheme == "auto" else get_scheme(scheme)
        return make_tag_set(types, new_scheme)
    as_read = _read_in_scheme(known, scheme)
    if as_read is not None and (not types or _has_tags_of(as_read, types)):
        return as_read
    # Labels may leave open whether they are IOB1 or IOB2; a new head learns IOB2.
    new_scheme = choose_strict(known.scheme) if scheme == "auto" else get_scheme(scheme)
    return make_tag_set(types or known.entity_types, new_scheme)


def choose_plain_tag_set(labels: Sequence[str], *, known: TagSet | None) -> TagSet:
    """Return the labels of tokens to train: those of the checkpoint if it has just these.

    Args:
        labels: The labels wanted; if empty, those of the checkpoint.
        known: The tags of the checkpoint, or None if its head was never trained.
    """
    if known is not None and (not labels or known.entity_types == tuple(labels)):
        return known
    return make_plain_tag_set(labels)


def _has_tags_of(tag_set: TagSet, types: Sequence[str]) -> bool:
    """Return whether a tag set has exactly these types, and each tag that the scheme needs."""
    needed = make_tag_set(types, tag_set.scheme)
    if tag_set.entity_types != needed.entity_types:
        return False
    return tag_set.columns.keys() >= needed.columns.keys()


def _read_in_scheme(known: TagSet, scheme: str) -> TagSet | None:
    """Return the same columns in another scheme, or None if they cannot be read in it."""
    if scheme in ("auto", known.scheme.name):
        return known
    try:
        return read_labels(known.labels, scheme=scheme)
    except TagError:
        return None
