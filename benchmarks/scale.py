"""Any number of texts: speed beside others, memory, faults, and how long a finished run takes.

    python benchmarks/scale.py speed [--texts 4000]
    python benchmarks/scale.py memory [--texts 1000000] [--tiny] [--chart FILE.svg] [--csv FILE]
    python benchmarks/scale.py faults [--rounds 100]
    python benchmarks/scale.py finished [--shards 10000]

`speed` and `memory` read sentences of real data (of the sample corpus, where that lies nowhere)
with the MiniLM encoder and a head that was never trained: neither depends on what it finds.
`--tiny`, and all of `faults` and `finished`, take a network of two small layers.

Other programs on the machine change how long things take, but hardly how long the cores work: so
`speed` gives both, for each way in a process of its own with one torch thread in each worker.
"""

import argparse
import contextlib
import csv
import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import spacy
import torch
from corpora import REPOSITORY
from memory import draw, make_pipeline, read_sentences
from spacy.language import Language

from spacy_hf_ner.errors import OutputError
from spacy_hf_ner.scale import AnnotateSettings, LocalExecutor, annotate_folder
from spacy_hf_ner.scale.annotator import load_annotator
from spacy_hf_ner.visual.charts import Axis, Series, draw_chart

WAYS: Final = (
    "bare pipe",
    "shards, 1 worker",
    "shards, 2 workers",
    "nlp.pipe, n_process=2",
    "datasets.map, num_proc=2",
    "bare pipe, 2 threads",
)
N_POINTS: Final = 10
_MEBIBYTE: Final = 1024  # in kibibytes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "memory", "faults", "finished"))
    parser.add_argument("--texts", type=int)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--way", choices=WAYS, help="of `speed`, one alone, as a line of JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hf-ner-scale-") as name:
        folder = Path(name)
        if args.way:
            print(json.dumps(asdict(measure_way(args.way, args.texts, folder))))
        elif args.what == "speed":
            compare_speeds(args.texts or 4_000)
        elif args.what == "memory":
            curve = measure_memory(args.texts or 1_000_000, folder, is_tiny=args.tiny)
            save_curve(curve, args.csv, args.chart)
        elif args.what == "faults":
            survive_faults(args.rounds, folder)
        else:
            measure_finished(args.shards, folder)


@dataclass(frozen=True)
class Speed:
    """How fast texts were annotated.

    Attributes:
        way: How.
        n_texts: Texts.
        n_words: Tokens in them.
        seconds: From the first text to the last, without loading the model.
        core_seconds: What all cores worked for it.
    """

    way: str
    n_texts: int
    n_words: int
    seconds: float
    core_seconds: float


def compare_speeds(n_texts: int) -> None:
    """Print a table of all ways."""
    print("| way | documents/s | words/s | core-seconds | words a core-second |")
    print("|---|--:|--:|--:|--:|")
    for way in WAYS:
        command = [sys.executable, __file__, "speed", "--texts", str(n_texts), "--way", way]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        run = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, env=environment
        )
        speed = Speed(**json.loads(run.stdout.splitlines()[-1]))
        print(
            f"| {way} | {speed.n_texts / speed.seconds:,.0f} | "
            f"{speed.n_words / speed.seconds:,.0f} | {speed.core_seconds:,.1f} | "
            f"{speed.n_words / speed.core_seconds:,.0f} |",
            flush=True,
        )


def measure_way(way: str, n_texts: int, folder: Path) -> Speed:
    """Return how fast one way is, in this process."""
    torch.set_num_threads(2 if way.endswith("threads") else 1)
    nlp = make_pipeline("auto")
    texts = list(draw(read_sentences(), n_texts))
    list(nlp.pipe(texts[:50]))
    annotate = choose_way(way, nlp, texts, folder)
    start = time.perf_counter()
    core_start = read_core_seconds()
    annotate()
    seconds = time.perf_counter() - start
    core_seconds = read_core_seconds() - core_start
    n_words = sum(len(nlp.make_doc(text)) for text in texts)
    return Speed(way, n_texts, n_words, seconds, core_seconds)


