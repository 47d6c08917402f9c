"""What the commands do, as functions: for programs and notebooks.

    >>> from spacy_hf_ner.commands import evaluate, report
    >>> evaluation = evaluate("training/model-best", "corpus/test.spacy")  # doctest: +SKIP
    >>> evaluation.strict.micro.f1  # doctest: +SKIP
    0.912
    >>> report(evaluation, "metrics/")  # doctest: +SKIP

A command reads its options, calls its function here, and prints what it returns. Functions print
nothing but a progress bar, and only where they are asked to.
"""

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config
from spacy.vocab import Vocab

from spacy_hf_ner.cards.notes import CardNotes
from spacy_hf_ner.cards.pipeline_cards import note_results
from spacy_hf_ner.cards.sealing import keep_edited_cards
from spacy_hf_ner.checking.check_report import CheckReport, run_checks
from spacy_hf_ner.checking.checked_model import load_checked_model
from spacy_hf_ner.checking.parts import CheckedData, read_parts
from spacy_hf_ner.core.dial import Aim, read_aim
from spacy_hf_ner.core.outputs import PIPELINE_FILE, check_output, make_folder, replace_pipeline
from spacy_hf_ner.core.replacing import add_to_folder
from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
from spacy_hf_ner.corpus.conversion_report import ConversionReport
from spacy_hf_ner.corpus.source import ReadOptions
from spacy_hf_ner.corpus.texts import blank_pipeline
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.card_results import read_card_results
from spacy_hf_ner.evaluation.comparison import Standing, compare_pipelines
from spacy_hf_ner.evaluation.comparison_table import comparison_json
from spacy_hf_ner.evaluation.device import use_gpu
from spacy_hf_ner.evaluation.error_records import make_error_records
from spacy_hf_ner.evaluation.gold_data import read_gold_docs
from spacy_hf_ner.evaluation.label_map import LabelMap
from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
from spacy_hf_ner.evaluation.prediction import prepare_docs
from spacy_hf_ner.evaluation.results import Evaluation, evaluate_pipeline
from spacy_hf_ner.evaluation.slices import read_seen
from spacy_hf_ner.evaluation.tables import as_json, tagging_as_json
from spacy_hf_ner.evaluation.tagging import TaggingEvaluation, evaluate_tagging
from spacy_hf_ner.evaluation.training_log import TrainingStep
from spacy_hf_ner.package_building import WHEEL, build_package
from spacy_hf_ner.pipe.fitting import CalibrationReport, TooFewSpansError
from spacy_hf_ner.pipe.tag_calibration import TagCalibrationReport
from spacy_hf_ner.visual.check_page import make_check_page
from spacy_hf_ner.visual.comparison_page import make_comparison_page
from spacy_hf_ner.visual.evaluation_page import make_report
from spacy_hf_ner.visual.tagging_page import make_tagging_report

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.token_pipe import TokenClassifierPipe
    from spacy_hf_ner.runs.rate_finder import RateSweep
    from spacy_hf_ner.runs.training_run import RunOutcome

__all__ = [
    "Calibrated",
    "ConvertOptions",
    "ReadOptions",
    "calibrate",
    "card",
    "check",
    "compare",
    "convert",
    "evaluate",
    "evaluate_labels",
    "find_rate",
    "package",
    "report",
    "report_check",
    "report_comparison",
    "report_labels",
    "train",
]


Calibrated = CalibrationReport | TagCalibrationReport | TooFewSpansError
"""What became of the scores of a component: a report, or why they stay raw."""


def convert(
    source: str | Path,
    output: str | Path,
    *,
    read: ReadOptions | None = None,
    options: ConvertOptions | None = None,
) -> ConversionReport:
    """Write a corpus in another form, and return what it holds and what had to be repaired.

        >>> options = ConvertOptions(split="90/10")
        >>> convert("train.conll", "corpus/", options=options)  # doctest: +SKIP

    Args:
        source: A file or folder in any format that ``hf-ner convert`` reads, or ``hf:NAME`` for a
            data set on the hub.
        output: A file whose ending tells its format, or a folder for ``.spacy`` files.
        read: What you say about the corpus: its language, columns, tag scheme, encoding.
        options: How it is to be written: documents, new names of types, a split, a format.

    Raises:
        ConfigError: An option is wrong, or several parts would become one file.
        CorpusError: The corpus cannot be read as what it claims to be, or `strict` forbids to
            repair it.
        MissingExtraError: The format needs a library that is not installed.
        OutputError: The output cannot be written. What was there stays.
    """
    return convert_corpus(str(source), Path(output), read, options)


