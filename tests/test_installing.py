"""Hints at what to install are commands that work, wherever this library came from."""

import json
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from spacy_hf_ner.errors import MissingExtraError
from spacy_hf_ner.installing import (
    make_download_hint,
    make_extra_hint,
    make_pip_hint,
    name_source,
)


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which this library is installed, before all others."""
    info = tmp_path / "site-packages" / "spacy_hf_ner-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: spacy-hf-ner\nVersion: 9.9\n", encoding="utf8"
    )
    monkeypatch.syspath_prepend(info.parent)
    return info


def write_origin(info: Path, origin: object) -> None:
    (info / "direct_url.json").write_text(json.dumps(origin), encoding="utf8")


def test_from_an_index_it_has_its_name(site_packages: Path) -> None:
    assert site_packages.is_dir()
    assert name_source() == ["spacy-hf-ner"]
    assert name_source("onnx") == ["spacy-hf-ner[onnx]"]


@pytest.mark.parametrize("is_editable", [True, False])
def test_from_a_folder_it_is_the_folder(
    is_editable: bool, site_packages: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my clone"
    folder.mkdir()
    write_origin(site_packages, {"url": folder.as_uri(), "dir_info": {"editable": is_editable}})
    option = ["--editable"] if is_editable else []
    assert name_source("onnx") == [*option, f"{folder}[onnx]"]
    folder.rmdir()
    assert name_source("onnx") == ["spacy-hf-ner[onnx]"]


def test_from_a_wheel_it_is_the_wheel(site_packages: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "spacy_hf_ner-9.9-py3-none-any.whl"
    wheel.touch()
    write_origin(site_packages, {"url": wheel.as_uri(), "archive_info": {}})
    assert name_source("eval") == [f"spacy-hf-ner[eval] @ {wheel.as_uri()}"]
    wheel.unlink()
    assert name_source("eval") == ["spacy-hf-ner[eval]"]


def test_from_a_repository_it_is_the_commit(site_packages: Path) -> None:
    vcs = {"vcs": "git", "commit_id": "abc123"}
    write_origin(site_packages, {"url": "https://example.org/x.git", "vcs_info": vcs})
    assert name_source() == ["spacy-hf-ner @ git+https://example.org/x.git@abc123"]


@pytest.mark.skipif(sys.platform == "win32", reason="cmd.exe has other quotes")
def test_a_hint_is_quoted_for_the_shell() -> None:
    hint = make_pip_hint("spacy[cuda12x]", "/my clone")
    assert shlex.split(hint) == ["pip", "install", "spacy[cuda12x]", "/my clone"]


def test_a_missing_library_is_hinted_at_as_the_extra_is_installed() -> None:
    message = str(MissingExtraError("onnx", extra="onnx", purpose="export"))
    assert message.endswith(f"Install it with: {make_extra_hint('onnx')}")


def test_the_program_that_downloads_is_one_that_is_installed() -> None:
    hint = shlex.split(make_download_hint("some/encoder", revision="main"))
    assert hint[1:] == ["download", "some/encoder", "--revision", "main", "--local-dir", "FOLDER"]
    programs = {point.name: point for point in entry_points(group="console_scripts")}
    assert hint[0] in {"hf", "huggingface-cli"}
    assert callable(programs[hint[0]].load())


def test_pip_understands_the_hint_of_an_extra() -> None:
    # Without an index, nothing can be downloaded: it must find this library, and what the extra
    # needs, where they are.
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps"]
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--no-build-isolation", *name_source("eval")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
