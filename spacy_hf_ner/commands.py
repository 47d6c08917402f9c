"""What the commands do, as functions: for programs and notebooks.

    >>> from spacy_hf_ner.commands import evaluate, report  # doctest: +SKIP
    >>> evaluation = evaluate("training/model-best", "corpus/test.spacy")  # doctest: +SKIP
    >>> evaluation.strict.micro.f1  # doctest: +SKIP
    0.912
    >>> report(evaluation, "metrics/")  # doctest: +SKIP

A command reads its options, calls its function here, and prints what it returns. Functions print
nothing but a progress bar, and only where they are asked to.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.core.replacing import add_to_folder
from spacy_hf_ner.evaluation.comparison import Standing, compare_pipelines
from spacy_hf_ner.evaluation.comparison_table import comparison_json
from spacy_hf_ner.evaluation.error_records import make_error_records
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.label_map import LabelMap
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.evaluation.results import Evaluation, evaluate_pipeline
from spacy_hf_ner.evaluation.slices import read_seen
from spacy_hf_ner.evaluation.tables import as_json
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.visual.comparison_page import make_comparison_page
from spacy_hf_ner.visual.evaluation_page import make_report

__all__ = ["compare", "evaluate", "report", "report_comparison"]


def evaluate(
    model: str | Path | Language,
    data: str | Path | Sequence[Doc],
    *,
    train: str | Path | Sequence[Doc] | None = None,
    spans_key: str | None = None,
    label_map: LabelMap | None = None,
    progress: bool = False,
) -> Evaluation:
    """Return how good a pipeline is on gold data.

    Args:
        model: A pipeline, the name of an installed one, or its folder.
        data: Gold Docs, or where they are: a .spacy file, a folder of them, or files in a format
            that ``hf-ner convert`` reads.
        train: Training data in one of these forms, to score seen and unseen entities apart.
        spans_key: The span group that holds the scores, or the entities of a pipeline that does not
            set ``doc.ents``; None for that of its hf_ner.
        label_map: The types of the predictions under the names that gold has for them; an empty
            name leaves the type out.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline, it sets no entities, or it does not know a type that
            is to be renamed.
        CorpusError: The data cannot be read, holds no Docs, or is not annotated.
        MissingExtraError: seqeval is not installed.
    """
    name = None
    if isinstance(model, Language):
        nlp = model
    else:
        name = str(model)
        nlp = load_pipeline(name)
    golds = _read(data, nlp.vocab)
    key = find_spans_key(nlp, spans_key)
    seen = None
    if train is not None:
        seen = read_seen(_read(train, nlp.vocab), spans_key=key)
    return evaluate_pipeline(
        nlp,
        golds,
        spans_key=key,
        seen=seen,
        label_map=label_map,
        name=name,
        data=_find_path(data),
        progress=progress,
    )


def report(
    evaluation: Evaluation, folder: str | Path, *, training: Sequence[TrainingStep] = ()
) -> None:
    """Write ``metrics.json``, ``errors.jsonl`` and ``report.html`` to a folder.

    Args:
        evaluation: What to report.
        folder: Where to; it is made if there is none.
        training: The training run, from :func:`.read_training_log`, to show its curves.

    Raises:
        OutputError: A file cannot be written. What was there stays.
    """
    page = make_report(evaluation, training=training)
    with add_to_folder(Path(folder)) as fresh:
        _write_json(fresh / "metrics.json", as_json(evaluation))
        _write_lines(fresh / "errors.jsonl", make_error_records(evaluation))
        (fresh / "report.html").write_text(page, encoding="utf8")


def compare(
    models: Sequence[str | Path],
    data: str | Path,
    *,
    gpu_id: int = -1,
    code: Path | None = None,
    spans_key: str | None = None,
    label_maps: Mapping[str, LabelMap] | None = None,
    progress: bool = False,
) -> tuple[Standing, ...]:
    """Return the scores and costs of pipelines, each compared with the first.

    Each is measured in a process of its own, which a script must allow for: call this under
    ``if __name__ == "__main__"``.

    Args:
        models: Names of installed pipelines, or their folders.
        data: Where gold Docs are, as for :func:`evaluate`.
        gpu_id: GPU number, or -1 for the CPU.
        code: A Python file with registered functions that the pipelines need.
        spans_key: As for :func:`evaluate`.
        label_maps: As for :func:`evaluate`, by the pipeline's name or folder.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline, it sets no entities, or it does not know a type that
            is to be renamed.
        CorpusError: The data cannot be read, holds no Docs, or is not annotated.
    """
    return compare_pipelines(
        [str(model) for model in models],
        Path(data),
        gpu_id=gpu_id,
        code=code,
        spans_key=spans_key,
        label_maps=label_maps,
        progress=progress,
    )


def report_comparison(standings: Sequence[Standing], folder: str | Path, *, data: str) -> None:
    """Write ``comparison.json`` and ``comparison.html`` to a folder.

    Args:
        standings: The pipelines, the one that others are compared with first.
        folder: Where to; it is made if there is none.
        data: What to call the data.

    Raises:
        OutputError: A file cannot be written. What was there stays.
    """
    page = make_comparison_page(standings, data=data)
    with add_to_folder(Path(folder)) as fresh:
        _write_json(fresh / "comparison.json", comparison_json(standings))
        (fresh / "comparison.html").write_text(page, encoding="utf8")


def _read(data: str | Path | Sequence[Doc], vocab: Vocab) -> Sequence[Doc]:
    path = _find_path(data)
    if path is not None:
        return read_gold_docs(path, vocab)
    assert not isinstance(data, str | Path)  # these are paths
    return data


def _find_path(data: str | Path | Sequence[Doc]) -> Path | None:
    """Return where data is; None for Docs."""
    if isinstance(data, str | Path):
        return Path(data)
    return None


def _write_json(file: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    file.write_text(text + "\n", encoding="utf8")


def _write_lines(file: Path, records: Iterable[Mapping[str, Any]]) -> None:
    with file.open("w", encoding="utf8") as stream:
        for record in records:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
