"""What needs a process of its own: peak memory, and how long it takes to start.

Prints one line of JSON.

python -m speed.alone memory NAME SETTING TEXTS
python -m speed.alone start pipeline|spacy|checkpoint FOLDER
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from speed.runner import Setting

from spacy_hf_ner.evaluation.memory import read_peak_memory

SENTENCE = "Angela Merkel met Tim Cook in San José on Friday."


def measure_memory(name: str, setting: str, texts: str) -> dict[str, float]:
    """Return the peak memory of a process in MiB, and what was taken of a GPU.

    The process loads a competitor, which reads the texts.
    """
    from speed.competitors import find_competitor

    shared = Setting(**json.loads(setting))
    use_device(shared)
    runner = find_competitor(name).load(shared)
    loaded = read_peak()
    for part in json.loads(Path(texts).read_text(encoding="utf-8")):
        runner.run(runner.prepare(part))
    peaks = {"loaded_mib": loaded, "peak_mib": read_peak()}
    if shared.device == "cuda":
        import torch

        peaks["gpu_mib"] = torch.cuda.max_memory_allocated() / (1 << 20)
    return peaks


def measure_start(what: str, folder: str) -> dict[str, float]:
    """Return the seconds and the peak memory of a program's start.

    Measured are imports, loading, the first text, and loading again.
    """
    starts: dict[str, Callable[[str], tuple[Callable[[], Any], Callable[[Any], object]]]] = {
        "pipeline": _start_pipeline,
        "spacy": partial(_start_pipeline, exclude=["hf_ner"]),
        "checkpoint": _start_checkpoint,
    }
    times = [time.perf_counter()]
    load, read = starts[what](folder)
    times.append(time.perf_counter())
    imported = read_peak()
    loaded = load()
    times.append(time.perf_counter())
    after_load = read_peak()
    read(loaded)
    times.append(time.perf_counter())
    after_text = read_peak()
    load()
    times.append(time.perf_counter())
    imports, first, text, again = (after - before for before, after in pairwise(times))
    return {
        "imports_s": imports,
        "load_s": first,
        "first_text_s": text,
        "load_again_s": again,
        "imported_mib": imported,
        "loaded_mib": after_load,
        "read_mib": after_text,
    }


def run_alone(*arguments: str) -> dict[str, float]:
    """Run this module in a process of its own and return what it prints."""
    command = [sys.executable, "-m", "speed.alone", *arguments]
    folder = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def use_device(setting: Setting) -> None:
    """Have spaCy use the GPU, if that is what is measured; it needs CuPy."""
    if setting.device == "cuda":
        from thinc.api import require_gpu

        require_gpu()


def read_peak() -> float:
    """Return the most memory that this process had so far, in MiB; NaN where it is not known."""
    peak = read_peak_memory()
    return float("nan") if peak is None else peak / 2**20


def _start_pipeline(
    folder: str, exclude: Sequence[str] = ()
) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    import spacy
    from transformers import AutoModelForTokenClassification  # noqa: F401 - imported here as in the other

    return lambda: spacy.load(folder, exclude=exclude), lambda nlp: nlp(SENTENCE)


def _start_checkpoint(folder: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    make: Any = AutoTokenizer.from_pretrained

    def read(network: Any) -> None:  # noqa: ANN401
        with torch.inference_mode():
            network(**make(folder)(SENTENCE, return_tensors="pt"))

    return lambda: AutoModelForTokenClassification.from_pretrained(folder), read


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    what, *rest = arguments
    measures: dict[str, Callable[..., dict[str, float]]] = {
        "memory": measure_memory,
        "start": measure_start,
    }
    print(json.dumps(measures[what](*rest)))


if __name__ == "__main__":
    main(sys.argv[1:])
