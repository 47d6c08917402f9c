"""The runner finds each way to end badly, and shrinks the case to the smallest."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fuzz.runner import Batch, BatchResult, Fault, Runner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and limits of Linux")


@contextmanager
def run_toy(name: str) -> Iterator[Runner]:
    with Runner(f"tests.fuzz.toys:{name}") as runner:
        yield runner


def run(name: str, batch: Batch) -> BatchResult:
    with run_toy(name) as runner:
        return runner.run(batch)


def find_fault(name: str) -> Fault:
    fault = run(name, Batch(seed=1, n_cases=60)).fault
    assert fault is not None
    return fault


def test_what_breaks_no_promise_is_counted() -> None:
    result = run("Toy", Batch(seed=1, n_cases=50))
    assert result.fault is None
    assert result.outcomes == {"small": result.n_cases}
    assert result.n_readings == 2 * result.n_cases


def test_refusals_are_no_faults() -> None:
    result = run("Refuses", Batch(seed=1, n_cases=20))
    assert result.fault is None
    assert result.outcomes == {"refused": result.n_cases}


def test_a_raw_exception_is_shrunk() -> None:
    fault = find_fault("Raises")
    assert fault.signature == "raw ZeroDivisionError in outside of the package"
    assert fault.case == "100"
    assert "1 // (case - case)" in fault.details
    assert 'File "tests/fuzz/toys.py"' in fault.details


def test_the_first_fault_is_shrunk_and_known_ones_are_only_counted() -> None:
    with run_toy("Breaks") as runner:
        first = runner.run(Batch(seed=1, n_cases=60)).fault
        assert first is not None
        known = frozenset({first.signature})
        second = runner.run(Batch(seed=1, n_cases=60, known=known)).fault
        assert second is not None
        assert {first.signature, second.signature} == {
            "broken: even numbers are small",
            "broken: odd numbers are small",
        }
        assert {first.case, second.case} == {"100", "101"}
        both = frozenset({first.signature, second.signature})
        result = runner.run(Batch(seed=1, n_cases=60, known=both))
    assert result.fault is None
    assert both < set(result.outcomes)


def test_the_same_seed_finds_the_same() -> None:
    assert run("Raises", Batch(seed=7, n_cases=60)) == run("Raises", Batch(seed=7, n_cases=60))


def test_what_kills_its_process_is_shrunk_and_the_next_batch_runs() -> None:
    with run_toy("Kills") as runner:
        fault = runner.run(Batch(seed=1, n_cases=60)).fault
        assert fault is not None
        assert fault.signature == "kills its process: SIGSEGV"
        assert fault.case == "100"
        assert runner.run(Batch(seed=1, n_cases=1)).n_cases == 1


def test_what_hangs_is_shrunk() -> None:
    with Runner("tests.fuzz.toys:Hangs", hang_s=1.0) as runner:
        fault = runner.run(Batch(seed=1, n_cases=5)).fault
    assert fault is not None
    assert fault.signature == "hangs for more than 1 seconds"
    assert fault.case == "100"


def test_what_takes_too_much_memory_is_an_exception() -> None:
    fault = find_fault("TakesMemory")
    assert fault.signature == "raw MemoryError in outside of the package"
    assert fault.case == "100"
