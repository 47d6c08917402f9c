"""Files and folders that come whole: what was there stays whole until they do.

Whatever this package writes is written through here, in one of three ways:

* :func:`replace_file`: one file;
* :func:`replace_folder`: a folder that is this package's to replace, such as a pipeline;
* :func:`add_to_folder`: files and folders into a folder that holds other things, too.

All three write to a hidden scratch folder on the same disk, wait until that is on the disk, and
only then rename::

    out/report.html                      the old one, until the last line below
    out/.hf-ner-5f3a91c2/new/report.html written, synced
    out/.hf-ner-5f3a91c2/new/report.html --rename--> out/report.html

A file takes the place of another in one step. A folder does only where the system can exchange
two names (Linux). Elsewhere it takes two renames, and between them its name is missing::

    model                           --rename--> .hf-ner-5f3a91c2/old/model
    .hf-ner-5f3a91c2/new/model      --rename--> model

Whoever was killed between the two has left both folders whole: :func:`complete_swap`, which those
who read such a folder call first, makes the second rename.
"""

import contextlib
import errno
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from spacy_hf_ner.errors import OutputError

try:
    import fcntl

    _HAS_LOCKS = True
except ImportError:  # Windows
    _HAS_LOCKS = False

__all__ = [
    "MACHINE_FAILURES",
    "SCRATCH_PREFIX",
    "add_to_folder",
    "complete_swap",
    "remove_abandoned",
    "replace_file",
    "replace_folder",
    "write_file",
]

SCRATCH_PREFIX: Final = ".hf-ner-"

_NEW: Final = "new"
_OLD: Final = "old"

# A scratch folder that nobody holds and that is this old was left by a process that was killed.
_MIN_AGE_S: Final = 60

_ANOTHER_PLACE: Final = "Name another place."
_MAY_NOT: Final = "Name a place where you may write; on Windows, close what has it open."
_NO_ROOM: Final = "Make room there, or name another place."

# What to do about the failures that the machine is the cause of. All others are faults of ours.
_NEXT_STEPS: Final = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EROFS: _MAY_NOT,
    errno.EBUSY: _MAY_NOT,
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.EEXIST: _ANOTHER_PLACE,
    errno.EIO: _ANOTHER_PLACE,
    errno.EISDIR: _ANOTHER_PLACE,
    errno.ENOTDIR: _ANOTHER_PLACE,
    errno.ENOTEMPTY: _ANOTHER_PLACE,
}

MACHINE_FAILURES: Final = frozenset(_NEXT_STEPS)

_AT_FDCWD: Final = -100  # relative paths are relative to the working directory
_RENAME_EXCHANGE: Final = 2

IsOutdated = Callable[[Path], bool]


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, in place of one that may be there.

    Raises:
        OutputError: It cannot be written. What was there stays.
    """
    if isinstance(content, str):
        content = content.encode("utf8")
    with replace_file(path) as fresh:
        fresh.write_bytes(content)


@contextlib.contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give a path to write a file to, which takes the place of ``path`` at the end.

    If the block fails nothing has changed. Folders above that are missing are made. A link is
    followed; a pipe or a device is written to as it is.

    Raises:
        OutputError: The file cannot be written. What was there stays.
    """
    if _is_special(path):
        yield path
        return
    path = _resolve(path)
    with _stage(path, beside=path.parent) as scratch:
        fresh = scratch / _NEW / path.name
        _check_replaceable(path)
        yield fresh
        if path.exists():
            shutil.copymode(path, fresh)
        _sync(fresh)
        _put(fresh, path, scratch)


@contextlib.contextmanager
def replace_folder(
    folder: Path, *, marker: str, is_outdated: IsOutdated | None = None
) -> Iterator[Path]:
    """Give an empty folder to write to, which takes the place of ``folder`` at the end.

    If the block fails nothing has changed. What the old folder holds besides comes along, so that
    a README or notes of the user stay.

    A folder without the marker belongs to somebody else, and one that is a mount point, that a
    shell stands in, or whose parent nobody may write to cannot be renamed. There entries are
    replaced one by one, as :func:`add_to_folder` does.

    Args:
        folder: The folder; it and folders above it are made if they are missing.
        marker: The name of a file or folder by which an old one is known to be of the same kind.
        is_outdated: Tells which files of the old folder must not come along.

    Raises:
        OutputError: The folder cannot be written. What was there stays.
    """
    folder = _resolve(folder)
    complete_swap(folder)
    if not _can_be_swapped(folder, marker):
        with add_to_folder(folder, is_outdated=is_outdated) as fresh:
            yield fresh
        return
    with _stage(folder, beside=folder.parent) as scratch:
        fresh = scratch / _NEW / folder.name
        fresh.mkdir()
        yield fresh
        # While another process stands between its two renames, the folder is not there.
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(folder, fresh)
            _keep_others(folder, fresh, is_outdated)
        _sync_all(fresh)
        _put(fresh, folder, scratch)


