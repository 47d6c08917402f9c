"""Texts of many requests, read together: batches under a budget of subwords and a deadline.

One thread reads for one model. While it reads a batch, requests arrive; what has arrived then is
the next batch. So a request that comes alone waits for nobody, and under load batches become as
large as the budget lets them::

    arrives   a      b c d        e f
    reads     [ a ]  [ b c d    ] [ e f ]

Where the last batch held several requests, their clients are likely to ask again at once, and the
thread waits for as many, until the deadline. Requests take turns, a text each, so that a large one
does not keep small ones waiting.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from spacy_hf_ner.serving.refusals import RefusedError, refuse_full

__all__ = ["Answer", "BatchQueue", "BatchReader", "BatchReport", "TextJob"]

Answer = dict[str, Any]
"""What became of a text, as a value that JSON has."""

_CLOSED = 503


@dataclass(frozen=True, slots=True)
class TextJob:
    """A text, and what is to become of it.

    Attributes:
        text: The text.
        describe: Turns what the reader makes of the text into its answer.
        error: Why the text could not be read; empty if it could.
    """

    text: str
    describe: Callable[..., Answer]
    error: str = ""


class BatchReader(Protocol):
    """Reads texts; one thread at a time asks it."""

    def count_subwords(self, texts: Sequence[str]) -> list[int]:
        """Return how many subwords each text has."""

    def read(self, jobs: Sequence[TextJob]) -> list[Answer]:
        """Return what became of each text; what fails has an answer, too."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """A batch that was read.

    Attributes:
        n_requests: Requests with texts in it.
        n_texts: Texts.
        n_subwords: Subwords of all texts.
        n_failed: Texts whose answer is an error.
        n_waiting: Characters of texts that wait for the next ones.
        seconds: How long it took.
    """

    n_requests: int
    n_texts: int
    n_subwords: int
    n_failed: int
    n_waiting: int
    seconds: float


@dataclass(slots=True, eq=False)
class _Request:
    """A request in the queue.

    Attributes:
        jobs: Its texts.
        future: Where the answers go when all are there.
        n_subwords: Of each text; counted when the thread first sees the request.
        answers: Of the texts that have been read.
        n_taken: How many texts batches have taken.
    """

    jobs: Sequence[TextJob]
    future: "Future[list[Answer]]"
    n_subwords: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    n_taken: int = 0

    @property
    def n_characters(self) -> int:
        """How much of the queue it takes."""
        # An empty text is work, too.
        return sum(len(job.text) + 1 for job in self.jobs)


_Place = tuple[_Request, int]
"""A text in a batch: its request, and which of its texts it is."""


class BatchQueue:
    """Hands texts to a reader in batches, and the answers back to who asked.

    Args:
        reader: What reads them. Another may be set at any time: the next batch is its.
        max_subwords: Where a batch ends; a text that has more is a batch by itself.
        max_wait: How long a batch waits for others, in seconds.
        max_characters: How many characters may wait; a request that finds none waiting is taken
            whatever its size.
        observe: Called with each batch that was read.

    Attributes:
        reader: What reads the texts.
    """

    def __init__(
        self,
        reader: BatchReader,
        *,
        max_subwords: int,
        max_wait: float,
        max_characters: int,
        observe: Callable[[BatchReport], object] = lambda _report: None,
    ) -> None:
        self.reader = reader
        self._max_subwords = max_subwords
        self._max_wait = max_wait
        self._max_characters = max_characters
        self._observe = observe
        # Under this lock: what others than the thread touch.
        self._changed = threading.Condition()
        self._arrived: list[_Request] = []
        self._n_characters = 0
        self._is_closing = False
        # The thread's own.
        self._waiting: deque[_Request] = deque()
        self._n_expected = 1
        self._thread = threading.Thread(target=self._run, name="hf-ner batches", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether somebody reads."""
        return self._thread.is_alive()

    @property
    def n_characters(self) -> int:
        """How many characters have not been answered yet."""
        return self._n_characters

    @property
    def is_full(self) -> bool:
        """Whether there is no room left."""
        return self._n_characters >= self._max_characters

    def submit(self, jobs: Sequence[TextJob]) -> "Future[list[Answer]]":
        """Let texts be read; the future has an answer for each, in their order.

        Raises:
            RefusedError: There is no room for them, or the queue is closed.
        """
        request = _Request(jobs, Future())
        n_characters = request.n_characters
        with self._changed:
            if self._is_closing or not self._thread.is_alive():
                raise RefusedError(_CLOSED, "the server is stopping: ask another one.")
            if self._n_characters and self._n_characters + n_characters > self._max_characters:
                raise refuse_full(waiting=self._n_characters, limit=self._max_characters)
            self._n_characters += n_characters
            self._arrived.append(request)
            self._changed.notify()
        return request.future

    def close(self) -> None:
        """Take no more, and return when all that was taken is answered."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._gather():
            batch = self._take_batch()
            if batch:
                self._read(batch)

    def _gather(self) -> bool:
        """Take over what has arrived, waiting for it if need be; False when all is done."""
        with self._changed:
            while not (self._arrived or self._waiting or self._is_closing):
                self._changed.wait()
            if not self._has_a_full_batch():
                self._wait_for_others()
            arrived = self._arrived
            self._arrived = []
        for request in arrived:
            # From now on nobody can cancel it; whoever has done so waits for no answer.
            if request.future.set_running_or_notify_cancel():
                self._count(request)
            else:
                self._release(request)
        return bool(self._waiting) or bool(arrived) or not self._is_closing

    def _wait_for_others(self) -> None:
        deadline = time.monotonic() + self._max_wait
        while len(self._arrived) + len(self._waiting) < self._n_expected:
            seconds = deadline - time.monotonic()
            if self._is_closing or seconds <= 0 or not self._changed.wait(seconds):
                return

    def _has_a_full_batch(self) -> bool:
        """Tell whether the texts that are left over from the last batch are enough for another."""
        n_subwords = 0
        for request in self._waiting:
            n_subwords += sum(request.n_subwords[request.n_taken :])
            if n_subwords >= self._max_subwords:
                return True
        return False

    def _count(self, request: _Request) -> None:
        if not request.jobs:
            request.future.set_result([])
            return
        request.n_subwords = self.reader.count_subwords([job.text for job in request.jobs])
        self._waiting.append(request)

    def _take_batch(self) -> list[_Place]:
        """Return the texts of the next batch, and take them from the queue."""
        batch: list[_Place] = []
        n_subwords = 0
        while self._waiting:
            request = self._waiting[0]
            n_subwords += request.n_subwords[request.n_taken]
            if batch and n_subwords > self._max_subwords:
                break
            self._waiting.popleft()
            batch.append((request, request.n_taken))
            request.n_taken += 1
            if request.n_taken < len(request.jobs):
                self._waiting.append(request)
        return batch

    def _read(self, batch: Sequence[_Place]) -> None:
        """Read texts, and answer the requests that were waiting for the last of theirs."""
        jobs = [request.jobs[i] for request, i in batch]
        started = time.perf_counter()
        answers = self._read_safely(jobs)
        seconds = time.perf_counter() - started

        n_subwords = 0
        finished: list[_Request] = []
        # The texts of a request are taken, and so answered, in their order.
        for (request, i), answer in zip(batch, answers, strict=True):
            n_subwords += request.n_subwords[i]
            request.answers.append(answer)
            if len(request.answers) == len(request.jobs):
                self._release(request)
                finished.append(request)
        self._n_expected = len({request for request, _ in batch})
        report = BatchReport(
            n_requests=self._n_expected,
            n_texts=len(batch),
            n_subwords=n_subwords,
            n_failed=sum("error" in answer for answer in answers),
            n_waiting=self._n_characters,
            seconds=seconds,
        )
        # Who has an answer finds it counted; what counts must not keep it back.
        with suppress(Exception):
            self._observe(report)
        for request in finished:
            request.future.set_result(request.answers)

    def _read_safely(self, jobs: Sequence[TextJob]) -> list[Answer]:
        """Return the answers to texts, whatever happens to the reader."""
        try:
            return self.reader.read(jobs)
        except Exception as error:  # noqa: BLE001 - the thread has to live on
            failure = {"error": f"{type(error).__name__}: {error}"}
            return [failure for _ in jobs]

    def _release(self, request: _Request) -> None:
        with self._changed:
            self._n_characters -= request.n_characters
