"""``spacy_hf_ner.RunLogger.v1``: what a training run is doing, on the console and as JSON lines.

The lines are those of ``spacy.ConsoleLogger.v3`` with more keys, so :mod:`.training_log` reads
both. Like every logger of spaCy it can be one link of ``spacy.ChainLogger.v1``.
"""

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NamedTuple

from spacy.language import Language
from spacy.util import registry
from tqdm import tqdm
from wasabi.tables import row, table

from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.evaluation.formatting import format_duration, format_percent

if TYPE_CHECKING:
    from thinc.api import Optimizer

__all__ = [
    "IS_REPLAYED",
    "Info",
    "LogStep",
    "SetupLogger",
    "describe_high_end",
    "make_run_logger_v1",
]

IS_REPLAYED: Final = "is_replayed"
"""The key of a logger's information that marks a step which an interrupted run made before."""

Info = dict[str, Any]
LogStep = Callable[[Info | None], None]
SetupLogger = Callable[..., tuple[LogStep, Callable[[], None]]]

_SCORES: Final = ("ents_p", "ents_r", "ents_f")

# Types with a column on the console; the table at the end and the file have all of them.
_MAX_TYPES: Final = 8
_TYPE_WIDTH: Final = 7

# A run that ends with more of its highest rate than this has ended too early.
_MAX_FINAL_RATE: Final = 0.05

# spaCy counts the passes that are completed: the current one is half done, on average.
_HALF_A_PASS: Final = 0.5


