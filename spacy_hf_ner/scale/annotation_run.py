"""A whole run: inputs → shards → a folder with a manifest, begun or gone on with.

::

    OUTPUT/manifest.jsonl               what it was made with, and which shards are whole
    OUTPUT/shards/part-00000.parquet    the annotation
    OUTPUT/errors.parquet               the texts that were set aside, each with its reason
"""

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Final

from tqdm import tqdm

from spacy_hf_ner.core.outputs import make_folder
from spacy_hf_ner.core.replacing import remove_abandoned, replace_file
from spacy_hf_ner.corpus.plain_texts import detect_encoding, find_inputs
from spacy_hf_ner.corpus.text_input import BEGINNING, TextColumns, TextInput
from spacy_hf_ner.corpus.text_readers import DATASET, READERS
from spacy_hf_ner.errors import ConfigError, OutputError
from spacy_hf_ner.evaluation.pipelines import check_pipeline
from spacy_hf_ner.evaluation.signature import read_versions
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.executor import Executor, ShardFailure, ShardTask
from spacy_hf_ner.scale.fingerprints import hash_input, hash_model, stamp_input
from spacy_hf_ner.scale.folder_lock import lock_folder
from spacy_hf_ner.scale.manifest import (
    KnownInput,
    Manifest,
    Plan,
    read_manifest,
    write_manifest,
)
from spacy_hf_ner.scale.progress import RunProgress
from spacy_hf_ner.scale.shard_annotation import ShardResult
from spacy_hf_ner.scale.shard_writers import find_shard_suffix, write_error_table
from spacy_hf_ner.scale.shards import Shard, cut_input

__all__ = ["SHARD_SIZE", "RunSummary", "annotate_folder", "make_plan"]

SHARD_SIZE: Final = 2_000  # texts: a minute's work, or less

MANIFEST: Final = "manifest.jsonl"
SHARDS: Final = "shards"
ERRORS: Final = "errors.parquet"

_SIGNALS: Final = ("SIGINT", "SIGTERM")


@dataclass(slots=True)
class RunSummary:
    """What a folder holds after a run.

    Attributes:
        n_texts: Texts that the inputs have.
        n_annotated: Texts that are annotated.
        n_failed: Texts that were set aside.
        n_entities: Entities in those that are annotated.
        n_shards: Shards that there are.
        n_whole: Shards that are whole.
        n_skipped: Shards that were whole before.
        failures: Why others are not.
        signal: The number of the signal that stopped the run; 0 if none did.
    """

    n_texts: int
    n_annotated: int
    n_failed: int
    n_entities: int
    n_shards: int
    n_whole: int
    n_skipped: int
    failures: list[str] = field(default_factory=list)
    signal: int = 0

    @property
    def n_missing(self) -> int:
        """Texts that are neither annotated nor set aside: those of shards that are not whole."""
        return self.n_texts - self.n_annotated - self.n_failed


def annotate_folder(
    input_name: str,
    output: Path,
    settings: AnnotateSettings,
    executor: Executor,
    *,
    shard_size: int = SHARD_SIZE,
) -> RunSummary:
    """Annotate inputs into a folder, or go on with it, and return what it holds.

    Args:
        input_name: A file, a folder, a pattern of files, or ``hf:NAME``.
        output: The folder.
        settings: How texts are annotated.
        executor: What runs the shards.
        shard_size: The most texts in a shard of a new folder.

    Raises:
        ConfigError: There is no such pipeline, a setting is out of its range, or the folder holds
            what another model, other settings or other inputs have made.
        CorpusError: There are no such texts.
        OutputError: The folder cannot be written. What is whole stays.
        HFNerError: No worker can be started.
    """
    check_pipeline(settings.model)
    settings = _use_whole_paths(settings)
    suffix = find_shard_suffix(settings)
    shards_folder = output / SHARDS
    make_folder(shards_folder)
    with lock_folder(output):
        remove_abandoned(shards_folder, min_age_s=0)
        manifest = _open_manifest(input_name, output, settings, shard_size)
        todo: list[ShardTask] = []
        for shard in manifest.find_open_shards(shards_folder):
            todo.append(ShardTask(shard, shards_folder / f"part-{shard.number:05d}{suffix}"))
        run = _Run(manifest, n_skipped=len(manifest.plan.shards) - len(todo))
        if todo:
            try:
                run.execute(executor, todo, settings)
            finally:
                remove_abandoned(shards_folder, min_age_s=0)  # what workers left that were killed
        _write_errors(output / ERRORS, manifest, is_new=bool(todo))
    return run.summarise()


def _use_whole_paths(settings: AnnotateSettings) -> AnnotateSettings:
    """Return settings for workers, who may have another working directory."""
    model = settings.model
    if Path(model).is_dir():
        model = str(Path(model).absolute())
    code = settings.code
    if code is not None:
        code = code.absolute()
    return replace(settings, model=model, code=code)


