"""The arguments and options that several commands share, each written once.

A command names them as the types of its parameters. Options of its own have names, too, above it::

    Width = Annotated[int, typer.Option(help="Columns of the page.")]


    def show(model: options.Model, *, gpu_id: options.GpuId = -1, width: Width = 80) -> None: ...
"""

from pathlib import Path
from typing import Annotated, Final

import typer

__all__ = [
    "CONFIG_CONTEXT",
    "BatchSize",
    "Code",
    "Config",
    "EntitiesKey",
    "GoldData",
    "GpuId",
    "Model",
    "ScoresKey",
    "TextColumn",
    "Texts",
    "Thresholds",
    "Vectors",
]

CONFIG_CONTEXT: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""What lets settings of the config pass as options, such as ``--training.max_steps 20``."""

Config = Annotated[
    Path, typer.Argument(help="Config file, such as init-config writes.", exists=True)
]

Model = Annotated[str, typer.Argument(help="Name of an installed pipeline, or its folder.")]

GoldData = Annotated[
    Path,
    typer.Argument(
        help="Gold data: .spacy, a folder of them, or files in a format that convert reads."
    ),
]

Texts = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help=(
            "Texts: a file of lines, .jsonl, .json, .csv, .tsv, .parquet or .spacy, also .gz and "
            ".zst; a folder or a pattern of these and of files that are a text each; hf:NAME; or "
            "- for the lines of stdin."
        ),
    ),
]

TextColumn = Annotated[
    str, typer.Option(help="Field of records, or column of a table, that holds the text.")
]

Thresholds = Annotated[
    list[str],
    typer.Option(
        "--threshold",
        "-th",
        metavar="[TYPE=]SCORE",
        help="Lowest score of an entity, for all types or for one; may be repeated.",
        default_factory=list,
        show_default=False,
    ),
]

BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Texts predicted together; by default the pipeline's own."),
]

Code = Annotated[
    Path | None,
    typer.Option("--code", "-c", help="Python file with your own registered functions."),
]

GpuId = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU number, or -1 for the CPU.")]

EntitiesKey = Annotated[
    str | None,
    typer.Option("--spans-key", "-sk", help="Span group of the entities, in place of doc.ents."),
]

ScoresKey = Annotated[
    str | None,
    typer.Option(
        "--spans-key",
        "-sk",
        help="Span group of the scores, or of the entities if doc.ents is not set.",
    ),
]

Vectors = Annotated[
    str, typer.Option(help="Word vectors for analogies: that package, a file, or a pipeline.")
]