def make_run_logger_v1(
    output_file: str | None = None,
    progress_bar: bool = True,  # noqa: FBT001, FBT002 - spaCy passes settings by name
) -> SetupLogger:
    """Return a logger that shows the state of a run at every evaluation.

    It shows the losses, P, R, F, F per type, learn rate, words/s and the time left; and, where a
    component is ours, the accuracy of tokens: in training since the last evaluation, as the loss
    is, and on the development data (``ents_acc`` for entities, ``pos_acc`` and so on for labels).

    Args:
        output_file: A JSONL file to write, whole after every evaluation; one that exists is
            replaced by the first. The report's training curves are read from it.
        progress_bar: Show a progress bar on a terminal.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        run = _Run(nlp, stdout, stderr, output_file, progress_bar=progress_bar)
        return run.log_step, run.finalize

    return setup


class _Run:
    """One training run.

    spaCy calls ``log_step`` after each update, with information only after evaluations.
    """

    def __init__(
        self,
        nlp: Language,
        stdout: IO[str],
        stderr: IO[str],
        output_file: str | None,
        *,
        progress_bar: bool,
    ) -> None:
        training = nlp.config.interpolate()["training"]
        self._max_steps = int(training["max_steps"])
        self._max_epochs = int(training["max_epochs"])
        # A logger is not given the optimizer; another one, stepped as often, has the same rate.
        resolved = registry.resolve({"optimizer": training["optimizer"]})
        self._optimizer: Optimizer = resolved["optimizer"]
        self._rates: list[float] = []
        self._pipes = _find_trainable_pipes(nlp)
        self._accuracies = _find_accuracies(nlp)
        self._types = _find_types(nlp, self._pipes)[:_MAX_TYPES]
        self._stdout = stdout
        self._path: Path | None = None
        if output_file:
            self._path = Path(output_file)
        self._lines: list[str] = []  # what the file holds
        self._lines_before = _read_lines(self._path)
        # tqdm shows a bar on terminals only if "disable" is None; False shows it in log files, too.
        disable = None if progress_bar else True
        self._bar = tqdm(
            total=self._max_steps or None,
            unit="step",
            file=stderr,
            leave=False,
            disable=disable,
        )
        self._best: Info | None = None
        self._speedometer = _Speedometer()
        self._start = time.perf_counter()
        self._last = self._start

        losses = [f"LOSS {name}" for name in self._pipes]
        self._widths = self._find_widths(losses)
        self._write_header(losses)

    def log_step(self, info: Info | None) -> None:
        """Record one update; with information, an evaluation too."""
        # The rate of the update that was made, so it is read before the schedule moves on.
        learn_rate = float(self._optimizer.learn_rate)
        self._rates.append(learn_rate)
        self._optimizer.step_schedules()  # type: ignore[no-untyped-call]
        self._bar.update()
        now = time.perf_counter()
        if info is None:
            self._speedometer.add_update(now - self._last)
        else:
            self._log_evaluation(info, learn_rate, now)
        self._last = time.perf_counter()

    def finalize(self) -> None:
        """Show the best evaluation's scores per type, and warn if the learn rate ended high."""
        self._bar.close()
        warning = describe_high_end(self._rates)
        # A run that an error or its user ends is finalized, too, while that is handled.
        was_interrupted = sys.exc_info()[0] is not None
        if warning and not was_interrupted:
            print(f"⚠ {warning}", file=self._stdout)
        if self._best is None:
            return
        per_type = self._best["other_scores"].get("ents_per_type")
        if not per_type:
            return
        rows: list[tuple[str, ...]] = []
        for entity_type, scores in sorted(per_type.items()):
            precision = format_percent(scores["p"])
            recall = format_percent(scores["r"])
            f1 = format_percent(scores["f"])
            rows.append((entity_type, precision, recall, f1))
        header = (f"best: #{self._best['step']}", "P", "R", "F")
        per_type_table = table(rows, header=header, aligns=("l", "r", "r", "r"), divider=True)
        print(per_type_table, file=self._stdout)

    def _log_evaluation(self, info: Info, learn_rate: float, now: float) -> None:
        scores = info["other_scores"]
        if self._best is None or info["score"] > self._best["score"]:
            self._best = {"step": info["step"], "score": info["score"], "other_scores": scores}

        losses: dict[str, float] = {}
        for name in self._pipes:
            losses[name] = float(info["losses"].get(name, 0.0))
        words_per_second = self._speedometer.read(info["words"])
        if info.get(IS_REPLAYED):
            # Made and logged by a process that was interrupted: nothing is timed here.
            before = self._lines_before.get(info["step"], {})
            words_per_second = before.get("words_per_second")
            self._start = now - (before.get("seconds") or info["seconds"])
        train_accuracy = {
            each.name: each.pipe.take_training_accuracy() for each in self._accuracies
        }
        self._show(info, losses, train_accuracy, learn_rate, words_per_second, now)
        if self._path is None:
            return
        line = {
            "epoch": info["epoch"],
            "step": info["step"],
            "losses": losses,
            "train_accuracy": train_accuracy,
            "scores": _read_scores(scores),
            "score": float(info["score"]),
            "per_type": scores.get("ents_per_type") or {},
            "learn_rate": learn_rate,
            "words_per_second": words_per_second,
            "seconds": now - self._start,
        }
        self._lines.append(json.dumps(_replace_non_finite(line), default=float) + "\n")
        write_file(self._path, "".join(self._lines))

    def _show(
        self,
        info: Info,
        losses: Mapping[str, float],
        train_accuracy: Mapping[str, float | None],
        learn_rate: float,
        words_per_second: float | None,
        now: float,
    ) -> None:
        """Write an evaluation as a row on the console, in the order of the header."""
        scores = info["other_scores"]
        per_type = scores.get("ents_per_type") or {}
        speed = ""
        if words_per_second is not None:
            speed = f"{words_per_second:,.0f}"
        time_left = ""
        seconds_left = self._seconds_left(info, now)
        if seconds_left is not None:
            time_left = format_duration(seconds_left)

        cells = [str(info["epoch"]), str(info["step"])]
        for loss in losses.values():
            cells.append(f"{loss:.2f}")
        for key in _SCORES:
            cells.append(format_percent(scores.get(key)))
        for accuracy in self._accuracies:
            cells.append(format_percent(train_accuracy[accuracy.name]))
            cells.append(format_percent(scores.get(accuracy.key)))
        cells += [format_percent(info["score"]), f"{learn_rate:.2e}", speed, time_left]
        for entity_type in self._types:
            cells.append(format_percent(per_type.get(entity_type, {}).get("f")))
        self._write(cells)

    def _seconds_left(self, info: Info, now: float) -> float | None:
        """Return how long the run will go on at its mean speed; None if it has no end."""
        n_done = info["step"] + 1
        totals: list[int] = []
        if self._max_steps:
            totals.append(self._max_steps)
        if self._max_epochs > 0:
            n_passes = info["epoch"] + _HALF_A_PASS
            totals.append(round(n_done * self._max_epochs / n_passes))
        if not totals:
            return None
        n_left = max(min(totals) - n_done, 0)
        seconds_left: float = n_left * (now - self._start) / n_done
        return seconds_left

    def _write_header(self, losses: Sequence[str]) -> None:
        accuracies = ["TRAIN ACC", "DEV ACC"] * len(self._accuracies)
        names = ["E", "#", *losses, "P", "R", "F", *accuracies, "SCORE", "RATE", "WORDS/S", "LEFT"]
        for entity_type in self._types:
            names.append(entity_type[:_TYPE_WIDTH])
        self._write(names)
        self._write(["-" * width for width in self._widths])

    def _find_widths(self, losses: Sequence[str]) -> list[int]:
        """Return the width of each column, in the order of the header."""
        # The name of a component is shown whole; a loss takes nine characters.
        loss_widths = [max(9, len(name)) for name in losses]
        score_widths = [6, 6, 6]
        accuracy_widths = [9, 7] * len(self._accuracies)
        type_widths = [_TYPE_WIDTH] * len(self._types)
        return [3, 7, *loss_widths, *score_widths, *accuracy_widths, 6, 9, 8, 8, *type_widths]

    def _write(self, cells: Sequence[str]) -> None:
        aligns: list[Literal["r"]] = ["r"] * len(cells)
        line = row(cells, widths=self._widths, aligns=aligns, spacing=2)
        # The bar would share the line with the row.
        self._bar.clear()
        print(line, file=self._stdout, flush=True)
        self._bar.refresh()


