"""A training run in a folder: spaCy's own loop, which goes on where it was interrupted.

Losses, batches, schedules, patience and evaluations are those of ``spacy train``, whose functions
are called here, and so are the weights. What differs is what is written: models take the place of
older ones whole, and after each evaluation where the run stands::

    model-best/   the model with the highest score so far
    model-last/   the model after the last evaluation; at the end, after the last step
    unfinished/   where the run stands, until it is over
    run.json      what became of it, once it is over
"""

import json
import logging
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    clean_output_dir,
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
    train_while_improving,
    update_meta,
)
from thinc.api import Optimizer

from spacy_hf_ner.core.outputs import replace_pipeline
from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.run_logger import IS_REPLAYED
from spacy_hf_ner.evaluation.signature import read_versions
from spacy_hf_ner.model.foreign import reading
from spacy_hf_ner.model.notes import is_saved_model_file
from spacy_hf_ner.runs.random_states import read_random_states
from spacy_hf_ner.runs.replay import BatchStream, EvaluatedStep, replay_evaluations
from spacy_hf_ner.runs.run_state import RunState, read_run_state, refuse_changes, write_run_state
from spacy_hf_ner.runs.training_settings import begin_training

__all__ = ["RunFolder", "RunOutcome", "describe_no_gain", "train_in_folder"]

logger = logging.getLogger("spacy_hf_ner")


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of a run.

    Attributes:
        n_steps: Updates made.
        best_step: The step after which the best model was saved.
        best_score: Its score.
        evaluated: All steps that were evaluated.
        versions: The versions of the libraries that it ended with.
    """

    n_steps: int
    best_step: int
    best_score: float
    evaluated: tuple[EvaluatedStep, ...]
    versions: dict[str, str]


class RunFolder:
    """The folder of a run, and the names in it.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.best = folder / DIR_MODEL_BEST
        self.last = folder / DIR_MODEL_LAST
        self._state = folder / "unfinished"
        self._outcome = folder / "run.json"

    def read_outcome(self) -> RunOutcome | None:
        """Return what became of the run; None if it is not over, or there is none.

        Raises:
            CheckpointError: The file is damaged.
        """
        if not self._outcome.is_file():
            return None
        with reading(self._outcome.name, str(self.path)):
            plain = json.loads(self._outcome.read_text(encoding="utf8"))
            plain["evaluated"] = tuple(EvaluatedStep(**step) for step in plain["evaluated"])
            return RunOutcome(**plain)

    def read_state(self) -> RunState | None:
        """Return where an interrupted run stands; None if there is none.

        Raises:
            CheckpointError: The files are damaged.
        """
        return read_run_state(self._state)

    def write_state(self, state: RunState, nlp: Language, optimizer: Optimizer) -> None:
        """Write where the run stands, in place of where it stood before."""
        write_run_state(self._state, state, nlp, optimizer)

    def begin(self) -> None:
        """Remove what an earlier run has left, as ``spacy train`` does."""
        self._outcome.unlink(missing_ok=True)
        self._forget_state()
        clean_output_dir(self.path)

    def finish(self, outcome: RunOutcome) -> None:
        """Write what became of the run; where it stood is no longer needed."""
        write_file(self._outcome, json.dumps(asdict(outcome), indent=2, default=float) + "\n")
        self._forget_state()

    def _forget_state(self) -> None:
        shutil.rmtree(self._state, ignore_errors=True)


def describe_no_gain(outcome: RunOutcome) -> str:
    """Return a warning if no evaluation of a run was better than the first; else nothing.

    The first one comes after one update, of a warm-up mostly: it is that of the untrained model.
    """
    if len(outcome.evaluated) == 1 or outcome.best_score > outcome.evaluated[0].score:
        return ""
    what = "model-best is no better than the model that training began with"
    if outcome.best_step == 0:
        what = "model-best is the model that training began with"
    return (
        f"in {count(outcome.n_steps, 'step')}, no evaluation was better than the first one, before "
        f"any training (score {outcome.best_score:.4f}): {what}. `hf-ner find-rate` tells which "
        "learn rate it bears, `hf-ner check` what is wrong with the data."
    )


