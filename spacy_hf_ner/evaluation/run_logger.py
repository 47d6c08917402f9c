"""``spacy_hf_ner.RunLogger.v1``: what a training run is doing, on the console and as JSON lines.

The lines are those of ``spacy.ConsoleLogger.v3`` with more keys, so :mod:`.training_log` reads both. Like every
logger of spaCy it can be one link of ``spacy.ChainLogger.v1``.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spacy.language import Language
from spacy.util import registry
from tqdm import tqdm
from wasabi.tables import row, table

if TYPE_CHECKING:
    from thinc.api import Optimizer

Info = dict[str, Any]
LogStep = Callable[[Info | None], None]
SetupLogger = Callable[..., tuple[LogStep, Callable[[], None]]]

_SCORES = ("ents_p", "ents_r", "ents_f")
_MAX_TYPES = 8  # columns; the table at the end and the file have every type


def make_run_logger_v1(output_file: str | None = None, progress_bar: bool = True) -> SetupLogger:  # noqa: FBT001, FBT002
    """Return a logger that shows loss, P, R, F, F per type, learn rate, words/s and time left at every evaluation.

    Args:
        output_file: A JSONL file to write, replaced if it exists; the report's training curves are read from it.
        progress_bar: Show a progress bar on a terminal.
    """

    def setup(nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr) -> Any:  # noqa: ANN401
        run = _Run(
            nlp,
            stdout,
            stderr,
            Path(output_file) if output_file else None,
            progress_bar=progress_bar,
        )
        return run.log_step, run.finalize

    return setup


class _Run:
    """One training run. spaCy calls ``log_step`` after each update, with information only after evaluations."""

    def __init__(
        self,
        nlp: Language,
        stdout: IO[str],
        stderr: IO[str],
        output_file: Path | None,
        *,
        progress_bar: bool,
    ) -> None:
        training = nlp.config.interpolate()["training"]
        self._stdout = stdout
        self._pipes = [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        self._max_steps, self._max_epochs = int(training["max_steps"]), int(training["max_epochs"])
        self._types = sorted(
            {t for name in self._pipes for t in nlp.pipe_labels.get(name, ()) if isinstance(t, str)}
        )
        # A logger is not given the optimizer; one of its own, stepped as often, has the same learn rate.
        self._optimizer: Optimizer = registry.resolve({"optimizer": training["optimizer"]})[
            "optimizer"
        ]
        self._file = _open(output_file) if output_file else None
        total = self._max_steps or None
        self._bar = tqdm(
            total=total,
            unit="step",
            file=stderr,
            leave=False,
            disable=None if progress_bar else True,
        )
        self._start = self._last = time.perf_counter()
        self._plain_seconds, self._n_plain, self._n_words = 0.0, 0, 0
        self._best: Info | None = None
        losses = [f"LOSS {name}" for name in self._pipes]
        self._widths = [3, 7, *(max(9, len(loss)) for loss in losses), *[6] * 4, 9, 8, 8]
        self._widths += [7] * len(self._types[:_MAX_TYPES])
        header = ["E", "#", *losses, "P", "R", "F", "SCORE"]
        header += ["RATE", "WORDS/S", "LEFT", *(t[:7] for t in self._types[:_MAX_TYPES])]
        self._write(header)
        self._write(["-" * width for width in self._widths])

    def log_step(self, info: Info | None) -> None:
        """Record one update; with information, an evaluation too."""
        learn_rate = float(self._optimizer.learn_rate)
        self._optimizer.step_schedules()  # type: ignore[no-untyped-call]
        self._bar.update()
        now = time.perf_counter()
        if info is None:
            self._plain_seconds += now - self._last
            self._n_plain += 1
        else:
            self._log_evaluation(info, learn_rate, now)
        self._last = time.perf_counter()

    def finalize(self) -> None:
        """Show the best evaluation's scores per type and close the file."""
        self._bar.close()
        if self._file:
            self._file.close()
        per_type = (self._best or {}).get("other_scores", {}).get("ents_per_type")
        if per_type:
            rows = [
                (t, *(f"{one[key] * 100:.2f}" for key in "prf"))
                for t, one in sorted(per_type.items())
            ]
            header = (f"best: #{self._best['step']}" if self._best else "", "P", "R", "F")
            print(
                table(rows, header=header, aligns=("l", "r", "r", "r"), divider=True),
                file=self._stdout,
            )

    def _log_evaluation(self, info: Info, learn_rate: float, now: float) -> None:
        scores = info["other_scores"]
        if self._best is None or info["score"] > self._best["score"]:
            self._best = {"step": info["step"], "score": info["score"], "other_scores": scores}
        speed, left = self._words_per_second(info), self._seconds_left(info, now)
        per_type = scores.get("ents_per_type") or {}
        losses = {name: float(info["losses"].get(name, 0.0)) for name in self._pipes}
        self._write(
            [
                str(info["epoch"]),
                str(info["step"]),
                *(f"{loss:.2f}" for loss in losses.values()),
                *(_percent_or_blank(scores.get(key)) for key in _SCORES),
                f"{info['score'] * 100:.2f}",
                f"{learn_rate:.2e}",
                "" if speed is None else f"{speed:,.0f}",
                "" if left is None else _duration(left),
                *(
                    _percent_or_blank(per_type.get(t, {}).get("f"))
                    for t in self._types[:_MAX_TYPES]
                ),
            ]
        )
        if self._file:
            plain = {
                key: _as_logged(key, value)
                for key, value in scores.items()
                if isinstance(value, int | float)
            }
            line = {
                "epoch": info["epoch"],
                "step": info["step"],
                "losses": losses,
                "scores": plain,
                "score": float(info["score"]),
                "per_type": per_type,
                "learn_rate": learn_rate,
                "words_per_second": speed,
                "seconds": now - self._start,
            }
            self._file.write(json.dumps(_finite(line), default=float) + "\n")
            self._file.flush()

    def _words_per_second(self, info: Info) -> float | None:
        """Return the throughput of the updates since the last evaluation, without the one that was followed by one."""
        n_words = info["words"] - self._n_words
        seconds, n_plain = self._plain_seconds, self._n_plain
        self._n_words, self._plain_seconds, self._n_plain = info["words"], 0.0, 0
        return n_words * n_plain / (n_plain + 1) / seconds if n_plain and seconds else None

    def _seconds_left(self, info: Info, now: float) -> float | None:
        done = info["step"] + 1
        totals = [self._max_steps] if self._max_steps else []
        if self._max_epochs > 0:  # the current pass is half done, on average
            totals.append(round(done * self._max_epochs / (info["epoch"] + 0.5)))
        return max(min(totals) - done, 0) * (now - self._start) / done if totals else None

    def _write(self, cells: list[str]) -> None:
        self._bar.clear()
        print(
            row(cells, widths=self._widths, aligns=["r"] * len(cells), spacing=2),
            file=self._stdout,
            flush=True,
        )
        self._bar.refresh()


def _open(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf8")


def _as_logged(key: str, value: float) -> float:
    """Return a score as spaCy's ConsoleLogger logs it: in percent, but for the speed."""
    return float(value) if key == "speed" else float(value) * 100


def _finite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    """Return a value as it can stand in JSON, which has no word for NaN and infinity: None in their place."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _percent_or_blank(value: float | None) -> str:
    return "" if value is None else f"{value * 100:.2f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
