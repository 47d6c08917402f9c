"""Many requests through SIGTERM and SIGHUP, each answer compared with what the pipeline says.

    python benchmarks/serve_endurance.py MODEL [--requests 100000]

Two workers serve; again and again one of them is ended, or all read their models again. Prints lost
and wrong answers, and how much memory the workers hold.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import spacy
from http_load import Load, Server, ask_for, run_server
from serve import choose_texts

N_WORKERS: Final = 2
N_CLIENTS: Final = 32
N_EVENTS: Final = 10
_KIBIBYTES: Final = 1024


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a pipeline with hf_ner")
    parser.add_argument("--requests", type=int, default=100_000)
    args = parser.parse_args()
    texts = choose_texts()["short"]
    nlp = spacy.load(args.model)
    expected = [[_describe(entity) for entity in nlp(text).ents] for text in texts]
    command = ["-m", "spacy", "hf-ner", "serve", str(args.model), "--port", "0"]
    command += ["--workers", str(N_WORKERS)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with run_server("hf-ner serve", command, log, n_workers=N_WORKERS) as server:
            load = asyncio.run(_endure(server, texts, expected, args.requests))
            said = log.read_text(encoding="utf8")
    print(f"{len(load.seconds):,} answers in {load.elapsed:,.0f} s, {load.rate:,.0f} a second")
    print(f"{said.count(': reloaded')} reloads, {said.count('another begins')} workers replaced")
    print(f"{len(load.errors)} lost or wrong")
    for error in load.errors[:5]:
        print(error[:500])
    sys.exit(bool(load.errors))


def _describe(entity: Any) -> tuple[int, int, str]:  # noqa: ANN401 - a Span
    return entity.start_char, entity.end_char, entity.label_


async def _endure(
    server: Server, texts: list[str], expected: list[list[tuple[int, int, str]]], n_requests: int
) -> Load:
    every = n_requests // N_EVENTS

    def may_go_on(n_begun: int) -> bool:
        if n_begun >= n_requests:
            return False
        if n_begun and n_begun % every == 0:
            _disturb(server, n_begun // every)
        return True

    def is_right(i: int, answer: dict[str, Any]) -> bool:
        (result,) = answer["results"]
        found = [(entity["start"], entity["end"], entity["label"]) for entity in result["entities"]]
        return found == expected[i]

    return await ask_for(
        server.port, texts, n_clients=N_CLIENTS, may_go_on=may_go_on, check=is_right
    )


def _disturb(server: Server, turn: int) -> None:
    """End a worker, or have all read their models again; say how much memory they hold."""
    workers = _list_workers(server.process.pid)
    memory = ", ".join(f"{_read_memory(worker):,.0f}" for worker in workers)
    print(f"turn {turn}: workers hold {memory} MiB", flush=True)
    if turn % 2:
        server.process.send_signal(signal.SIGHUP)
    elif len(workers) == N_WORKERS:
        os.kill(workers[0], signal.SIGTERM)


def _list_workers(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    workers: list[int] = []
    for child in children:
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            workers.append(int(child))
    return workers


def _read_memory(pid: int) -> float:
    """Return the mebibytes that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _KIBIBYTES
    return 0.0


if __name__ == "__main__":
    main()
