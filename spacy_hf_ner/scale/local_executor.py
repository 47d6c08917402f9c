"""Shards on this machine: processes with one thread, or one GPU, each, replaced when they die.

On Linux, workers are forked from a process that has loaded the model: they share its weights, and a
new one is there at once. Elsewhere, and on GPUs, each loads the model itself.

Parent and worker talk through a pipe: tasks go there until it is closed, news come back.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.annotator import load_annotator
from spacy_hf_ner.scale.executor import (
    Died,
    Executor,
    Finished,
    News,
    Progressed,
    Ready,
    ShardTask,
    Worker,
    try_shard,
)
from spacy_hf_ner.scale.shards import ShardReader

__all__ = ["LocalExecutor"]

POLL_S: Final = 1.0  # after so long, everybody looks whether the others are alive
EXIT_S: Final = 10.0  # that a worker has to end by itself

_PR_SET_PDEATHSIG: Final = 1


class LocalExecutor(Executor):
    """Runs shards in processes of this machine.

    Args:
        n_workers: How many there are at a time.
    """

    def __init__(self, n_workers: int = 1) -> None:
        super().__init__()
        self._n_workers = n_workers

    @contextlib.contextmanager
    def hire(self, settings: AnnotateSettings, n_tasks: int) -> Iterator["_LocalCrew"]:
        """Give processes, which end with the block."""
        crew = _LocalCrew(settings, min(self._n_workers, n_tasks))
        try:
            yield crew
        finally:
            crew.end()


class _Process(Worker):
    """A process, as its parent sees it.

    Attributes:
        process: The process.
        connection: The near end of the pipe.
        slot: Its number among those that run at the same time.
    """

    def __init__(self, process: BaseProcess, connection: "Connection[Any, Any]", slot: int) -> None:
        super().__init__()
        self.process = process
        self.connection = connection
        self.slot = slot

    def _send(self, task: ShardTask) -> None:
        with contextlib.suppress(OSError):
            self.connection.send(task)

    def read_news(self) -> Iterator[News]:
        """Yield what it has said, and at last that it is dead, if it is."""
        is_dead = not self.process.is_alive()  # asked first: then what it said before can be read
        try:
            while self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):
            is_dead = True
        if is_dead:
            self.end()
            yield Died(self._describe_exit())

    def _describe_exit(self) -> str:
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"signal {-code}"
        return f"exit code {code}"

    def end(self) -> None:
        """Let it end. One that is at work, or does not end by itself, is killed."""
        self.connection.close()
        if self.task is not None:
            self.process.terminate()
        self.process.join(EXIT_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class _LocalCrew:
    """Starts processes, and listens to them.

    Attributes:
        n_workers: How many there should be.
    """

    def __init__(self, settings: AnnotateSettings, n_workers: int) -> None:
        self.n_workers = n_workers
        self._settings = settings
        self._processes: list[_Process] = []
        can_fork = sys.platform == "linux" and settings.gpu_id < 0
        self._context: Any = multiprocessing.get_context("fork" if can_fork else "spawn")
        if can_fork:
            _load_to_be_forked(settings)

    def start(self) -> Worker:
        """Return a new process, which has the first GPU that no other has, where there are GPUs."""
        taken = {process.slot for process in self._processes}
        slot = next(i for i in range(len(taken) + 1) if i not in taken)
        settings = self._settings
        if settings.gpu_id >= 0:
            settings = replace(settings, gpu_id=settings.gpu_id + slot)
        near, far = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(far, near, settings, os.getpid()), daemon=True
        )
        with warnings.catch_warnings():
            # Python warns that a lock of another thread would stay locked in the child. Those that
            # matter are seen to in `model.processes`.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        far.close()
        worker = _Process(process, near, slot)
        self._processes.append(worker)
        return worker

    def listen(self) -> Iterator[tuple[Worker, News]]:
        """Wait until a process says something or dies, a second at most, and yield the news."""
        sources: list[Any] = []
        for worker in self._processes:
            sources += [worker.connection, worker.process.sentinel]
        wait(sources, timeout=POLL_S)
        for worker in list(self._processes):
            for news in worker.read_news():
                is_last = isinstance(news, Finished) and news.is_last
                if is_last or isinstance(news, Died):
                    self._processes.remove(worker)
                yield worker, news
                if is_last:
                    worker.end()
                    break

    def end(self) -> None:
        """End all processes, whatever they are at."""
        for worker in self._processes:
            worker.end()


def _load_to_be_forked(settings: AnnotateSettings) -> None:
    """Load the model here, with one thread, so that what children do with it needs no other."""
    import torch

    torch.set_num_threads(1)
    annotator = load_annotator(settings)
    # What the network makes of itself when it is first used is shared, too. If it fails, it does so
    # in each worker, and is told there.
    with contextlib.suppress(Exception):
        annotator.warm_up()


def _work(
    connection: "Connection[Any, Any]",
    far_end: "Connection[Any, Any]",
    settings: AnnotateSettings,
    parent: int,
) -> None:
    """Annotate shards until there are no more: what a process does."""
    import torch

    far_end.close()
    _die_with_parent()
    # Ctrl-C reaches the whole group of processes. The parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread each; forked ones have no other
    torch.set_num_threads(1)
    try:
        annotator = load_annotator(settings)
    except HFNerError as error:
        connection.send(error)
        return
    reader = ShardReader(settings.columns)

    def report(n_texts: int, n_words: int) -> None:
        _leave_if_orphaned(parent)
        connection.send(Progressed(n_texts, n_words))

    connection.send(Ready())
    while not annotator.is_worn:
        task = _receive_task(connection, parent)
        if task is None:
            return
        outcome = try_shard(task, settings, reader, report)
        connection.send(Finished(outcome, is_last=annotator.is_worn))


def _receive_task(connection: "Connection[Any, Any]", parent: int) -> ShardTask | None:
    """Return the next shard; None if there are no more."""
    # A sibling that was forked later holds the parent's end of this pipe, too: when the parent
    # dies, nobody may close it.
    while not connection.poll(POLL_S):
        _leave_if_orphaned(parent)
    try:
        task: ShardTask = connection.recv()
    except EOFError:
        return None
    return task


def _leave_if_orphaned(parent: int) -> None:
    """End this process if its parent is gone: whoever runs the command again does its shard."""
    if os.getppid() != parent:
        os._exit(1)


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; Linux can."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
