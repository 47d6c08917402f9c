"""Batches of cases in a process of their own, which may die; faults are shrunk by hypothesis.

A batch is all cases that hypothesis draws from one seed, so a seed is enough to see a fault again.
A process works off one batch after the other. The parent sees it breathe: where it does not answer
in time, or is gone, the batch is run again with each case in a fork, so that hypothesis can shrink
what hangs or kills::

    parent          process
    batch 17  ->    case, case, case, …        -> outcomes, and a shrunk fault if there is one
    batch 18  ->    case, case, (silence)      -> killed; batch 18 once more, forking for each case
"""

import contextlib
import gc
import multiprocessing
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from srsly import msgpack
from typing_extensions import Self

from tests.fuzz.target import Broken, Target

__all__ = ["Batch", "BatchResult", "Fault", "Runner"]

HANG_S: Final = 60.0
"""Seconds for one case, on a machine that has other work too."""

START_S: Final = 600.0
"""Seconds in which a target must be ready, and a batch be shrunk."""

SHRINK_S: Final = 60.0
"""Seconds in which a fault is shrunk; what is smallest by then is shown."""

PATIENCE_S: Final = 5.0
"""Seconds for a process to end by itself."""

MEMORY: Final = 3 << 30
"""Bytes that a case may take beyond what its process has at the start."""

PACKAGE: Final = f"{os.sep}spacy_hf_ner{os.sep}"
MAX_SHOWN: Final = 2_000
FOREIGN_FOLDERS: Final = re.compile(r'File "/[^"]*?/((site-packages|spacy_hf_ner|tests)/)')


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases that are drawn from one seed.

    Attributes:
        seed: The seed.
        n_cases: How many; fewer if one of them is a fault.
        known: Signatures of faults that were shrunk before, and are only counted.
        forks: Each case runs in a fork, and only its end counts.
    """

    seed: int
    n_cases: int
    known: frozenset[str] = frozenset()
    forks: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A case that broke a promise, shrunk.

    Attributes:
        signature: What went wrong and where, the same for all faults of one kind.
        case: The smallest case that still shows it.
        details: The end of its traceback.
        seed: The seed of its batch.
    """

    signature: str
    case: str
    details: str
    seed: int


