"""Shards are handed out until each has come back, whoever dies over them."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spacy_hf_ner.corpus.text_input import Place, TextInput
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.scale import AnnotateSettings, ShardResult
from spacy_hf_ner.scale.executor import (
    MAX_DEATHS,
    Crew,
    Died,
    Executor,
    Finished,
    News,
    Progressed,
    Ready,
    ShardFailure,
    ShardTask,
    Worker,
)
from spacy_hf_ner.scale.shards import Shard

SOURCE = TextInput(name="a.txt", path="a.txt", kind="lines")
SETTINGS = AnnotateSettings(model="none")


class ScriptedWorker(Worker):
    """Says what a script says for each shard that it is given."""

    def __init__(self, script: dict[int, deque[News]]) -> None:
        super().__init__()
        self.script = script
        self.news: deque[News] = deque([Ready()])

    def _send(self, task: ShardTask) -> None:
        number = task.shard.number
        self.news.append(Progressed(1, 10))
        planned = self.script.get(number)
        if planned:
            self.news.append(planned.popleft())
        else:
            self.news.append(Finished(make_result(number)))


class ScriptedCrew:
    def __init__(self, script: dict[int, deque[News]], *, n_workers: int) -> None:
        self.n_workers = n_workers
        self.script = script
        self.workers: list[ScriptedWorker] = []
        self.n_started = 0

    def start(self) -> Worker:
        self.n_started += 1
        worker = ScriptedWorker(self.script)
        self.workers.append(worker)
        return worker

    def listen(self) -> Iterable[tuple[Worker, News]]:
        for worker in list(self.workers):
            while worker.news:
                news = worker.news.popleft()
                is_last = isinstance(news, Finished) and news.is_last
                if is_last or isinstance(news, Died):
                    self.workers.remove(worker)
                yield worker, news


class ScriptedExecutor(Executor):
    def __init__(self, *, n_workers: int = 2, **script: list[News]) -> None:
        super().__init__()
        planned = {int(name.removeprefix("shard_")): deque(news) for name, news in script.items()}
        self.crew = ScriptedCrew(planned, n_workers=n_workers)

    @contextmanager
    def hire(self, settings: AnnotateSettings, n_tasks: int) -> Iterator[Crew]:
        assert settings is SETTINGS
        assert n_tasks
        yield self.crew


def make_result(number: int) -> ShardResult:
    return ShardResult(number, f"part-{number}", 1, 3, 3, 0, 30, 0.1)


def make_tasks(n_tasks: int) -> list[ShardTask]:
    return [
        ShardTask(Shard(number, SOURCE, Place(3 * number, 1, 0), 3), Path(f"part-{number}"))
        for number in range(n_tasks)
    ]


def run(
    executor: Executor, n_tasks: int, done: list[tuple[int, int]] | None = None
) -> list[ShardResult | ShardFailure]:
    counts: list[tuple[int, int]] = [] if done is None else done
    outcomes = executor.run(
        make_tasks(n_tasks), SETTINGS, lambda n_texts, n_words: counts.append((n_texts, n_words))
    )
    return list(outcomes)


def list_numbers(outcomes: Iterable[ShardResult | ShardFailure]) -> list[int]:
    return sorted(outcome.number for outcome in outcomes if isinstance(outcome, ShardResult))


def test_each_shard_comes_out_once_and_is_counted_once() -> None:
    done: list[tuple[int, int]] = []
    outcomes = run(ScriptedExecutor(shard_1=[Died("signal 9"), Died("signal 9")]), 5, done)
    assert list_numbers(outcomes) == [0, 1, 2, 3, 4]
    assert sum(n_texts for n_texts, _ in done) == 15
    assert sum(n_words for _, n_words in done) == 150


def test_a_shard_that_never_ends_is_given_up() -> None:
    executor = ScriptedExecutor(shard_1=[Died("signal 9")] * MAX_DEATHS)
    outcomes = run(executor, 3)
    assert list_numbers(outcomes) == [0, 2]
    (failure,) = (outcome for outcome in outcomes if isinstance(outcome, ShardFailure))
    assert "100 workers died over 3 texts of a.txt, from number 4 on" in str(failure.error)


def test_a_worker_that_ends_itself_is_replaced() -> None:
    last = Finished(make_result(0), is_last=True)
    executor = ScriptedExecutor(n_workers=1, shard_0=[last])
    assert list_numbers(run(executor, 3)) == [0, 1, 2]
    assert executor.crew.n_started == 2


def test_after_stop_only_what_was_begun_comes_out() -> None:
    executor = ScriptedExecutor(n_workers=1)
    outcomes = []
    for outcome in executor.run(make_tasks(5), SETTINGS, lambda *_: None):
        outcomes.append(outcome)
        executor.stop()
    assert len(outcomes) == 1


def test_a_model_that_cannot_be_loaded_ends_the_run() -> None:
    executor = ScriptedExecutor(shard_0=[HFNerError("no such model")])
    with pytest.raises(HFNerError, match="no such model"):
        run(executor, 3)
