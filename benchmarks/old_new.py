"""Speed of two checkouts of this repository, measured in turns on the same work.

    python benchmarks/old_new.py OLD NEW [--parts short documents ...] [--pairs 15] [--words 4000]
        [--model PIPELINE] [--clock wall|cpu] [--output RECORD.json]

The parts:

    short       prediction of sentences, each a text of its own
    documents   prediction of whole documents
    decoding    segments, decoding, scores and annotation, on a model that costs next to nothing
    convert     conversion of a CoNLL file
    training    steps of ``nlp.update``

Each checkout works in a process of its own (`old_new_worker.py`), and only in public ways, so the
checkouts may differ in everything inside. A pair is one measurement of each, one right after the
other, so that a busy machine slows both; which goes first changes from pair to pair. For each part
the program prints the median over the pairs of (seconds of OLD / seconds of NEW), with a 95 %
interval: above 1, NEW is faster.

It exits with status 1 if the interval of some part lies below 0.97 as a whole.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import spacy
import tomllib
from corpora import DATA, REPOSITORY, find_encoder, sign_measurement
from typing_extensions import Self

from spacy_hf_ner.evaluation.signature import Draws, Signature

PARTS: Final = ("short", "documents", "decoding", "convert", "training")
LOWEST_RATIO: Final = 0.97
"""A part is as fast as before if its interval reaches this ratio."""

_WORKER: Final = Path(__file__).with_name("old_new_worker.py")
_N_RESAMPLES: Final = 10_000
_RESAMPLING_SEED: Final = 0
_N_WARM_UPS: Final = 2


@dataclass(frozen=True, slots=True)
class Result:
    """What the pairs of one part say.

    Attributes:
        part: The part.
        ratio: Median of old seconds over new seconds.
        low: Where its 95 % interval begins.
        high: Where it ends.
        old_seconds: The measurements of the old checkout, one for each pair.
        new_seconds: Those of the new one.
    """

    part: str
    ratio: float
    low: float
    high: float
    old_seconds: list[float]
    new_seconds: list[float]

    @property
    def is_kept(self) -> bool:
        """Whether the new checkout can be as fast as the old one."""
        return self.high >= LOWEST_RATIO


class Worker:
    """A process that works with the code of one checkout."""

    def __init__(self, tree: Path, folder: Path) -> None:
        """Start the process.

        Args:
            tree: The checkout.
            folder: An empty folder, for what tells the process which checkout it is to use.
        """
        _write_metadata(tree, folder)
        # The folder comes first: its metadata hides that of an installed spacy-hf-ner, whose entry
        # points name the modules of another checkout.
        path = os.pathsep.join([str(folder), str(tree)])
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(_WORKER)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, job: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the answer of the process to one job."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = json.dumps({"job": job, **arguments})
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"The process of one checkout ended in {job!r}; its error stands above.")
        return json.loads(answer)

    def __enter__(self) -> Self:
        """Return the worker, whose process ends with the context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


def find_data() -> tuple[Path, Path]:
    """Return a CoNLL file to train on, and one to predict and convert."""
    real = (DATA / "conllpp" / "conllpp_train.txt", DATA / "conllpp" / "conllpp_dev.txt")
    if all(path.is_file() for path in real):
        return real
    sample = REPOSITORY / "corpus" / "sample"
    return sample / "train.conll", sample / "dev.conll"


def find_commit(tree: Path) -> str:
    """Return the commit of a checkout, with ``-dirty`` after it if a file of it was changed.

    ``"unknown"`` where git knows nothing of it, as in an unpacked sdist.
    """
    command = ["git", "-C", str(tree), "describe", "--always", "--dirty", "--abbrev=40"]
    # Without tags: a name that can be moved says less than the commit.
    command += ["--exclude", "*"]
    try:
        described = subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def measure_pairs(part: str, *, old: Worker, new: Worker, n_pairs: int) -> Result:
    """Return what so many pairs of measurements say about one part."""
    old_seconds: list[float] = []
    new_seconds: list[float] = []
    turns = [(old, old_seconds), (new, new_seconds)]
    for worker, _ in turns * _N_WARM_UPS:
        worker.ask("measure", part=part)
    for _ in range(n_pairs):
        for worker, seconds in turns:
            seconds.append(worker.ask("measure", part=part))
        turns.reverse()
    ratios = np.array(old_seconds) / np.array(new_seconds)
    low, high = bootstrap_median(ratios)
    return Result(part, float(np.median(ratios)), low, high, old_seconds, new_seconds)


