import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from spacy_hf_ner.cli.app import app
from tests.cli.boxes import unwrap
from tests.runs.small_run import make_config


def _train(config: Path, *arguments: object) -> Any:
    command = ["train", config, "--code", config.parent / "code.py", *arguments]
    return CliRunner().invoke(app, [str(argument) for argument in command])


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_config(tmp_path_factory.mktemp("train"))


def test_the_best_and_the_last_model_are_judged_at_the_end(config: Path, tmp_path: Path) -> None:
    data = config.parent / "train.spacy"
    arguments = ("--output", tmp_path, "--test", data, "--json", "--training.max_steps", 2)
    result = _train(config, *arguments)
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    outcome = json.loads((tmp_path / "run.json").read_text(encoding="utf8"))
    assert printed["n_steps"] == outcome["n_steps"] == 3
    for name in ("best", "last"):
        metrics = json.loads((tmp_path / "test" / name / "metrics.json").read_text("utf8"))
        assert printed["test"][name]["strict"] == metrics["strict"]
        assert metrics["signature"]["data"]["name"] == "train.spacy"
        assert (tmp_path / "test" / name / "report.html").is_file()


def test_what_is_wrong_with_the_test_data_is_said_before_the_training(
    config: Path, tmp_path: Path
) -> None:
    result = _train(config, "--output", tmp_path / "new", "--test", tmp_path / "nowhere.spacy")
    assert result.exit_code == 1
    assert "expected a file or a folder with gold data" in unwrap(result.output)
    assert not (tmp_path / "new").exists()


def test_a_setting_that_the_config_lacks_is_named(config: Path, tmp_path: Path) -> None:
    result = _train(config, "--output", tmp_path, "--trainings.max_steps", 2)
    assert result.exit_code == 1
    assert "trainings -> max_steps not a section value" in unwrap(result.output)


def test_an_interrupted_run_names_the_flags(config: Path, tmp_path: Path) -> None:
    killing = (config.parent / "code.py").read_text("utf8")
    pressing = killing.replace("os.kill(os.getpid(), signal.SIGKILL)", "raise KeyboardInterrupt")
    code = tmp_path / "code.py"
    code.write_text(pressing, encoding="utf8")
    runner = CliRunner(env={"KILLED_AT": "1"})
    arguments = ["train", str(config), "--code", str(code), "--output", str(tmp_path / "run")]
    result = runner.invoke(app, arguments)
    assert result.exit_code != 0
    assert "Go on with --resume" in unwrap(result.output)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "Set --resume to go on with it, or --force to begin anew" in unwrap(result.output)
