"""What threads and forked processes would break for one another.

Threads: networks that another thread is making. Forked processes: locks, and torch's threads.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

import torch

__all__ = ["avoid_fork_deadlock", "one_at_a_time"]

_making = threading.RLock()
_safe_pids = {os.getpid()}  # processes in which torch has the threads that it counts on

# A child must be born neither while torch is patched, nor with a lock that no thread of its own
# holds and so nobody releases: whoever forks waits for the lock, and both processes release it.
if sys.platform != "win32":
    os.register_at_fork(
        before=_making.acquire, after_in_parent=_making.release, after_in_child=_making.release
    )


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Have other threads wait while a network is made, loaded, saved or exported.

    Transformers patches torch for the whole process meanwhile: parameters that another thread
    makes at that time have no values.
    """
    avoid_fork_deadlock()
    with _making:
        yield


def avoid_fork_deadlock() -> None:
    """Have a forked process use one thread of torch: those that OpenMP counts on stayed behind."""
    pid = os.getpid()
    if pid not in _safe_pids:
        torch.set_num_threads(1)
        _safe_pids.add(pid)
