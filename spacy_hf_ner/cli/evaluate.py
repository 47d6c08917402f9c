"""``python -m spacy hf-ner evaluate``: how good is a pipeline on gold data?"""

import json
from pathlib import Path
from typing import Any

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.cli.outputs import make_folder
from spacy_hf_ner.evaluation.confidence import Confidence
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.formatting import format_count
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.evaluation.results import Evaluation, evaluate_pipeline
from spacy_hf_ner.evaluation.slices import read_seen
from spacy_hf_ner.evaluation.tables import as_json, per_type_rows, program_rows
from spacy_hf_ner.evaluation.training_log import TrainingStep, read_training_log
from spacy_hf_ner.visual.evaluation_page import make_report

__all__ = ["EXAMPLE", "evaluate", "evaluate_command", "print_evaluation"]

EXAMPLE = "training/model-best test.spacy --output metrics"


def evaluate_command(
    model: str = typer.Argument(help="Name of an installed pipeline, or its folder."),
    data: Path = typer.Argument(
        help="Gold data: .spacy, a folder of them, or files in a format that convert reads."
    ),
    output: Path = typer.Option(
        ..., "--output", "-o", help="Folder for metrics and report.", file_okay=False
    ),
    train: Path | None = typer.Option(
        None, "--train", "-t", help="Training data, to tell seen entities."
    ),
    log: Path | None = typer.Option(
        None,
        "--log",
        "-l",
        help="Training log (JSONL), for its curves.",
        exists=True,
        dir_okay=False,
    ),
    code: Path | None = typer.Option(
        None, "--code", "-c", help="Python file with your own registered functions."
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU number, or -1 for the CPU."),
    spans_key: str | None = typer.Option(
        None,
        "--spans-key",
        "-sk",
        help="Span group of the scores, or of the entities if doc.ents is not set.",
    ),
) -> dict[str, Any]:
    """Judge a pipeline's entities by gold data.

    Strict spans, seqeval, spaCy's scores, per type, and speed. Works with every pipeline that sets
    doc.ents, or a span group only (--spans-key). Gold and predicted entities are compared by their
    characters, so no entity is dropped where the pipeline's tokens differ from the gold ones.
    """
    import_code(code)
    use_gpu(gpu_id)
    evaluation = evaluate(model, data, output, train=train, log=log, spans_key=spans_key)
    print_evaluation(evaluation)
    msg.good(f"{output}: metrics.json, report.html")
    return as_json(evaluation)


def evaluate(
    model: str,
    data: Path,
    output: Path,
    *,
    train: Path | None = None,
    log: Path | None = None,
    spans_key: str | None = None,
    progress: bool = True,
) -> Evaluation:
    """Return how good a pipeline is, and write ``metrics.json`` and ``report.html`` to a folder.

    Args:
        model: Name of an installed pipeline, or its folder.
        data: A .spacy file, a folder of them, or files in a format that ``hf-ner convert`` reads.
        output: The folder to write to; it is made if there is none.
        train: Training data in the same format, to score seen and unseen entities apart.
        log: A training log, to show its curves.
        spans_key: The span group that holds the scores, or the entities of a pipeline that does not
            set ``doc.ents``; None for that of its hf_ner.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline, it sets no entities, or nothing can be written to
            the folder.
        CorpusError: The data cannot be read, holds no Docs, or is not annotated.
        MissingExtraError: seqeval is not installed.
    """
    # Read first: a wrong log is refused before the pipeline is loaded.
    training: tuple[TrainingStep, ...] = ()
    if log:
        training = read_training_log(log)
    nlp = load_pipeline(model)
    golds = read_gold_docs(data, nlp.vocab)
    key = find_spans_key(nlp, spans_key)
    # Entities that training has shown are scored apart from new ones.
    seen = None
    if train:
        seen = read_seen(read_gold_docs(train, nlp.vocab), spans_key=key)
    # Before hours of prediction, not after.
    make_folder(output)
    evaluation = evaluate_pipeline(
        nlp, golds, spans_key=key, seen=seen, data=data, progress=progress
    )

    metrics = json.dumps(as_json(evaluation), ensure_ascii=False, indent=2)
    (output / "metrics.json").write_text(metrics + "\n", encoding="utf8")
    report = make_report(evaluation, data=data.name, training=training)
    (output / "report.html").write_text(report, encoding="utf8")
    return evaluation


def print_evaluation(evaluation: Evaluation) -> None:
    """Print the scores as tables, as spaCy's own commands do."""
    msg.divider(f"{evaluation.model} on {format_count(len(evaluation.pairs), 'document')}")
    header = ("", "P", "R", "F1", "95 %", "correct", "predicted", "gold")
    aligns = ("l", "r", "r", "r", "r", "r", "r", "r")
    msg.table(per_type_rows(evaluation), header=header, aligns=aligns, divider=True)
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
        predictions = format_count(evaluation.n_unjudged, "prediction")
        msg.warn(f"Not judged, on tokens without gold annotation: {predictions}.")


def _print_confidence(confidence: Confidence) -> None:
    error = confidence.equal_mass.expected_error
    msg.text(
        f"Scores: calibration error {error:.3f} (chance alone gives {confidence.noise:.3f}), "
        f"Brier {confidence.brier:.3f}."
    )
