"""What one run found: tables for the terminal, JSON for programs."""

import json
import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from corpora import spread
from speed.rounds import KindResult, Measured
from speed.runner import Device
from wasabi import msg

KIND_NAMES = {"short": "short texts, one sentence each", "documents": "whole documents"}
DTYPE_NAMES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
_LIBRARIES = ("torch", "transformers", "spacy", "spacy-hf-ner")


@dataclass(slots=True)
class Report:
    """One run.

    Attributes:
        corpus: The corpus that the pipeline was trained on, and whose development data was read.
        machine: What it ran on, and with what.
        kinds: What was measured on each kind of texts.
        roles: The role of each competitor.
        absent: Why some did not take part.
        memory: Peak memory of each competitor in a process of its own.
        starts: How ``spacy.load``, the same without our component, and ``from_pretrained`` start,
            each time.
        signature: What our pipeline's figures were made with; empty in reports that were saved
            before it was kept.
    """

    corpus: str
    machine: dict[str, str]
    kinds: list[KindResult] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    starts: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    signature: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read_report(path: Path) -> Report:
    """Return a report that was saved."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    kinds = [
        KindResult(
            **{
                **kind,
                "measured": {name: Measured(**one) for name, one in kind["measured"].items()},
            }
        )
        for kind in raw["kinds"]
    ]
    return Report(**{**raw, "kinds": kinds})


def describe_machine(device: Device) -> dict[str, str]:
    """Return what figures depend on."""
    facts = {
        "processor": torch.cuda.get_device_name() if device == "cuda" else _find_processor(),
        "threads": str(torch.get_num_threads()),
        "wait policy": os.environ.get("OMP_WAIT_POLICY", "default"),
        "python": platform.python_version(),
    }
    return facts | {library: version(library).partition("+")[0] for library in _LIBRARIES}


def name_competitor(name: str, measured: Measured) -> str:
    """Return a competitor's name, with the precision where it chooses that by itself."""
    return (
        f"{name} ({DTYPE_NAMES.get(measured.dtype, measured.dtype)})"
        if name.endswith("auto")
        else name
    )


def print_report(report: Report) -> None:
    """Print the tables."""
    print(", ".join(f"{name} {value}" for name, value in report.machine.items()))
    for result in report.kinds:
        _print_kind(result)
    if report.memory:
        _print_memory(report.memory)
    if report.starts:
        _print_starts(report.starts)
    for name, reason in report.absent.items():
        print(f"Did not take part: {name}: {reason}")


def _print_kind(result: KindResult) -> None:
    msg.divider(f"{KIND_NAMES[result.kind]}: {result.n_texts:,} texts, {result.n_words:,} words")
    header = (
        "",
        "words/s",
        "ratio",
        "F1",
        "of peak",
        "network",
        "rest, ms/1,000 words",
        "one text, ms",
    )
    rows = [
        (
            name_competitor(name, one),
            spread(one.words_per_second),
            spread(one.ratios, 2) if one.ratios else "–",
            "–" if one.f1 is None else f"{one.f1:.2%}",
            "–" if one.peak_share is None else f"{one.peak_share:.0%}",
            "–" if one.forward_share is None else f"{one.forward_share:.0%}",
            "–" if one.rest_ms is None else f"{one.rest_ms:.1f}",
            f"{statistics.median(one.latency_ms):.1f}" if one.latency_ms else "–",
        )
        for name, one in result.measured.items()
    ]
    msg.table(rows, header=header, aligns=("l", *"r" * (len(header) - 1)), divider=True)
    peaks = ", ".join(
        f"{DTYPE_NAMES[name]} {flops / 1e9:,.0f} GFLOP/s"
        for name, flops in result.peak_flops.items()
    )
    n_rounds = len(next(iter(result.measured.values())).words_per_second)
    print(f"Median (range) of {n_rounds} rounds; ratio to hf_token_pipe.")
    for line in _compare_with_raw(result):
        print(line)
    print(
        f"Best batch size of Hugging Face's pipeline: {result.batch_size}. "
        f"Peak of matrix products: {peaks}."
    )
    print(
        "spacy-transformers + ner was trained for a few steps only: "
        "its speed counts, its entities do not."
    )


def _print_starts(starts: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    names = {
        "pipeline": "spacy.load",
        "spacy": "spacy.load, without hf_ner",
        "checkpoint": "from_pretrained",
    }
    columns = {"imports_s": "imports, s", "load_s": "load, s", "first_text_s": "first text, s"}
    columns |= {
        "load_again_s": "load again, s",
        "imported_mib": "MiB imported",
        "loaded_mib": "loaded",
        "read_mib": "read",
    }
    rows = [
        (
            names[what],
            *(
                spread([one[key] for one in runs], 2 if key.endswith("_s") else 0)
                for key in columns
            ),
        )
        for what, runs in starts.items()
    ]
    msg.divider("start of a fresh process, in turns")
    msg.table(rows, header=("", *columns.values()), aligns=("l", *"r" * len(columns)), divider=True)


def _compare_with_raw(result: KindResult) -> Iterator[str]:
    """Yield what share of the bare network's speed ours keeps in the same precision.

    Ours does much besides.
    """
    ours = result.measured.get("hf_ner, fp32")
    for name, raw in result.measured.items():
        if ours is not None and name.startswith("raw"):
            pairs = zip(ours.words_per_second, raw.words_per_second, strict=True)
            ratio = spread([a / b for a, b in pairs], 2)
            yield f"hf_ner, fp32 reads {ratio} times the words/s of {name}."


def _print_memory(memory: Mapping[str, Mapping[str, float]]) -> None:
    columns = {"loaded_mib": "loaded", "peak_mib": "having read", "gpu_mib": "of the GPU"}
    columns = {
        key: title for key, title in columns.items() if any(key in one for one in memory.values())
    }
    rows = [(name, *(f"{one[key]:,.0f} MiB" for key in columns)) for name, one in memory.items()]
    msg.divider("peak memory of the whole process, each in its own")
    msg.table(rows, header=("", *columns.values()), aligns=("l", *"r" * len(columns)), divider=True)


def _find_processor() -> str:
    """Return the processor's name and its cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"