def describe_high_end(rates: Sequence[float]) -> str:
    """Return a warning if the learn rates of a run end high; empty if all is well.

    A rate that never moves is meant to be constant.

    >>> describe_high_end([0.0, 0.2, 0.1, 0.0]), describe_high_end([0.1, 0.1])
    ('', '')
    """
    highest = max(rates, default=0.0)
    if highest == min(rates, default=0.0) or rates[-1] <= _MAX_FINAL_RATE * highest:
        return ""
    share = rates[-1] / highest
    return (
        f"The learn rate ended at {rates[-1]:.1e}, {share:.0%} of its highest: the run was over "
        f"after {len(rates):,} updates, before the rate had fallen, and could have ended better. "
        "Let [training.optimizer.learn_rate] count on as many steps as the run has: "
        '@schedules = "spacy_hf_ner.warmup_linear.v1" with '
        "total_steps = ${training.max_steps} does."
    )


class _Speedometer:
    """Training throughput between evaluations.

    The update before an evaluation is not timed: what passes until the logger is called again is
    the time of the evaluation, too.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._n_timed = 0
        self._n_words = 0

    def add_update(self, seconds: float) -> None:
        """Count an update that no evaluation followed."""
        self._seconds += seconds
        self._n_timed += 1

    def read(self, n_words: int) -> float | None:
        """Return words per second since the last call; None if no update was timed.

        Args:
            n_words: Words of the whole run so far.
        """
        n_new = n_words - self._n_words
        seconds = self._seconds
        n_timed = self._n_timed
        self._seconds = 0.0
        self._n_timed = 0
        self._n_words = n_words
        if not n_timed or not seconds:
            return None
        # The words are those of one update more than the time: the one that was evaluated.
        return n_new * n_timed / (n_timed + 1) / seconds


def _find_trainable_pipes(nlp: Language) -> list[str]:
    """Return the names of the components that can have a loss."""
    names: list[str] = []
    for name, pipe in nlp.pipeline:
        if getattr(pipe, "is_trainable", False):
            names.append(name)
    return names


class _Accuracy(NamedTuple):
    """A component that counts how many tokens it gets right, and what its score is called."""

    name: str
    pipe: Any
    key: str


def _find_accuracies(nlp: Language) -> list[_Accuracy]:
    """Return the components that count, in training, how many tokens they get right."""
    found: list[_Accuracy] = []
    for name, pipe in nlp.pipeline:
        if hasattr(pipe, "take_training_accuracy"):
            target = getattr(pipe, "target", "ents")
            found.append(_Accuracy(name, pipe, f"{target}_acc"))
    return found


def _find_types(nlp: Language, pipes: Sequence[str]) -> list[str]:
    """Return the labels of the components, in alphabetical order."""
    labels: set[str] = set()
    for name in pipes:
        for label in nlp.pipe_labels.get(name, ()):
            # Those of spaCy's lemmatizer are numbers of edit trees.
            if isinstance(label, str):
                labels.add(label)
    return sorted(labels)


def _read_scores(scores: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores that are numbers, as spaCy's ConsoleLogger logs them."""
    logged: dict[str, float] = {}
    for name, value in scores.items():
        if not isinstance(value, int | float):
            continue
        # In percent, but for the speed.
        scale = 1 if name == "speed" else 100
        logged[name] = float(value) * scale
    return logged


def _read_lines(path: Path | None) -> dict[int, Info]:
    """Return the lines of a log that is there by their steps; none if it cannot be read."""
    if path is None or not path.is_file():
        return {}
    lines: dict[int, Info] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        for line in path.read_text(encoding="utf8").splitlines():
            logged = json.loads(line)
            lines[logged["step"]] = logged
    return lines


def _replace_non_finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    """Return a value with None for NaN and infinity, for which JSON has no word."""
    if isinstance(value, dict):
        return {name: _replace_non_finite(inner) for name, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
