"""Batches of the texts of several requests. A reader that waits for the test stands for a model."""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from spacy_hf_ner.serving.batch_queue import Answer, BatchQueue, BatchReport, TextJob
from spacy_hf_ner.serving.refusals import RefusedError

if TYPE_CHECKING:
    from concurrent.futures import Future

SECONDS = 60


class Reader:
    """Reads a batch whenever the test lets it, and remembers which."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = threading.Semaphore(0)
        self.may_read = threading.Semaphore(0)

    def count_subwords(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def read(self, jobs: Sequence[TextJob]) -> list[Answer]:
        self.batches.append([job.text for job in jobs])
        self.begun.release()
        assert self.may_read.acquire(timeout=SECONDS)
        if any(job.text == "poison" for job in jobs):
            raise ValueError("poison")
        return [job.describe(job.text) for job in jobs]


class HeldQueue:
    """A queue before such a reader."""

    def __init__(self, **settings: Any) -> None:
        self.reader = Reader()
        self.reports: list[BatchReport] = []
        chosen: dict[str, Any] = {"max_subwords": 10, "max_wait": 0.0, "max_characters": 1_000}
        self.queue = BatchQueue(self.reader, observe=self.reports.append, **{**chosen, **settings})

    def ask(self, *texts: str) -> "Future[list[Answer]]":
        return self.queue.submit([TextJob(text, lambda text: {"read": text}) for text in texts])

    def hold(self) -> "Future[list[Answer]]":
        """Let the reader begin a batch of one text, and wait until it has."""
        future = self.ask("held")
        assert self.reader.begun.acquire(timeout=SECONDS)
        return future

    def let_read(self, n_batches: int = 100) -> None:
        self.reader.may_read.release(n_batches)


@pytest.fixture
def held_queue() -> Iterator[HeldQueue]:
    held_queue = HeldQueue()
    yield held_queue
    held_queue.let_read()
    held_queue.queue.close()


def test_what_arrives_during_a_batch_is_read_together(held_queue: HeldQueue) -> None:
    held = held_queue.hold()
    futures = [held_queue.ask("a"), held_queue.ask("b", "c"), held_queue.ask("d")]
    held_queue.let_read()
    assert [future.result(SECONDS) for future in [held, *futures]] == [
        [{"read": "held"}],
        [{"read": "a"}],
        [{"read": "b"}, {"read": "c"}],
        [{"read": "d"}],
    ]
    assert held_queue.reader.batches == [["held"], ["a", "b", "d", "c"]]


def test_a_batch_ends_where_its_subwords_would_be_too_many(held_queue: HeldQueue) -> None:
    held_queue.hold()
    future = held_queue.ask("aaaa", "bbbb", "cccc", "d" * 30, "e")
    held_queue.let_read()
    future.result(SECONDS)
    assert held_queue.reader.batches[1:] == [["aaaa", "bbbb"], ["cccc"], ["d" * 30], ["e"]]


def test_a_large_request_does_not_keep_small_ones_waiting(held_queue: HeldQueue) -> None:
    held_queue.hold()
    large = held_queue.ask(*["aaaa"] * 5)
    small = held_queue.ask("bbbb")
    held_queue.let_read()
    assert small.result(SECONDS) == [{"read": "bbbb"}]
    large.result(SECONDS)
    assert held_queue.reader.batches[1] == ["aaaa", "bbbb"]


def test_the_next_batch_waits_for_as_many_requests_as_the_last_one_had() -> None:
    held_queue = HeldQueue(max_wait=SECONDS)
    held_queue.hold()
    first = [held_queue.ask("a"), held_queue.ask("b")]
    held_queue.let_read()
    for future in first:
        future.result(SECONDS)
    # Nobody else is there, but two came together the last time.
    alone = held_queue.ask("c")
    second = held_queue.ask("d")
    assert [alone.result(SECONDS), second.result(SECONDS)] == [[{"read": "c"}], [{"read": "d"}]]
    assert held_queue.reader.batches == [["held"], ["a", "b"], ["c", "d"]]
    held_queue.queue.close()


def test_a_request_that_comes_alone_is_read_when_the_deadline_passes() -> None:
    held_queue = HeldQueue(max_wait=0.01)
    held_queue.let_read()
    held_queue.hold()
    for future in [held_queue.ask("a"), held_queue.ask("b")]:
        future.result(SECONDS)
    assert held_queue.ask("c").result(SECONDS) == [{"read": "c"}]
    held_queue.queue.close()


def test_a_batch_that_fails_answers_each_text_and_the_thread_lives_on(
    held_queue: HeldQueue,
) -> None:
    held_queue.let_read()
    assert held_queue.ask("poison").result(SECONDS) == [{"error": "ValueError: poison"}]
    assert held_queue.ask("a").result(SECONDS) == [{"read": "a"}]
    assert held_queue.queue.is_alive
    assert held_queue.reports[0].n_failed == 1


def test_a_request_without_texts_has_no_answers(held_queue: HeldQueue) -> None:
    assert held_queue.ask().result(SECONDS) == []


def test_what_has_no_room_is_refused_until_there_is_some() -> None:
    held_queue = HeldQueue(max_characters=10)
    held = held_queue.hold()
    assert held_queue.queue.n_characters == 5
    kept = held_queue.ask("aaaa")
    assert held_queue.queue.is_full
    with pytest.raises(RefusedError, match="at most 10 characters, and 10 are waiting") as refusal:
        held_queue.ask("b")
    assert (refusal.value.status, refusal.value.retry_after) == (429, 1)
    held_queue.let_read()
    held.result(SECONDS)
    kept.result(SECONDS)
    assert held_queue.queue.n_characters == 0
    # Larger than the queue: it is taken when it finds nobody before it.
    assert held_queue.ask("c" * 50).result(SECONDS) == [{"read": "c" * 50}]
    held_queue.queue.close()


def test_who_waits_no_more_is_passed_over(held_queue: HeldQueue) -> None:
    held_queue.hold()
    gone = held_queue.ask("a")
    assert gone.cancel()
    stays = held_queue.ask("b")
    held_queue.let_read()
    stays.result(SECONDS)
    assert held_queue.reader.batches == [["held"], ["b"]]
    assert held_queue.queue.n_characters == 0


def test_closing_answers_what_was_taken_and_takes_no_more(held_queue: HeldQueue) -> None:
    futures = [held_queue.hold(), held_queue.ask("a"), held_queue.ask("b" * 30)]
    closing = threading.Thread(target=held_queue.queue.close)
    closing.start()
    held_queue.let_read()
    closing.join(SECONDS)
    assert [future.done() for future in futures] == [True, True, True]
    assert not held_queue.queue.is_alive
    with pytest.raises(RefusedError, match="stopping"):
        held_queue.ask("c")


def test_the_next_batch_is_read_by_the_reader_that_was_set(held_queue: HeldQueue) -> None:
    held_queue.hold()
    waits = held_queue.ask("a")
    other = Reader()
    other.may_read.release(10)
    held_queue.queue.reader = other
    held_queue.let_read()
    waits.result(SECONDS)
    assert (held_queue.reader.batches, other.batches) == ([["held"]], [["a"]])


def test_a_report_tells_what_was_read_together(held_queue: HeldQueue) -> None:
    held = held_queue.hold()
    future = held_queue.ask("aa", "bbb")
    held_queue.let_read()
    held.result(SECONDS)
    future.result(SECONDS)
    held_queue.queue.close()
    second = held_queue.reports[1]
    assert (second.n_requests, second.n_texts, second.n_subwords) == (1, 2, 5)
    assert (second.n_failed, second.n_waiting) == (0, 0)
