"""What a config says about a model that owns a Hugging Face token classifier."""

from dataclasses import dataclass
from typing import Literal

from spacy_hf_ner.model.aggregation import Aggregation, SubwordLabels
from spacy_hf_ner.model.backends.choice import BackendName
from spacy_hf_ner.model.backends.torch import MixedPrecision, Precision
from spacy_hf_ner.model.checkpoint import Attention


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says about a model. It is never saved with the weights: the config is.

    For the meaning of each see :func:`spacy_hf_ner.pipe.architectures.make_hf_token_classifier_v1`.
    """

    name: str
    revision: str | None = None
    labels: tuple[str, ...] | None = None
    aggregation: Aggregation = "first"
    subword_labels: SubwordLabels | None = None
    window: int | None = None
    overlap: int | None = None
    context: Literal["document", "sentence"] = "document"
    backend: BackendName = "torch"
    precision: Precision = "auto"
    mixed_precision: MixedPrecision = "auto"
    attention: Attention = "auto"
    dropout: float | None = None
    mark_case: bool = False
    head_learn_rate: float = 1.0
    frozen_layers: int = 0
    allow_pickle: bool = False