@contextlib.contextmanager
def add_to_folder(folder: Path, *, is_outdated: IsOutdated | None = None) -> Iterator[Path]:
    """Give an empty folder to write to, whose entries move to ``folder`` at the end.

    If the block fails nothing has changed. Each entry takes the place of another of its name, whole
    and at once; whoever stops this between two entries has some new and some old.

    Args:
        folder: The folder; it and folders above it are made if they are missing.
        is_outdated: Tells which files of the folder are removed when all entries have moved.

    Raises:
        OutputError: The files cannot be written.
    """
    folder = _resolve(folder)
    with _stage(folder, beside=folder) as scratch:
        fresh = scratch / _NEW
        yield fresh
        entries = sorted(fresh.iterdir())
        for entry in entries:
            target = folder / entry.name
            if entry.is_dir() and target.is_dir():
                _keep_others(target, entry, is_outdated)
        _sync_all(fresh)
        for entry in entries:
            _put(entry, folder / entry.name, scratch)
        if is_outdated is not None:
            _remove_outdated(folder, is_outdated, keep={entry.name for entry in entries})


def complete_swap(folder: Path) -> None:
    """Put a folder in its place whose swap was cut between the two renames.

    Call it before such a folder is read; where its name is there, nothing is done.
    """
    folder = _resolve(folder)
    if _exists(folder):
        return
    for scratch in _find_scratch(folder.parent):
        if (scratch / _OLD / folder.name).exists():
            _complete(scratch)


def _resolve(path: Path) -> Path:
    """Return where a path leads: a link stays, and what it names is replaced."""
    return Path(os.path.realpath(path))


def _exists(path: Path) -> bool:
    """Tell whether something is at a path; nothing is where no name can be as long."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_special(path: Path) -> bool:
    """Tell whether a path is that of a pipe or a device."""
    return _exists(path) and not path.is_file() and not path.is_dir()


def _check_replaceable(path: Path) -> None:
    """Refuse what is no file, and a protected file, which a rename would replace all the same."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _can_be_swapped(folder: Path, marker: str) -> bool:
    """Tell whether a folder may be replaced as a whole, and can be renamed."""
    if not folder.is_dir():
        return not _exists(folder)
    if os.path.ismount(folder):
        return False
    try:
        is_stood_in = Path.cwd().is_relative_to(folder)
    except FileNotFoundError:  # the working directory was removed
        is_stood_in = False
    if is_stood_in or not os.access(folder.parent, os.W_OK):
        return False
    try:
        is_empty = not any(folder.iterdir())
    except FileNotFoundError:  # another process stands between its two renames
        return True
    return is_empty or (folder / marker).exists() or not folder.exists()


@contextlib.contextmanager
def _stage(target: Path, *, beside: Path) -> Iterator[Path]:
    """Give a scratch folder in the folder ``beside``; it is removed at the end.

    Raises:
        OutputError: Something that belongs to the scratch folder cannot be written.
    """
    scratch = beside / f"{SCRATCH_PREFIX}{secrets.token_hex(4)}"
    with _stop_by_exception():
        is_new = not beside.exists()
        try:
            beside.mkdir(parents=True, exist_ok=True)
            remove_abandoned(beside)
            scratch.mkdir(mode=0o700)
            with _hold(scratch):
                (scratch / _NEW).mkdir()
                (scratch / _OLD).mkdir()
                yield scratch
        except OSError as error:
            if error.errno in _NEXT_STEPS and _concerns(error, target, scratch):
                raise _explain(error, target) from error
            raise
        finally:
            _complete(scratch)
            shutil.rmtree(scratch, ignore_errors=True)
            if is_new:
                with contextlib.suppress(OSError):  # it is not empty: all went well
                    beside.rmdir()


def _concerns(error: OSError, target: Path, scratch: Path) -> bool:
    """Tell whether an error is about what is written, and not about what is read for it."""
    # Two names are those of a file that is copied or renamed; an open file has none.
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str)]
    for path in map(Path, names):
        if path.is_relative_to(scratch) or path.is_relative_to(target):
            return True
        if scratch.is_relative_to(path):
            return True
    return not names


def _explain(error: OSError, target: Path) -> OutputError:
    """Return what a failure of the machine means for what was to be written."""
    code = error.errno
    assert code is not None
    return OutputError(
        f"{target} cannot be written: {os.strerror(code)}. What was there is as it was. "
        f"{_NEXT_STEPS[code]}",
        errno=code,
    )


@contextlib.contextmanager
def _stop_by_exception() -> Iterator[None]:
    """Have the signals that end a process raise SystemExit for a while, so that it cleans up.

    Python does so for SIGINT alone. Handlers that somebody else has set stay.
    """
    names = ("SIGTERM", "SIGHUP")
    taken: list[int] = []
    if threading.current_thread() is threading.main_thread():
        for name in names:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _raise_exit)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _raise_exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # what shells report of a process that a signal has ended


