"""``hf-ner annotate`` into a folder: shards, workers, and what is said of them at the end."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.scale import AnnotateSettings, Executor, RunSummary

__all__ = ["EXECUTORS", "FolderOptions", "annotate_into_folder", "refuse_folder_options"]

LOCAL = "local"
RAY = "ray"
EXECUTORS = (LOCAL, RAY)

N_SHOWN = 10  # failures that are shown one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """Options that mean something for a folder alone; None is what users leave out.

    Attributes:
        keep: Columns of the input that are handed on.
        rows: What a row of parquet is.
        workers: How many there are.
        shard_size: The most texts in a shard.
        max_chars: A longer text is set aside.
        executor: What runs the shards.
        address: The address of a Ray cluster.
        gpus_per_worker: The share of a GPU that a worker on that cluster takes.
        dry_run: Only say what the run would need.
    """

    keep: tuple[str, ...] | None = None
    rows: str | None = None
    workers: int | None = None
    shard_size: int | None = None
    max_chars: int | None = None
    executor: str | None = None
    address: str | None = None
    gpus_per_worker: float | None = None
    dry_run: bool | None = None


def refuse_folder_options(folder_options: FolderOptions) -> None:
    """Make sure that no option is given that means nothing without a folder.

    Raises:
        ConfigError: One is.
    """
    given = [name for name, value in asdict(folder_options).items() if value is not None]
    if given:
        raise ConfigError(
            f"OUTPUT must be a folder with {' and '.join(given)}, got a file or stdout. Name a "
            "folder.",
            settings=given,
        )


def annotate_into_folder(  # noqa: PLR0913 - one argument an option
    input_name: str,
    output: Path,
    folder_options: FolderOptions,
    *,
    model: str,
    output_format: str | None,
    text_column: str,
    id_column: str | None,
    threshold: "Threshold",
    batch_size: int | None,
    code: Path | None,
    gpu_id: int,
    spans_key: str | None,
) -> dict[str, Any]:
    """Annotate into a folder, or go on with one, and say what is in it.

    Raises:
        ConfigError: An option is wrong, or the folder holds what another command has made.
        CorpusError: There are no such texts.
        OutputError: The folder cannot be written. What is whole stays.
    """
    from spacy_hf_ner.scale import AnnotateSettings, TextColumns, annotate_folder
    from spacy_hf_ner.scale.annotate_settings import DOCUMENTS, MAX_CHARS, PARQUET
    from spacy_hf_ner.scale.annotation_run import SHARD_SIZE

    settings = AnnotateSettings(
        model=model,
        columns=TextColumns(text_column, id_column, folder_options.keep or ()),
        output_format=output_format or PARQUET,
        rows=folder_options.rows or DOCUMENTS,
        threshold=threshold,
        spans_key=spans_key,
        batch_size=batch_size,
        max_chars=folder_options.max_chars or MAX_CHARS,
        gpu_id=gpu_id,
        code=code,
    )
    executor = _choose_executor(folder_options)
    shard_size = folder_options.shard_size or SHARD_SIZE
    if folder_options.dry_run:
        return _estimate(input_name, output, settings, folder_options, shard_size)
    summary = annotate_folder(input_name, output, settings, executor, shard_size=shard_size)
    _describe(summary, output)
    if summary.signal:
        raise typer.Exit(code=128 + summary.signal)
    if summary.n_missing:
        raise typer.Exit(code=1)
    return {
        "output": str(output),
        "n_texts": summary.n_texts,
        "n_annotated": summary.n_annotated,
        "n_failed": summary.n_failed,
        "n_entities": summary.n_entities,
        "n_shards": summary.n_shards,
        "n_skipped": summary.n_skipped,
    }


def _choose_executor(folder_options: FolderOptions) -> "Executor":
    """Return what runs the shards.

    Raises:
        ConfigError: There is none of that name, or an option belongs to another.
    """
    name = folder_options.executor or LOCAL
    if name == RAY:
        from spacy_hf_ner.scale.ray_executor import RayExecutor

        return RayExecutor(
            folder_options.workers,
            address=folder_options.address,
            gpus_per_worker=folder_options.gpus_per_worker or 0.0,
        )
    if name != LOCAL:
        raise ConfigError(
            f'executor must be one of {", ".join(EXECUTORS)}, got "{name}".',
            settings=("executor",),
        )
    if folder_options.address is not None or folder_options.gpus_per_worker is not None:
        raise ConfigError(
            "address must be left out, and so must gpus_per_worker: they are of a cluster. Set "
            f'executor = "{RAY}".',
            settings=("address", "gpus_per_worker", "executor"),
        )
    from spacy_hf_ner.evaluation.device import count_cores
    from spacy_hf_ner.scale import LocalExecutor

    return LocalExecutor(folder_options.workers or count_cores())


def _describe(summary: "RunSummary", output: Path) -> None:
    """Say what is in a folder, what was set aside, and what is missing."""
    for failure in summary.failures[:N_SHOWN]:
        msg.warn(failure)
    if summary.n_failed:
        failed = count(summary.n_failed, "text")
        msg.warn(f"{failed} of {summary.n_texts:,} set aside: see {output / 'errors.parquet'}")
    if summary.n_missing:
        missing = count(summary.n_missing, "text")
        msg.warn(
            f"{missing} of {summary.n_texts:,} not annotated yet: {summary.n_whole:,} of "
            f"{count(summary.n_shards, 'shard')} are whole. Run the same command again to go on."
        )
        return
    entities = count(summary.n_entities, "entity", "entities")
    texts = count(summary.n_annotated, "text")
    msg.good(f"{output}: {entities} in {texts}, in {count(summary.n_shards, 'shard')}")
    if summary.n_skipped:
        msg.info(f"{count(summary.n_skipped, 'shard')} were whole before.")


def _estimate(
    input_name: str,
    output: Path,
    settings: "AnnotateSettings",
    folder_options: FolderOptions,
    shard_size: int,
) -> dict[str, Any]:
    """Say what a run would need, and write nothing."""
    from spacy_hf_ner.evaluation.device import count_cores
    from spacy_hf_ner.scale.annotation_run import make_plan
    from spacy_hf_ner.scale.estimate import estimate_run

    plan = make_plan(input_name, settings, output=output, shard_size=shard_size)
    n_workers = folder_options.workers or count_cores()
    estimate = estimate_run(plan, settings, n_workers=n_workers)
    duration = timedelta(seconds=round(estimate.seconds))
    n_megabytes = estimate.n_bytes / 1e6
    msg.info(
        f"{count(estimate.n_texts, 'text')} in {count(estimate.n_shards, 'shard')}: about "
        f"{duration} with {count(n_workers, 'worker')}, and {n_megabytes:,.1f} MB. One worker "
        f"reads {estimate.words_per_second:,.0f} words a second ({estimate.n_sampled} texts tried)."
    )
    if estimate.n_failed:
        msg.warn(f"{count(estimate.n_failed, 'text')} of these would be set aside.")
    return {"output": str(output), **asdict(estimate), "n_failed": 0}
