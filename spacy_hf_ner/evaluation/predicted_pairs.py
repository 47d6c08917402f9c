"""Gold beside predicted entities, for every text that a pipeline has predicted."""

from collections.abc import Iterable

from spacy.training import Example

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.pairing import DocPair, pair_examples
from spacy_hf_ner.evaluation.prediction import Prediction

__all__ = ["pair_predictions"]


def pair_predictions(prediction: Prediction, *, spans_key: str) -> tuple[DocPair, ...]:
    """Return gold and predicted entities of every text.

    Args:
        prediction: The Docs.
        spans_key: The span group of the scores, or of the entities where the pipeline does not set
            ``doc.ents``.

    Raises:
        ConfigError: The pipeline sets neither ``doc.ents`` nor such a group in any Doc.
        AlignmentError: The pipeline's tokenizer changes the text in more than white space.
    """
    _check_predicted(prediction.examples, spans_key)
    return pair_examples(prediction.examples, spans_key=spans_key)


def _check_predicted(examples: Iterable[Example], spans_key: str) -> None:
    """Refuse Docs in which the pipeline has set neither entities nor the span group."""
    groups: set[str] = set()
    has_tokens = False
    for example in examples:
        doc = example.predicted
        # An empty Doc has every annotation, says spaCy: it tells nothing of the pipeline.
        if len(doc) == 0:
            continue
        has_tokens = True
        if spans_key in doc.spans or doc.has_annotation("ENT_IOB"):
            return
        groups.update(doc.spans.keys())
    if not has_tokens:
        return
    message = (
        f"expected a pipeline that sets doc.ents, or else doc.spans[{spans_key!r}], "
        "got one that sets neither"
    )
    if not groups:
        raise ConfigError(f"{message}. Add a component that finds entities.")
    found = ", ".join(f"doc.spans[{group!r}]" for group in sorted(groups))
    raise ConfigError(f"{message}, only {found}. Name one with spans_key.", settings=("spans_key",))
