"""``python -m spacy hf-ner compare``: several pipelines, the same data."""

import json
from pathlib import Path

import typer
from wasabi import msg

from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.comparison import Standing, compare_pipelines
from spacy_hf_ner.evaluation.comparison_table import HEADER, comparison_json, comparison_rows, type_header, type_rows
from spacy_hf_ner.visual.comparison_page import make_comparison_page


def compare_command(
    models: list[str] = typer.Argument(
        metavar="MODEL MODEL … DATA",
        help="Names or folders of pipelines, then the gold data: .spacy, or any corpus that convert reads.",
    ),
    output: Path = typer.Option(..., "--output", "-o", help="Folder for comparison.json and .html.", file_okay=False),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file with your own registered functions."),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU number, or -1 for the CPU."),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sk", help="Span group of the entities of pipelines that do not set doc.ents."
    ),
) -> None:
    """Put pipelines side by side: F1 with intervals, a permutation test against the first, speed, memory and size."""
    *names, data = models
    if not names or not Path(data).exists():
        raise ConfigError(
            f"expected one pipeline or more, then gold data that exists (.spacy, or any corpus that convert reads), "
            f"got {models}."
        )
    standings = compare(names, Path(data), output, gpu_id=gpu_id, code=code, spans_key=spans_key)
    msg.table(comparison_rows(standings), header=HEADER, aligns=("l", *"r" * (len(HEADER) - 1)), divider=True)
    msg.table(type_rows(standings), header=type_header(standings), aligns=("l", *"r" * len(standings)), divider=True)
    msg.good(f"{output}: comparison.json, comparison.html")


def compare(
    models: list[str],
    data: Path,
    output: Path,
    *,
    gpu_id: int = -1,
    code: Path | None = None,
    spans_key: str | None = None,
    progress: bool = True,
) -> tuple[Standing, ...]:
    """Return the pipelines side by side, having written ``comparison.json`` and ``comparison.html`` to a folder.

    Args:
        models: Names of installed pipelines, or their folders.
        data: A .spacy file, a folder of them, or any corpus that ``hf-ner convert`` reads.
        output: The folder to write to; it is made if there is none.
        gpu_id: GPU number, or -1 for the CPU.
        code: A Python file with registered functions that the pipelines need.
        spans_key: The span group of the entities of pipelines that do not set ``doc.ents``; None for that of their
            hf_ner.
        progress: Show a progress bar.

    Raises:
        CorpusError: The data cannot be read, or holds no Docs.
    """
    standings = compare_pipelines(models, data, gpu_id=gpu_id, code=code, spans_key=spans_key, progress=progress)
    output.mkdir(parents=True, exist_ok=True)
    rows = json.dumps(comparison_json(standings), ensure_ascii=False, indent=2)
    (output / "comparison.json").write_text(rows + "\n", encoding="utf8")
    (output / "comparison.html").write_text(make_comparison_page(standings, data=data.name), encoding="utf8")
    return standings
