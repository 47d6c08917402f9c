"""The models of a server, and what becomes of requests between HTTP and their queues."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from spacy.tokens import Doc

from spacy_hf_ner.serving.batch_queue import Answer, TextJob
from spacy_hf_ner.serving.bodies import EntitiesOptions, check_text
from spacy_hf_ner.serving.formats import Choice, describe_doc
from spacy_hf_ner.serving.loaded_pipeline import LoadedPipeline
from spacy_hf_ner.serving.refusals import RefusedError, refuse_long
from spacy_hf_ner.serving.rewrites import RewriteOptions, Rewrites
from spacy_hf_ner.serving.serve_settings import ServeSettings
from spacy_hf_ner.serving.served_model import ServedModel

if TYPE_CHECKING:
    from spacy_hf_ner.serving.metrics import Metrics

__all__ = ["Describe", "Service"]

# uvicorn's, which has a handler for the terminal.
logger = logging.getLogger("uvicorn.error")

_NOT_FOUND: Final = 404

Describe = Callable[[Doc, LoadedPipeline], Answer]
"""Turns a Doc that a pipeline has read into an answer, in the thread that reads."""


class Service:
    """Everything that a server knows, but HTTP.

    Args:
        settings: The settings of the server.
        metrics: Counts what happens.

    Attributes:
        settings: The settings of the server.
        metrics: Counts what happens.
        models: The models by their names; the first is the default.
        is_draining: Whether the server is about to stop.

    Raises:
        HFNerError: A model cannot be loaded.
    """

    def __init__(self, settings: ServeSettings, metrics: "Metrics") -> None:
        self.settings = settings
        self.metrics = metrics
        self.is_draining = False
        self.models: dict[str, ServedModel] = {}
        for name, source in settings.models.items():
            observe = partial(metrics.count_batch, name)
            self.models[name] = ServedModel(name, source, settings, observe=observe)

    @property
    def is_alive(self) -> bool:
        """Whether all models answer."""
        return all(model.is_alive for model in self.models.values())

    @property
    def is_ready(self) -> bool:
        """Whether requests should come here: all models answer, and have room for more."""
        has_room = not any(model.is_full for model in self.models.values())
        return self.is_alive and has_room and not self.is_draining

    def choose(self, name: str | None) -> ServedModel:
        """Return the model of a name, or the default.

        Raises:
            RefusedError: There is none of that name.
        """
        if name is None:
            return next(iter(self.models.values()))
        model = self.models.get(name)
        if model is None:
            names = ", ".join(self.models)
            raise RefusedError(_NOT_FOUND, f"model must be one of {names}, got {name!r}.")
        return model

    def plan_entities(self, options: EntitiesOptions) -> tuple[ServedModel, Describe]:
        """Return the model that a client wants, and what makes its answers.

        Raises:
            RefusedError: There is no such model.
            ConfigError: An option does not fit the model.
        """
        model = self.choose(options.model)
        choice = Choice(
            threshold=model.pipeline.choose_threshold(options.threshold),
            entity_types=model.pipeline.choose_types(options.types),
            format_name=options.format,
        )

        def describe(doc: Doc, pipeline: LoadedPipeline) -> Answer:
            return describe_doc(doc, pipeline.finder, choice)

        return model, describe

    def plan_rewriting(self, options: RewriteOptions) -> tuple[ServedModel, Describe]:
        """Return the model that a client wants, and what makes its answers; it may take a while.

        Raises:
            RefusedError: There is no such model, or no key for hashes.
            ConfigError: An option is missing, or does not fit the model.
            MissingExtraError: The method needs a library that is not installed.
        """
        model = self.choose(options.model)
        return model, Rewrites(options, self.settings, model.pipeline).describe

    async def answer(
        self, model: ServedModel, texts: str | Sequence[Any], describe: Describe
    ) -> dict[str, Any]:
        """Return the answers to the texts of a request.

        Raises:
            RefusedError: They are too many, one is too long, or there is no room for them.
        """
        jobs = self._make_jobs(texts, describe)
        answers = await asyncio.wrap_future(model.submit(jobs))
        return {"model": model.name, "results": answers}

    def reload(self) -> None:
        """Read all models from the disk again; one that cannot be read stays as it is."""
        for model in self.models.values():
            succeeded = _reload(model)
            self.metrics.count_reload(model.name, succeeded=succeeded)

    def close(self) -> None:
        """Return when all requests that were taken are answered."""
        for model in self.models.values():
            model.close()
        self.metrics.close()

    def _make_jobs(self, texts: str | Sequence[Any], describe: Describe) -> list[TextJob]:
        if isinstance(texts, str):
            texts = [texts]
        limits = self.settings.limits
        if len(texts) > limits.max_texts:
            raise refuse_long(
                "a request",
                found=len(texts),
                limit=limits.max_texts,
                unit="texts",
                advice="Send fewer at once, or a stream of lines (application/x-ndjson).",
            )
        jobs: list[TextJob] = []
        for i, text in enumerate(texts):
            error = check_text(text, limits, place=f"text {i}")
            jobs.append(TextJob("" if error else text, describe, error))
        return jobs


def _reload(model: ServedModel) -> bool:
    """Read a model from the disk again, and tell whether it could be read."""
    try:
        model.reload()
    except Exception:  # the old model goes on
        logger.exception("%s: not reloaded, the old one stays", model.name)
        return False
    logger.info("%s: reloaded", model.name)
    return True
