"""What a pipeline finds in documents, improbable spans included."""

from collections.abc import Iterator, Sequence
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner.evaluation.pairing import read_entities, read_group
from spacy_hf_ner.evaluation.prediction import predict
from spacy_hf_ner.pipe.gold import Entity
from spacy_hf_ner.pipe.hf_ner import HFNer

__all__ = ["find_probable_spans", "is_trained", "show_improbable"]

# Of a span that no suggestion would be about.
_MIN_SCORE: Final = 0.01


def is_trained(nlp: Language) -> bool:
    """Tell whether a pipeline can find anything: a checkpoint without a trained head cannot."""
    return all(component.labels for component in _find_recognisers(nlp))


def show_improbable(nlp: Language) -> None:
    """Have the hf_ner of a pipeline give all spans that are at all probable, even overlapping ones.

    Args:
        nlp: The pipeline, which is changed.
    """
    for component in _find_recognisers(nlp):
        component.annotate = "spans"
        component.threshold = _MIN_SCORE


def _find_recognisers(nlp: Language) -> Iterator[HFNer]:
    """Yield each hf_ner of a pipeline, whatever it is called there."""
    for _, component in nlp.pipeline:
        if isinstance(component, HFNer):
            yield component


def find_probable_spans(
    nlp: Language, docs: Sequence[Doc], *, spans_key: str, progress: bool = False
) -> list[tuple[Entity, ...]]:
    """Return what a pipeline finds in each document.

    They are the spans of the group, or the entities of a pipeline that sets no such group.

    Args:
        nlp: The pipeline; see :func:`show_improbable`.
        docs: The documents, which are not changed.
        spans_key: The span group that its hf_ner writes to.
        progress: Show a progress bar on a terminal.
    """
    found: list[tuple[Entity, ...]] = []
    for example in predict(nlp, docs, progress=progress).examples:
        if spans_key in example.predicted.spans:
            found.append(read_group(example.predicted, spans_key))
        else:
            found.append(read_entities(example.predicted, spans_key=spans_key))
    return found
