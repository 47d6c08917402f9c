import os
from pathlib import Path

import pytest

from spacy_hf_ner.core.outputs import check_file, check_output, make_folder
from spacy_hf_ner.errors import ConfigError


def check(folder: Path) -> None:
    check_output(folder, kind="a pipeline", file="meta.json")


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    make_folder(folder)
    make_folder(folder)
    assert folder.is_dir()


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="expected a folder to write to, but it cannot be made"):
        make_folder(tmp_path / "file" / "out")


def test_a_folder_where_nothing_may_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser may write anywhere, so the answer is set.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="but nothing may be written there"):
        make_folder(tmp_path)


def test_a_new_an_empty_and_a_folder_of_the_same_kind_are_written_to(tmp_path: Path) -> None:
    check(tmp_path)
    check(tmp_path / "new" / "deep")
    (tmp_path / "meta.json").touch()
    (tmp_path / "other").touch()
    check(tmp_path)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="which holds other files: they would be lost"):
        check(tmp_path)


@pytest.mark.parametrize("path", ["file", "file/deep/down"])
def test_a_file_is_no_folder(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file is a file"):
        check(tmp_path / path)


def test_a_relative_folder_is_looked_for_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check(Path("out") / "new")
    Path("out").touch()
    with pytest.raises(ConfigError, match="out is a file"):
        check(Path("out") / "new")


def test_a_pipeline_is_not_made_for_a_place_where_nothing_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser may write anywhere, so the answer is set.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="but nothing may be written to"):
        check(tmp_path / "out")


def test_a_name_that_no_disk_takes_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="File name too long"):
        check(tmp_path / ("x" * 300))
    with pytest.raises(ConfigError, match="File name too long"):
        check_file(tmp_path / ("x" * 300))


def test_a_file_to_write_gets_its_folder_and_is_no_folder_itself(tmp_path: Path) -> None:
    check_file(tmp_path / "new" / "page.html")
    assert (tmp_path / "new").is_dir()
    with pytest.raises(ConfigError, match="new, which is a folder"):
        check_file(tmp_path / "new")
