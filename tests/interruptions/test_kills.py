"""Whoever kills a process while it writes finds the old or the new, whole.

KILLS=100 (`make kills`) kills each way of writing a hundred times, and each command ten times.
"""

import os
import random
import time

import pytest

from tests.interruptions.conftest import Worker

N_KILLS = int(os.environ.get("KILLS", "10"))
N_KILLS_OF_COMMANDS = N_KILLS // 10

WAYS = (
    "file",
    "files",
    "folder",
    "folder by two renames",
    "component",
    "component by two renames",
    "pipeline",
    "pipeline by two renames",
)
QUICK_COMMANDS = (
    "calibrate",
    "package",
    "encoder",
    "convert",
    "evaluate",
    "visualise",
    "annotate",
    "rewrite",
    "check",
    "init-config",
    "train",
    "find-rate",
    "card",
)
SLOW_COMMANDS = ("export-onnx", "compare")
COMMANDS = QUICK_COMMANDS + SLOW_COMMANDS
MANY = 100  # kills, of which no test that is run every day needs as many


@pytest.mark.parametrize("way", WAYS)
def test_a_kill_while_something_is_written_leaves_the_old_or_the_new(
    way: str, worker: Worker
) -> None:
    _kill(worker, way, n_kills=N_KILLS)


@pytest.mark.parametrize("command", COMMANDS if N_KILLS >= MANY else QUICK_COMMANDS)
def test_a_kill_of_a_command_leaves_the_old_or_the_new(command: str, worker: Worker) -> None:
    _kill(worker, command, n_kills=N_KILLS_OF_COMMANDS)


def _kill(worker: Worker, way: str, *, n_kills: int) -> None:
    first = worker.write(way)
    assert first["code"] == 0, first["output"]
    assert first["problem"] is None, first["problem"]
    seed = time.time_ns() % 10**6
    moments = random.Random(seed)  # noqa: S311 - nothing is secret
    for turn in range(n_kills):
        moment = moments.uniform(0.0, first["seconds"])
        answer = worker.write(way, kill_after=moment)
        assert answer["problem"] is None, f"seed {seed}, kill {turn}: {answer['problem']}"
