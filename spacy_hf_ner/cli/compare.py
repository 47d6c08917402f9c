"""``python -m spacy hf-ner compare``: several pipelines, the same data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import compare, report_comparison
from spacy_hf_ner.core.outputs import make_folder
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.comparison import Standing
from spacy_hf_ner.evaluation.comparison_table import (
    HEADER,
    comparison_json,
    comparison_rows,
    type_header,
    type_rows,
)
from spacy_hf_ner.evaluation.label_map import read_label_maps
from spacy_hf_ner.evaluation.unmet_types import find_unmet_types

__all__ = ["EXAMPLE", "compare_command"]

EXAMPLE = "first/model-best second/model-best test.spacy --output metrics"


Output = Annotated[
    Path,
    typer.Option("--output", "-o", help="Folder for comparison.json and .html.", file_okay=False),
]
LabelMap = Annotated[
    list[str],
    typer.Option(
        "--label-map",
        "-lm",
        metavar="[MODEL:]OLD=NEW",
        help="Predicted types under gold's names, of all pipelines or of one: PERSON=PER.",
        default_factory=list,
        show_default=False,
    ),
]


def compare_command(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL MODEL … DATA",
            help=(
                "Pipelines (names or folders), then gold data: .spacy, a folder of them, or files "
                "that convert reads."
            ),
        ),
    ],
    *,
    output: Output,
    label_map: LabelMap,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.ScoresKey = None,
) -> list[dict[str, Any]]:
    """Put pipelines side by side.

    F1 with intervals, a permutation test against the first, speed, memory and size.
    """
    *names, data_name = models
    data = Path(data_name)
    if not names or not data.exists():
        raise ConfigError(
            "expected one pipeline or more, then gold data that exists (.spacy, a folder of them, "
            f"or files in a format that convert reads), got {' '.join(models)}. A data set of the "
            "hub is converted first."
        )
    label_maps = read_label_maps(label_map, names)
    # Before hours of prediction, not after.
    make_folder(output)
    standings = compare(
        names,
        data,
        gpu_id=gpu_id,
        code=code,
        spans_key=spans_key,
        label_maps=label_maps,
        progress=True,
    )
    report_comparison(standings, output, data=data_name)
    _print_comparison(standings)
    msg.good(f"{output}: comparison.json, comparison.html")
    return comparison_json(standings)


def _print_comparison(standings: Sequence[Standing]) -> None:
    """Print the comparison as tables: names to the left, numbers to the right."""
    aligns = ("l", *"r" * (len(HEADER) - 1))
    msg.table(comparison_rows(standings), header=HEADER, aligns=aligns, divider=True)
    type_aligns = ("l", *"r" * len(standings))
    header = type_header(standings)
    msg.table(type_rows(standings), header=header, aligns=type_aligns, divider=True)
    for standing in standings:
        measured = standing.measured
        if measured.n_unjudged:
            predictions = count(measured.n_unjudged, "prediction")
            msg.warn(
                f"{measured.model}: not judged, on tokens without gold annotation: {predictions}."
            )
        unmet = find_unmet_types(measured.strict).describe()
        if unmet:
            msg.warn(
                f"{measured.model}: {unmet} Rename or leave out a type with "
                f"--label-map {measured.model}:OLD=NEW."
            )
