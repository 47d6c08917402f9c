"""``hf-ner init-config``: what a new user does first with own data."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app as spacy_app
from spacy.tokens import Doc, DocBin, Span
from spacy.util import load_config
from spacy.vocab import Vocab
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.encoder import MINILM
from spacy_hf_ner.cli.init_config import MIN_STEPS, choose_rate, count_steps
from spacy_hf_ner.errors import CheckpointError, ConfigError
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap

N_DOCS = 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return own data, with a type that no sample of ours has."""
    docs = []
    for _ in range(N_DOCS):
        doc = Doc(Vocab(), words=["Angela", "Merkel", "met", "Tim", "Cook", "in", "Berlin", "."])
        doc.set_ents([Span(doc, 0, 2, "POLITICIAN")])
        docs.append(doc)
    file = tmp_path_factory.mktemp("corpus") / "train.spacy"
    DocBin(docs=docs).to_disk(file)
    return file


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs the command, which must succeed, for its output."""

    def run_command(*options: object) -> str:
        arguments = ["init-config", tmp_path / "config.cfg", *options]
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return unwrap(result.output)

    return run_command


def read_steps(log: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in log.read_text(encoding="utf8").splitlines()]


def test_fill_config_changes_nothing(run: Callable[..., str], tmp_path: Path) -> None:
    run("--lang", "de")
    arguments = ["init", "fill-config", str(tmp_path / "config.cfg"), str(tmp_path / "filled.cfg")]
    result = CliRunner().invoke(spacy_app, arguments)
    assert "Nothing to auto-fill: base config is already complete" in unwrap(result.output)


def test_own_data_is_trained_on_without_another_setting(
    run: Callable[..., str], corpus: Path, encoder: Path, tmp_path: Path
) -> None:
    shown = run("--encoder", encoder, "--train", corpus, "--dev", corpus, "--epochs", 2)
    command = shown.partition("train with ")[2].split()
    assert command[:5] == ["python", "-m", "spacy", "hf-ner", "train"]
    output = str(tmp_path / "training")
    log = tmp_path / "log.jsonl"
    options = ["--output", output, "--paths.log", str(log), "--training.eval_frequency", "1"]
    result = CliRunner().invoke(spacy_app, ["train", str(tmp_path / "config.cfg"), *options])
    assert result.exit_code == 0, (result.output, result.exception)
    trained = spacy.load(tmp_path / "training" / "model-last")
    assert trained.pipe_labels["hf_ner"] == ["POLITICIAN"]
    # spaCy makes one step more than it is told to; the rate of that is zero, and of no other.
    *steps, surplus = read_steps(log)
    assert surplus["learn_rate"] == 0.0
    assert min(step["learn_rate"] for step in steps[1:]) > 0.0
    assert steps[-1]["epoch"] == 1


def test_a_trained_pipeline_learns_new_types_and_keeps_its_own(
    run: Callable[..., str], corpus: Path, encoder: Path, tmp_path: Path
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", name="names", config={"model": {"name": str(encoder)}})
    nlp.to_disk(tmp_path / "model-best")
    old = nlp.pipe_labels["names"]
    run("--encoder", tmp_path / "model-best", "--keep-labels", "--train", corpus, "--dev", corpus)
    config = load_config(tmp_path / "config.cfg")
    assert config["paths"]["encoder"] == str(tmp_path / "model-best" / "names" / "model")
    options = ["--output", str(tmp_path / "training"), "--training.max_steps", "1"]
    result = CliRunner().invoke(spacy_app, ["train", str(tmp_path / "config.cfg"), *options])
    assert result.exit_code == 0, (result.output, result.exception)
    trained = spacy.load(tmp_path / "training" / "model-last")
    assert set(trained.pipe_labels["hf_ner"]) == {"POLITICIAN", *old}


def test_labels_of_other_data_are_named_with_their_file(
    run: Callable[..., str], corpus: Path, encoder: Path, tmp_path: Path
) -> None:
    run("--encoder", encoder, "--train", corpus, "--dev", corpus)
    labels = tmp_path / "labels" / "hf_ner.json"
    labels.parent.mkdir()
    labels.write_text('["LOC", "PER"]', encoding="utf8")
    options = ["--paths.labels", str(labels.parent)]
    result = CliRunner().invoke(spacy_app, ["train", str(tmp_path / "config.cfg"), *options])
    assert isinstance(result.exception, ConfigError)
    assert f"got LOC, PER, without POLITICIAN. They come from {labels}" in str(result.exception)
    assert "paths.labels = null" in str(result.exception)


def test_a_pipeline_without_an_encoder_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    arguments = ["init-config", str(tmp_path / "config.cfg"), "--encoder", str(tmp_path / "model")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "--encoder must be an encoder, or a pipeline with an hf_ner" in unwrap(result.output)


def test_counted_steps_are_those_that_training_makes(
    run: Callable[..., str], corpus: Path, encoder: Path, tmp_path: Path
) -> None:
    run("--encoder", encoder, "--train", corpus, "--dev", corpus)
    log = tmp_path / "log.jsonl"
    overrides = {
        "--training.max_steps": 0,
        "--training.max_epochs": 2,
        "--training.eval_frequency": 1,
        "--training.optimizer.learn_rate.total_steps": 1000,
        "--paths.log": log,
    }
    arguments = ["train", str(tmp_path / "config.cfg")]
    for name, value in overrides.items():
        arguments += [name, str(value)]
    result = CliRunner().invoke(spacy_app, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    assert read_steps(log)[-1]["step"] + 1 == count_steps(load_config(tmp_path / "config.cfg"), 2)


def test_a_small_corpus_is_read_until_there_are_enough_steps(
    run: Callable[..., str], corpus: Path, tmp_path: Path
) -> None:
    run("--train", corpus)
    training = load_config(tmp_path / "config.cfg")["training"]
    assert (training["max_steps"], training["eval_frequency"]) == (MIN_STEPS, MIN_STEPS // 4)


@pytest.mark.parametrize(("width", "rate"), [(384, 2e-4), (768, 5e-5), (1024, 2e-5), (None, 5e-5)])
def test_the_rate_suits_the_size_of_the_encoder(
    width: int | None, rate: float, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"hidden_size": width}), encoding="utf8")
    assert choose_rate(str(tmp_path)) == rate


def test_an_encoder_that_is_not_here_yet_gets_the_rate_of_bert(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert "some/encoder is not on this machine" in run("--encoder", "some/encoder")
    config = load_config(tmp_path / "config.cfg")
    assert config["paths"]["encoder"] == "some/encoder"
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 5e-5


def test_the_default_encoder_has_its_rate_wherever_it_is(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    run("--encoder", MINILM.name)
    named = (tmp_path / "config.cfg").read_text(encoding="utf8")
    run("--force")
    assert (tmp_path / "config.cfg").read_text(encoding="utf8") == named


def test_a_path_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint folder"):
        choose_rate(str(tmp_path / "nothing"))


def test_the_config_can_go_to_stdout(corpus: Path) -> None:
    result = CliRunner().invoke(app, ["init-config", "-", "--dev", str(corpus), "--quiet"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# One encoder")
    assert f'dev = "{corpus}"' in result.stdout


def test_comments_stand_where_the_author_put_them(run: Callable[..., str], tmp_path: Path) -> None:
    run()
    lines = (tmp_path / "config.cfg").read_text(encoding="utf8").splitlines()
    at = lines.index("# A new head learns faster than the encoder should.")
    assert lines[at + 1] == "head_learn_rate = 5.0"
    at = lines.index(
        "# Starts anew in each epoch, so that a small corpus is learned in small batches."
    )
    assert lines[at + 1] == "[training.batcher]"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--epochs", "3"], "--train must be given with --epochs"),
        (["--learn-rate", "7"], "--learn-rate must be in (0, 1), got 7.0"),
        (["--train", "{folder}/own.conll"], "hf-ner convert {folder}/own.conll {folder}/own.spacy"),
        (["--dev", "{folder}/nothing.spacy"], "got nothing there"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_a_next_step(
    options: list[str], shown: str, tmp_path: Path
) -> None:
    (tmp_path / "own.conll").write_text("Oslo B-LOC\n", encoding="utf8")
    arguments = [option.format(folder=tmp_path) for option in options]
    result = CliRunner().invoke(app, ["init-config", str(tmp_path / "config.cfg"), *arguments])
    assert result.exit_code == 1
    assert shown.format(folder=tmp_path) in unwrap(result.output)
    assert not (tmp_path / "config.cfg").exists()


def test_a_file_that_is_there_is_written_over_by_force_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.cfg"
    file.write_text("mine", encoding="utf8")
    result = CliRunner().invoke(app, ["init-config", str(file)])
    assert result.exit_code == 1
    assert "Set --force to write over it" in unwrap(result.output)
    assert file.read_text(encoding="utf8") == "mine"
    assert CliRunner().invoke(app, ["init-config", str(file), "--force"]).exit_code == 0
    assert file.read_text(encoding="utf8") != "mine"