def evaluate(
    model: str | Path | Language,
    data: str | Path | Sequence[Doc],
    *,
    train: str | Path | Sequence[Doc] | None = None,
    spans_key: str | None = None,
    label_map: LabelMap | None = None,
    name: str | None = None,
    progress: bool = False,
) -> Evaluation:
    """Return how good a pipeline's entities are on gold data, and its labels of tokens if any.

    Args:
        model: A pipeline, the name of an installed one, or its folder.
        data: Gold Docs, or where they are: a .spacy file, a folder of them, or files in a format
            that ``hf-ner convert`` reads.
        train: Training data in one of these forms, to score seen and unseen entities apart.
        spans_key: The span group that holds the scores, or the entities of a pipeline that does not
            set ``doc.ents``; None for that of its hf_ner.
        label_map: The types of the predictions under the names that gold has for them; an empty
            name leaves the type out.
        name: What to call a pipeline that is given itself; None for its own name, or its folder.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline, it sets no entities, or it does not know a type that
            is to be renamed.
        CorpusError: The data cannot be read, holds no Docs, or is not annotated.
        MissingExtraError: seqeval is not installed.
    """
    nlp, name = _load(model, name)
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


def evaluate_labels(
    model: str | Path | Language,
    data: str | Path | Sequence[Doc],
    *,
    name: str | None = None,
    progress: bool = False,
) -> TaggingEvaluation:
    """Return how good a pipeline's labels of tokens are on gold data: tags, parts of speech, ….

    Args:
        model: A pipeline, the name of an installed one, or its folder.
        data: As for :func:`evaluate`.
        name: As for :func:`evaluate`.
        progress: Show a progress bar on a terminal.

    Raises:
        ConfigError: There is no such pipeline.
        CorpusError: The data cannot be read, holds no Docs, or has no labels of the kind that the
            pipeline sets.
    """
    nlp, name = _load(model, name)
    golds = _read(data, nlp.vocab)
    return evaluate_tagging(nlp, golds, name=name, data=_find_path(data), progress=progress)


def report_labels(evaluation: TaggingEvaluation, folder: str | Path) -> None:
    """Write ``metrics.json`` and ``report.html`` of labels of tokens to a folder.

    Args:
        evaluation: What to report.
        folder: Where to; it is made if there is none.

    Raises:
        OutputError: A file cannot be written. What was there stays.
    """
    page = make_tagging_report(evaluation)
    with add_to_folder(Path(folder)) as fresh:
        _write_json(fresh / "metrics.json", tagging_as_json(evaluation))
        (fresh / "report.html").write_text(page, encoding="utf8")


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


