"""``python -m spacy hf-ner check``: is gold data right, before an hour of training?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.checking.check_report import CheckReport
from spacy_hf_ner.checking.findings import Finding
from spacy_hf_ner.checking.suggestions import Suggestion
from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import check, report_check
from spacy_hf_ner.core.outputs import make_folder
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.formatting import format_score

__all__ = ["EXAMPLE", "check_command", "print_check"]

EXAMPLE = "train.spacy dev.spacy --model training/model-best"

_N_SUGGESTIONS: Final = 10

_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "blue"}


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help=("Pipeline, or checkpoint to train: its tokenizer and its predictions are compared."),
    ),
]
CrossValidate = Annotated[
    int,
    typer.Option(
        "--cross-validate",
        "-cv",
        min=0,
        metavar="FOLDS",
        help=("Train so many models as the config of --model says, each judged on its own share."),
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps", min=1, help="Updates for each of them; by default as in the config."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for check.json and check.html.", file_okay=False),
]
Lang = Annotated[str, typer.Option("--lang", help="Language of the texts without a model.")]


def check_command(  # noqa: PLR0913 - one argument an option
    data: Annotated[
        list[Path],
        typer.Argument(
            help="Gold data: .spacy, folders of them, or files in a format that convert reads."
        ),
    ],
    *,
    model: Model = None,
    cross_validate: CrossValidate = 0,
    max_steps: MaxSteps = None,
    output: Output = None,
    lang: Lang = "en",
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.ScoresKey = None,
) -> dict[str, Any]:
    """Say what is wrong with gold data, before training on it.

    Types with too few entities, entities that tokens or subwords cannot express, texts that repeat
    or leak, wrong encodings, and annotation that is likely wrong: from the data alone, and from
    models.

    The exit code is 0 whatever is found, and 1 if the data cannot be read.
    """
    import_code(code)
    use_gpu(gpu_id)
    if output is not None:
        make_folder(output)
    checked = check(
        data,
        model=model,
        n_folds=cross_validate,
        max_steps=max_steps,
        lang=lang,
        spans_key=spans_key,
        progress=True,
    )
    print_check(checked)
    if output is not None:
        report_check(checked, output)
        msg.good(f"{output}: check.json, check.html")
    return checked.to_json()


def print_check(checked: CheckReport) -> None:
    """Print entities per type, all findings, and the first suggestions."""
    parts = list(checked.n_docs)
    msg.divider(", ".join(f"{name}: {count(checked.n_docs[name], 'document')}" for name in parts))
    aligns = ("l", *"r" * len(parts))
    msg.table(checked.type_rows(), header=("", *parts), aligns=aligns, divider=True)
    for finding in checked.findings:
        _print_finding(finding)
    _print_suggestions(checked.suggestions)


def _print_finding(finding: Finding) -> None:
    # No warnings of the command, which go to stderr: they are what was asked for.
    message = f"{finding.severity}: {finding.message} {finding.advice}"
    msg.text(message, color=_COLOURS[finding.severity])
    for place in finding.examples:
        msg.text(f"    {place}")


def _print_suggestions(suggestions: Sequence[Suggestion]) -> None:
    if not suggestions:
        return
    first = suggestions[:_N_SUGGESTIONS]
    n = count(len(suggestions), "place")
    msg.divider(f"Annotation that may be wrong: {n}, the likeliest first")
    for suggestion in first:
        msg.text(f"{suggestion.place}")
        suspicion = format_score(suggestion.suspicion)
        msg.text(f"    {suggestion.gold}; likelier {suggestion.likelier} ({suspicion}):")
        msg.text(f"    {suggestion.reason}")
