"""project.yml and configs/: what they promise without running them. `.ci/run` runs them."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config, registry
from typer.testing import CliRunner
from weasel.cli.assets import fetch_asset
from weasel.cli.run import project_run
from weasel.util import load_project_config

from spacy_hf_ner.cli.app import app
from spacy_hf_ner.cli.complete_config import complete, read_comments, write_commented
from spacy_hf_ner.cli.encoder import MINILM

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
# What others train with, to compare with.
OF_OTHERS = {"huggingface", "sgd"}
OURS = [path for path in CONFIGS if path.stem not in OF_OTHERS]
COMPARED = [path for path in OURS if path.stem != "tagger"]
# Without what the names of commands end in: the data set, or the run.
CONVERT = ["convert_train", "convert_dev", "convert_test"]
STEPS = ["labels", "train", "calibrate", "evaluate", "visualise", "package"]
AFTERWARDS = ["rewrite"]
WORKFLOWS = {
    "all": ["encoder", *CONVERT, *STEPS],
    "from_source": ["encoder", "deal", *STEPS],
    "compare": [
        "encoder",
        *CONVERT,
        "compared_hf_ner",
        "compared_shared_encoder",
        "compared_transition",
        "side_by_side",
    ],
    "tagger": [
        "encoder",
        *("tagger_deal", "tagger_convert_test"),
        *("tagger_train", "tagger_calibrate", "tagger_evaluate", "tagger_visualise"),
    ],
    "convert": CONVERT,
    **{step: [step] for step in [*STEPS, *AFTERWARDS]},
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


def find_commands(project_dir: Path, **variables: str) -> dict[str, Any]:
    """Return the commands by the short names of their steps."""
    project = read_project(project_dir, **variables)
    dataset = variables.get("dataset", "sample")
    run = f"{variables.get('config', 'hf_ner')}_{dataset}"
    commands = {}
    for command in project["commands"]:
        short = command["name"].removesuffix(f"_{run}")
        if short not in [*STEPS, *AFTERWARDS]:
            short = command["name"].removesuffix(f"_{dataset}")
        commands[short] = command
    return commands


def test_the_workflows_go_the_whole_way(project_dir: Path) -> None:
    project = read_project(project_dir)
    full_names = {short: command["name"] for short, command in find_commands(project_dir).items()}
    for workflow, steps in WORKFLOWS.items():
        assert project["workflows"][workflow] == [full_names[step] for step in steps]
    assert set(project["workflows"]) == set(WORKFLOWS)


@pytest.mark.parametrize("dataset", ["sample", "wnut17", "conllpp"])
@pytest.mark.parametrize(
    ("workflow", "config"),
    [
        ("all", "hf_ner"),
        ("from_source", "hf_ner"),
        ("all", "shared_encoder"),
        ("all", "transition"),
        ("compare", "hf_ner"),
        ("tagger", "hf_ner"),
    ],
)
def test_every_dependency_is_there_or_is_made_before(
    workflow: str, dataset: str, config: str, project_dir: Path
) -> None:
    commands = find_commands(project_dir, dataset=dataset, config=config)
    known = {asset["dest"] for asset in read_project(project_dir)["assets"]}
    for name in WORKFLOWS[workflow]:
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
        commands = find_commands(project_dir, **variables)
        return {
            output
            for workflow, steps in WORKFLOWS.items()
            if workflow != "tagger"  # which has a treebank of its own
            for name in set(steps) - set(shared)
            for output in commands[name]["outputs"]
        }

    shared = ["encoder"]
    assert not results() & results(dataset="wnut17")
    shared += [*CONVERT, "deal", *WORKFLOWS["compare"]]
    assert not results() & results(config="transition")


def test_training_reads_what_was_converted_whatever_the_data_set(project_dir: Path) -> None:
    for command in read_project(project_dir, dataset="wnut17")["commands"]:
        if command["name"].startswith("tagger_"):
            continue  # it has a treebank of its own
        script = " ".join(command["script"])
        assert "sample" not in script
        # Both resolve all corpora of the config, which itself names none.
        if " spacy train " in script or " init labels " in script:
            for split in ("train", "dev"):
                assert f"--paths.{split} corpus/converted/wnut17/{split}.spacy" in script
                assert f"corpus/converted/wnut17/{split}.spacy" in command["deps"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_knows_nothing_of_this_repository(path: Path) -> None:
    paths = load_config(path)["paths"]
    assert paths.pop("encoder") == MINILM.name
    assert set(paths.values()) == {None}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_is_complete(path: Path) -> None:
    config = load_config(path)
    if "transformer" in config["components"]:
        pytest.importorskip("spacy_transformers", reason="the extra 'shared' is not installed")
    text = path.read_text(encoding="utf8")
    assert write_commented(complete(config), read_comments(text)) == text, "make configs"


def test_the_default_config_is_what_init_config_writes(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["init-config", str(tmp_path / "made.cfg")])
    assert result.exit_code == 0, result.output
    made = (tmp_path / "made.cfg").read_text(encoding="utf8")
    assert made == (ROOT / "configs" / "hf_ner.cfg").read_text(encoding="utf8"), "make configs"


def test_the_comparison_trains_all_configs_alike_and_leaves_other_runs_alone(
    project_dir: Path,
) -> None:
    # Every command has a line of its own in the lock file, so the three are skipped one by one.
    commands = find_commands(project_dir)
    trained = [commands[f"compared_{path.stem}"] for path in COMPARED]
    scripts = [
        command["script"][0].replace(path.stem, "NAME")
        for command, path in zip(trained, COMPARED, strict=True)
    ]
    assert len(set(scripts)) == 1
    assert commands["train"]["script"][0].split("--gpu-id")[1].split("--paths")[0] in scripts[0]
    assert [command["outputs"][0] for command in trained] == commands["side_by_side"]["deps"][:-1]
    in_all = {output for name in WORKFLOWS["all"] for output in commands[name]["outputs"]}
    for command in (*trained, commands["side_by_side"]):
        assert not in_all & set(command["outputs"])


def test_downloads_are_optional_and_checked(project_dir: Path) -> None:
    assets = read_project(project_dir)["assets"]
    assert {Path(asset["dest"]).parent.name for asset in assets} == {"wnut17", "conllpp", "ewt"}
    for asset in assets:
        assert asset["extra"]
        assert re.fullmatch(r"[0-9a-f]{32}", asset["checksum"])
        assert asset["url"].startswith("https://")


@pytest.mark.parametrize(
    ("dest", "file"),
    [
        ("corpus/wnut17/train.conll", "wnut17/wnut17train.conll"),
        ("corpus/conllpp/dev.conll", "conllpp/conllpp_dev.txt"),
        ("corpus/ewt/dev.conllu", "ud_en/en_ewt-ud-dev.conllu"),
        ("corpus/ewt/test.conllu", "ud_en/en_ewt-ud-test.conllu"),
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


RECORDS = '{"tokens": ["Oslo"], "ner_tags": ["B-LOC"]}\n{"tokens": ["rain"], "ner_tags": ["O"]}\n'


def write_corpus(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(RECORDS * 10, encoding="utf8")
    return folder / name


def test_going_back_to_a_data_set_runs_nothing_again(
    project_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def convert(dataset: str) -> str:
        own = write_corpus(project_dir / "own", f"{dataset}.jsonl")
        variables = {"vars.dataset": dataset, "vars.train": str(own)}
        project_run(project_dir, f"convert_train_{dataset}", overrides=variables)
        return capfd.readouterr().out

    assert "Running command" in convert("first")
    assert "Running command" in convert("second")
    assert "nothing changed" in convert("first")
    for dataset in ("first", "second"):
        file = project_dir / "corpus" / "converted" / dataset / "train.spacy"
        assert len(DocBin().from_disk(file)) == 20


def test_one_source_is_dealt_to_three_parts(project_dir: Path) -> None:
    source = write_corpus(project_dir / "own", "all.jsonl")
    variables = {"vars.dataset": "mine", "vars.source": str(source), "vars.split": "80/10/10"}
    project_run(project_dir, "deal_mine", overrides=variables)
    sizes = []
    for part in ("train", "dev", "test"):
        file = project_dir / "corpus" / "converted" / "mine" / f"{part}.spacy"
        sizes.append(len(DocBin().from_disk(file)))
    assert sum(sizes) == 20
    assert sizes[0] > sizes[1] > 0


def test_another_encoder_is_not_asked_for_at_the_commit_of_the_default_one(
    project_dir: Path,
) -> None:
    commands = find_commands(project_dir, encoder="some/encoder")
    assert commands["encoder"]["script"] == [
        "python -m spacy hf-ner encoder assets/encoder --name some/encoder --revision ''"
    ]


def test_a_dataset_that_was_not_downloaded_gives_a_sentence(
    project_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        project_run(project_dir, "convert", overrides={"vars.dataset": "wnut17"})
    assert stop.value.code == 1
    said = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert (
        "Missing dependency specified by command 'convert_train_wnut17': corpus/wnut17/train.conll"
        in said
    )


def test_the_configs_are_those_that_are_promised() -> None:
    ours = ["hf_ner", "shared_encoder", "tagger", "transition"]
    assert [path.stem for path in CONFIGS] == sorted([*ours, *OF_OTHERS])


def test_the_configs_of_others_are_as_people_know_them() -> None:
    training = load_config(ROOT / "configs" / "huggingface.cfg", interpolate=True)["training"]
    optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    assert (optimizer.name, optimizer.learn_rate, optimizer.L2) == ("AdamW", 2e-5, 0.01)
    assert (training["max_epochs"], training["batcher"]["size"]) == (3, 8)
    training = load_config(ROOT / "configs" / "sgd.cfg")["training"]
    optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    assert (optimizer.name, optimizer.options["momentum"]) == ("SGD", 0.0)
    assert (optimizer.grad_clip, optimizer.averages) == (0.0, None)


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
    weights = nlp.config["training"]["score_weights"]
    assert weights["pos_acc" if path.stem == "tagger" else "ents_f"] > 0


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_learn_rate_falls_to_zero_at_the_last_step(path: Path) -> None:
    training = load_config(path, overrides={"training.max_steps": 8}, interpolate=True)["training"]
    optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    rates = [optimizer.learn_rate]
    for _ in range(8):
        optimizer.step_schedules()
        rates.append(optimizer.learn_rate)
    assert max(rates) == 0.0002
    assert rates[-2] > rates[-1] == 0.0


def test_rate_and_steps_of_a_run_are_variables(project_dir: Path) -> None:
    commands = find_commands(project_dir, max_steps="1234", learn_rate="3e-5")
    for name in ("train", "compared_hf_ner", "compared_transition"):
        (script,) = commands[name]["script"]
        assert "--training.max_steps 1234 " in script
        assert "--training.optimizer.learn_rate.initial_rate 3e-5" in script


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_a_pipeline_from_a_config_can_resume_its_training(path: Path) -> None:
    # nlp.resume_training() reads [training.optimizer] by itself, without other sections.
    training = load_config(path)["training"]
    optimizer = registry.resolve({"optimizer": training["optimizer"]})["optimizer"]
    optimizer.step_schedules()
    assert optimizer.learn_rate == 0.0002


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_configs_are_trained_alike_but_for_averages(path: Path) -> None:
    reference, config = load_config(CONFIGS[0]), load_config(path)
    has_own_encoder = "transformer" not in config["components"]
    assert config["training"]["optimizer"].pop("use_averages") == has_own_encoder
    reference["training"]["optimizer"].pop("use_averages")
    # One of them has a sentence splitter beside hf_ner.
    for training in (reference["training"], config["training"]):
        training.pop("score_weights")
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
