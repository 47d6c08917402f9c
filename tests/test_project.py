"""project.yml and configs/: what they promise without running them. `.ci/run` runs them."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from spacy.util import load_config, load_model_from_config, registry
from weasel.cli.assets import fetch_asset
from weasel.cli.run import project_run
from weasel.util import load_project_config

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
WORKFLOWS = {
    "all": [
        "encoder",
        "convert",
        "labels",
        "train",
        "calibrate",
        "evaluate",
        "visualise",
        "package",
    ],
    "compare": [
        "encoder",
        "convert",
        "train_hf_ner",
        "train_shared_encoder",
        "train_transition",
        "side_by_side",
    ],
}
MADE_BY_HAND = ("configs/", "corpus/sample/")


@pytest.fixture
def project_dir(tmp_path: Path) -> Path:
    """Return a fresh copy of the project, in which nothing has been run."""
    shutil.copy(ROOT / "project.yml", tmp_path)
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "corpus" / "sample", tmp_path / "corpus" / "sample")
    return tmp_path


def read_project(project_dir: Path, **variables: str) -> dict[str, Any]:
    overrides = {f"vars.{name}": value for name, value in variables.items()}
    project: dict[str, Any] = load_project_config(project_dir, overrides=overrides)
    return project


def test_the_workflows_go_the_whole_way(project_dir: Path) -> None:
    assert read_project(project_dir)["workflows"] == WORKFLOWS


@pytest.mark.parametrize("dataset", ["sample", "wnut17", "conllpp"])
@pytest.mark.parametrize(
    ("workflow", "config"),
    [("all", "hf_ner"), ("all", "shared_encoder"), ("all", "transition"), ("compare", "hf_ner")],
)
def test_every_dependency_is_there_or_is_made_before(
    workflow: str, dataset: str, config: str, project_dir: Path
) -> None:
    project = read_project(project_dir, dataset=dataset, config=config)
    commands = {command["name"]: command for command in project["commands"]}
    known = {asset["dest"] for asset in project["assets"]}
    for name in project["workflows"][workflow]:
        for dependency in commands[name].get("deps", []):
            by_hand = dependency.startswith(MADE_BY_HAND) and (project_dir / dependency).is_file()
            assert by_hand or dependency in known, f"{name}: nothing makes {dependency}"
        known.update(commands[name]["outputs"])


def test_every_command_can_be_skipped_and_explains_itself(project_dir: Path) -> None:
    for command in read_project(project_dir)["commands"]:
        assert command["outputs"], command["name"]  # a command without outputs always runs
        assert command["help"], command["name"]


def test_every_script_names_what_it_writes(project_dir: Path) -> None:
    # weasel records an output that never appears as up to date, so a wrong path would go unnoticed.
    for command in read_project(project_dir)["commands"]:
        script = " ".join(command["script"])
        for output in command["outputs"]:
            assert output in script or output.rpartition("/")[0] in script, output


def test_two_runs_with_different_variables_leave_different_results(project_dir: Path) -> None:
    def results(**variables: str) -> set[str]:
        commands = {
            command["name"]: command
            for command in read_project(project_dir, **variables)["commands"]
        }
        return {
            output
            for workflow in WORKFLOWS.values()
            for name in set(workflow) - set(shared)
            for output in commands[name]["outputs"]
        }

    shared = ["encoder"]
    assert not results() & results(dataset="wnut17")
    shared += ["convert", "labels", *WORKFLOWS["compare"]]
    assert not results() & results(config="transition")


def test_training_reads_what_was_converted_whatever_the_data_set(project_dir: Path) -> None:
    for command in read_project(project_dir, dataset="wnut17")["commands"]:
        script = " ".join(command["script"])
        assert "sample" not in script
        if " spacy train " in script:
            for split in ("train", "dev"):
                assert f"--paths.{split} corpus/converted/wnut17/{split}.spacy" in script
                assert f"corpus/converted/wnut17/{split}.spacy" in command["deps"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_by_itself_reads_the_converted_sample(path: Path, project_dir: Path) -> None:
    commands = {command["name"]: command for command in read_project(project_dir)["commands"]}
    paths = load_config(path)["paths"]
    assert {paths["train"], paths["dev"]} <= set(commands["convert"]["outputs"])
    assert [paths["labels"]] == commands["labels"]["outputs"]


def test_the_comparison_trains_all_configs_alike_and_leaves_other_runs_alone(
    project_dir: Path,
) -> None:
    # Every command has a line of its own in the lock file, so the three are skipped one by one.
    commands = {command["name"]: command for command in read_project(project_dir)["commands"]}
    trained = [commands[f"train_{path.stem}"] for path in CONFIGS]
    scripts = [
        command["script"][0].replace(path.stem, "NAME")
        for command, path in zip(trained, CONFIGS, strict=True)
    ]
    assert len(set(scripts)) == 1
    assert commands["train"]["script"][0].split("--gpu-id")[1].split("--paths")[0] in scripts[0]
    assert [command["outputs"][0] for command in trained] == commands["side_by_side"]["deps"][:-1]
    in_all = {output for name in WORKFLOWS["all"] for output in commands[name]["outputs"]}
    for command in (*trained, commands["side_by_side"]):
        assert not in_all & set(command["outputs"])


def test_downloads_are_optional_and_checked(project_dir: Path) -> None:
    assets = read_project(project_dir)["assets"]
    assert {Path(asset["dest"]).parent.name for asset in assets} == {"wnut17", "conllpp"}
    for asset in assets:
        assert asset["extra"]
        assert re.fullmatch(r"[0-9a-f]{32}", asset["checksum"])
        assert asset["url"].startswith("https://")


@pytest.mark.parametrize(
    ("dest", "file"),
    [
        ("corpus/wnut17/train.conll", "wnut17/wnut17train.conll"),
        ("corpus/conllpp/dev.conll", "conllpp/conllpp_dev.txt"),
    ],
)
def test_the_checksums_are_those_of_the_published_files(
    dest: str, file: str, project_dir: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (asset,) = (asset for asset in read_project(project_dir)["assets"] if asset["dest"] == dest)
    (project_dir / dest).parent.mkdir(parents=True)
    shutil.copy(shared_data / file, project_dir / dest)
    fetch_asset(project_dir, asset["url"], Path(dest), asset["checksum"])
    assert "Skipping download with matching checksum" in re.sub(
        r"\s+", " ", capsys.readouterr().out
    )


def test_a_dataset_that_was_not_downloaded_gives_a_sentence(
    project_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        project_run(project_dir, "convert", overrides={"vars.dataset": "wnut17"})
    assert stop.value.code == 1
    said = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Missing dependency specified by command 'convert': corpus/wnut17/train.conll" in said


def test_the_configs_are_the_three_that_are_promised() -> None:
    assert [path.stem for path in CONFIGS] == ["hf_ner", "shared_encoder", "transition"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_builds_its_pipeline_without_an_encoder_at_hand(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(path)
    if "transformer" in config["components"]:
        pytest.importorskip("spacy_transformers", reason="the extra 'shared' is not installed")
    monkeypatch.chdir(tmp_path)
    nlp = load_model_from_config(config, auto_fill=True)
    assert nlp.pipe_names == config["nlp"]["pipeline"]
    assert nlp.config["training"]["score_weights"]["ents_f"] > 0


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_learn_rate_falls_to_zero_at_the_last_step(path: Path, project_dir: Path) -> None:
    training = load_config(path)["training"]
    assert training["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]
    (script,) = (
        c["script"][0]
        for c in read_project(project_dir, max_steps="1234")["commands"]
        if c["name"] == "train"
    )
    assert "--training.max_steps 1234 --training.optimizer.learn_rate.total_steps 1234" in script


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_pipeline_from_a_config_can_resume_its_training(path: Path) -> None:
    # nlp.resume_training() reads [training.optimizer] by itself, and fails on references to other
    # sections.
    assert (
        registry.resolve({"optimizer": load_config(path)["training"]["optimizer"]})[
            "optimizer"
        ].learn_rate
        is not None
    )


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_three_configs_are_trained_alike_but_for_averages(path: Path) -> None:
    reference, config = load_config(CONFIGS[0]), load_config(path)
    has_own_encoder = "transformer" not in config["components"]
    assert config["training"]["optimizer"].pop("use_averages") == has_own_encoder
    reference["training"]["optimizer"].pop("use_averages")
    assert config["training"] == reference["training"]
    assert config["paths"] == reference["paths"]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_sample_corpus_has_every_split(split: str) -> None:
    lines = (ROOT / "corpus" / "sample" / f"{split}.conll").read_text(encoding="utf8").splitlines()
    assert len(lines) > 1000
    assert {len(line.split()) for line in lines if line} == {4}


def test_the_registered_names_in_the_configs_exist() -> None:
    for path in CONFIGS:
        for kind, name in re.findall(
            r'^@(\w+) = "([\w.-]+)"', path.read_text(encoding="utf8"), re.MULTILINE
        ):
            if not name.startswith("spacy-transformers."):
                assert registry.has(kind, name), name


def test_the_constraints_pin_one_exact_version_of_everything() -> None:
    for file in ("constraints.txt", "constraints-transformers5.txt"):
        lines = (ROOT / file).read_text(encoding="utf8").splitlines()
        pins = [line for line in lines if not line.startswith("#")]
        assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
        assert len({pin.partition("==")[0].lower() for pin in pins}) == len(pins)
