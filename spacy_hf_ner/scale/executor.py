"""What runs shards: one loop that hands them to workers, whatever these are.

A worker takes one shard at a time, and may die over it at any moment. Its shard is then given to
another, who finds in the notes beside it (see :mod:`.attempts`) what the first one was at.
"""

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.shard_annotation import Report, ShardResult, annotate_shard
from spacy_hf_ner.scale.shards import Shard, ShardReader

__all__ = [
    "Crew",
    "Died",
    "Executor",
    "Finished",
    "News",
    "Outcome",
    "Progress",
    "Progressed",
    "Ready",
    "ShardFailure",
    "ShardTask",
    "Worker",
    "try_shard",
]

# Workers that may die over one shard in one run. Each death leads closer to the text that is the
# cause, or sets one aside; a shard that needs more is left for the next run.
MAX_DEATHS: Final = 100

# Workers that may die, one after the other, before any of them was ready.
MAX_FAILED_STARTS: Final = 3


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard, and the file that it becomes."""

    shard: Shard
    target: Path


@dataclass(frozen=True, slots=True)
class ShardFailure:
    """A shard that is not whole, and why."""

    shard: Shard
    error: HFNerError


Outcome = ShardResult | ShardFailure

Progress = Callable[[int, int], None]
"""Called with numbers of texts and words that were done; negative where a worker died over them."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded the model."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """A worker has done some more of its shard."""

    n_texts: int
    n_words: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker has done its shard, or cannot.

    Attributes:
        outcome: What became of it.
        is_last: The worker has ended itself: it remembered too much.
    """

    outcome: Outcome
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """A worker is dead, and how it ended."""

    reason: str


News = Ready | Progressed | Finished | Died | HFNerError
"""What there is to hear of a worker. An error is why no worker at all can load the model."""


class Worker(ABC):
    """Who annotates one shard after the other.

    Attributes:
        task: What it works on.
        is_ready: It has loaded the model.
        n_texts: Texts of its shard that it has done.
        n_words: Words of them.
    """

    def __init__(self) -> None:
        self.task: ShardTask | None = None
        self.is_ready = False
        self.n_texts = 0
        self.n_words = 0

    def give(self, task: ShardTask) -> None:
        """Let it work on a shard."""
        self.task = task
        self.n_texts = 0
        self.n_words = 0
        self._send(task)

    @abstractmethod
    def _send(self, task: ShardTask) -> None:
        """Hand a task over; if it is dead, that is heard later."""


class Crew(Protocol):
    """The workers of a run.

    Attributes:
        n_workers: How many there should be.
    """

    n_workers: int

    def start(self) -> Worker:
        """Return a new worker."""

    def listen(self) -> Iterable[tuple[Worker, News]]:
        """Wait for news, a second at most, and return them, those of a worker in their order."""


class Executor(ABC):
    """Runs shards, somewhere."""

    def __init__(self) -> None:
        self._is_stopping = False

    @abstractmethod
    def hire(self, settings: AnnotateSettings, n_tasks: int) -> AbstractContextManager[Crew]:
        """Give a crew, whose workers end with the block, whatever they are at.

        Args:
            settings: What they are told.
            n_tasks: How many shards there are.
        """

    def stop(self) -> None:
        """Begin no more shards. May be called in a signal handler."""
        self._is_stopping = True

    def run(
        self, tasks: Sequence[ShardTask], settings: AnnotateSettings, progress: Progress
    ) -> Generator[Outcome, None, None]:
        """Yield what becomes of each shard, as they are done; each comes out once.

        After :meth:`stop`, only those come out that were begun.

        Raises:
            HFNerError: No worker can load the model.
        """
        with self.hire(settings, len(tasks)) as crew:
            shift = _Shift(crew, tasks, progress)
            while shift.hand_out(is_stopping=self._is_stopping):
                for worker, news in crew.listen():
                    outcome = shift.hear(worker, news)
                    if outcome is not None:
                        yield outcome


class _Shift:
    """The shards that wait, the workers, and who has died over what."""

    def __init__(self, crew: Crew, tasks: Sequence[ShardTask], progress: Progress) -> None:
        self._crew = crew
        self._progress = progress
        self._waiting = deque(tasks)
        self._workers: list[Worker] = []
        self._n_deaths: Counter[int] = Counter()
        self._n_failed_starts = 0

    def hand_out(self, *, is_stopping: bool) -> bool:
        """Give each idle worker a shard; return whether there is anything to wait for."""
        is_ending = is_stopping or not self._waiting
        while not is_ending and len(self._workers) < self._crew.n_workers:
            self._workers.append(self._crew.start())
        for worker in self._workers:
            is_idle = worker.is_ready and worker.task is None
            if is_idle and self._waiting and not is_stopping:
                worker.give(self._waiting.popleft())
        is_busy = any(worker.task is not None for worker in self._workers)
        return is_busy or not is_ending

    def hear(self, worker: Worker, news: News) -> Outcome | None:
        """Take note of news; return what became of a shard, if that is what they say.

        Raises:
            HFNerError: No worker can load the model.
        """
        match news:
            case Ready():
                worker.is_ready = True
                self._n_failed_starts = 0
            case Progressed():
                self._count(worker, news.n_texts, news.n_words)
            case Finished():
                return self._finish(worker, news)
            case Died():
                return self._mourn(worker, news.reason)
            case HFNerError():
                raise news
        return None

    def _finish(self, worker: Worker, news: Finished) -> Outcome:
        outcome = news.outcome
        if isinstance(outcome, ShardResult):
            n_texts = outcome.n_texts - worker.n_texts
            self._count(worker, n_texts, outcome.n_words - worker.n_words)
        worker.task = None
        if news.is_last:
            self._workers.remove(worker)
        return outcome

    def _mourn(self, worker: Worker, reason: str) -> Outcome | None:
        self._workers.remove(worker)
        if not worker.is_ready:
            self._n_failed_starts += 1
            if self._n_failed_starts >= MAX_FAILED_STARTS:
                raise HFNerError(
                    f"{MAX_FAILED_STARTS} workers, one after the other, died while they loaded the "
                    f"model ({reason}). Is there enough memory for it? Try fewer workers."
                )
        task = worker.task
        if task is None:
            return None
        self._progress(-worker.n_texts, -worker.n_words)
        number = task.shard.number
        self._n_deaths[number] += 1
        if self._n_deaths[number] < MAX_DEATHS:
            self._waiting.appendleft(task)
            return None
        return ShardFailure(
            task.shard,
            HFNerError(
                f"{MAX_DEATHS} workers died over {count(task.shard.n_texts, 'text')} of "
                f"{task.shard.source.path}, from number {task.shard.start.number + 1} on (the last "
                f"one: {reason}). Is there enough memory? Run the same command again to go on."
            ),
        )

    def _count(self, worker: Worker, n_texts: int, n_words: int) -> None:
        worker.n_texts += n_texts
        worker.n_words += n_words
        self._progress(n_texts, n_words)


def try_shard(
    task: ShardTask,
    settings: AnnotateSettings,
    reader: ShardReader,
    report: Report | None = None,
) -> Outcome:
    """Return what becomes of a shard in this process, errors included: what any worker does."""
    try:
        return annotate_shard(task.shard, task.target, settings, reader=reader, report=report)
    except HFNerError as error:
        return ShardFailure(task.shard, error)
    except Exception as error:  # noqa: BLE001 - a fault of ours costs one shard, and is told
        return ShardFailure(task.shard, HFNerError(f"{type(error).__name__}: {error}"))
