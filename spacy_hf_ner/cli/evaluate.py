"""``python -m spacy hf-ner evaluate``: how good is a pipeline on gold data?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import import_code
from spacy.language import Language

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.commands import check, evaluate, evaluate_labels, report, report_labels
from spacy_hf_ner.core.outputs import make_folder
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.evaluation.confidence import Confidence
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.label_map import LabelMap, read_label_maps
from spacy_hf_ner.evaluation.pipelines import load_pipeline
from spacy_hf_ner.evaluation.results import Evaluation
from spacy_hf_ner.evaluation.tables import (
    LEVEL_HEADER,
    PER_LABEL_HEADER,
    PER_TYPE_HEADER,
    as_json,
    level_rows,
    per_label_rows,
    per_type_rows,
    program_rows,
    tagging_as_json,
)
from spacy_hf_ner.evaluation.tagging import LabelScores, list_targets, sets_entities
from spacy_hf_ner.evaluation.training_log import TrainingStep, read_training_log
from spacy_hf_ner.evaluation.unmet_types import find_unmet_types

__all__ = ["EXAMPLE", "evaluate_command", "judge", "print_evaluation"]

EXAMPLE = "training/model-best test.spacy --output metrics"


Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for metrics.json, errors.jsonl and report.html.",
        file_okay=False,
    ),
]
Train = Annotated[
    Path | None, typer.Option("--train", "-t", help="Training data, to tell seen entities.")
]
Log = Annotated[
    Path | None,
    typer.Option(
        "--log",
        "-l",
        help="Training log (JSONL), for its curves in the report.",
        exists=True,
        dir_okay=False,
    ),
]
WithCheck = Annotated[
    bool,
    typer.Option("--check", help="Check the data, too, for a section of the report (see check)."),
]
LabelMaps = Annotated[
    list[str],
    typer.Option(
        "--label-map",
        "-lm",
        metavar="OLD=NEW",
        help="Predicted types under gold's names: PERSON=PER. An empty NEW leaves a type out.",
        default_factory=list,
        show_default=False,
    ),
]


def evaluate_command(  # noqa: PLR0913 - one argument an option
    model: options.Model,
    data: options.GoldData,
    *,
    output: Output = None,
    train: Train = None,
    log: Log = None,
    with_check: WithCheck = False,
    label_map: LabelMaps,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.ScoresKey = None,
) -> dict[str, Any]:
    """Judge a pipeline's entities, and its labels of tokens, by gold data.

    Strict spans, seqeval, spaCy's scores, per type, and speed. Works with every pipeline that sets
    doc.ents, or a span group only (--spans-key). Gold and predicted entities are compared by their
    characters, so no entity is dropped where the pipeline's tokens differ from the gold ones.
    """
    import_code(code)
    use_gpu(gpu_id)
    label_maps = read_label_maps(label_map, [model])
    # Read first: a wrong log is refused before the pipeline is loaded.
    training: tuple[TrainingStep, ...] = ()
    if log is not None:
        training = read_training_log(log)
    # Before hours of prediction, not after.
    if output is not None:
        make_folder(output)
    return judge(
        model,
        data,
        output=output,
        train=train,
        training=training,
        with_check=with_check,
        label_map=label_maps[model],
        spans_key=spans_key,
    )


def judge(
    model: str,
    data: Path,
    *,
    output: Path | None = None,
    train: Path | None = None,
    training: Sequence[TrainingStep] = (),
    with_check: bool = False,
    label_map: LabelMap | None = None,
    spans_key: str | None = None,
) -> dict[str, Any]:
    """Evaluate a pipeline, print and write what came of it, and return that as JSON."""
    nlp = load_pipeline(model)
    if not sets_entities(nlp) and list_targets(nlp):
        return _evaluate_labels(nlp, data, output, name=model)
    evaluation = evaluate(
        nlp,
        data,
        train=train,
        spans_key=spans_key,
        label_map=label_map,
        name=model,
        progress=True,
    )
    print_evaluation(evaluation)
    if output is not None:
        checked = None
        if with_check:
            paths = [path for path in (train, data) if path is not None]
            checked = check(paths, lang=evaluation.lang, spans_key=spans_key)
        report(evaluation, output, training=training, checked=checked)
        msg.good(f"{output}: metrics.json, errors.jsonl, report.html")
    return as_json(evaluation)


def _evaluate_labels(
    nlp: Language, data: Path, output: Path | None, *, name: str
) -> dict[str, Any]:
    """Judge a pipeline that sets no entities by its labels of tokens."""
    evaluation = evaluate_labels(nlp, data, name=name, progress=True)
    msg.divider(f"{evaluation.name} on {count(evaluation.n_docs, 'document')}")
    for scores in evaluation.labels:
        print_labels(scores)
    msg.text(f"{evaluation.words_per_second:,.0f} words/s.")
    if output is not None:
        report_labels(evaluation, output)
        msg.good(f"{output}: metrics.json, report.html")
    return tagging_as_json(evaluation)


def print_labels(scores: LabelScores) -> None:
    """Print the scores of one kind of labels as a table."""
    aligns = ("l", "r", "r", "r", "r", "r", "r", "r")
    header = (scores.target, *PER_LABEL_HEADER[1:])
    msg.table(per_label_rows(scores), header=header, aligns=aligns, divider=True)
    if scores.confidence:
        _print_confidence(scores.confidence)


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the scores as tables, as spaCy's own commands do."""
    msg.divider(f"{evaluation.name} on {count(len(evaluation.pairs), 'document')}")
    aligns = ("l", "r", "r", "r", "r", "r", "r", "r")
    msg.table(per_type_rows(evaluation), header=PER_TYPE_HEADER, aligns=aligns, divider=True)
    program_header = ("micro average", "P", "R", "F1", "macro F1")
    program_aligns = ("l", "r", "r", "r", "r")
    msg.table(program_rows(evaluation), header=program_header, aligns=program_aligns)

    # Nothing but overlapping entities leaves seqeval without a report.
    if not evaluation.seqeval:
        msg.text("Entities overlap, so there are no tags for token accuracy and seqeval.")
    speed = f"{evaluation.words_per_second:,.0f} words/s."
    if evaluation.token_accuracy is None:
        msg.text(speed)
    else:
        msg.text(f"Token accuracy {evaluation.token_accuracy:.2%}; {speed}")
    if evaluation.confidence:
        _print_confidence(evaluation.confidence)
    if evaluation.n_unjudged:
        predictions = count(evaluation.n_unjudged, "prediction")
        msg.warn(f"Not judged, on tokens without gold annotation: {predictions}.")
    if evaluation.levels:
        msg.table(level_rows(evaluation.levels), header=LEVEL_HEADER, aligns=aligns, divider=True)
    for scores in evaluation.labels:
        print_labels(scores)
    unmet = find_unmet_types(evaluation.strict).describe()
    if unmet:
        msg.warn(f"{unmet} Rename or leave out a type with --label-map OLD=NEW.")


def _print_confidence(confidence: Confidence) -> None:
    error = confidence.equal_mass.expected_error
    msg.text(
        f"Scores: calibration error {error:.3f} (chance alone gives {confidence.noise:.3f}), "
        f"Brier {confidence.brier:.3f}."
    )
