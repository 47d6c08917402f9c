"""What runs found: a line of JSON for each, and their sums.

A line says what was run and from which seed, so that it can be run again, and with which libraries.
"""

import json
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from tests.fuzz.runner import BatchResult, Fault

__all__ = ["Run", "append_run", "read_runs", "show_sums"]

LIBRARIES: Final = ("spacy", "transformers", "tokenizers", "torch", "pyarrow", "hypothesis")
REPOSITORY: Final = Path(__file__).parents[2]


@dataclass(slots=True)
class Run:
    """The batches of one target.

    Attributes:
        target: Its name.
        seed: The seed of the first batch; each further one has the next number.
        batch_cases: The most cases in a batch.
        n_batches: Batches.
        n_cases: Cases.
        n_readings: Texts, files or folders that were read in them.
        outcomes: How often each outcome was met; faults have their signatures.
        faults: The faults, each once and shrunk.
        seconds: How long it took.
        commit: The commit of the repository, with ``-dirty`` after it if a file was changed.
        versions: Releases of Python and the libraries.
        date: When it ended: UTC, as ISO 8601 writes it.
    """

    target: str
    seed: int
    batch_cases: int
    n_batches: int = 0
    n_cases: int = 0
    n_readings: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0
    commit: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def n_faults(self) -> int:
        """Cases that broke a promise, those included that were not shrunk again."""
        return sum(self.outcomes[signature] for signature in self.signatures)

    @property
    def signatures(self) -> frozenset[str]:
        """The kinds of faults."""
        return frozenset(fault.signature for fault in self.faults)

    def add(self, result: BatchResult) -> None:
        """Count a batch."""
        self.n_batches += 1
        self.n_cases += result.n_cases
        self.n_readings += result.n_readings
        self.outcomes.update(result.outcomes)
        if result.fault is not None:
            self.faults.append(result.fault)

    def sign(self) -> None:
        """Note what was run."""
        self.commit = _find_commit()
        self.versions = dict(_find_versions())
        self.date = datetime.now(timezone.utc).isoformat(timespec="seconds")


def append_run(run: Run, path: Path) -> None:
    """Add the line of a run to a file."""
    record = asdict(run)
    record["outcomes"] = dict(sorted(run.outcomes.items()))
    record["seconds"] = round(run.seconds, 1)
    with path.open("a", encoding="utf8") as stream:
        stream.write(json.dumps(record, ensure_ascii=True) + "\n")


def read_runs(path: Path) -> list[dict[str, Any]]:
    """Return all runs of a file."""
    lines = path.read_text(encoding="utf8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines if line]


def show_sums(runs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a table of the sums over runs, a line for each target."""
    sums: dict[str, Counter[str]] = {}
    for run in runs:
        counts = sums.setdefault(run["target"], Counter())
        counts["runs"] += 1
        counts["faults"] += sum(run["outcomes"].get(f["signature"], 0) for f in run["faults"])
        for name in ("n_cases", "n_readings", "seconds"):
            counts[name] += run[name]
    yield f"{'target':14}{'runs':>6}{'cases':>12}{'readings':>12}{'faults':>8}{'hours':>8}"
    for target, counts in sorted(sums.items()):
        hours = counts["seconds"] / 3600
        yield (
            f"{target:14}{counts['runs']:6}{counts['n_cases']:12,}{counts['n_readings']:12,}"
            f"{counts['faults']:8,}{hours:8.1f}"
        )


def _find_versions() -> Iterator[tuple[str, str]]:
    yield "python", platform.python_version()
    for library in LIBRARIES:
        try:
            yield library, version(library)
        except PackageNotFoundError:  # noqa: PERF203 - a handful
            continue


def _find_commit() -> str:
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        described = subprocess.run(  # noqa: S603 - our own arguments
            [*command, "--exclude", "*"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
