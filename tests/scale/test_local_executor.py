"""Workers, parents and disks that fail: what is whole stays, and the next run does the rest."""

import multiprocessing
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spacy_hf_ner.errors import HFNerError, OutputError
from spacy_hf_ner.scale import AnnotateSettings, LocalExecutor, annotate_folder
from spacy_hf_ner.scale.executor import MAX_FAILED_STARTS
from tests.patience import PATIENCE_S
from tests.scale.conftest import make_texts, write_jsonl
from tests.scale.folders import list_leftovers, read_errors, read_rows

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")

N_TEXTS = 60


def run(source: Path, output: Path, settings: AnnotateSettings, *, shard_size: int = 10) -> None:
    """Run in this process, as the command does."""
    summary = annotate_folder(
        str(source), output, settings, LocalExecutor(2), shard_size=shard_size
    )
    assert summary.n_missing == 0


def fork(function: Callable[[], object]) -> multiprocessing.Process:
    """Start a function in a process of its own, which has loaded what this one has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process = multiprocessing.get_context("fork").Process(target=function)
        process.start()
    return process  # type: ignore[return-value] # a ForkProcess is one


def find_children(parent: int) -> Iterator[int]:
    """Yield the processes that a process has started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf8").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == parent:
            yield int(path.parent.name)


def wait_for(condition: Callable[[], object], *, seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def check_all_texts(output: Path) -> None:
    assert read_rows(output).keys() == {f"d{i}" for i in range(N_TEXTS)}
    assert read_errors(output) == {}
    assert list_leftovers(output) == []


@pytest.fixture
def slow_source(tmp_path: Path) -> Path:
    """Return texts of which every tenth takes half a second."""
    texts = make_texts(N_TEXTS)
    texts[::10] = ["WAIT"] * len(texts[::10])
    return write_jsonl(tmp_path / "texts.jsonl", texts)


def test_workers_that_are_killed_from_outside_are_replaced(
    slow_source: Path, tmp_path: Path, settings: AnnotateSettings
) -> None:
    output = tmp_path / "out"
    parent = fork(lambda: run(slow_source, output, settings))
    assert parent.pid is not None
    killed: set[int] = set()
    for _ in range(2):
        wait_for(lambda: list(output.glob("shards/.part*")))
        workers = set(find_children(parent.pid)) - killed
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        killed |= workers
    parent.join(120)
    assert parent.exitcode == 0
    assert len(killed) >= 2
    check_all_texts(output)


def test_a_parent_that_is_killed_takes_its_workers_along(
    slow_source: Path, tmp_path: Path, settings: AnnotateSettings
) -> None:
    output = tmp_path / "out"
    parent = fork(lambda: run(slow_source, output, settings))
    assert parent.pid is not None
    wait_for(lambda: list(output.glob("shards/part*")))
    workers = list(find_children(parent.pid))
    os.kill(parent.pid, signal.SIGKILL)
    parent.join(120)
    wait_for(lambda: not any(Path(f"/proc/{worker}/exe").exists() for worker in workers))
    assert len(read_rows(output)) < N_TEXTS
    run(slow_source, output, settings)
    check_all_texts(output)


@pytest.mark.parametrize(("max_bytes", "shard_size"), [(1_000, 10), (2_800, 30), (9_000, 1)])
def test_a_full_disk_is_said_in_a_sentence_and_leaves_whole_shards_alone(
    max_bytes: int, shard_size: int, tmp_path: Path, settings: AnnotateSettings
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(N_TEXTS))
    output = tmp_path / "out"

    def run_on_small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
        try:
            run(source, output, settings, shard_size=shard_size)
        except OutputError as error:
            if "cannot be written: File too large" in str(error):
                os._exit(7)

    child = fork(run_on_small_disk)
    child.join(120)
    assert child.exitcode == 7
    assert list_leftovers(output / "shards") in ([], list_notes(output))
    read_rows(output)
    run(source, output, settings, shard_size=shard_size)
    check_all_texts(output)


def list_notes(output: Path) -> list[str]:
    return sorted(path.name for path in output.glob("shards/*.attempts"))


def test_workers_that_cannot_start_end_the_run(
    tmp_path: Path, settings: AnnotateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(5))

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("spacy_hf_ner.scale.local_executor._die_with_parent", die)
    with pytest.raises(HFNerError, match=rf"{MAX_FAILED_STARTS} workers.*\(signal 9\)"):
        run(source, tmp_path / "out", settings)


def test_a_worker_that_remembers_too_much_is_replaced(
    tmp_path: Path, settings: AnnotateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy_hf_ner.scale.annotator.MAX_NEW_STRINGS", 0)
    source = write_jsonl(tmp_path / "texts.jsonl", make_texts(N_TEXTS))
    run(source, tmp_path / "out", settings)
    check_all_texts(tmp_path / "out")
