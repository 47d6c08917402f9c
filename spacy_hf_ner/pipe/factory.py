"""The registered factory ``hf_ner``. spaCy imports this module for every pipeline, so it imports almost nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from spacy.language import Language
from thinc.api import Model

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.hf_ner import HFNer

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {"@architectures": "spacy_hf_ner.HFTokenClassifier.v1", "name": "dslim/bert-base-NER"},
    "annotate": "ents",
    "spans_key": "hf_ner",
    "decoder": "viterbi",
    "threshold": None,
    "overwrite": False,
    "scheme": "auto",
    "class_weights": None,
    "label_smoothing": 0.0,
    "incorrect_spans_key": None,
    "keep_checkpoint_labels": False,
    "calibrated": True,
    "scorer": {"@scorers": "spacy.ner_scorer.v1"},
}


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
    annotate: Literal["ents", "spans"],
    spans_key: str,
    decoder: Literal["viterbi", "greedy"],
    threshold: float | dict[str, float] | None,
    overwrite: bool,  # noqa: FBT001 - filled by name from the config
    scheme: Literal["auto", "IO", "IOB", "IOB1", "IOB2", "IOBES", "BILOU", "BMES"],
    class_weights: Literal["balanced"] | dict[str, float] | None,
    label_smoothing: float,
    incorrect_spans_key: str | None,
    keep_checkpoint_labels: bool,  # noqa: FBT001
    calibrated: bool,  # noqa: FBT001
    scorer: Callable[..., dict[str, Any]] | None,
) -> "HFNer":
    """Return a component that finds entities with a Hugging Face token classifier.

    Args:
        nlp: The pipeline.
        name: The component's name in it.
        model: A model from Docs to one row of tag scores per token.
        annotate: ``"ents"``: set ``doc.ents``, and the same spans with scores in ``doc.spans[spans_key]``;
            ``"spans"``: only the latter.
        spans_key: The key in ``doc.spans``. Components that set entities may share one.
        decoder: ``"viterbi"``: the best legal tag path, with exact span posteriors as scores; ``"greedy"``: each
            token's best tag, with mean token probabilities.
        threshold: The least score of a span, in [0, 1], or a table of them per entity type. With ``annotate = "spans"``
            every span whose posterior reaches it is given, overlapping ones too.
        overwrite: Replace entities that were set earlier; by default they are kept, and worked around.
        scheme: The tag scheme; ``"auto"``: the one stored with the model or told by its labels, and IOB2 for new heads.
        class_weights: Weights of tags in the loss: None, ``"balanced"`` (inverse frequency in the data that
            ``initialize`` gets), or per entity type.
        label_smoothing: Share of the target that is spread over all tags, in [0, 1).
        incorrect_spans_key: The key in the gold Doc's ``spans`` of spans known to be wrong.
        keep_checkpoint_labels: Keep entity types of the checkpoint that the training data lacks.
        calibrated: Pass scores through what ``calibrate`` fitted, where it was called.
        scorer: What ``nlp.evaluate`` uses. With ``annotate = "spans"`` the default scores the span group, and gives
            ``ents_f`` of it too where no other component sets entities, so that ``spacy train`` selects by it.
    """
    from spacy_hf_ner.pipe.hf_ner import HFNer

    return HFNer(
        nlp.vocab,
        model,
        name,
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
        scorer=scorer,
    )
