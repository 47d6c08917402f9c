"""The registered factories ``hf_ner`` and ``hf_tagger``.

spaCy imports this module in every process that makes a pipeline, so it imports almost nothing: the
components themselves, with torch and transformers, are imported when a pipeline first uses them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from spacy.language import Language
from thinc.api import Model

from spacy_hf_ner.core.schemes import SchemeChoice
from spacy_hf_ner.pipe.architectures import (
    DEFAULT_NAME,
    DEFAULT_TAGGER_NAME,
    make_hf_token_classifier_v1,
)
from spacy_hf_ner.pipe.component_settings import (
    Annotate,
    Decoder,
    HFNerSettings,
    HFTaggerSettings,
    Loss,
    Overwrite,
    TokenAlignment,
    default_settings,
)
from spacy_hf_ner.pipe.neighbours import (
    check_component_name,
    check_group_is_free,
    declare_requirements,
    find_entity_setters,
    is_loading,
)

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.hf_ner import HFNer
    from spacy_hf_ner.pipe.hf_tagger import HFTagger

__all__ = ["DEFAULT_CONFIG", "TAGGER_CONFIG", "make_hf_ner", "make_hf_tagger"]

_ARCHITECTURE = "spacy_hf_ner.HFTokenClassifier.v1"

DEFAULT_CONFIG: dict[str, Any] = {
    "model": {"@architectures": _ARCHITECTURE, "name": DEFAULT_NAME},
    **default_settings(HFNerSettings),
    "scorer": {"@scorers": "spacy.ner_scorer.v1"},
}
TAGGER_CONFIG: dict[str, Any] = {
    "model": {"@architectures": _ARCHITECTURE, "name": DEFAULT_TAGGER_NAME},
    **default_settings(HFTaggerSettings),
    "scorer": {"@scorers": "spacy_hf_ner.tag_scorer.v1"},
}


# pydantic checks a config against the annotations of this signature. Where HFNerSettings takes any
# Mapping, the signature says dict, because that is what a config holds.
@Language.factory(
    "hf_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_hf_ner(
    nlp: Language,
    name: str,
    model: Model[Any, Any] | str,
    annotate: Annotate,
    alignment: TokenAlignment,
    spans_key: str | None,
    decoder: Decoder,
    bias: float | dict[str, float],
    threshold: float | dict[str, float] | None,
    overwrite: Overwrite,
    loss: Loss,
    scheme: SchemeChoice,
    class_weights: Literal["balanced"] | dict[str, float] | None,
    label_smoothing: float,
    incorrect_spans_key: str | None,
    keep_checkpoint_labels: bool,  # noqa: FBT001 - filled by name from the config
    calibrated: bool,  # noqa: FBT001 - filled by name from the config
    scorer: Callable[..., dict[str, Any]] | None,
) -> "HFNer":
    """Return a component that finds entities with a Hugging Face token classifier.

    ``nlp`` and ``name`` are the pipeline and the component's name in it, and ``model`` gives one
    row of tag scores for each token of a Doc; or it is the name of a checkpoint, for a model with
    the default settings. ``scorer`` is what ``nlp.evaluate`` calls; with
    ``annotate = "spans"`` the default scores the span group, and also reports that as ``ents_f``,
    by which ``spacy train`` selects, unless another component sets entities. All other settings
    are described in :class:`spacy_hf_ner.pipe.component_settings.HFNerSettings`.
    """
    from spacy_hf_ner.pipe.hf_ner import HFNer

    check_component_name(name)
    if isinstance(model, str):
        model = make_hf_token_classifier_v1(model)
    component = HFNer(
        nlp.vocab,
        model,
        name,
        scorer=scorer,
        annotate=annotate,
        alignment=alignment,
        spans_key=spans_key,
        decoder=decoder,
        bias=bias,
        threshold=threshold,
        overwrite=overwrite,
        loss=loss,
        scheme=scheme,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        incorrect_spans_key=incorrect_spans_key,
        keep_checkpoint_labels=keep_checkpoint_labels,
        calibrated=calibrated,
    )
    check_group_is_free(nlp, component)
    component.note_earlier(find_entity_setters(nlp))
    declare_requirements(
        nlp,
        "hf_ner",
        reads_sentences=component.classifier.reads_sentences,
        retokenizes=alignment == "split",
    )
    if not is_loading():
        component.classifier.check_name()
    return component


# spaCy drops the scores that no component gives from the weights of a config.
@Language.factory(
    "hf_tagger",
    assigns=["token.pos", "token.tag", "token.morph"],
    default_config=TAGGER_CONFIG,
    default_score_weights={"pos_acc": 1.0, "tag_acc": 1.0, "morph_acc": 1.0},
)
def make_hf_tagger(
    nlp: Language,
    name: str,
    model: Model[Any, Any] | str,
    target: str,
    overwrite: bool,  # noqa: FBT001 - filled by name from the config
    class_weights: Literal["balanced"] | dict[str, float] | None,
    label_smoothing: float,
    keep_checkpoint_labels: bool,  # noqa: FBT001 - filled by name from the config
    calibrated: bool,  # noqa: FBT001 - filled by name from the config
    scorer: Callable[..., dict[str, Any]] | None,
) -> "HFTagger":
    """Return a component that labels tokens with a Hugging Face token classifier.

    For ``nlp``, ``name`` and ``model`` see :func:`make_hf_ner`. ``scorer`` is what ``nlp.evaluate``
    calls; the default gives the accuracy of what ``target`` names. All other settings are described
    in :class:`spacy_hf_ner.pipe.component_settings.HFTaggerSettings`.
    """
    from spacy_hf_ner.pipe.hf_tagger import HFTagger

    check_component_name(name)
    if isinstance(model, str):
        model = make_hf_token_classifier_v1(model)
    component = HFTagger(
        nlp.vocab,
        model,
        name,
        scorer=scorer,
        target=target,
        overwrite=overwrite,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        keep_checkpoint_labels=keep_checkpoint_labels,
        calibrated=calibrated,
    )
    declare_requirements(
        nlp,
        "hf_tagger",
        reads_sentences=component.classifier.reads_sentences,
        assigns=[component.attribute.path],
    )
    if not is_loading():
        component.classifier.check_name()
    return component
