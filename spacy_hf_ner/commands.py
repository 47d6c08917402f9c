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

from spacy_hf_ner.checking.check_report import CheckReport, run_checks
from spacy_hf_ner.checking.checked_model import load_checked_model
from spacy_hf_ner.checking.parts import CheckedData, read_parts
from spacy_hf_ner.core.replacing import add_to_folder
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.errors import ConfigError
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
from spacy_hf_ner.visual.check_page import make_check_page
from spacy_hf_ner.visual.comparison_page import make_comparison_page
from spacy_hf_ner.visual.evaluation_page import make_report

__all__ = ["check", "compare", "evaluate", "report", "report_check", "report_comparison"]


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
    evaluation: Evaluation,
    folder: str | Path,
    *,
    training: Sequence[TrainingStep] = (),
    checked: CheckReport | None = None,
) -> None:
    """Write ``metrics.json``, ``errors.jsonl`` and ``report.html`` to a folder.

    Args:
        evaluation: What to report.
        folder: Where to; it is made if there is none.
        training: The training run, from :func:`.read_training_log`, to show its curves.
        checked: What is known of the data, from :func:`check`, for a section on it.

    Raises:
        OutputError: A file cannot be written. What was there stays.
    """
    page = make_report(evaluation, training=training, checked=checked)
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


def check(
    data: str | Path | Sequence[str | Path],
    *,
    model: str | Path | None = None,
    n_folds: int = 0,
    max_steps: int | None = None,
    lang: str = "en",
    spans_key: str | None = None,
    progress: bool = False,
) -> CheckReport:
    """Return what is wrong, or may be wrong, with gold data.

    Args:
        data: Files or folders in any format that ``hf-ner convert`` reads, .spacy included; each
            file, or each split of a folder, is a part.
        model: A pipeline or a Hugging Face checkpoint: its tokenizer is tried on the texts, and
            gold is compared with what it finds, if it was ever trained. It must not have learned
            from this data.
        n_folds: Train so many pipelines as the model's config says, each on all documents but its
            share, and compare gold with what they find; 0 to ask the model itself.
        max_steps: Updates for each of them; None for what the config says.
        lang: The language of the texts, where there is no pipeline that says so.
        spans_key: The span group that holds the entities where ``doc.ents`` is not set; None for
            that of the model's hf_ner.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such model, or folds are asked for without one.
        CorpusError: The data cannot be read, or holds no documents.
    """
    if n_folds and model is None:
        raise ConfigError(
            "cross-validation trains what the config of a pipeline says, and no pipeline is named. "
            'Set model = "training/model-best".',
            settings=("model",),
        )
    if isinstance(data, str | Path):
        data = [data]
    nlp = blank_pipeline(lang)
    if model is not None:
        nlp = load_checked_model(str(model), lang=lang)
    key = find_spans_key(nlp, spans_key)
    parts = read_parts([Path(path) for path in data], nlp.vocab, spans_key=key)
    subwords = None
    predicted = None
    if model is not None:
        # Whatever needs no model needs no torch, whose import takes a second.
        from spacy_hf_ner.checking.cross_validation import predict_parts
        from spacy_hf_ner.checking.subwords import find_subword_reader

        subwords = find_subword_reader(nlp)
        predicted = predict_parts(
            parts, nlp, spans_key=key, n_folds=n_folds, max_steps=max_steps, progress=progress
        )
    return run_checks(CheckedData(parts, nlp, subwords, predicted))


def report_check(checked: CheckReport, folder: str | Path) -> None:
    """Write ``check.json`` and ``check.html`` to a folder, which is made if there is none."""
    with add_to_folder(Path(folder)) as fresh:
        _write_json(fresh / "check.json", checked.to_json())
        (fresh / "check.html").write_text(make_check_page(checked), encoding="utf8")


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
