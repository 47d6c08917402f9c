"""Shards on a Ray cluster: actors that load the model once, and are replaced when they die.

Inputs, model and output lie where every node finds them under the same path.

Ray retries by itself, too, but for ever, or not at all, and does not know which text killed an
actor. So Ray is told never to retry; the executor gives the shard to another actor.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Final

from spacy_hf_ner.errors import HFNerError, MissingExtraError
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.annotator import load_annotator
from spacy_hf_ner.scale.executor import (
    Died,
    Executor,
    Finished,
    News,
    Outcome,
    Ready,
    ShardTask,
    Worker,
    try_shard,
)
from spacy_hf_ner.scale.shards import ShardReader

__all__ = ["RayExecutor"]

POLL_S: Final = 1.0  # after so long, it is seen whether the run is to stop


class RayExecutor(Executor):
    """Runs shards on a Ray cluster.

    Args:
        n_workers: How many actors there are at a time; None for as many as the cluster has cores,
            or shares of GPUs, when the run begins.
        address: The address of the cluster; None for ``RAY_ADDRESS``, or a cluster of this machine.
        gpus_per_worker: The share of a GPU that an actor takes; 0 for the CPU.
    """

    def __init__(
        self,
        n_workers: int | None = None,
        *,
        address: str | None = None,
        gpus_per_worker: float = 0.0,
    ) -> None:
        super().__init__()
        self._n_workers = n_workers
        self._address = address
        self._gpus_per_worker = gpus_per_worker

    @contextlib.contextmanager
    def hire(self, settings: AnnotateSettings, n_tasks: int) -> Iterator["_RayCrew"]:
        """Give actors, which end with the block.

        Raises:
            MissingExtraError: Ray is not installed.
        """
        ray = _import_ray()
        is_ours = not ray.is_initialized()
        if is_ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            ray.init(address=self._address, log_to_driver=False, logging_level="ERROR")
        try:
            n_workers = self._n_workers or _count_places(ray, self._gpus_per_worker)
            crew = _RayCrew(ray, settings, min(n_workers, n_tasks), self._gpus_per_worker)
            try:
                yield crew
            finally:
                crew.end()
        finally:
            if is_ours:
                ray.shutdown()


class _Annotating:
    """What an actor does."""

    def __init__(self, settings: AnnotateSettings) -> None:
        self._settings = settings
        self._reader = ShardReader(settings.columns)

    def load(self) -> Ready | HFNerError:
        """Load the model."""
        import torch

        torch.set_num_threads(1)
        try:
            load_annotator(self._settings)
        except HFNerError as error:
            return error
        return Ready()

    def annotate(self, task: ShardTask) -> Finished:
        """Annotate a shard. A worn annotator is loaded anew by the next call."""
        outcome: Outcome = try_shard(task, self._settings, self._reader)
        return Finished(outcome)


class _Actor(Worker):
    """An actor, as the driver sees it.

    Attributes:
        handle: Ray's handle.
        answer: Ray's reference to what it will say next.
    """

    def __init__(self, handle: Any) -> None:  # noqa: ANN401 - ray has no types here
        super().__init__()
        self.handle = handle
        self.answer: Any = handle.load.remote()

    def _send(self, task: ShardTask) -> None:
        self.answer = self.handle.annotate.remote(task)


class _RayCrew:
    """Starts actors, and listens to them.

    Attributes:
        n_workers: How many there should be.
    """

    def __init__(
        self,
        ray: Any,  # noqa: ANN401 - the module
        settings: AnnotateSettings,
        n_workers: int,
        gpus_per_worker: float,
    ) -> None:
        self.n_workers = n_workers
        self._ray = ray
        self._settings = settings
        self._actors: list[_Actor] = []
        self._make: Any = ray.remote(
            num_cpus=1, num_gpus=gpus_per_worker, max_restarts=0, max_task_retries=0
        )(_Annotating)

    def start(self) -> Worker:
        """Return a new actor, wherever there is place for it."""
        actor = _Actor(self._make.remote(self._settings))
        self._actors.append(actor)
        return actor

    def listen(self) -> Iterator[tuple[Worker, News]]:
        """Wait until an actor says something or dies, a second at most, and yield the news."""
        speakers: dict[Any, _Actor] = {}
        for actor in self._actors:
            if actor.answer is not None:
                speakers[actor.answer] = actor
        if not speakers:
            return
        answered, _ = self._ray.wait(list(speakers), num_returns=1, timeout=POLL_S)
        for answer in answered:
            actor = speakers[answer]
            actor.answer = None
            try:
                news: News = self._ray.get(answer)
            except self._ray.exceptions.RayError as error:
                # The actor, its process or its node is gone; an error of ours would come as news.
                self._actors.remove(actor)
                news = Died(str(error).strip().partition("\n")[0])
            yield actor, news

    def end(self) -> None:
        """End all actors, whatever they are at."""
        for actor in self._actors:
            self._ray.kill(actor.handle)


def _count_places(ray: Any, gpus_per_worker: float) -> int:  # noqa: ANN401 - the module
    """Return how many actors the cluster has room for."""
    resources = ray.cluster_resources()
    n_places = int(resources.get("CPU", 1))
    if gpus_per_worker:
        n_places = int(resources.get("GPU", 0) / gpus_per_worker)
    return max(n_places, 1)


def _import_ray() -> Any:  # noqa: ANN401 - the module
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", extra="ray", purpose="running on a cluster") from error
    return ray
