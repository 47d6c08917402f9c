"""Runs are kept, a line each, and summed."""

from collections import Counter
from pathlib import Path

from tests.fuzz.results import Run, append_run, read_runs, show_sums
from tests.fuzz.runner import BatchResult, Fault

BROKEN = Fault("broken: a promise", case="1", details="", seed=8)


def make_run() -> Run:
    run = Run("toy", seed=7, batch_cases=100)
    run.add(BatchResult(Counter({"small": 99}), n_cases=99, n_readings=198))
    outcomes = Counter({"small": 9, BROKEN.signature: 1})
    run.add(BatchResult(outcomes, n_cases=10, n_readings=20, fault=BROKEN))
    run.add(BatchResult(Counter({BROKEN.signature: 2}), n_cases=2, n_readings=4))
    return run


def test_the_batches_of_a_run_are_summed() -> None:
    run = make_run()
    assert (run.n_batches, run.n_cases, run.n_readings) == (3, 111, 222)
    assert run.faults == [BROKEN]
    assert run.n_faults == 3


def test_runs_are_lines_that_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    assert read_runs(path) == []
    for _ in range(2):
        run = make_run()
        run.sign()
        append_run(run, path)
    first, second = read_runs(path)
    assert first["seed"] == second["seed"] == 7
    assert first["faults"][0]["case"] == "1"
    assert first["versions"]["spacy"]
    assert first["date"]


def test_sums_have_a_line_for_each_target(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append_run(make_run(), path)
    append_run(make_run(), path)
    header, line = show_sums(read_runs(path))
    assert header.split() == ["target", "runs", "cases", "readings", "faults", "hours"]
    assert line.split() == ["toy", "2", "222", "444", "6", "0.0"]
