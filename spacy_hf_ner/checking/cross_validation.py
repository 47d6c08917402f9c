"""Models that judge data which they have not learned from: each fold by a model of the others.

A model that was trained on wrong annotation has learned it, and finds nothing wrong with it.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model_from_config, registry
from thinc.api import Config, Optimizer

from spacy_hf_ner.checking.model_predictions import (
    find_probable_spans,
    is_trained,
    show_improbable,
)
from spacy_hf_ner.checking.parts import Part, PredictedPart
from spacy_hf_ner.pipe.gold import Entity

__all__ = ["predict_parts"]

_SEED: Final = 0


def predict_parts(
    parts: Sequence[Part],
    nlp: Language,
    *,
    spans_key: str,
    n_folds: int = 0,
    max_steps: int | None = None,
    progress: bool = False,
) -> tuple[PredictedPart, ...] | None:
    """Return what a model finds in each document of each part; None if nobody ever trained it.

    With folds, the documents of each are judged by a model that was trained on all others, from the
    beginning, as the config of the pipeline says.

    Args:
        parts: The data.
        nlp: The pipeline, which is changed: it gives improbable spans, too.
        spans_key: The span group that its hf_ner writes to.
        n_folds: How many models are trained; 0 to ask the pipeline itself.
        max_steps: Updates for each; None for what the config says.
        progress: Show a progress bar on a terminal.
    """
    docs: list[Doc] = []
    for part in parts:
        docs += part.spacy_docs()
    if n_folds:
        found = _cross_validate(
            docs, nlp, spans_key=spans_key, n_folds=n_folds, max_steps=max_steps, progress=progress
        )
    elif is_trained(nlp):
        show_improbable(nlp)
        found = find_probable_spans(nlp, docs, spans_key=spans_key, progress=progress)
    else:
        return None
    stream = iter(found)
    return tuple(tuple(islice(stream, len(part.docs))) for part in parts)


def _cross_validate(
    docs: Sequence[Doc],
    nlp: Language,
    *,
    spans_key: str,
    n_folds: int,
    max_steps: int | None,
    progress: bool,
) -> list[tuple[Entity, ...]]:
    """Return what models find in each document that have not learned from it."""
    fold_of_doc = _deal_folds(len(docs), n_folds)
    found: list[tuple[Entity, ...]] = [()] * len(docs)
    for fold in range(n_folds):
        learned: list[Doc] = []
        judged: list[Doc] = []
        judged_i: list[int] = []
        for i, doc in enumerate(docs):
            if fold_of_doc[i] == fold:
                judged.append(doc)
                judged_i.append(i)
            else:
                learned.append(doc)

        model, optimizer = _train(nlp, learned, max_steps)
        show_improbable(model)
        with model.use_params(optimizer.averages):
            entities = find_probable_spans(model, judged, spans_key=spans_key, progress=progress)
        for i, doc_entities in zip(judged_i, entities, strict=True):
            found[i] = doc_entities
    return found


def _deal_folds(n_docs: int, n_folds: int) -> list[int]:
    """Return the fold of each document: as many in each, in an order by chance."""
    folds = [i % n_folds for i in range(n_docs)]
    random.Random(_SEED).shuffle(folds)  # noqa: S311 - not for secrets
    return folds


def _train(nlp: Language, docs: Sequence[Doc], max_steps: int | None) -> tuple[Language, Optimizer]:
    """Return a pipeline that was trained as the config of another one says, and its optimizer."""
    config = _prepare_config(nlp, max_steps)
    model = load_model_from_config(config)
    examples = [Example(model.make_doc(doc.text), doc) for doc in docs]
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    optimizer = training["optimizer"]
    frozen = training["frozen_components"]
    with model.select_pipes(disable=frozen):
        model.initialize(lambda: examples, sgd=optimizer)
    batches = training["batcher"](_repeat(examples))
    for batch in islice(batches, training["max_steps"]):
        model.update(
            batch,
            drop=training["dropout"],
            sgd=optimizer,
            exclude=frozen,
            annotates=training["annotating_components"],
        )
        optimizer.step_schedules()
    return model, optimizer


def _prepare_config(nlp: Language, max_steps: int | None) -> Config:
    """Return the config of a pipeline for training without its data: labels come from the Docs."""
    config = nlp.config.interpolate()
    config["initialize"]["components"] = {}
    training: dict[str, Any] = config["training"]
    training["logger"] = {"@loggers": "spacy.ConsoleLogger.v1"}
    if max_steps is None:
        return config
    training["max_steps"] = max_steps
    # A rate that falls to 0 has to know when.
    learn_rate = training["optimizer"].get("learn_rate")
    if isinstance(learn_rate, dict) and "total_steps" in learn_rate:
        learn_rate["total_steps"] = max_steps
    return config


def _repeat(examples: Sequence[Example]) -> Iterator[Example]:
    """Yield the examples in a new order again and again."""
    draw = random.Random(_SEED)  # noqa: S311 - not for secrets
    order = list(examples)
    while True:
        draw.shuffle(order)
        yield from order