def bootstrap_median(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the 95 % interval of the median: percentiles over resampled values."""
    rng = np.random.default_rng(_RESAMPLING_SEED)
    chosen = rng.integers(len(values), size=(_N_RESAMPLES, len(values)))
    medians = np.median(values[chosen], axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Measure and print."""
    args = _parse_arguments()
    train, dev = find_data()
    results: list[Result] = []
    with (
        tempfile.TemporaryDirectory() as name,
        Worker(args.old.resolve(), Path(name) / "old") as old,
        Worker(args.new.resolve(), Path(name) / "new") as new,
    ):
        folder = Path(name)
        setting = {
            "encoder": str(find_encoder()),
            "train": str(train),
            "dev": str(dev),
            "n_words": args.words,
            "clock": args.clock,
        }
        model = args.model or _train_model(args.old.resolve(), folder, setting)
        n_docs = 0
        for worker, work in ((old, "old-work"), (new, "new-work")):
            n_docs = worker.ask(
                "prepare", model=str(model.resolve()), folder=str(folder / work), **setting
            )
        signature = _sign(model, dev, n_docs)
        commits = {"old": find_commit(args.old), "new": find_commit(args.new)}
        print(f"old: {commits['old']}, new: {commits['new']}")
        print(f"{train.parent.name}, {args.words:,} words a measurement, {args.pairs} pairs")
        print(f"{'part':12}{'old/new':>8}   95 % interval     old s    new s")
        for part in args.parts:
            result = measure_pairs(part, old=old, new=new, n_pairs=args.pairs)
            print(_describe(result), flush=True)
            results.append(result)
    if args.output is not None:
        _write_record(args, signature, commits, results)
    sys.exit(0 if all(result.is_kept for result in results) else 1)


def _train_model(tree: Path, folder: Path, setting: dict[str, Any]) -> Path:
    """Train a pipeline with a checkout, and return its folder."""
    # In a process of its own: training leaves memory behind that would slow one checkout alone.
    with Worker(tree, folder / "trainer") as worker:
        return Path(worker.ask("make_model", output=str(folder / "model"), **setting))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, help="the checkout to compare with")
    parser.add_argument("new", type=Path, help="the checkout that is to be as fast")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--words", type=int, default=4000, help="words in each measurement")
    parser.add_argument("--model", type=Path, help="a pipeline with hf_ner; else one is trained")
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu on busy machines"
    )
    parser.add_argument("--output", type=Path, help="where to write the measurements as JSON")
    return parser.parse_args()


def _describe(result: Result) -> str:
    verdict = "" if result.is_kept else f"  slower: below {LOWEST_RATIO}"
    old_seconds = np.median(result.old_seconds)
    new_seconds = np.median(result.new_seconds)
    interval = f"{result.low:.3f}-{result.high:.3f}"
    return (
        f"{result.part:12}{result.ratio:8.3f}   {interval:13}{old_seconds:10.3f}"
        f"{new_seconds:9.3f}{verdict}"
    )


def _sign(model: Path, data: Path, n_docs: int) -> Signature:
    """Return what the measurements are made with.

    The versions are those of the libraries that both checkouts use. What spacy-hf-ner is installed
    may be neither checkout, so it is left out: the record names their commits.
    """
    signature = sign_measurement(spacy.load(model), data=data, n_docs=n_docs)
    versions = dict(signature.versions)
    versions.pop("spacy-hf-ner", None)
    draws = {"intervals": Draws(_N_RESAMPLES, _RESAMPLING_SEED)}
    return replace(signature, draws=draws, versions=versions)


def _write_record(
    args: argparse.Namespace,
    signature: Signature,
    commits: Mapping[str, str],
    results: Sequence[Result],
) -> None:
    record = {
        "signature": signature.to_json(),
        "commits": commits,
        "words": args.words,
        "pairs": args.pairs,
        "clock": args.clock,
        "parts": [asdict(result) for result in results],
    }
    args.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf8")


def _write_metadata(tree: Path, folder: Path) -> None:
    """Write the entry points of a checkout, as if it were installed in the folder."""
    with (tree / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = []
    for group, points in project["entry-points"].items():
        lines.append(f"[{group}]")
        for name, target in points.items():
            lines.append(f"{name} = {target}")
    metadata = folder / "spacy_hf_ner-0.0.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: spacy-hf-ner\nVersion: 0.0.0\n", encoding="utf8"
    )


if __name__ == "__main__":
    main()