@dataclass(slots=True)
class BatchResult:
    """How the cases of a batch ended.

    Attributes:
        outcomes: How often each outcome was met; faults have their signatures.
        n_cases: Cases, those that were tried while shrinking left out.
        n_readings: Texts, files or folders that were read in them.
        fault: The fault that ended the batch.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    n_cases: int = 0
    n_readings: int = 0
    fault: Fault | None = None


class _Failed(Exception):  # noqa: N818 - tells hypothesis that a case failed
    """A case failed."""


class Runner:
    """Runs batches of one target in a process that is replaced when it dies.

    Args:
        target: Where the target is, as ``module:Class``.
        hang_s: Seconds for one case.
    """

    def __init__(self, target: str, *, hang_s: float = HANG_S) -> None:
        self._target = target
        self._hang_s = hang_s
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="fuzz-")

    def run(self, batch: Batch) -> BatchResult:
        """Return how a batch ended."""
        result = self._try(batch)
        if result is None:
            result = self._try(replace(batch, forks=True))
        if result is None:
            # What kills a process only together with what came before it cannot be shrunk.
            signature = "the process died or hung in a batch, and not in a fork of one case"
            fault = Fault(signature, f"batch of seed {batch.seed}", "", batch.seed)
            result = BatchResult(Counter({signature: 1}), batch.n_cases, fault=fault)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None and self._process is not None:
            self._connection.close()  # which the process takes for the end
            self._process.join(PATIENCE_S)
        self._stop()
        self._folder.cleanup()

    def _try(self, batch: Batch) -> BatchResult | None:
        """Return how a batch ended, or None if its process died or hung."""
        connection = self._start()
        # In forks the process itself watches the clock.
        patience = START_S if batch.forks else self._hang_s
        try:
            connection.send(batch)
            while connection.poll(patience):
                message = connection.recv()
                if isinstance(message, BatchResult):
                    return message
        except (EOFError, OSError):
            pass
        self._stop()
        return None

    def _start(self) -> Connection:
        if self._connection is not None:
            return self._connection
        context = multiprocessing.get_context("spawn")
        parent_end, child_end = context.Pipe()
        folder = tempfile.mkdtemp(dir=self._folder.name)
        process = context.Process(
            target=_work, args=(child_end, self._target, folder, self._hang_s), daemon=True
        )
        process.start()
        child_end.close()
        self._process = process
        self._connection = parent_end
        if not parent_end.poll(START_S):
            raise RuntimeError(f"{self._target} was not ready in {START_S:.0f} seconds")
        parent_end.recv()
        return parent_end

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = None
        self._connection = None


def _work(connection: Connection, target_name: str, folder: str, hang_s: float) -> None:
    """Run batches until the parent hangs up."""
    os.environ["TMPDIR"] = folder  # what a killed process leaves behind goes with the folder
    tempfile.tempdir = folder
    module, _, name = target_name.partition(":")
    home = Path(folder, "target")
    home.mkdir()
    target: Target = getattr(import_module(module), name)(home)
    _silence(Path(folder, "stderr.txt"))
    _limit_memory()
    _skip_repeated_work()
    connection.send("ready")
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            batch = connection.recv()
            connection.send(_run_batch(target, batch, lambda: connection.send("alive"), hang_s))


def _run_batch(
    target: Target, batch: Batch, breathe: Callable[[], None], hang_s: float
) -> BatchResult:
    """Return how a batch ended.

    The first new fault ends it. Hypothesis then looks for a smaller case with the same signature.
    """
    result = BatchResult()
    shrunk: Fault | None = None
    end_of_shrinking = float("inf")

    @seed(batch.seed)
    @settings(
        max_examples=batch.n_cases,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(target.cases())
    def check_all(case: Any) -> None:
        nonlocal shrunk, end_of_shrinking
        breathe()
        shown = repr(case)[:MAX_SHOWN]
        if shrunk is not None and time.monotonic() > end_of_shrinking:
            # Hypothesis looks at the smallest case once more at the end: that still has to fail.
            if shown == shrunk.case:
                raise _Failed
            return
        outcome, n_readings, details = _check_case(target, case, batch, hang_s)
        if shrunk is None:
            result.n_cases += 1
            result.n_readings += n_readings
            result.outcomes[outcome] += 1
        elif outcome != shrunk.signature:
            return  # another fault, or none
        if details and outcome not in batch.known:
            if shrunk is None:
                end_of_shrinking = time.monotonic() + SHRINK_S
            shrunk = Fault(outcome, shown, details, batch.seed)
            raise _Failed

    with contextlib.suppress(_Failed):
        check_all()
    result.fault = shrunk
    return result


def _check_case(
    target: Target,
    case: Any,
    batch: Batch,
    hang_s: float,
) -> tuple[str, int, str]:
    """Return the outcome of a case, its readings, and what went wrong, if anything did."""
    if batch.forks:
        signature = _check_in_fork(target, case, hang_s)
        return signature or "survived", 1, signature
    try:
        verdict = target.check(case)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a Rust panic is no Exception
        shown = "".join(traceback.format_exception(error))
        return _sign(error), 1, shorten_paths(shown)[-MAX_SHOWN:]
    return verdict.outcome, verdict.n_readings, ""


def _check_in_fork(target: Target, case: Any, hang_s: float) -> str:
    """Return how a case killed its process, or that it hung, or nothing."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        with contextlib.suppress(BaseException):
            target.check(case)
        os._exit(0)
    os.close(writer)
    # The child's end closes when it ends.
    is_done = bool(select.select([reader], [], [], hang_s)[0])
    os.close(reader)
    if not is_done:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not is_done:
        return f"hangs for more than {hang_s:.0f} seconds"
    if os.WIFSIGNALED(status):
        return f"kills its process: {signal.Signals(os.WTERMSIG(status)).name}"
    return ""


def shorten_paths(shown: str) -> str:
    """Return a traceback without the folders that this machine keeps its files in.

    >>> shorten_paths('  File "/home/ann/.venv/lib/site-packages/spacy/vocab.py", line 2')
    '  File "site-packages/spacy/vocab.py", line 2'
    """
    return FOREIGN_FOLDERS.sub(r'File "\1', shown)


def _sign(error: BaseException) -> str:
    """Return what went wrong and where: the innermost function of the package, if there is one."""
    if isinstance(error, Broken):
        return f"broken: {error.promise}"
    place = "outside of the package"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if PACKAGE in name:
            place = f"{name.rpartition(PACKAGE)[2]}:{frame.f_code.co_name}"
    return f"raw {type(error).__name__} in {place}"


def _silence(file: Path) -> None:
    """Send what libraries print to a file."""
    with file.open("w", encoding="utf8") as stream:
        os.dup2(stream.fileno(), sys.stderr.fileno())
        os.dup2(stream.fileno(), sys.stdout.fileno())


def _skip_repeated_work() -> None:
    """Have done once what would be done in each case, and takes as long as the case itself."""
    # In each call msgpack asks all installed packages whether they have encoders for it.
    for registry in (msgpack.msgpack_encoders, msgpack.msgpack_decoders):
        found = registry.get_all()
        registry.get_all = partial(dict, found)
    # What is there now stays: let nobody look through it for garbage.
    gc.collect()
    gc.freeze()


def _limit_memory() -> None:
    """Have allocations fail that take more than a case may."""
    for line in _read_status():
        if line.startswith("VmData:"):
            limit = int(line.split()[1]) * 1024 + MEMORY
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _read_status() -> Iterator[str]:
    status = Path("/proc/self/status")
    if status.is_file():
        yield from status.read_text(encoding="ascii").splitlines()
