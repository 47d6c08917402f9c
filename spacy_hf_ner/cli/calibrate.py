"""``python -m spacy hf-ner calibrate``: make the scores of a pipeline mean what they say."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import calibrate
from spacy_hf_ner.core.dial import DIAL_HEADER, Dial, tabulate_dial
from spacy_hf_ner.core.outputs import check_file
from spacy_hf_ner.core.replacing import write_file
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.pipe.fitting import (
    FEW_DOCS,
    FEW_SPANS,
    CalibrationReport,
    TooFewSpansError,
)
from spacy_hf_ner.pipe.int8_trial import Int8Trial
from spacy_hf_ner.pipe.tag_calibration import TagCalibrationReport
from spacy_hf_ner.visual.dial_page import make_dial_page

__all__ = ["EXAMPLE", "calibrate_command", "print_dial", "print_int8_trial", "print_report"]

EXAMPLE = "training/model-best dev.spacy training/model-calibrated"


InPlace = Annotated[
    bool,
    typer.Option("--in-place", help="Save the calibrated pipeline over MODEL, without OUTPUT."),
]
Aim = Annotated[
    str | None,
    typer.Option(
        "--aim",
        help=(
            "Find the bias that reaches recall=NUMBER, or precision=NUMBER, on DATA, and set it."
        ),
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report", help="HTML file with the curve of precision and recall over the bias."
    ),
]
Int8 = Annotated[
    bool,
    typer.Option(
        "--int8",
        help=(
            "Compare what is found in 8-bit integers on DATA; if it is the same, take them on CPUs "
            'that can, wherever precision is "auto".'
        ),
    ),
]


def calibrate_command(  # noqa: PLR0913 - one argument an option
    model: options.Model,
    data: Annotated[
        Path,
        typer.Argument(
            help="Gold data that it was not trained on: .spacy, or any corpus.", exists=True
        ),
    ],
    output: Annotated[
        Path | None, typer.Argument(help="Folder for the calibrated pipeline.")
    ] = None,
    *,
    in_place: InPlace = False,
    aim: Aim = None,
    report: Report = None,
    int8: Int8 = False,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> dict[str, Any]:
    """Fit what makes span scores probabilities on held-out data, and save the pipeline with it.

    It is a temperature, and monotone maps. Entities stay what they are; only their scores change,
    unless --aim asks for more entities, or surer ones. A pipeline without hf_ner is saved as it is,
    and so are the scores of one that is nearly always right, or wrong, on the data.
    """
    folder = _choose_folder(model, output, in_place=in_place)
    if report is not None:
        check_file(report)
    import_code(code)
    use_gpu(gpu_id)
    reports = calibrate(
        model, data, folder, aim=aim, curve=report is not None, int8=int8, progress=True
    )
    if not reports:
        msg.warn("The pipeline has no hf_ner component and no hf_tagger: saved as it is.")
    components: dict[str, dict[str, Any]] = {}
    dials: dict[str, Dial] = {}
    for name, outcome in reports.items():
        if isinstance(outcome, TooFewSpansError):
            msg.warn(f"{name} is not calibrated: {outcome}")
            components[name] = {"problem": str(outcome)}
        else:
            if outcome.was_raw:
                msg.info(
                    f"{name}: its config said calibrated = false; now it says true, so that its "
                    "scores are new."
                )
            print_report(name, outcome)
            if outcome.int8 is not None:
                print_int8_trial(name, outcome.int8)
            components[name] = asdict(outcome)
        if not isinstance(outcome, TagCalibrationReport) and outcome.dial is not None:
            print_dial(name, outcome.dial)
            dials[name] = outcome.dial
            components[name]["dial"] = asdict(outcome.dial)
    msg.good(f"Saved the pipeline to {folder}")
    if report is not None:
        write_file(report, make_dial_page(dials, title=f"{model} on {data}"))
        msg.good(f"Saved the curve to {report}")
    return {"output": str(folder), "components": components}


def _choose_folder(model: str, output: Path | None, *, in_place: bool) -> Path:
    """Return the folder to save to: OUTPUT, or that of the pipeline itself if that was asked for.

    Raises:
        ConfigError: Neither is named, or both are; or an installed package would be written over.
    """
    if in_place == (output is not None):
        raise ConfigError(
            "expected OUTPUT, a folder for the calibrated pipeline, or --in-place, to save it over "
            f"{model!r}, got {'both' if in_place else 'neither'}."
        )
    if output is not None:
        return output
    if not Path(model).is_dir():
        raise ConfigError(
            f"expected OUTPUT, a folder for the calibrated pipeline, because {model!r} is no "
            "folder but the name of an installed package, which stays as it is."
        )
    return Path(model)


def print_report(name: str, report: CalibrationReport | TagCalibrationReport) -> None:
    """Print what calibration did, judged on documents that it was not fitted on."""
    title = f"{name}: temperature {report.temperature:.2f}"
    if isinstance(report, TagCalibrationReport):
        data = count(report.n_tokens, "token")
        needed = f"{FEW_SPANS} tokens"
    else:
        title += f", span scores: {report.kind}"
        data = count(report.n_spans, "span")
        needed = f"{FEW_SPANS} predicted entities"
    msg.divider(title)
    errors: list[str] = []
    noises: list[str] = []
    aurocs: list[str] = []
    for half in (*report.raw, *report.new):
        errors.append(_write_figure(half.error))
        noises.append(_write_figure(half.noise))
        aurocs.append(_write_figure(half.auroc))
    rows = [
        ("calibration error (ECE)", *errors),
        ("the same by chance alone", *noises),
        ("AUROC, right against wrong", *aurocs),
    ]
    data += f" in {count(report.n_docs, 'document')}"
    header = (f"{data}, each half fitted on the other", "raw 1", "raw 2", "new 1", "new 2")
    msg.table(rows, header=header, aligns=("l", "r", "r", "r", "r"), max_col=80)
    if isinstance(report, CalibrationReport) and report.recall is not None:
        gold = count(report.recall.n_gold, "gold entity", "gold entities")
        msg.text(f"Of {gold}, {report.recall.recall:.1%} are found, whatever their score.")
    if report.is_thin:
        msg.warn(
            f"{data}: what was fitted on so little is mostly chance. "
            f"Calibrate on {needed} in {FEW_DOCS} documents or more."
        )


def print_int8_trial(name: str, trial: Int8Trial) -> None:
    """Say whether a component takes 8-bit integers from now on, and why it does not."""
    if not trial.is_taken:
        msg.warn(f"{name}: int8 is not taken: {trial.problem}.")
        return
    msg.good(
        f"{name}: int8 is taken where the CPU has it. F1 of what it finds against what was found "
        f"without: {trial.agreement:.2%} ({trial.n_found:,} found)."
    )


def print_dial(name: str, dial: Dial) -> None:
    """Print where the dial stands, and what it costs to turn it to an aim."""
    title = f"{name}: what a bias does"
    if dial.aim is not None:
        title = f"{name}: bias {dial.after.bias:.2f} for {dial.aim}"
    msg.divider(title)
    msg.table(tabulate_dial(dial), header=DIAL_HEADER, aligns=("l", "r", "r", "r", "r"), max_col=80)


def _write_figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