def train_in_folder(
    nlp: Language,
    folder: RunFolder,
    *,
    state: RunState | None = None,
    use_gpu: int = -1,
    stdout: IO[str] = sys.stdout,
    stderr: IO[str] = sys.stderr,
) -> RunOutcome:
    """Train a pipeline as its config says, and return what became of it.

    Args:
        nlp: The pipeline, initialized.
        folder: Where models are written, and where the run stands.
        state: Where an interrupted run stands, to go on with it; None to begin.
        use_gpu: GPU number, or -1 for the CPU.
        stdout: What the logger writes to.
        stderr: What its progress bar is shown on.

    Raises:
        ConfigError: The config or the data is another one than that of the interrupted run.
        OutputError: Something cannot be written. What was there stays.
    """
    if state is None:
        folder.begin()
    else:
        refuse_changes(state, nlp.config)
    run = _Run(nlp, folder, state, use_gpu=use_gpu)
    return run.train(stdout, stderr)


class _Run:
    """One run, from its first step or from where it was interrupted.

    Args:
        nlp: The pipeline.
        folder: Where it writes.
        state: Where it was interrupted.
        use_gpu: GPU number, or -1 for the CPU.
    """

    def __init__(
        self, nlp: Language, folder: RunFolder, state: RunState | None, *, use_gpu: int
    ) -> None:
        self._nlp = nlp
        self._folder = folder
        self._resumed = state
        self._n_replayed = 0 if state is None else state.n_steps
        self._has_its_weights = state is None  # not while it is replayed
        self._evaluated: list[EvaluatedStep] = []
        self._best: EvaluatedStep | None = None
        self._seconds_before = 0

        training = begin_training(nlp, use_gpu=use_gpu)
        self._train_corpus = training.train_corpus
        self._dev_corpus = training.dev_corpus
        self._settings = training.values
        self._optimizer = training.optimizer
        self._before_to_disk = create_before_to_disk_callback(training.values["before_to_disk"])
        self._batches = self._open_batches()

    def train(self, stdout: IO[str], stderr: IO[str]) -> RunOutcome:
        """Run spaCy's loop to its end."""
        frozen = self._settings["frozen_components"]
        with self._nlp.select_pipes(disable=frozen):
            log_step, finalize = self._settings["logger"](self._nlp, stdout, stderr)
        n_steps = 0
        try:
            for _, info, is_best in self._iterate_steps():
                n_steps = info["step"] + 1
                self._handle_step(info, is_best, log_step)
        except BaseException:
            # Whoever interrupts a run may want what it has learned since the last evaluation.
            self._save_what_there_is(finalize)
            raise
        finalize()
        if self._has_its_weights:
            self._save_last()
        if not self._has_its_weights:
            raise self._explain_other_data(f"no more than {count(n_steps, 'step')}")
        assert self._best is not None  # the first step is evaluated
        outcome = RunOutcome(
            n_steps=n_steps,
            best_step=self._best.step,
            best_score=self._best.score,
            evaluated=tuple(self._evaluated),
            versions=read_versions(),
        )
        self._folder.finish(outcome)
        warning = describe_no_gain(outcome)
        if warning:
            logger.warning("%s: %s", self._folder.path, warning)
        return outcome

    def _save_what_there_is(self, finalize: Callable[[], None]) -> None:
        """Save the last model of a run that was stopped, if that is possible.

        What stopped the run, such as a full disk, is what must be heard of, and may well be why
        this fails, too.
        """
        try:
            finalize()
            if self._has_its_weights:
                self._save_last()
        except Exception as error:  # noqa: BLE001 - that of the run is raised
            logger.warning("%s was not saved: %s", self._folder.last, error)

    def _open_batches(self) -> BatchStream:
        batches = create_train_batches(
            self._nlp,
            self._train_corpus,
            self._settings["batcher"],
            self._settings["max_epochs"],
        )
        if self._resumed is None:
            return BatchStream(batches)
        return BatchStream(batches, draws=self._resumed.draws, n_replayed=self._n_replayed)

    def _iterate_steps(self) -> Any:  # noqa: ANN401 - what spaCy's loop yields
        settings = self._settings
        evaluate = create_evaluation_callback(
            self._nlp, self._dev_corpus, settings["score_weights"]
        )
        if self._resumed is not None:
            evaluate = replay_evaluations(evaluate, self._resumed.evaluated)
        return train_while_improving(
            self._nlp,
            self._optimizer,
            self._batches,
            evaluate,
            dropout=settings["dropout"],
            accumulate_gradient=settings["accumulate_gradient"],
            patience=settings["patience"],
            max_steps=settings["max_steps"],
            eval_frequency=settings["eval_frequency"],
            exclude=settings["frozen_components"],
            annotating_components=settings["annotating_components"],
            before_update=settings["before_update"],
        )

    def _handle_step(
        self,
        info: dict[str, Any],
        is_best: bool | None,  # noqa: FBT001 - None where nothing was evaluated
        log_step: Callable[[dict[str, Any] | None], None],
    ) -> None:
        """Log a step; if it was evaluated, save the model and where the run stands."""
        is_replayed = info["step"] < self._n_replayed
        if is_best is None:
            log_step(None)
            return
        if is_replayed:
            self._replay_evaluated(info)
        info["words"] = self._batches.n_words
        if not is_replayed:
            info["seconds"] += self._seconds_before
        self._evaluated.append(_note(info))
        if is_best:  # of equal ones the last, as spaCy's loop has it
            self._best = self._evaluated[-1]
        with self._nlp.select_pipes(disable=self._settings["frozen_components"]):
            update_meta(self._settings, self._nlp, info)
        if is_replayed:
            log_step({**info, IS_REPLAYED: True})
            if info["step"] + 1 == self._n_replayed:
                self._restore()
            return
        self._save_last()
        if is_best:
            self._save_best()
        info["output_path"] = str(self._folder.last)
        log_step(info)
        state = RunState(tuple(self._evaluated), tuple(self._batches.draws), read_random_states())
        self._folder.write_state(state, self._nlp, self._optimizer)

    def _replay_evaluated(self, info: dict[str, Any]) -> None:
        """Give the information on a replayed step what it had then."""
        assert self._resumed is not None
        evaluated = self._resumed.evaluated[len(self._evaluated)]
        if self._batches.n_words != evaluated.words:
            raise self._explain_other_data(
                f"{self._batches.n_words:,} words in {count(evaluated.step + 1, 'step')}, not "
                f"{evaluated.words:,}"
            )
        self._seconds_before = evaluated.seconds - info["seconds"]
        info["losses"] = evaluated.losses
        info["seconds"] = evaluated.seconds

    def _restore(self) -> None:
        assert self._resumed is not None
        self._resumed.restore(self._nlp, self._optimizer)
        self._has_its_weights = True

    def _explain_other_data(self, found: str) -> ConfigError:
        return ConfigError(
            f"{self._folder.path}: expected the training data that the run began with, got "
            f"{found}: it has changed since. Bring the old data back, or begin anew without "
            "resume = true.",
            settings=("resume",),
        )

    def _save_last(self) -> None:
        with (
            self._nlp.use_params(self._optimizer.averages or {}),
            replace_pipeline(self._folder.last, is_outdated=is_saved_model_file) as fresh,
        ):
            self._before_to_disk(self._nlp).to_disk(fresh)

    def _save_best(self) -> None:
        with replace_pipeline(self._folder.best, is_outdated=is_saved_model_file) as fresh:
            shutil.copytree(self._folder.last, fresh, dirs_exist_ok=True)


def _note(info: dict[str, Any]) -> EvaluatedStep:
    """Return what is kept of an evaluated step."""
    losses: dict[str, float] = {}
    for name, loss in info["losses"].items():
        losses[name] = float(loss)
    return EvaluatedStep(
        step=info["step"],
        epoch=info["epoch"],
        score=float(info["score"]),
        other_scores=info["other_scores"],
        losses=losses,
        words=info["words"],
        seconds=info["seconds"],
    )
