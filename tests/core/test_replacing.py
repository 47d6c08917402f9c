"""What was there stays whole until what comes is: full disks, signals, kills, several writers."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spacy_hf_ner.core import replacing
from spacy_hf_ner.core.replacing import (
    SCRATCH_PREFIX,
    add_to_folder,
    complete_swap,
    replace_file,
    replace_folder,
    write_file,
)
from spacy_hf_ner.errors import OutputError
from tests.patience import PATIENCE_S
from tests.signals import HEAR_SIGNALS

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")


class StopError(Exception):
    """What a test raises inside a block."""


def make_folder(folder: Path, content: str) -> Path:
    """Make a folder with a marker, a file and a folder in it."""
    (folder / "sub").mkdir(parents=True)
    for name in ("marker", "a", "sub/b"):
        (folder / name).write_text(content, encoding="utf8")
    return folder


def read_folder(folder: Path) -> dict[str, str]:
    """Return the text of each file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text("utf8") for path in files}


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["in one step", "by two renames"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with both ways to swap folders, wherever the system has both."""
    if request.param == "by two renames":
        monkeypatch.setattr(replacing, "_exchange", lambda *_: False)


both_ways = pytest.mark.usefixtures("_both_ways")


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write_file(path, "old")
    write_file(path, "naïve ☃")
    assert path.read_bytes() == "naïve ☃".encode()
    assert list_names(path.parent) == ["report.html"]


def test_a_block_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_file(path, "old")
    with pytest.raises(StopError), replace_file(path) as fresh:  # noqa: PT012
        fresh.write_text("half", encoding="utf8")
        raise StopError
    assert path.read_text(encoding="utf8") == "old"
    assert list_names(tmp_path) == ["report.html"]


def test_a_block_that_fails_leaves_no_folder_that_was_made_for_it(tmp_path: Path) -> None:
    with pytest.raises(StopError), replace_file(tmp_path / "new" / "report.html"):
        raise StopError
    assert list_names(tmp_path) == []


@on_posix
def test_a_file_keeps_its_mode_and_a_new_one_gets_the_usual_one(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.touch(mode=0o600)
    write_file(private, "new")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600

    usual = tmp_path / "usual"
    usual.touch()
    write_file(tmp_path / "new", "new")
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "report.html"
    write_file(target, "old")
    link = tmp_path / "report.html"
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf8") == "new"


@on_posix
def test_a_device_is_written_to_as_it_is() -> None:
    write_file(Path("/dev/null"), "gone")
    assert not Path("/dev/null").is_file()


def test_a_folder_in_place_of_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match=r"report\.html cannot be written: Is a directory\."):
        write_file(tmp_path / "report.html", "new")


def test_a_protected_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    write_file(path, "old")
    # The superuser may write anywhere, so the answer is set.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="Permission denied"):
        write_file(path, "new")
    assert path.read_text(encoding="utf8") == "old"


def test_a_name_that_is_too_long_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"File name too long.*Choose a shorter name\."):
        write_file(tmp_path / ("x" * 300), "new")


def test_errors_of_what_is_read_meanwhile_are_not_errors_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replace_file(tmp_path / "a"):
        (tmp_path / "missing").read_bytes()
    with pytest.raises(PermissionError), replace_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "no", "/elsewhere/data.conll")


@both_ways
def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "old")
    with replace_folder(folder, marker="marker") as fresh:
        make_folder(fresh / "x", "new")
        (fresh / "a").write_text("new", encoding="utf8")
        assert read_folder(folder)["a"] == "old"
    assert read_folder(folder) == {
        "a": "new",
        "x/a": "new",
        "x/marker": "new",
        "x/sub/b": "new",
        "marker": "old",  # what the new one lacks comes along
        "sub/b": "old",
    }
    assert list_names(tmp_path) == ["model"]


@both_ways
def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "model"
    with (  # noqa: PT012
        pytest.raises(StopError),
        replace_folder(folder, marker="marker") as fresh,
    ):
        make_folder(fresh / "x", "half")
        raise StopError
    assert list_names(tmp_path) == ["deep"] or list_names(tmp_path) == []
    with replace_folder(folder, marker="marker") as fresh:
        (fresh / "a").write_text("new", encoding="utf8")
        assert not folder.exists()
    assert read_folder(folder) == {"a": "new"}
    assert list_names(folder.parent) == ["model"]


@both_ways
def test_what_is_outdated_does_not_come_along(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "model", "old")
    (folder / "link").symlink_to("a")
    with replace_folder(
        folder, marker="marker", is_outdated=lambda path: path.name in {"a", "b"}
    ) as fresh:
        (fresh / "new").write_text("new", encoding="utf8")
    assert list_names(folder) == ["link", "marker", "new"]
    assert (folder / "link").is_symlink()


@both_ways
def test_in_a_folder_of_somebody_else_entries_are_replaced_one_by_one(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "home", "old")
    inode = folder.stat().st_ino
    with replace_folder(
        folder, marker="config.cfg", is_outdated=lambda path: path.name == "marker"
    ) as fresh:
        (fresh / "a").write_text("new", encoding="utf8")
        (fresh / "sub").mkdir()
        (fresh / "sub" / "c").write_text("new", encoding="utf8")
    assert folder.stat().st_ino == inode
    assert read_folder(folder) == {"a": "new", "sub/b": "old", "sub/c": "new"}


def test_the_working_directory_stays_the_folder_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "model", "old")
    monkeypatch.chdir(folder)
    with replace_folder(Path(), marker="marker") as fresh:
        (fresh / "a").write_text("new", encoding="utf8")
    assert Path("a").read_text(encoding="utf8") == "new"
    assert list_names(Path()) == ["a", "marker", "sub"]


def test_files_are_added_to_a_folder_together(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", "old")
    with pytest.raises(StopError), add_to_folder(folder) as fresh:  # noqa: PT012
        (fresh / "a").write_text("half", encoding="utf8")
        raise StopError
    assert read_folder(folder) == {"a": "old", "marker": "old", "sub/b": "old"}
    with add_to_folder(folder) as fresh:
        (fresh / "a").write_text("new", encoding="utf8")
        (fresh / "c").write_text("new", encoding="utf8")
    assert read_folder(folder) == {"a": "new", "c": "new", "marker": "old", "sub/b": "old"}


def test_a_swap_that_was_cut_is_completed_by_whoever_comes_next(tmp_path: Path) -> None:
    scratch = tmp_path / f"{SCRATCH_PREFIX}12345678"
    make_folder(scratch / "old" / "model", "old")
    make_folder(scratch / "new" / "model", "new")
    complete_swap(tmp_path / "model")
    assert set(read_folder(tmp_path / "model").values()) == {"new"}


def test_a_swap_whose_second_rename_fails_leaves_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "model", "old")
    rename = Path.rename

    def fail(path: Path, target: Path) -> Path:
        if path.parent.name == "new":
            raise OSError(errno.EIO, "a bad sector")
        return rename(path, target)

    monkeypatch.setattr(replacing, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", fail)
    with (
        pytest.raises(OutputError, match="model cannot be written"),
        replace_folder(folder, marker="marker") as fresh,
    ):
        make_folder(fresh / "x", "new")
    assert set(read_folder(folder).values()) == {"old"}


def test_a_folder_that_cannot_be_renamed_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where nothing can be done to a folder while a file of it is mapped."""
    folder = make_folder(tmp_path / "model", "old")

    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, "in use", str(folder))

    monkeypatch.setattr(replacing, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", fail)
    with (
        pytest.raises(OutputError, match="on Windows, close what has it open"),
        replace_folder(folder, marker="marker") as fresh,
    ):
        make_folder(fresh / "x", "new")
    assert set(read_folder(folder).values()) == {"old"}
    assert list_names(tmp_path) == ["model"]


@on_posix
def test_what_killed_processes_have_left_is_removed_and_what_others_write_is_not(
    tmp_path: Path,
) -> None:
    abandoned = tmp_path / f"{SCRATCH_PREFIX}11111111"
    make_folder(abandoned / "new" / "model", "half")
    an_hour_ago = time.time() - 3600
    os.utime(abandoned, (an_hour_ago, an_hour_ago))
    with replace_file(tmp_path / "first") as first:
        (held,) = [path for path in tmp_path.glob(f"{SCRATCH_PREFIX}*") if path != abandoned]
        assert not abandoned.exists()
        os.utime(held, (an_hour_ago, an_hour_ago))
        write_file(tmp_path / "second", "second")
        first.write_text("first", encoding="utf8")
    assert list_names(tmp_path) == ["first", "second"]


# What a child process runs: it replaces a file and a folder, and waits in the midst of both.
WAITING_WRITER = """
import sys, time
from pathlib import Path
from spacy_hf_ner.core.replacing import replace_file, replace_folder

folder = Path(sys.argv[1])
with replace_folder(folder / "model", marker="marker") as fresh:
    (fresh / "marker").write_text("half")
    with replace_file(folder / "file") as file:
        file.write_text("half")
        print("waiting", flush=True)
        time.sleep(60)
"""


@on_posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_that_end_a_process_leave_no_scratch_folders(name: str, tmp_path: Path) -> None:
    make_folder(tmp_path / "model", "old")
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HEAR_SIGNALS + WAITING_WRITER, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(getattr(signal, name))
        status = process.wait(timeout=PATIENCE_S)
    assert status != 0
    assert list_names(tmp_path) == ["model"]
    assert set(read_folder(tmp_path / "model").values()) == {"old"}


# What a child process runs whose files may have 10 kB at most, as on a disk that is full.
FULL_DISK_WRITER = """
import resource, sys
from pathlib import Path
from spacy_hf_ner.core.replacing import add_to_folder, replace_folder, write_file
from spacy_hf_ner.errors import OutputError

resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
folder = Path(sys.argv[1])
too_much = "x" * 20_000
try:
    if sys.argv[2] == "file":
        write_file(folder / "file", too_much)
    elif sys.argv[2] == "folder":
        with replace_folder(folder / "model", marker="marker") as fresh:
            (fresh / "marker").write_text(too_much)
    else:
        with add_to_folder(folder) as fresh:
            (fresh / "file").write_text("new")
            (fresh / "other").write_text(too_much)
except OutputError as error:
    print(error)
"""


@on_posix
@pytest.mark.parametrize("way", ["file", "folder", "files"])
def test_on_a_full_disk_what_was_there_stays(way: str, tmp_path: Path) -> None:
    make_folder(tmp_path / "model", "old")
    write_file(tmp_path / "file", "old")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FULL_DISK_WRITER, tmp_path, way],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "cannot be written: File too large. What was there is as it was. Make room" in done.stdout
    )
    assert set(read_folder(tmp_path).values()) == {"old"}
    assert list_names(tmp_path) == ["file", "model"]


# What two child processes run at the same time.
BUSY_WRITER = """
import sys
from pathlib import Path
from spacy_hf_ner.core import replacing

if sys.argv[2] == "by two renames":
    replacing._exchange = lambda *_: False
for turn in range(12):
    with replacing.replace_folder(Path(sys.argv[1], "model"), marker="marker") as fresh:
        for name in ("marker", "a", "b"):
            (fresh / name).write_text(f"{sys.argv[3]} {turn}")
"""


@on_posix
@pytest.mark.parametrize("way", ["in one step", "by two renames"])
def test_two_processes_that_write_one_folder_do_not_disturb_each_other(
    way: str, tmp_path: Path
) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", BUSY_WRITER, tmp_path, way, name])  # noqa: S603
        for name in ("first", "second")
    ]
    assert [writer.wait(timeout=PATIENCE_S) for writer in writers] == [0, 0]
    files = read_folder(tmp_path / "model")
    assert files.keys() == {"marker", "a", "b"}
    assert len(set(files.values())) == 1
    assert list_names(tmp_path) == ["model"]
