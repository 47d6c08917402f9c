"""The registered factory ``hf_ner``.

spaCy imports this module for every pipeline, so it imports almost nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from spacy.language import Language
from thinc.api import Model

from spacy_hf_ner.pipe.component_settings import (
    Annotate,
    Decoder,
    HFNerSettings,
    SchemeChoice,
    default_settings,
)

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.hf_ner import HFNer

__all__ = ["DEFAULT_CONFIG", "make_hf_ner"]

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {"@architectures": "spacy_hf_ner.HFTokenClassifier.v1", "name": "dslim/bert-base-NER"},
    **default_settings(HFNerSettings),
    "scorer": {"@scorers": "spacy.ner_scorer.v1"},
}


# Tables are dict here, as pydantic reads them from a config.
@Language.factory(
    "hf_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_hf_ner(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    annotate: Annotate,
    spans_key: str,
    decoder: Decoder,
    threshold: float | dict[str, float] | None,
    overwrite: bool,  # noqa: FBT001 - filled by name from the config
    scheme: SchemeChoice,
    class_weights: Literal["balanced"] | dict[str, float] | None,
    label_smoothing: float,
    incorrect_spans_key: str | None,
    keep_checkpoint_labels: bool,  # noqa: FBT001 - filled by name from the config
    calibrated: bool,  # noqa: FBT001 - filled by name from the config
    scorer: Callable[..., dict[str, Any]] | None,
) -> "HFNer":
    """Return a component that finds entities with a Hugging Face token classifier.

    Args:
        nlp: The pipeline.
        name: The component's name in it.
        model: A model from Docs to one row of tag scores per token.
        annotate: This and all that follow but the scorer: see
            :class:`spacy_hf_ner.pipe.component_settings.HFNerSettings`.
        spans_key: See there.
        decoder: See there.
        threshold: See there.
        overwrite: See there.
        scheme: See there.
        class_weights: See there.
        label_smoothing: See there.
        incorrect_spans_key: See there.
        keep_checkpoint_labels: See there.
        calibrated: See there.
        scorer: What ``nlp.evaluate`` uses. With ``annotate = "spans"`` the default scores the span
            group, and gives ``ents_f`` of it too where no other component sets entities, so that
            ``spacy train`` selects by it.
    """
    from spacy_hf_ner.pipe.hf_ner import HFNer

    return HFNer(
        nlp.vocab,
        model,
        name,
        scorer=scorer,
        annotate=annotate,
        spans_key=spans_key,
        decoder=decoder,
        threshold=threshold,
        overwrite=overwrite,
        scheme=scheme,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        incorrect_spans_key=incorrect_spans_key,
        keep_checkpoint_labels=keep_checkpoint_labels,
        calibrated=calibrated,
    )
