import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language
from typer.testing import CliRunner

from spacy_hf_ner import __version__
from spacy_hf_ner.cli.app import app
from spacy_hf_ner.errors import ConfigError, MissingExtraError
from spacy_hf_ner.installing import make_pip_hint, name_source
from spacy_hf_ner.package_building import build_package
from tests.checkpoints import make_checkpoint
from tests.cli.boxes import unwrap

# spaCy's `package` leaves the files open that it has written.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def build_wheel(model: Path, output: Path, *, name: str, version: str, **options: Any) -> Path:
    (wheel,) = build_package(model, output, name=name, version=version, **options)
    return wheel


TEXT = "Angela Merkel met Tim Cook in San José."


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> tuple[Language, Path]:
    """Return a pipeline with hf_ner, and the folder it was saved to.

    Its source checkpoint is gone.
    """
    folder = tmp_path_factory.mktemp("pipeline")
    checkpoint = make_checkpoint(folder / "checkpoint")
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(checkpoint)}})
    nlp(TEXT)
    nlp.to_disk(folder / "saved")
    checkpoint.rename(folder / "gone")
    return nlp, folder / "saved"


def read_requirements(wheel: Path) -> dict[str, str]:
    """Return the distributions that a wheel requires, with their version ranges."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode("utf8").splitlines()
    requirements = [
        line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")
    ]
    assert len(requirements) == len({re.split("[<>=]", line)[0] for line in requirements}), (
        "stated twice"
    )
    return {re.split("[<>=]", line)[0]: line for line in requirements}


def test_a_packaged_pipeline_finds_the_same_entities(
    pipeline: tuple[Language, Path], tmp_path: Path
) -> None:
    nlp, saved = pipeline
    wheel = build_wheel(saved, tmp_path / "packages", name="tiny", version="0.2.0")
    assert wheel == tmp_path / "packages" / "en_tiny-0.2.0-py3-none-any.whl"
    assert f">={__version__}" in read_requirements(wheel)["spacy-hf-ner"]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")
    loaded = spacy.load(tmp_path / "site-packages" / "en_tiny" / "en_tiny-0.2.0")
    expected = [(entity.text, entity.label_) for entity in nlp(TEXT).ents]
    assert [(entity.text, entity.label_) for entity in loaded(TEXT).ents] == expected


def test_a_package_requires_this_library_even_where_spacy_does_not_see_it(
    pipeline: tuple[Language, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacy.util.packages_distributions", dict)
    wheel = build_wheel(pipeline[1], tmp_path, name="tiny", version="0.1.0")
    assert set(read_requirements(wheel)) == {"spacy", "spacy-hf-ner"}


def test_a_pipeline_without_hf_ner_leaves_a_wheel_without_this_library_and_nothing_else(
    tmp_path: Path,
) -> None:
    spacy.blank("de").to_disk(tmp_path / "saved")
    before = sorted((tmp_path / "saved").rglob("*"))
    wheel = build_wheel(tmp_path / "saved", tmp_path / "packages", name="blank", version="1.0.0")
    assert wheel.name == "de_blank-1.0.0-py3-none-any.whl"
    assert set(read_requirements(wheel)) == {"spacy"}
    assert list((tmp_path / "packages").iterdir()) == [wheel]
    assert sorted((tmp_path / "saved").rglob("*")) == before


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no config\.cfg"):
        build_wheel(tmp_path, tmp_path / "packages", name="tiny", version="0.1.0")


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("my-pipeline", "my_pipeline"),
        ("Foo_Bar", "foo_bar"),
        ("en_foo", "foo"),
        ("foo__bar_", "foo_bar"),
    ],
)
def test_a_name_that_the_wheel_would_not_have_is_refused(
    name: str, normal: str, pipeline: tuple[Language, Path], tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=f"name must be a Python identifier.*'{name}'; use '{normal}'"
    ):
        build_wheel(pipeline[1], tmp_path, name=name, version="0.1.0")


def test_a_name_without_letters_is_refused(pipeline: tuple[Language, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Got '日本'\.$"):
        build_wheel(pipeline[1], tmp_path, name="日本", version="0.1.0")


@pytest.mark.parametrize(
    ("version", "said"), [("1.0.0-beta", "Use '1.0.0b0'"), ("not.a.version", "PEP 440"), ("", "''")]
)
def test_a_version_that_the_wheel_would_not_have_is_refused(
    version: str, said: str, pipeline: tuple[Language, Path], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"version must be .*{said}"):
        build_wheel(pipeline[1], tmp_path, name="tiny", version=version)


def test_a_file_in_place_of_the_folder_is_refused(
    pipeline: tuple[Language, Path], tmp_path: Path
) -> None:
    (tmp_path / "file.spacy").touch()
    result = CliRunner().invoke(
        app, ["package", str(pipeline[1]), str(tmp_path / "file.spacy"), "--name", "tiny"]
    )
    assert result.exit_code == 2
    assert "is a file" in unwrap(result.output)


def test_without_the_build_package_the_extra_is_named(
    pipeline: tuple[Language, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "build", None)
    with pytest.raises(MissingExtraError, match=r"spacy-hf-ner\[project\]"):
        build_wheel(pipeline[1], tmp_path, name="tiny", version="0.1.0")


def test_what_setuptools_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    broken = "raise SystemExit('no wheel today')"
    monkeypatch.setattr(sys.modules["spacy.cli.package"], "TEMPLATE_SETUP", broken)
    with pytest.raises(ConfigError, match=r"(?s)setuptools must be able to build.*no wheel today"):
        build_wheel(tmp_path / "saved", tmp_path, name="tiny", version="0.1.0")


def test_the_command_says_how_to_install_the_wheel_with_this_library(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    result = CliRunner().invoke(
        app, ["package", str(tmp_path / "saved"), str(tmp_path), "--name", "empty"]
    )
    assert result.exit_code == 0, result.output
    wheel = tmp_path / "en_empty-0.0.0-py3-none-any.whl"
    assert result.output.splitlines()[-1] == make_pip_hint(*name_source(), str(wheel))
    assert wheel.is_file()


def test_name_and_version_are_those_of_meta_where_none_are_given(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.meta["name"] = "news"
    nlp.meta["version"] = "1.2.3"
    nlp.to_disk(tmp_path / "saved")
    (wheel,) = build_package(tmp_path / "saved", tmp_path / "packages")
    assert wheel.name == "en_news-1.2.3-py3-none-any.whl"


def test_another_meta_is_taken_in_place_of_the_pipelines(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    meta = {**srsly.read_json(tmp_path / "saved" / "meta.json"), "author": "Ada", "name": "ada"}
    srsly.write_json(tmp_path / "meta.json", meta)
    arguments = ["package", str(tmp_path / "saved"), str(tmp_path / "packages"), "--json"]
    result = CliRunner().invoke(app, [*arguments, "--meta", str(tmp_path / "meta.json")])
    assert result.exit_code == 0, result.output
    (file,) = json.loads(result.stdout)["files"]
    with zipfile.ZipFile(file) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        assert "Author: Ada" in archive.read(name).decode("utf8")


OWN_CODE = """
from spacy.language import Language

