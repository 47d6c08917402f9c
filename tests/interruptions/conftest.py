"""The process that writes, and is killed, for the tests of this folder."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Worker:
    """Asks the process for one way of writing after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._read()

    def write(self, way: str, **request: Any) -> dict[str, Any]:
        """Write in a way, and return what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"way": way, **request}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has failed: its error stands above"
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Return what writes in a process that has loaded everything before."""
    if sys.platform == "win32":
        pytest.skip("Windows forks no processes")
    folder = tmp_path_factory.mktemp("interrupted")
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.interruptions.worker", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
    ) as process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()
