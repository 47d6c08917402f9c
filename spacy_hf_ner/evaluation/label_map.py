"""Predicted types under the names that gold has for them.

A pipeline that finds PERSON is not worse than gold that says PER. Predictions are renamed in their
Docs, before anything is compared, so that every measure sees the same types.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_hf_ner.corpus.edits import parse_label_map
from spacy_hf_ner.errors import ConfigError

__all__ = ["LabelMap", "check_label_map", "read_label_maps", "rename_entities"]

LabelMap = Mapping[str, str]
"""The new name of each type; an empty one leaves the type out."""

_ATTRS_OF_SPANS = ("scores", "char_offsets")  # of a span group: lists with a value for each span


def read_label_maps(texts: Iterable[str], models: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the label map of each model.

    Args:
        texts: Each ``[MODEL:]OLD=NEW,…``. Without a model it is for all of them; where both name a
            type, what is for one model goes first.
        models: The models, as the user named them.

    Raises:
        ConfigError: A text is not of this form.

    >>> read_label_maps(["PERSON=PER", "b:PERSON=HUMAN,DATE="], ["a", "b"])
    {'a': {'PERSON': 'PER'}, 'b': {'PERSON': 'HUMAN', 'DATE': ''}}
    """
    for_all: dict[str, str] = {}
    for_model: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for text in texts:
        model = _find_model(text, models)
        if model is None:
            for_all.update(parse_label_map(text))
        else:
            for_model[model].update(parse_label_map(text.removeprefix(f"{model}:")))

    label_maps: dict[str, dict[str, str]] = {}
    for model in models:
        label_maps[model] = {**for_all, **for_model[model]}
    return label_maps


def _find_model(text: str, models: Sequence[str]) -> str | None:
    """Return the model whose name a text begins with; the longest, if several fit."""
    fitting = [model for model in models if text.startswith(f"{model}:")]
    return max(fitting, key=len, default=None)


def check_label_map(nlp: Language, label_map: LabelMap) -> None:
    """Make sure that a pipeline knows the types that are to be renamed.

    Nothing is refused where a component does not say what labels it has.

    Raises:
        ConfigError: No component has a label of such a name.
    """
    labels: set[str] = set()
    for _, component in nlp.pipeline:
        if not hasattr(component, "labels"):
            return
        labels.update(filter(_is_text, component.labels))
    unknown = [name for name in label_map if name not in labels]
    if unknown:
        raise ConfigError(
            f"label_map names {', '.join(unknown)}, which no component of the pipeline has among "
            f'its labels: {", ".join(sorted(labels))}. Name one of these in front of "=".',
            settings=("label_map",),
        )


def _is_text(label: object) -> bool:
    # Those of spaCy's lemmatizer are numbers of edit trees.
    return isinstance(label, str)


def rename_entities(doc: Doc, label_map: LabelMap, *, spans_key: str) -> None:
    """Give the entities of a Doc, and those of a span group, their new types.

    Args:
        doc: The Doc, which is changed.
        label_map: The new names.
        spans_key: The span group.
    """
    if not label_map:
        return
    if doc.has_annotation("ENT_IOB"):
        kept: list[Span] = []
        for ent in doc.ents:
            renamed = _rename(ent, label_map)
            if renamed is not None:
                kept.append(renamed)
        doc.ents = kept
    if spans_key in doc.spans:
        doc.spans[spans_key] = _rename_group(doc.spans[spans_key], label_map)


def _rename_group(group: SpanGroup, label_map: LabelMap) -> SpanGroup:
    kept: list[Span] = []
    places: list[int] = []
    for i, span in enumerate(group):
        renamed = _rename(span, label_map)
        if renamed is not None:
            kept.append(renamed)
            places.append(i)
    attrs = dict(group.attrs)
    for name in _ATTRS_OF_SPANS:
        if attrs.get(name) is not None:
            attrs[name] = [attrs[name][i] for i in places]
    return SpanGroup(group.doc, name=group.name, spans=kept, attrs=attrs)


def _rename(span: Span, label_map: LabelMap) -> Span | None:
    """Return a span with its new type; None where that is left out."""
    label = label_map.get(span.label_, span.label_)
    if not label:
        return None
    return Span(span.doc, span.start, span.end, label=label, kb_id=span.kb_id)
