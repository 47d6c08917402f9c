"""Requests a second and their times: `hf-ner serve`, the same without batches, and plain FastAPI.

    python benchmarks/serve.py MODEL [--rounds 3] [--seconds 8]

Plain FastAPI calls Hugging Face's pipeline in its threads (`plain_server.py`). All servers run at
once, and are asked in turns, so that what else goes on on the machine meets all of them. Clients
are in this process. The texts are those of the speed benchmark: the sentences and the documents of
CoNLL++ dev where that is at hand, else of the sample corpus.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import spacy
from http_load import Load, Server, ask_for, run_server
from speed.texts import find_corpus, read_texts

N_TEXTS: Final = 500
OURS: Final = "hf-ner serve"
ALONE: Final = "without batches"
PLAIN: Final = "plain FastAPI"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="folder of a pipeline with hf_ner")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="that each is asked each time")
    args = parser.parse_args()
    texts = choose_texts()
    with ExitStack() as stack:
        servers = start_servers(args.model, stack)
        for kind, chosen in texts.items():
            alone = measure_alone(args.model, chosen, args.seconds)
            print(f"{kind}: nlp(text) in this process, p50 {alone:.1f} ms", flush=True)
            for n_clients in args.clients:
                loads = measure(servers, chosen, n_clients, args.rounds, args.seconds)
                report(kind, n_clients, loads)


def choose_texts() -> dict[str, list[str]]:
    """Return sentences and documents from all over a corpus."""
    read = read_texts(find_corpus().dev, spacy.blank("en").vocab)
    texts: dict[str, list[str]] = {}
    for kind, found in read.items():
        step = max(1, len(found) // N_TEXTS)
        texts[kind] = [text.text for text in found[::step]]
    return texts


def start_servers(model: Path, stack: ExitStack) -> list[Server]:
    """Start all servers, which end with a stack."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    command = ["-m", "spacy", "hf-ner", "serve", str(model), "--port", "0"]
    plain = ["-m", "uvicorn", "--app-dir", str(Path(__file__).parent), "plain_server:app"]
    plain += ["--port", "0", "--no-access-log"]
    checkpoint = str(model / "hf_ner" / "model")
    return [
        stack.enter_context(run_server(OURS, command, folder / "ours.txt")),
        stack.enter_context(
            run_server(ALONE, [*command, "--batch-subwords", "1"], folder / "alone.txt")
        ),
        stack.enter_context(run_server(PLAIN, plain, folder / "plain.txt", CHECKPOINT=checkpoint)),
    ]


def measure_alone(model: Path, texts: Sequence[str], seconds: float) -> float:
    """Return the median of the milliseconds that a text takes without a server."""
    nlp = spacy.load(model)
    nlp(texts[0])
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        nlp(texts[len(taken) % len(texts)])
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1_000


def measure(
    servers: Sequence[Server], texts: Sequence[str], n_clients: int, rounds: int, seconds: float
) -> dict[str, list[Load]]:
    """Return what clients see of each server, round by round."""
    loads: dict[str, list[Load]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            asking = ask_for(server.port, texts, n_clients=n_clients, may_go_on=_go_on_for(seconds))
            load = asyncio.run(asking)
            assert not load.errors, load.errors[:3]
            loads[server.name].append(load)
    return loads


def _go_on_for(seconds: float) -> Callable[[int], bool]:
    end = time.perf_counter() + seconds
    return lambda _n_begun: time.perf_counter() < end


def report(kind: str, n_clients: int, loads: dict[str, list[Load]]) -> None:
    """Print a row for each server; the ratio is the median of those of the rounds."""
    busy, _, _ = os.getloadavg()
    for name, found in loads.items():
        ratios = [ours.rate / plain.rate for ours, plain in zip(found, loads[PLAIN], strict=True)]
        cells = [f"{statistics.median(load.rate for load in found):,.0f}"]
        for share in (50, 95, 99):
            cells.append(f"{statistics.median(load.percentile(share) for load in found):,.1f}")
        cells.append(f"{statistics.median(ratios):.1f}")
        print(
            f"| {kind}, {n_clients} | {name} |", " | ".join(cells), f"| load {busy:.1f}", flush=True
        )


if __name__ == "__main__":
    main()
