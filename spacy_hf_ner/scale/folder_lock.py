"""One run at a time writes to a folder."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spacy_hf_ner.errors import ConfigError

try:
    import fcntl

    _HAS_LOCKS = True
except ImportError:  # Windows
    _HAS_LOCKS = False

__all__ = ["lock_folder"]

WAIT_S: Final = 30.0  # for workers of a run that was killed, which end by themselves
_POLL_S: Final = 0.1


@contextlib.contextmanager
def lock_folder(folder: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold a folder for this process and those that it forks, until all of them have ended.

    On disks and systems that know no locks, nobody is kept out.

    Args:
        folder: The folder.
        wait_s: How long to wait for others.

    Raises:
        ConfigError: Another run is writing there.
    """
    if not _HAS_LOCKS:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + wait_s
        while not _try_to_lock(descriptor):
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"OUTPUT must be a folder that no other run writes to, got {folder}: one does. "
                    "Wait until it has ended, or name another folder."
                )
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _try_to_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return True
