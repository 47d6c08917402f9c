"""A run that was killed ends in the same weights as one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from spacy.cli._util import import_code
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from spacy.util import load_config

from spacy_hf_ner.commands import train
from spacy_hf_ner.errors import CheckpointError, ConfigError, OutputError
from spacy_hf_ner.evaluation.training_log import read_training_log
from spacy_hf_ner.runs import training_run
from spacy_hf_ner.runs.replay import EvaluatedStep
from spacy_hf_ner.runs.training_run import RunOutcome, describe_no_gain
from tests.runs.small_run import N_STEPS, make_config

ROOT = Path(__file__).parents[2]
KILLED_AT = 5  # after the evaluation at step 4, in the second pass over the data

if sys.platform == "win32":
    pytest.skip("Windows has no SIGKILL", allow_module_level=True)


@dataclass(frozen=True)
class Place:
    """Where a run is made, and another one was killed."""

    folder: Path
    config: Path

    @property
    def killed(self) -> Path:
        return self.folder / "killed"

    def log(self, name: str) -> dict[str, Any]:
        return {"paths.log": str(self.folder / f"{name}.jsonl")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return where a run was killed, really, while it was learning."""
    folder = tmp_path_factory.mktemp("runs")
    place = Place(folder, make_config(folder))
    import_code(folder / "code.py")
    command = [sys.executable, "-m", "spacy", "hf-ner", "train", str(place.config)]
    command += ["--output", str(place.killed), "--code", str(folder / "code.py")]
    command += ["--paths.log", place.log("killed")["paths.log"]]
    environment = os.environ | {"KILLED_AT": str(KILLED_AT), "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(  # noqa: S603
        command, check=False, capture_output=True, text=True, env=environment
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    return place


@pytest.fixture
def killed(place: Place, tmp_path: Path) -> Path:
    """Return a copy of what the killed run has left."""
    return Path(shutil.copytree(place.killed, tmp_path / "killed"))


def _read_weights(run: Path, model: str) -> dict[str, Any]:
    weights: dict[str, Any] = {"tagger": (run / model / "tagger" / "model").read_bytes()}
    weights |= load_file(run / model / "hf_ner" / "model" / "model.safetensors")
    return {
        name: getattr(value, "tolist", lambda value=value: value)()
        for name, value in weights.items()
    }


def test_a_killed_run_goes_on_to_the_same_weights(place: Place, killed: Path) -> None:
    whole = place.folder / "whole"
    outcome = train(place.config, whole, overrides=place.log("whole"))
    assert (killed / "unfinished").is_dir()
    resumed = train(place.config, killed, resume=True, overrides=place.log("killed"))
    assert outcome.n_steps == resumed.n_steps == N_STEPS
    assert outcome.best_step == resumed.best_step
    for model in ("model-best", "model-last"):
        assert _read_weights(killed, model) == _read_weights(whole, model)
    assert not (killed / "unfinished").exists()

    # And so does spaCy's own command.
    config = load_config(place.config, interpolate=False)
    (place.folder / "spacy").mkdir()
    spacy_train(init_nlp(config), place.folder / "spacy")
    assert _read_weights(place.folder / "spacy", "model-last") == _read_weights(whole, "model-last")

    # A log has the steps of both processes, and what was timed in the first.
    in_one_go = read_training_log(place.folder / "whole.jsonl")
    in_two = read_training_log(place.folder / "killed.jsonl")
    assert [step.step for step in in_two] == [0, 2, 4, 6, 8]
    assert [step.scores["ents_f"] for step in in_two] == [s.scores["ents_f"] for s in in_one_go]
    assert [step.losses for step in in_two] == [step.losses for step in in_one_go]
    assert in_two[1].words_per_second is not None

    # What is over stays as it is.
    before = (killed / "model-last" / "meta.json").stat().st_mtime_ns
    assert train(place.config, killed, resume=True).evaluated == resumed.evaluated
    assert (killed / "model-last" / "meta.json").stat().st_mtime_ns == before


def test_an_interrupted_run_is_not_lost_by_accident(place: Place, killed: Path) -> None:
    with pytest.raises(ConfigError, match=r"after step 4\. Set resume = true"):
        train(place.config, killed)
    begun = train(place.config, killed, force=True, overrides={"training.max_steps": 1})
    assert [evaluated.step for evaluated in begun.evaluated] == [0]


def test_a_run_does_not_go_on_with_another_config(place: Place, killed: Path) -> None:
    changed = {"training.max_steps": 20, "training.logger.progress_bar": False}
    with pytest.raises(ConfigError, match=r"got another one: training.max_steps was 8, is 20\."):
        train(place.config, killed, resume=True, overrides=changed)
    assert (killed / "unfinished").is_dir()


def test_a_run_does_not_go_on_with_other_data(place: Place, killed: Path, tmp_path: Path) -> None:
    docs = DocBin().from_disk(place.folder / "train.spacy")
    docs.tokens[0] = docs.tokens[0][:3]
    docs.spaces[0] = docs.spaces[0][:3]
    other = tmp_path / "other.spacy"
    docs.to_disk(other)
    saved = (killed / "model-last" / "hf_ner" / "model" / "model.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="the training data that the run began with, got"):
        train(place.config, killed, resume=True, overrides={"paths.train": str(other)})
    after = (killed / "model-last" / "hf_ner" / "model" / "model.safetensors").read_bytes()
    assert after == saved


def test_what_stopped_a_run_is_not_hidden_by_what_could_not_be_saved_then(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write_to_a_full_disk(*_: object) -> None:
        is_full.append(True)
        raise OutputError("state: No space left on device", errno=28)

    def save(run: Any) -> None:
        if is_full:
            raise OutputError("model-last: No space left on device", errno=28)
        save_last(run)

    is_full: list[bool] = []
    save_last = training_run._Run._save_last
    monkeypatch.setattr(training_run._Run, "_save_last", save)
    monkeypatch.setattr(training_run, "write_run_state", write_to_a_full_disk)
    with pytest.raises(OutputError, match="state: No space left"):
        train(place.config, tmp_path / "full")
    assert "model-last was not saved" in caplog.text


def test_a_run_that_is_never_better_than_untrained_says_so(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rate = {"training.optimizer.learn_rate.initial_rate": 0.0, "training.max_steps": 3}
    outcome = train(place.config, tmp_path / "still", overrides=rate)
    assert outcome.best_score == outcome.evaluated[0].score
    assert "no evaluation was better than the first one, before any training" in caplog.text


@pytest.mark.parametrize(
    ("scores", "best_step", "expected"),
    [
        ([0.5, 0.4, 0.3], 0, "model-best is the model that training began with"),
        ([0.5, 0.5, 0.3], 2, "model-best is no better than the model that training began with"),
        ([0.5, 0.4, 0.6], 4, ""),
        ([0.5], 0, ""),
    ],
)
def test_a_gain_is_one_over_the_first_evaluation(
    scores: list[float], best_step: int, expected: str
) -> None:
    evaluated = [EvaluatedStep(2 * i, 0, score, {}, {}, 0, 0) for i, score in enumerate(scores)]
    outcome = RunOutcome(9, best_step, max(scores), tuple(evaluated), {})
    described = describe_no_gain(outcome)
    assert expected in described
    assert bool(described) == bool(expected)


def test_what_is_damaged_is_named(place: Place, killed: Path) -> None:
    (killed / "unfinished" / "optimizer.safetensors").write_bytes(b"{")
    with pytest.raises(CheckpointError, match="unfinished: the state of the run is damaged"):
        train(place.config, killed, resume=True)
    state = killed / "unfinished" / "state.json"
    state.write_text(json.dumps({"format_version": 99}), encoding="utf8")
    with pytest.raises(CheckpointError, match="a later version of spacy-hf-ner wrote it"):
        train(place.config, killed, resume=True)
