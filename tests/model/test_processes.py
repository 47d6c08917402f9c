"""Threads wait for one another where a network is made; forked processes are born without locks."""

import subprocess
import sys
import threading

import pytest
import torch

from spacy_hf_ner.model.processes import avoid_fork_deadlock, one_at_a_time
from tests.patience import PATIENCE_S

# Each runs in a fresh process, whose threads and forks are its own.
FORK_WHILE_A_THREAD_HOLDS_THE_LOCK = """
import os, threading
from spacy_hf_ner.model.processes import one_at_a_time

held, release = threading.Event(), threading.Event()

def hold():
    with one_at_a_time():
        held.set()
        release.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
threading.Timer(0.2, release.set).start()  # whoever forks waits until then
pid = os.fork()
if pid == 0:
    with one_at_a_time():
        os._exit(0)
thread.join()
with one_at_a_time():
    print("child ended with", os.waitpid(pid, 0)[1], "and the parent has the lock")
"""
THREADS_OF_A_FORKED_PROCESS = """
import os, torch
from spacy_hf_ner.model.processes import avoid_fork_deadlock

torch.set_num_threads(2)
avoid_fork_deadlock()
print("parent", torch.get_num_threads(), flush=True)
pid = os.fork()
if pid == 0:
    avoid_fork_deadlock()
    first = torch.get_num_threads()
    torch.set_num_threads(2)  # somebody's own choice afterwards is left alone
    avoid_fork_deadlock()
    print("child", first, torch.get_num_threads(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""

forks = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")


def run(program: str) -> list[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    finished = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    return finished.stdout.splitlines()


@forks
def test_a_process_is_not_born_with_a_lock_that_nobody_releases() -> None:
    assert run(FORK_WHILE_A_THREAD_HOLDS_THE_LOCK) == [
        "child ended with 0 and the parent has the lock"
    ]


@forks
def test_a_forked_process_uses_one_thread_of_torch_until_it_chooses_otherwise() -> None:
    assert run(THREADS_OF_A_FORKED_PROCESS) == ["parent 2", "child 1 2"]


def test_the_process_that_imported_torch_keeps_its_threads() -> None:
    before = torch.get_num_threads()
    avoid_fork_deadlock()
    assert torch.get_num_threads() == before


def test_threads_take_turns_and_one_may_enter_twice() -> None:
    inside = 0
    most = 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(200):
            with one_at_a_time(), one_at_a_time():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert inside == 0