def read_core_seconds() -> float:
    """Return what this process, and its children that have ended, have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def choose_way(way: str, nlp: Language, texts: Sequence[str], folder: Path) -> Callable[[], object]:
    """Return what annotates texts in one way."""
    if way.startswith("bare"):
        return lambda: count_entities(nlp, texts)
    if way.startswith("nlp.pipe"):
        return lambda: count_entities(nlp, texts, n_process=2)
    if way.startswith("datasets"):
        import datasets

        table = datasets.Dataset.from_dict({"text": list(texts)})

        def find(batch: dict[str, list[str]]) -> dict[str, list[int]]:
            return {"n": [len(doc.ents) for doc in nlp.pipe(batch["text"])]}

        return lambda: table.map(find, batched=True, num_proc=2, load_from_cache_file=False)
    nlp.to_disk(folder / "model")
    source = write_texts(folder / "texts.jsonl", texts)
    settings = AnnotateSettings(model=str(folder / "model"))
    n_workers = int(way.split()[1])
    load_annotator(settings).warm_up()  # nobody measures that
    return lambda: annotate_folder(
        str(source), folder / "out", settings, LocalExecutor(n_workers), shard_size=1_000
    )


def count_entities(nlp: Language, texts: Sequence[str], *, n_process: int = 1) -> int:
    """Return how many entities there are."""
    return sum(len(doc.ents) for doc in nlp.pipe(texts, n_process=n_process))


def write_texts(path: Path, texts: Iterator[str] | Sequence[str]) -> Path:
    """Write texts with ids, a line of JSON each."""
    with path.open("w", encoding="utf8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": f"d{number}", "text": text}, ensure_ascii=False) + "\n")
    return path


def make_tiny_model(folder: Path) -> Path:
    """Write a pipeline with a network of two small layers, which reads quickly."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.checkpoints import make_checkpoint

    nlp = spacy.blank("en")
    name = str(make_checkpoint(folder / "checkpoint", seed=3, head_scale=4.0))
    nlp.add_pipe("hf_ner", config={"model": {"name": name}})
    nlp.to_disk(folder / "tiny")
    return folder / "tiny"


