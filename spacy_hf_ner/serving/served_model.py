"""A model that is served: the pipeline that is in use, and the queue before it."""

import gc
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from spacy_hf_ner.serving.batch_queue import Answer, BatchQueue, BatchReport, TextJob
from spacy_hf_ner.serving.loaded_pipeline import LoadedPipeline
from spacy_hf_ner.serving.serve_settings import ServeSettings

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["ServedModel"]

_MILLISECONDS = 1_000


class ServedModel:
    """A pipeline under the name by which clients know it.

    Args:
        name: The name.
        source: Name of an installed pipeline, or its folder.
        settings: The settings of the server.
        observe: Called with each batch that was read.

    Attributes:
        name: The name.
        pipeline: What reads now; another after a reload.
        loaded_at: When that was read from the disk.

    Raises:
        ConfigError: There is no such pipeline.
        CheckpointError: Its checkpoint cannot be read.
    """

    def __init__(
        self,
        name: str,
        source: str,
        settings: ServeSettings,
        *,
        observe: Callable[[BatchReport], object],
    ) -> None:
        self.name = name
        self._source = source
        self.pipeline = LoadedPipeline.load(source)
        self.loaded_at = datetime.now(timezone.utc)
        self._queue = BatchQueue(
            self.pipeline,
            max_subwords=settings.batch_subwords,
            max_wait=settings.batch_wait / _MILLISECONDS,
            max_characters=settings.limits.max_queue,
            observe=observe,
        )

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._queue.is_alive

    @property
    def is_full(self) -> bool:
        """Whether its queue has no room."""
        return self._queue.is_full

    @property
    def n_waiting(self) -> int:
        """How many characters have not been answered yet."""
        return self._queue.n_characters

    def submit(self, jobs: Sequence[TextJob]) -> "Future[list[Answer]]":
        """Let texts be read; the future has an answer for each, in their order.

        Raises:
            RefusedError: There is no room for them, or the model is closed.
        """
        return self._queue.submit(jobs)

    def reload(self) -> None:
        """Read the pipeline from the disk again; until then the old one answers.

        Raises:
            HFNerError: It cannot be read. The old one stays.
        """
        self.pipeline = LoadedPipeline.load(self._source)
        self._queue.reader = self.pipeline
        self.loaded_at = datetime.now(timezone.utc)
        # A pipeline refers to itself in circles, and holds hundreds of megabytes.
        gc.collect()

    def close(self) -> None:
        """Return when all that was taken is answered."""
        self._queue.close()