def calibrate(
    model: str | Path | Language,
    data: str | Path | Sequence[Doc],
    output: str | Path | None = None,
    *,
    aim: Aim | str | None = None,
    curve: bool = False,
    int8: bool = False,
    progress: bool = False,
) -> dict[str, "Calibrated"]:
    """Fit what makes the scores of a pipeline probabilities, and return what that did.

    The result has a report for each hf_ner and hf_tagger, or the reason why it could not be
    calibrated; its scores stay raw then. A bias is one of entities, and labels have none.

    Args:
        model: A pipeline, which then has the new scores, the name of an installed one, or its
            folder.
        data: Gold data that it was not trained on, as for :func:`evaluate`.
        output: The folder to save the calibrated pipeline to; a pipeline in memory needs none.
        aim: The precision or recall that the bias of each component is to reach, such as
            ``"recall=0.98"``; None leaves each bias as it is.
        curve: Report precision and recall over the bias, with or without an aim.
        int8: Compare what is found where the network multiplies 8-bit integers, and have
            ``precision = "auto"`` mean them, on CPUs that can do it, if that is the same.
        progress: Show a progress bar on a terminal.

    Raises:
        AimNotReachedError: No bias reaches the aim. Nothing is saved.
        CorpusError: The data cannot be read, or holds no Docs.
        ConfigError: The data has no gold annotation, the folder holds something that is no
            pipeline, or the pipeline is a folder and nowhere would it be saved.
        OutputError: The pipeline cannot be saved. What was there stays.
    """
    from spacy_hf_ner.model.notes import is_saved_model_file
    from spacy_hf_ner.pipe.hf_ner import HFNer
    from spacy_hf_ner.pipe.hf_tagger import HFTagger
    from spacy_hf_ner.pipe.int8_trial import try_int8

    wanted = read_aim(aim) if isinstance(aim, str) else aim
    if output is not None:
        check_output(Path(output), kind="a pipeline", file=PIPELINE_FILE)
    elif not isinstance(model, Language):
        raise ConfigError(
            "expected output, a folder for the calibrated pipeline, got None: what is loaded from "
            f"{str(model)!r} would be lost. Name a folder, or pass the pipeline itself."
        )
    nlp, _ = _load(model, None)
    golds = _read(data, nlp.vocab)
    _add_types(golds, nlp.vocab)
    reports: dict[str, Calibrated] = {}
    for name, component in nlp.pipeline:
        if not isinstance(component, HFNer | HFTagger):
            continue
        docs = prepare_docs(nlp, golds, before=name, progress=progress)
        # The component predicts these Docs itself; they have what those before it add.
        examples = [Example(doc, gold) for doc, gold in zip(docs, golds, strict=True)]
        fit: Callable[[Iterable[Example]], CalibrationReport | TagCalibrationReport]
        fit = component.calibrate
        if isinstance(component, HFNer):
            fit = partial(component.calibrate, aim=wanted, curve=curve)
        try:
            report = fit(examples)
        except TooFewSpansError as error:
            reports[name] = error
        else:
            trial = try_int8(component, docs) if int8 else None
            reports[name] = replace(report, int8=trial)
            # Whatever the config said: the scores are new.
            _note_setting(nlp, name, "calibrated", component)
        if wanted is not None and isinstance(component, HFNer):
            _note_setting(nlp, name, "bias", component)
    if output is not None:
        with replace_pipeline(Path(output), is_outdated=is_saved_model_file) as fresh:
            nlp.to_disk(fresh)
            keep_edited_cards(Path(output), fresh)
    return reports


def _note_setting(nlp: Language, name: str, setting: str, component: "TokenClassifierPipe") -> None:
    """Write the present value of a component's setting to the pipeline's config."""
    value = getattr(component, setting)
    nlp.get_pipe_config(name)[setting] = value
    component.note_config(**{setting: value})


def train(
    config: str | Path,
    folder: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    overrides: Mapping[str, Any] | None = None,
    gpu_id: int = -1,
    progress: bool = False,
) -> "RunOutcome":
    """Train a pipeline by spaCy's own loop, in a run that can be interrupted, and return its end.

    Args:
        config: The config file.
        folder: Where to: ``model-best``, ``model-last`` and ``run.json``.
        resume: Go on with the run in the folder where it was interrupted, to the same weights as if
            it had not been. One that is over stays as it is; where there is none, one begins.
        force: Begin anew where the folder has a run that was interrupted.
        overrides: Settings by their dotted names, such as ``{"training.max_steps": 20}``.
        gpu_id: GPU number, or -1 for the CPU.
        progress: Let the logger of the config write to stdout and stderr.

    Raises:
        ConfigError: The folder has a run that was interrupted, and neither `resume` nor `force` is
            set; or the config or the data is another one than that of the run to resume.
        CheckpointError: The run to resume is damaged.
        OutputError: Something cannot be written. What was there stays.
    """
    from spacy.training.initialize import init_nlp

    from spacy_hf_ner.runs.training_run import RunFolder, train_in_folder

    run_folder = RunFolder(Path(folder))
    state = run_folder.read_state()
    outcome = run_folder.read_outcome()
    if resume and outcome is not None:
        return outcome
    if state is not None and not resume and not force:
        raise ConfigError(
            f"{folder}: expected a folder without an interrupted run, got one that was interrupted "
            f"after step {state.evaluated[-1].step}. Set resume = true to go on with it, or "
            "force = true to begin anew.",
            settings=("resume", "force"),
        )
    make_folder(run_folder.path)
    use_gpu(gpu_id, silent=not progress)
    loaded = load_config(config, overrides=dict(overrides or {}), interpolate=False)
    nlp = init_nlp(loaded, use_gpu=gpu_id)
    shown: dict[str, IO[str]] = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    if progress:
        shown = {"stdout": sys.stdout, "stderr": sys.stderr}
    if not resume:
        state = None
    return train_in_folder(nlp, run_folder, state=state, use_gpu=gpu_id, **shown)