def measure_memory(n_texts: int, folder: Path, *, is_tiny: bool) -> list[tuple[int, float]]:
    """Return what a worker holds, in MiB, after so many texts, at ten points."""
    if is_tiny:
        model = make_tiny_model(folder)
    else:
        make_pipeline("auto").to_disk(folder / "model")
        model = folder / "model"
    source = write_texts(folder / "texts.jsonl", draw(read_sentences(), n_texts))
    settings = AnnotateSettings(model=str(model))
    samples: list[tuple[int, float]] = []
    is_done = threading.Event()

    def watch() -> None:
        manifest = folder / "out" / "manifest.jsonl"
        while not is_done.wait(0.5):
            for worker in find_children():
                with contextlib.suppress(OSError, ValueError):
                    n_whole = manifest.read_bytes().count(b'"kind": "whole"')
                    samples.append((n_whole, read_memory(worker)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    shard_size = max(n_texts // 200, 100)
    start = time.perf_counter()
    summary = annotate_folder(
        str(source), folder / "out", settings, LocalExecutor(1), shard_size=shard_size
    )
    seconds = time.perf_counter() - start
    is_done.set()
    watcher.join()
    print(f"{summary.n_annotated:,} of {n_texts:,} texts in {seconds:,.0f} s")
    return pick_points(samples, shard_size, summary.n_shards)


def pick_points(
    samples: Sequence[tuple[int, float]], shard_size: int, n_shards: int
) -> list[tuple[int, float]]:
    """Return the last sample before each tenth of the run."""
    points: list[tuple[int, float]] = []
    for tenth in range(1, N_POINTS + 1):
        until = n_shards * tenth / N_POINTS
        n_whole, mebibytes = [sample for sample in samples if sample[0] <= until][-1]
        points.append((n_whole * shard_size, mebibytes))
    values = [mebibytes for _, mebibytes in points]
    for n_texts, mebibytes in points:
        print(f"{n_texts:>12,} texts  {mebibytes:>7,.0f} MiB")
    # The first tenth is the one in which caches fill.
    settled = values[1:]
    print(f"from the second point on within {(max(settled) / min(settled) - 1):.1%}")
    return points


def find_children() -> list[int]:
    """Return the processes that this one has started."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return [int(pid) for pid in children.read_text(encoding="ascii").split()]


def read_memory(pid: int) -> float:
    """Return the MiB that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    _, _, after_name = status.partition("VmRSS:")
    return int(after_name.split()[0]) / _MEBIBYTE


def save_curve(curve: Sequence[tuple[int, float]], table: Path | None, chart: Path | None) -> None:
    """Write the curve as CSV, and as a picture."""
    if table:
        with table.open("w", encoding="utf8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["texts", "mebibytes"])
            writer.writerows((n_texts, round(mebibytes)) for n_texts, mebibytes in curve)
    if chart:
        chart.write_text(draw_curve(curve), encoding="utf8")


def draw_curve(curve: Sequence[tuple[int, float]]) -> str:
    """Return the curve as an SVG that stands alone."""
    most = max(n_texts for n_texts, _ in curve)
    title = "Memory of one worker over the texts that it has read"
    figure = draw_chart(
        [Series("", [(n / 1000, mebibytes) for n, mebibytes in curve], style="both")],
        title=title,
        x=Axis("texts, in thousands", 0, most / 1000),
        y=Axis("MiB", 0, 1.2 * max(mebibytes for _, mebibytes in curve)),
    )
    drawing = figure[figure.index("<svg") : figure.index("</svg>") + len("</svg>")]
    style = (
        "<style>text{font:12px sans-serif;fill:#555}.grid{stroke:#ddd}"
        ".line{stroke:#2f6db3;stroke-width:2;fill:none}circle{fill:#2f6db3}</style>"
    )
    opening = drawing[: drawing.index(">")].replace(
        "<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1
    )
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return f"{opening}>{background}{style}{drawing[drawing.index('>') + 1 :]}\n"


def survive_faults(n_rounds: int, folder: Path) -> None:
    """Kill workers and parents at random moments, fill the disk; count what is whole after it."""
    model = make_tiny_model(folder)
    texts = [f"Angela Merkel met Kofi Annan on day {i}." for i in range(120)]
    source = write_texts(folder / "texts.jsonl", texts)
    settings = AnnotateSettings(model=str(model), batch_size=16)
    load_annotator(settings).warm_up()  # nobody measures that
    torch.set_num_threads(1)
    seconds = measure_once(source, folder / "whole", settings)
    expected = {f"d{i}" for i in range(len(texts))}
    moments = random.Random(0)  # noqa: S311 - no secret
    outcomes: Counter[tuple[str, str]] = Counter()
    for number in range(n_rounds):
        fault = ("worker", "parent", "full disk")[number % 3]
        output = folder / f"round-{number}"
        hit = harm(fault, source, output, settings, moments.uniform(0, seconds), moments)
        run_again(source, output, settings)
        problem = find_problem(output, expected)
        outcomes[fault, problem or "whole"] += 1
        outcomes[fault, "hit" if hit else "missed: the run had ended"] += 1
        print(f"round {number + 1}, {fault}: {problem or 'whole'}", flush=True)
    for (fault, outcome), n in sorted(outcomes.items()):
        print(f"{fault:>9}  {outcome:<26} {n:>4}")


def run_again(source: Path, output: Path, settings: AnnotateSettings) -> None:
    """Run as the command does, in this process."""
    annotate_folder(str(source), output, settings, LocalExecutor(2), shard_size=10)


def measure_once(source: Path, output: Path, settings: AnnotateSettings) -> float:
    """Return how long an undisturbed run takes."""
    start = time.perf_counter()
    run_again(source, output, settings)
    return time.perf_counter() - start


def harm(
    fault: str,
    source: Path,
    output: Path,
    settings: AnnotateSettings,
    moment: float,
    moments: random.Random,
) -> bool:
    """Run in a child, and let something happen to it; return whether it still ran then."""

    def run() -> None:
        if fault == "full disk":
            n_bytes = moments.choice((500, 2_000, 3_000, 5_000, 8_000))
            resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        try:
            run_again(source, output, settings)
        except OutputError:
            os._exit(7)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    hit = True
    if fault != "full disk":
        time.sleep(moment)
        assert child.pid is not None
        pids = [child.pid]
        if fault == "worker":
            with contextlib.suppress(OSError):
                listed = Path(f"/proc/{child.pid}/task/{child.pid}/children")
                pids = [int(pid) for pid in listed.read_text(encoding="ascii").split()]
        hit = bool(pids) and child.is_alive()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    child.join()
    return hit if fault != "full disk" else child.exitcode == 7  # noqa: PLR2004 - see above


def find_problem(output: Path, expected: set[str]) -> str:
    """Return what is wrong with a folder; nothing where each text is there once, and no half."""
    ids: Counter[str] = Counter()
    for file in (output / "shards").glob("*.parquet"):
        ids.update(pq.read_table(file, columns=["id"])["id"].to_pylist())
    ids.update(pq.read_table(output / "errors.parquet", columns=["id"])["id"].to_pylist())
    if ids != Counter(expected):
        return f"{sum(ids.values())} ids, {len(ids)} of them different"
    hidden = [path.name for path in output.rglob(".*")]
    return f"left over: {hidden}" if hidden else ""


def measure_finished(n_shards: int, folder: Path) -> None:
    """Print how long it takes to find that a run of many shards is finished."""
    model = make_tiny_model(folder)
    source = write_texts(folder / "texts.jsonl", (f"Day {i}." for i in range(n_shards)))
    settings = AnnotateSettings(model=str(model))
    executor = LocalExecutor(2)
    annotate_folder(str(source), folder / "out", settings, executor, shard_size=1)
    start = time.perf_counter()
    summary = annotate_folder(str(source), folder / "out", settings, LocalExecutor(2), shard_size=1)
    print(f"{summary.n_skipped:,} shards found whole in {time.perf_counter() - start:.1f} s")
    command = [sys.executable, "-m", "spacy", "hf-ner", "annotate"]
    start = time.perf_counter()
    core_start = read_core_seconds()
    subprocess.run(  # noqa: S603
        [*command, str(model), str(source), str(folder / "out"), "--quiet"], check=True
    )
    print(
        f"the command: {time.perf_counter() - start:.1f} s, of which the cores worked "
        f"{read_core_seconds() - core_start:.1f} s"
    )


if __name__ == "__main__":
    main()
