"""Several processes that serve, and the one that watches over them."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Final

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.device import count_cores

__all__ = ["CANNOT_START", "Supervisor", "share_cores"]

CANNOT_START: Final = 3
"""What a worker exits with that would fail again in the same way."""

_LOOK_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 1.0  # before another worker takes the place of one that ended

# uvicorn's, which has a handler for the terminal.
logger = logging.getLogger("uvicorn.error")


class Supervisor:
    """Keeps a number of workers running until a signal says to stop.

    SIGTERM and SIGINT end them and SIGHUP is handed on. A worker that ends is followed by another.

    Args:
        n_workers: How many there are to be.
        work: What each does, in a process that has been started afresh.
    """

    def __init__(self, n_workers: int, work: Callable[[], None]) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._work = work
        self._n_workers = n_workers
        self._workers: list[BaseProcess] = []
        self._signals: SimpleQueue[int] = SimpleQueue()

    def run(self) -> None:
        """Start the workers, and return when all have ended because they were told to.

        Raises:
            ConfigError: One cannot start; it has said why.
        """
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)
        self._workers = [self._start() for _ in range(self._n_workers)]
        try:
            while not self._is_to_stop():
                wait([worker.sentinel for worker in self._workers], timeout=_LOOK_SECONDS)
                self._replace_ended()
        finally:
            for worker in self._workers:
                worker.terminate()
            for worker in self._workers:
                worker.join()

    def _note(self, number: int, _frame: object) -> None:
        self._signals.put(number)

    def _is_to_stop(self) -> bool:
        """Tell whether a signal says so; hand on others."""
        is_to_stop = False
        while not self._signals.empty():
            number = self._signals.get()
            if number in {signal.SIGTERM, signal.SIGINT}:
                is_to_stop = True
                continue
            for worker in self._workers:
                if worker.pid is not None and worker.is_alive():
                    os.kill(worker.pid, number)
        return is_to_stop

    def _start(self) -> BaseProcess:
        worker = self._context.Process(target=self._work, name="hf-ner worker")
        worker.start()
        return worker

    def _replace_ended(self) -> None:
        for i, worker in enumerate(self._workers):
            if worker.is_alive():
                continue
            if worker.exitcode == CANNOT_START:
                raise ConfigError("a worker cannot start: what it has said above tells why.")
            logger.warning("worker %s has ended (%s), another begins", worker.pid, worker.exitcode)
            time.sleep(_PAUSE_SECONDS)
            self._workers[i] = self._start()


def share_cores(n_workers: int) -> None:
    """Have each of several processes use its share of the cores, unless the user says otherwise."""
    share = max(1, count_cores() // n_workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(share))