@contextlib.contextmanager
def _hold(scratch: Path) -> Iterator[None]:
    """Mark a scratch folder as in use, for as long as this process lives at most."""
    if not _HAS_LOCKS:
        yield
        return
    descriptor = os.open(scratch, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_held(scratch: Path) -> bool:
    """Tell whether a process may still be writing to a scratch folder."""
    if not _HAS_LOCKS:
        return True  # nobody can know
    descriptor = os.open(scratch, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def remove_abandoned(folder: Path, *, min_age_s: float = _MIN_AGE_S) -> None:
    """Remove the scratch folders of processes that were killed.

    Args:
        folder: Where they are.
        min_age_s: How old they are at least: a younger one may just be made. Whoever knows that
            nobody else writes there need not wait.
    """
    for scratch in _find_scratch(folder):
        with contextlib.suppress(OSError):  # another process has removed it meanwhile
            age = time.time() - scratch.stat().st_mtime
            if age >= min_age_s and not _is_held(scratch):
                _complete(scratch)
                shutil.rmtree(scratch, ignore_errors=True)


def _find_scratch(folder: Path) -> list[Path]:
    """Return the scratch folders in a folder, the newest first."""
    found: list[tuple[float, Path]] = []
    for scratch in folder.glob(f"{SCRATCH_PREFIX}*"):
        with contextlib.suppress(OSError):  # it is gone meanwhile
            found.append((scratch.stat().st_mtime, scratch))
    return [scratch for _, scratch in sorted(found, reverse=True)]


def _put(fresh: Path, target: Path, scratch: Path) -> None:
    """Put what was staged in its place."""
    if fresh.is_dir():
        _swap_folders(fresh, target, aside=scratch / _OLD / target.name)
    else:
        fresh.replace(target)
    _sync(target.parent)


def _swap_folders(fresh: Path, target: Path, *, aside: Path) -> None:
    """Put a folder in the place of another, which goes aside.

    Several processes may do so at the same time: the last one wins.
    """
    while not _exchange(fresh, target):
        if aside.exists():  # from an earlier turn; since then another process's folder stands there
            shutil.rmtree(aside)
        with contextlib.suppress(FileNotFoundError):  # there is none yet
            target.rename(aside)
        try:
            fresh.rename(target)
        except FileNotFoundError:
            if fresh.exists():
                raise
            return  # another process found this swap cut, and completed it
        except OSError as error:
            # Another process has put its own there meanwhile: that one is to be replaced, then.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return


def _exchange(first: Path, second: Path) -> bool:
    """Let two names exchange what they name, in one step; False where that cannot be done."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    # The standard library has no name for it, and neither have C libraries before 2018.
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    if renameat2 is None:
        return False
    failure: int = renameat2(
        _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE
    )
    return failure == 0


def _complete(scratch: Path) -> None:
    """Finish what was cut between two renames: the new folder takes its place, or else the old."""
    aside = scratch / _OLD
    if not aside.is_dir():
        return
    for old in list(aside.iterdir()):
        target = scratch.parent / old.name
        for candidate in (scratch / _NEW / old.name, old):
            if not target.exists():
                with contextlib.suppress(OSError):  # another process completes it
                    candidate.rename(target)


def _keep_others(old: Path, fresh: Path, is_outdated: IsOutdated | None) -> None:
    """Bring to a new folder what only the old one has, without copying it where that can be."""
    for parent, folder_names, file_names in os.walk(old):
        folder_names[:] = [name for name in folder_names if not name.startswith(SCRATCH_PREFIX)]
        relative = Path(parent).relative_to(old)
        links = [name for name in folder_names if Path(parent, name).is_symlink()]
        for name in (*file_names, *links):
            source = Path(parent, name)
            copied = fresh / relative / name
            if os.path.lexists(copied) or (is_outdated is not None and is_outdated(source)):
                continue
            # FileExistsError: there is a file now where a folder was. FileNotFoundError: another
            # process has replaced the old folder meanwhile, and removed what is outdated in it.
            with contextlib.suppress(FileExistsError, FileNotFoundError, NotADirectoryError):
                copied.parent.mkdir(parents=True, exist_ok=True)
                _link(source, copied)


def _link(source: Path, copied: Path) -> None:
    """Give a file a second name, or copy it where the disk knows only one."""
    if source.is_symlink():
        copied.symlink_to(source.readlink())
        return
    try:
        copied.hardlink_to(source)
    except PermissionError:  # a disk without hard links
        shutil.copy2(source, copied)


def _remove_outdated(folder: Path, is_outdated: IsOutdated, *, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in keep and path.is_file() and is_outdated(path):
            path.unlink(missing_ok=True)


def _sync_all(folder: Path) -> None:
    """Wait until a folder is on the disk, with all that it holds."""
    for parent, _, file_names in os.walk(folder):
        for name in file_names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                _sync(path)
        _sync(Path(parent))


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    is_folder = path.is_dir()
    if os.name == "nt":
        if is_folder:  # which Windows cannot open
            return
        descriptor = os.open(path, os.O_RDWR)
    else:
        descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not is_folder:  # some file systems know no such thing for folders
            raise
    finally:
        os.close(descriptor)