class _Run:
    """The part of a run in which shards are annotated."""

    def __init__(self, manifest: Manifest, *, n_skipped: int) -> None:
        self._manifest = manifest
        self._n_skipped = n_skipped
        self._failures: list[ShardFailure] = []
        self._signal = 0

    def execute(
        self, executor: Executor, todo: Sequence[ShardTask], settings: AnnotateSettings
    ) -> None:
        """Have shards annotated, and note each that is whole.

        Raises:
            OutputError: The folder cannot be written.
        """
        n_left = sum(task.shard.n_texts for task in todo)
        n_texts = self._manifest.plan.n_texts
        with (
            RunProgress(n_texts, n_before=n_texts - n_left) as progress,
            self._stop_by_signals(executor),
            contextlib.closing(executor.run(todo, settings, progress.add)) as outcomes,
        ):
            for outcome in outcomes:
                if isinstance(outcome, ShardResult):
                    self._manifest.add(outcome)
                    progress.add_errors(len(outcome.errors))
                    continue
                self._failures.append(outcome)
                if isinstance(outcome.error, OutputError):
                    # The others would meet the same: a full disk, or a folder that is protected.
                    executor.stop()
        for failure in self._failures:
            if isinstance(failure.error, OutputError):
                raise failure.error

    @contextlib.contextmanager
    def _stop_by_signals(self, executor: Executor) -> Iterator[None]:
        """Have the first signal stop the run after the shards in hand, and the second at once."""

        def stop(number: int, _frame: FrameType | None) -> None:
            if self._signal:
                raise SystemExit(128 + number)
            self._signal = number
            executor.stop()

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {name: signal.signal(getattr(signal, name), stop) for name in _SIGNALS}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(getattr(signal, name), handler)

    def summarise(self) -> RunSummary:
        """Return what there is now."""
        results = self._manifest.results.values()
        plan = self._manifest.plan
        return RunSummary(
            n_texts=plan.n_texts,
            n_annotated=sum(result.n_annotated for result in results),
            n_failed=sum(len(result.errors) for result in results),
            n_entities=sum(result.n_entities for result in results),
            n_shards=len(plan.shards),
            n_whole=len(results),
            n_skipped=self._n_skipped,
            failures=[str(failure.error) for failure in self._failures],
            signal=self._signal,
        )


def make_plan(
    input_name: str, settings: AnnotateSettings, *, output: Path | None, shard_size: int
) -> Plan:
    """Return what is to be done: all inputs are read once, to be counted, cut and hashed.

    Raises:
        CorpusError: There are no such texts, or no such columns.
    """
    inputs: list[KnownInput] = []
    shards: list[Shard] = []
    found = find_inputs(input_name, leave_out=output and output.resolve())
    for unread in tqdm(found, desc="reading inputs", unit=" files", disable=None, leave=False):
        source = detect_encoding(unread)
        if source.kind != DATASET:
            # Workers may have another working directory.
            source = replace(source, path=str(Path(source.path).absolute()))
        _check_columns(source, settings.columns)
        inputs.append(KnownInput(source, stamp_input(source), hash_input(source)))
        for start, n_texts in cut_input(source, shard_size=shard_size):
            shards.append(Shard(len(shards), source, start, n_texts))
    return Plan(
        model=settings.model,
        model_sha256=hash_model(settings.model),
        settings=settings.describe(),
        versions=read_versions(),
        inputs=inputs,
        shards=shards,
    )


def _check_columns(source: TextInput, columns: TextColumns) -> None:
    """Read the first text: if a column is missing, that says so."""
    texts = READERS[source.kind].open(source, columns, BEGINNING)
    next(texts, None)


def _open_manifest(
    input_name: str, output: Path, settings: AnnotateSettings, shard_size: int
) -> Manifest:
    """Return the manifest of a folder that was begun by the same command, or of a new one.

    Raises:
        ConfigError: It was begun by another one.
    """
    path = output / MANIFEST
    manifest = read_manifest(path)
    if manifest is None:
        plan = make_plan(input_name, settings, output=output, shard_size=shard_size)
        return write_manifest(path, plan)
    differences = [
        *_compare_model(manifest.plan, settings),
        *_compare_settings(manifest.plan, settings),
        *_compare_inputs(manifest.plan, find_inputs(input_name, leave_out=output.resolve())),
    ]
    if differences:
        raise ConfigError(
            f"OUTPUT must be a new folder, or one that the same command has begun, got {output}: "
            f"{'; '.join(differences)}. Name another folder, or remove this one."
        )
    return manifest


def _compare_model(plan: Plan, settings: AnnotateSettings) -> Iterator[str]:
    if hash_model(settings.model) != plan.model_sha256:
        yield f"its model is {plan.model} as it was then, not {settings.model} as it is now"


def _compare_settings(plan: Plan, settings: AnnotateSettings) -> Iterator[str]:
    for name, value in settings.describe().items():
        known = plan.settings.get(name)
        if known != value:
            yield f"its {name} is {known}, not {value}"


def _compare_inputs(plan: Plan, inputs: Sequence[TextInput]) -> Iterator[str]:
    """Yield what is wrong with inputs that are not what they were when they were cut."""
    known_inputs = {known.source.name: known for known in plan.inputs}
    for source in inputs:
        known = known_inputs.pop(source.name, None)
        if known is None:
            yield f"{source.name} is not among its inputs"
        elif stamp_input(source) != known.stamp and hash_input(source) != known.sha256:
            yield f"{source.name} has changed since"
    for name in known_inputs:
        yield f"its input {name} is missing"


def _write_errors(path: Path, manifest: Manifest, *, is_new: bool) -> None:
    """Write the table of all texts that were set aside; an old one that still holds stays."""
    if path.exists() and not is_new:
        return
    errors: list[dict[str, str]] = []
    for _, result in sorted(manifest.results.items()):
        errors.extend(asdict(error) for error in result.errors)
    with replace_file(path) as fresh:
        write_error_table(fresh, errors)
