"""Pipelines, texts and Examples that the conformance tests share."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam, Optimizer

from spacy_hf_ner.pipe.hf_ner import HFNer

Entity = tuple[int, int, str]

TRAINING_TEXTS: list[tuple[str, list[Entity]]] = [
    ("Who is Shaka Khan?", [(7, 17, "PERSON")]),
    ("I like London and Berlin.", [(7, 13, "LOC"), (18, 24, "LOC")]),
]
TEXT = "Angela Merkel met Tim Cook in San José on Friday, and flew back to Berlin."
TEXTS = [TEXT, "Who is Shaka Khan?", "", "I like London and Berlin.", "  \n\n ", "Łódź"]
# What makes runs repeatable and gradients exact.
EXACT: dict[str, Any] = {"precision": "fp32", "mixed_precision": "none"}


def add_hf_ner(
    nlp: Language,
    checkpoint: Path | str,
    *,
    name: str = "hf_ner",
    model: Mapping[str, Any] | None = None,
    **config: Any,
) -> HFNer:
    """Add the component to a pipeline, reading a checkpoint in full precision."""
    architecture = {"@architectures": "spacy_hf_ner.HFTokenClassifier.v1", "name": str(checkpoint)}
    settings = {"model": architecture | EXACT | dict(model or {}), **config}
    return cast("HFNer", nlp.add_pipe("hf_ner", name=name, config=settings))


def make_pipeline(checkpoint: Path | str, **config: Any) -> Language:
    """Return a blank English pipeline with the component."""
    nlp = spacy.blank("en")
    add_hf_ner(nlp, checkpoint, **config)
    return nlp


def initialize_pipeline(checkpoint: Path | str, **config: Any) -> Language:
    """Return a blank English pipeline whose component was initialized on the training texts."""
    nlp = make_pipeline(checkpoint, **config)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def get_ner(nlp: Language, name: str = "hf_ner") -> HFNer:
    """Return the component of a pipeline."""
    return cast("HFNer", nlp.get_pipe(name))


def make_example(nlp: Language, text: str, entities: Sequence[Entity] | None) -> Example:
    """Return an Example with entities (start_char, end_char, type); None for no annotation."""
    return Example.from_dict(nlp.make_doc(text), {} if entities is None else {"entities": entities})


def make_examples(
    nlp: Language, texts: Iterable[tuple[str, list[Entity]]] = TRAINING_TEXTS
) -> list[Example]:
    """Return Examples of the training texts."""
    return [make_example(nlp, text, entities) for text, entities in texts]


def train(
    nlp: Language,
    examples: list[Example],
    *,
    n_steps: int = 30,
    learn_rate: float = 5e-3,
    sgd: Optimizer | None = None,
) -> dict[str, float]:
    """Update a pipeline a number of times and return the losses of the last step."""
    optimizer = Adam(learn_rate) if sgd is None else sgd
    losses: dict[str, float] = {}
    for _ in range(n_steps):
        losses = nlp.update(examples, sgd=optimizer, losses={})
    return losses


def find(doc: Doc) -> list[tuple[str, str]]:
    """Return text and type of a Doc's entities."""
    return [(ent.text, ent.label_) for ent in doc.ents]


def summarise(doc: Doc) -> list[tuple[int, int, str, float]]:
    """Return all that was found in a Doc, with scores rounded beyond the order of sums."""
    scores = doc.spans["hf_ner"].attrs["scores"]
    return [
        (s.start, s.end, s.label_, round(score, 4))
        for s, score in zip(doc.spans["hf_ner"], scores, strict=True)
    ]


def set_entity(
    doc: Doc, start: int, end: int, label: str, *, kb_id: str = "", span_id: str = ""
) -> None:
    """Set one entity of a Doc, in token indices; all other tokens are without annotation."""
    doc.set_ents(
        [Span(doc, start, end, label=label, kb_id=kb_id, span_id=span_id)], default="missing"
    )


def annotate(doc: Doc, *entities: Entity) -> Doc:
    """Return a Doc with entities, given in characters; all other tokens are outside."""
    spans = [doc.char_span(*entity) for entity in entities]
    doc.set_ents([span for span in spans if span is not None], default="outside")
    assert len(doc.ents) == len(entities)
    return doc


def copy_weights(nlp: Language, name: str = "hf_ner") -> dict[str, npt.NDArray[np.float32]]:
    """Return a copy of all weights of the component's network."""
    network = get_checkpoint(nlp, name).network
    return {
        key: copy.deepcopy(value.detach().numpy()) for key, value in network.state_dict().items()
    }


def get_checkpoint(nlp: Language, name: str = "hf_ner") -> Any:
    """Return what the component's model has loaded."""
    return get_ner(nlp, name).model.shims[0].checkpoint  # type: ignore[attr-defined]
