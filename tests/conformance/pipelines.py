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
from spacy_hf_ner.pipe.hf_tagger import HFTagger
from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe

Entity = tuple[int, int, str]

TRAINING_TEXTS: list[tuple[str, list[Entity]]] = [
    ("Who is Shaka Khan?", [(7, 17, "PERSON")]),
    ("I like London and Berlin.", [(7, 13, "LOC"), (18, 24, "LOC")]),
]
# The same texts with the part of speech of each token.
TRAINING_TAGS: list[tuple[str, list[str]]] = [
    ("Who is Shaka Khan?", ["PRON", "AUX", "PROPN", "PROPN", "PUNCT"]),
    ("I like London and Berlin.", ["PRON", "VERB", "PROPN", "CCONJ", "PROPN", "PUNCT"]),
]
UPOS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM"),
    *("PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
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
    """Add hf_ner to a pipeline, reading a checkpoint in full precision."""
    settings = {"model": describe_model(checkpoint, model), **config}
    return cast("HFNer", nlp.add_pipe("hf_ner", name=name, config=settings))


def add_hf_tagger(
    nlp: Language,
    checkpoint: Path | str,
    *,
    name: str = "hf_tagger",
    model: Mapping[str, Any] | None = None,
    **config: Any,
) -> HFTagger:
    """Add hf_tagger to a pipeline, reading a checkpoint in full precision."""
    settings = {"model": describe_model(checkpoint, model), **config}
    return cast("HFTagger", nlp.add_pipe("hf_tagger", name=name, config=settings))


def describe_model(checkpoint: Path | str, model: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the config of a model that reads a checkpoint in full precision."""
    architecture = {"@architectures": "spacy_hf_ner.HFTokenClassifier.v1", "name": str(checkpoint)}
    return architecture | EXACT | dict(model or {})


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


def get_component(nlp: Language, name: str = "") -> TokenClassifierPipe:
    """Return the component of a pipeline of that name; by default the first of ours."""
    if name:
        return cast("TokenClassifierPipe", nlp.get_pipe(name))
    ours = [pipe for _, pipe in nlp.components if isinstance(pipe, TokenClassifierPipe)]
    return ours[0]


def get_ner(nlp: Language, name: str = "hf_ner") -> HFNer:
    """Return the component of a pipeline."""
    return cast("HFNer", nlp.get_pipe(name))


def make_example(nlp: Language, text: str, entities: Sequence[Entity] | None) -> Example:
    """Return an Example with entities (start_char, end_char, type); None for no annotation."""
    return Example.from_dict(nlp.make_doc(text), {} if entities is None else {"entities": entities})


def make_examples(
    nlp: Language, texts: Iterable[tuple[str, list[Entity]]] = TRAINING_TEXTS
) -> list[Example]:
    """Return Examples of the training texts, with entities."""
    return [make_example(nlp, text, entities) for text, entities in texts]


def make_tagged_examples(nlp: Language) -> list[Example]:
    """Return Examples of the training texts, with parts of speech."""
    examples: list[Example] = []
    for text, pos in TRAINING_TAGS:
        examples.append(Example.from_dict(nlp.make_doc(text), {"pos": pos}))
    return examples


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
    found: list[tuple[int, int, str, float]] = []
    if "hf_ner" in doc.spans:
        scores = doc.spans["hf_ner"].attrs["scores"]
        for span, score in zip(doc.spans["hf_ner"], scores, strict=True):
            found.append((span.start, span.end, span.label_, round(score, 4)))
    for token in doc:
        score = token._.pos_score if token.has_extension("pos_score") else None
        if score is not None:
            found.append((token.i, token.i + 1, token.pos_, round(score, 4)))
    return found


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


def copy_weights(nlp: Language, name: str = "") -> dict[str, npt.NDArray[np.float32]]:
    """Return a copy of all weights of the component's network."""
    network = get_checkpoint(nlp, name).network
    return {
        key: copy.deepcopy(value.detach().numpy()) for key, value in network.state_dict().items()
    }


def get_checkpoint(nlp: Language, name: str = "") -> Any:
    """Return what the component's model has loaded."""
    return get_component(nlp, name).model.shims[0].checkpoint  # type: ignore[attr-defined]