@Language.component("test_package_own")
def own(doc):
    doc.user_data["own"] = True
    return doc
"""


def test_own_code_travels_with_the_pipeline(tmp_path: Path) -> None:
    (tmp_path / "own_code.py").write_text(OWN_CODE, encoding="utf8")
    program = (
        "import spacy, own_code; nlp = spacy.blank('en'); nlp.add_pipe('test_package_own'); "
        "nlp.to_disk('saved')"
    )
    run_python(program, tmp_path)
    arguments = ["saved", "packages", "--name", "own", "--code", "own_code.py"]
    run_python(["-m", "spacy", "hf-ner", "package", *arguments], tmp_path)
    (wheel,) = (tmp_path / "packages").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")
    (tmp_path / "own_code.py").unlink()
    load = "import en_own; assert en_own.load()('x').user_data['own']"
    run_python(load, tmp_path / "site-packages")


def run_python(program: str | list[str], folder: Path) -> None:
    """Run a program in a folder, in a process that knows no component of another test."""
    arguments = ["-c", program] if isinstance(program, str) else program
    before = os.environ.get("PYTHONPATH", "")
    here = os.pathsep.join([".", str(Path(__file__).parents[2]), before])
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": here},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_and_sdist_are_built_on_request(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    arguments = ["package", str(tmp_path / "saved"), str(tmp_path / "packages"), "--name", "x"]
    result = CliRunner().invoke(app, [*arguments, "--build", "wheel,sdist"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "packages").iterdir()) == [
        "en_x-0.0.0-py3-none-any.whl",
        "en_x-0.0.0.tar.gz",
    ]


def test_a_pipeline_on_onnx_requires_the_extra(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    model = Path(__file__).parents[1] / "fixtures" / "onnx"
    wheel = build_wheel(model, tmp_path, name="onnx", version="0.1.0")
    (requirement,) = (
        line for name, line in read_requirements(wheel).items() if name.startswith("spacy-hf-ner")
    )
    assert requirement.startswith("spacy-hf-ner[onnx]")
    assert f">={__version__}" in requirement


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--name", "En-X"], "--name must be a Python identifier"),
        (["--name", "tiny", "--version", "1.0-x"], "--version must be"),
        (["--name", "tiny", "--build", "egg"], "--build must be wheel, sdist or both"),
        (["--name", "tiny", "--code", "own.txt"], "--code must name Python files"),
    ],
)
def test_the_command_names_the_flag_that_is_wrong(
    options: list[str], shown: str, tmp_path: Path
) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    result = CliRunner().invoke(app, ["package", str(tmp_path / "saved"), str(tmp_path), *options])
    assert result.exit_code == 1
    assert shown in unwrap(result.output)


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    result = CliRunner().invoke(
        app, ["package", str(tmp_path / "saved"), str(tmp_path / "out"), "--name", "x" * 300]
    )
    assert result.exit_code == 1
    assert "--name must be shorter" in unwrap(result.output)
    assert not (tmp_path / "out").exists()


def test_the_longest_name_that_a_disk_takes_is_packed(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "saved")
    longest = "x" * (255 - len("en_-0.1.0-py3-none-any.whl"))
    wheel = build_wheel(tmp_path / "saved", tmp_path, name=longest, version="0.1.0")
    assert wheel.is_file()
    with pytest.raises(ConfigError, match=r"255 letters, as many .* and 1 more"):
        build_wheel(tmp_path / "saved", tmp_path, name=f"{longest}x", version="0.1.0")


def test_a_link_out_of_the_pipeline_puts_no_private_file_into_the_wheel(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    spacy.blank("en").to_disk(saved)
    (saved / "notes.md").symlink_to(saved / "meta.json")
    assert build_wheel(saved, tmp_path, name="tiny", version="0.1.0").is_file()
    (tmp_path / "private").touch()
    (saved / "vocab" / "extra.txt").symlink_to(tmp_path / "private")
    with pytest.raises(ConfigError, match=r"extra\.txt is a link to .*private: the wheel would"):
        build_wheel(saved, tmp_path, name="tiny", version="0.1.0")


def test_what_a_killed_process_left_is_no_part_of_the_package(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    spacy.blank("en").to_disk(saved)
    for leftover in (saved / ".hf-ner-0123abcd", saved / "vocab" / ".hf-ner-4567cdef"):
        (leftover / "new").mkdir(parents=True)
        (leftover / "new" / "half-written.txt").touch()
    # A swap that was cut between its two renames is completed.
    cut = saved / ".hf-ner-89ab0123"
    (cut / "old").mkdir(parents=True)
    (cut / "new" / "extra").mkdir(parents=True)
    (cut / "new" / "extra" / "whole.txt").touch()
    (cut / "old" / "extra").mkdir()
    wheel = build_wheel(saved, tmp_path, name="tiny", version="0.1.0")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert not any(".hf-ner-" in name for name in names)
    assert any(name.endswith("extra/whole.txt") for name in names)