def card(
    model: str | Path,
    metrics: str | Path,
    *,
    license: str | None = None,  # noqa: A002 - as the hub and meta.json call it
    base_model: str | None = None,
    data_name: str | None = None,
    data_license: str | None = None,
    data_url: str | None = None,
) -> list[Path]:
    """Note signed results in a pipeline, and return the model cards that have them now.

    They go into its meta.json, as ``performance`` and ``sources``, and into the README.md beside
    the weights of each of our components; a README.md that people have edited stays as it is.
    :func:`package` puts them into the card of the package.

    Args:
        model: Folder of the pipeline.
        metrics: ``metrics.json``, as :func:`report` or :func:`report_labels` has written it.
        license: The license of the weights, as the hub names it, such as ``"mit"``.
        base_model: The repository on the hub that training started from.
        data_name: The training data.
        data_license: Its license.
        data_url: Where it is found.

    Raises:
        ConfigError: There is no pipeline with our components in the folder, or the results are
            those of another pipeline.
        CorpusError: The file holds no signed results.
        OutputError: The pipeline cannot be written. What was there stays.
    """
    results = read_card_results(Path(metrics))
    notes = CardNotes(
        license=license,
        base_model=base_model,
        data_name=data_name,
        data_license=data_license,
        data_url=data_url,
        results=results.results,
    )
    return note_results(
        Path(model), notes, performance=results.performance, pipeline=results.pipeline
    )


def find_rate(
    config: str | Path,
    *,
    low: float = 1e-7,
    high: float = 1.0,
    n_steps: int = 100,
    overrides: Mapping[str, Any] | None = None,
    gpu_id: int = -1,
) -> "RateSweep":
    """Return what comes of training with learn rates that grow from step to step.

    What is trained is made from the config, and thrown away: no training after it is another one.

    Args:
        config: The config file.
        low: The rate of the first step.
        high: The rate of the last one, if the loss has not left for good before.
        n_steps: How many steps to make.
        overrides: Settings by their dotted names.
        gpu_id: GPU number, or -1 for the CPU.

    Raises:
        ConfigError: The rates do not grow, or the steps are too few to tell something, or the loss
            is no finite number in the first of them.
    """
    from spacy_hf_ner.runs.rate_finder import sweep_rates

    use_gpu(gpu_id, silent=True)
    loaded = load_config(config, overrides=dict(overrides or {}), interpolate=False)
    return sweep_rates(loaded, low=low, high=high, n_steps=n_steps, use_gpu=gpu_id)


def package(
    model: str | Path,
    folder: str | Path,
    *,
    name: str | None = None,
    version: str | None = None,
    meta: str | Path | None = None,
    code: Sequence[str | Path] = (),
    build: Sequence[str] = (WHEEL,),
) -> list[Path]:
    """Build packages of a pipeline that pip installs, weights included, and return their paths.

    Args:
        model: Folder of a trained pipeline.
        folder: Where to; it is made if there is none.
        name: Name of the package without the language; None for that in the pipeline's meta.json.
        version: Such as ``"1.0.0"``; None for that in the pipeline's meta.json.
        meta: A meta.json in place of the pipeline's.
        code: Python files with your own registered functions.
        build: ``"wheel"``, ``"sdist"`` or both.

    Raises:
        ConfigError: There is no pipeline in the folder, an argument is wrong, or setuptools could
            not build the package.
        MissingExtraError: `build` is not installed.
        OutputError: The package cannot be written.
    """
    return build_package(
        Path(model),
        Path(folder),
        name=name,
        version=version,
        meta_path=None if meta is None else Path(meta),
        code_paths=[Path(path) for path in code],
        kinds=build,
    )


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


def _load(model: str | Path | Language, name: str | None) -> tuple[Language, str | None]:
    """Return a pipeline, and what the user calls it."""
    if isinstance(model, Language):
        return model, name
    return load_pipeline(str(model)), str(model)


def _read(data: str | Path | Sequence[Doc], vocab: Vocab) -> Sequence[Doc]:
    path = _find_path(data)
    if path is not None:
        return read_gold_docs(path, vocab)
    assert not isinstance(data, str | Path)  # these are paths
    return data


def _add_types(docs: Iterable[Doc], vocab: Vocab) -> None:
    """Let a vocabulary know the entity types of Docs that were made with another one."""
    for doc in docs:
        for entity in doc.ents:
            vocab.strings.add(entity.label_)


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
