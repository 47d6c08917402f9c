"""``hf-ner annotate``: texts to entities with their scores.

Into a file, or stdout, it reads, predicts and writes in a stream, in one process. Into a folder, it
hands shards to workers: see ``annotate_shards.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.annotate_shards import (
    FolderOptions,
    annotate_into_folder,
    refuse_folder_options,
)
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.cli.text_failures import Failure, unpack_texts, warn_of_failures
from spacy_hf_ner.cli.thresholds import read_threshold
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.corpus.plain_texts import PlainText
    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.pipe.text_stream import AnnotatedText

__all__ = ["EXAMPLE", "AnnotationReport", "annotate", "annotate_command"]

EXAMPLE = "training/model-best texts.txt entities.jsonl --threshold 0.5"

UNCERTAIN = "uncertain"
STDIN = "-"


@dataclass(slots=True)
class AnnotationReport:
    """What was written.

    Attributes:
        n_texts: Texts.
        n_entities: Entities in them.
        failures: The index of each text that failed, where it comes from, and why it failed.
    """

    n_texts: int = 0
    n_entities: int = 0
    failures: list[Failure] = field(default_factory=list)


OutputFormat = Annotated[
    str | None,
    typer.Option(
        help=(
            "Format of OUTPUT: jsonl, hf (Hugging Face's dicts), parquet (in a folder), or what "
            "convert writes (spacy, prodigy, doccano, label-studio, …); by default by its ending, "
            "parquet in a folder."
        )
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(help="Field or column of the text's id; by default id, text_id or doc_id."),
]
Sort = Annotated[
    str | None,
    typer.Option(help='"uncertain": texts whose least certain entity is least certain come first.'),
]

FOLDER = "Of a folder"  # a part of the help

Keep = Annotated[
    list[str],
    typer.Option(
        help="Column of the input to write beside the entities; may be repeated.",
        default_factory=list,
        show_default=False,
        rich_help_panel=FOLDER,
    ),
]
Rows = Annotated[
    str | None,
    typer.Option(
        help="What a row of parquet is: documents (the default) or entities.",
        rich_help_panel=FOLDER,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes with one thread each, or one GPU each; by default one for each core.",
        rich_help_panel=FOLDER,
    ),
]
ShardSize = Annotated[
    int | None,
    typer.Option(min=1, help="Texts in a shard; by default 2000.", rich_help_panel=FOLDER),
]
MaxChars = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Longest text, in characters; a longer one is set aside. By default 2000000.",
        rich_help_panel=FOLDER,
    ),
]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        help="What runs the shards: local (the default), or ray, a cluster.",
        rich_help_panel=FOLDER,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Address of the Ray cluster; by default RAY_ADDRESS, or one on this machine.",
        rich_help_panel=FOLDER,
    ),
]
GpusPerWorker = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        help="Share of a GPU for each worker on a Ray cluster, such as 0.5.",
        rich_help_panel=FOLDER,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Only estimate time and size, from a sample.", rich_help_panel=FOLDER
    ),
]


def annotate_command(  # noqa: PLR0913 - one argument an option
    model: options.Model,
    input_name: options.Texts,
    output: Annotated[
        Path | None,
        typer.Argument(help="A file, or a folder for shards; by default stdout."),
    ] = None,
    *,
    output_format: OutputFormat = None,
    text_column: options.TextColumn = "text",
    id_column: IdColumn = None,
    threshold: options.Thresholds,
    sort: Sort = None,
    batch_size: options.BatchSize = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.EntitiesKey = None,
    keep: Keep,
    rows: Rows = None,
    workers: Workers = None,
    shard_size: ShardSize = None,
    max_chars: MaxChars = None,
    executor: ExecutorName = None,
    address: Address = None,
    gpus_per_worker: GpusPerWorker = None,
    dry_run: DryRun = False,
) -> dict[str, Any] | None:
    """Find the entities of texts, and the labels of tokens, with their scores.

    A file, or stdout, gets a record for each text, in the same order. A text that fails is reported
    with its index, and its record holds the error; no other text is touched by it.

    A folder gets shards, annotated by several workers. It can be stopped, or killed, and gone on
    with by the same command. Texts that fail are set aside in errors.parquet.

    The exit code is 1 if a text failed.
    """
    from spacy_hf_ner.evaluation.device import use_gpu

    folder_options = FolderOptions(
        keep=tuple(keep) or None,
        rows=rows,
        workers=workers,
        shard_size=shard_size,
        max_chars=max_chars,
        executor=executor,
        address=address,
        gpus_per_worker=gpus_per_worker,
        dry_run=dry_run or None,
    )
    if output is not None and (output.is_dir() or not output.suffix):
        _refuse_stream_options(input_name, sort)
        return annotate_into_folder(
            input_name,
            output,
            folder_options,
            model=model,
            output_format=output_format,
            text_column=text_column,
            id_column=id_column,
            threshold=read_threshold(threshold),
            batch_size=batch_size,
            code=code,
            gpu_id=gpu_id,
            spans_key=spans_key,
        )
    refuse_folder_options(folder_options)
    import_code(code)
    use_gpu(gpu_id, silent=True)
    report = annotate(
        model,
        input_name,
        output,
        output_format=output_format,
        text_column=text_column,
        id_column=id_column,
        threshold=read_threshold(threshold),
        sort=sort,
        batch_size=batch_size,
        spans_key=spans_key,
    )
    warn_of_failures(report.failures, report.n_texts, "Their records hold the error.")
    if output is None:
        # Lines are on stdout, and nothing else.
        if report.failures:
            raise typer.Exit(code=1)
        return None
    entities = count(report.n_entities, "entity", "entities")
    msg.good(f"{output}: {entities} in {count(report.n_texts, 'text')}")
    return {
        "output": str(output),
        "n_texts": report.n_texts,
        "n_entities": report.n_entities,
        "n_failed": len(report.failures),
    }


def _refuse_stream_options(input_name: str, sort: str | None) -> None:
    """Refuse what a run cannot do that may be gone on with.

    Raises:
        ConfigError: Texts come from stdin, or are to be sorted.
    """
    if input_name == STDIN:
        raise ConfigError(
            "INPUT must be files where OUTPUT is a folder: a run that goes on reads them again, "
            "and stdin cannot be. Write the texts to a file, or name an OUTPUT file."
        )
    if sort is not None:
        raise ConfigError(
            "sort must be left out where OUTPUT is a folder: shards come as they are done. Name a "
            "file.",
            settings=("sort",),
        )


def annotate(  # noqa: PLR0913 - one argument an option
    model: str,
    input_name: str,
    output: Path | None = None,
    *,
    output_format: str | None = None,
    text_column: str = "text",
    id_column: str | None = None,
    threshold: "Threshold" = None,
    sort: str | None = None,
    batch_size: int | None = None,
    spans_key: str | None = None,
) -> AnnotationReport:
    """Write the entities of texts, and return what was written.

    Args:
        model: Name of an installed pipeline, or its folder.
        input_name: A file, a folder, or ``-`` for stdin.
        output: A file, which appears whole or not at all; None for stdout.
        output_format: Its format; None for what its ending says.
        text_column: The field of records, or the column of a table, that holds the text.
        id_column: The one that holds its id; None for ``id``, ``text_id`` or ``doc_id``.
        threshold: The lowest score of an entity, or a table of them per type; None for what the
            pipeline has.
        sort: ``"uncertain"``, or None for the order of the texts.
        batch_size: How many texts are predicted together; None for the pipeline's own.
        spans_key: The span group to write; None for ``doc.ents``.

    Raises:
        ConfigError: There is no such pipeline or format, or an option is out of its range.
        CorpusError: There are no such texts.
        OutputError: The output cannot be written. What was there stays.
    """
    from spacy_hf_ner.cli.annotation_writers import open_writer
    from spacy_hf_ner.cli.uncertainty import sort_by_uncertainty
    from spacy_hf_ner.corpus.plain_texts import read_texts
    from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
    from spacy_hf_ner.pipe.components import find_components, set_threshold
    from spacy_hf_ner.pipe.found_entities import EntityFinder
    from spacy_hf_ner.pipe.text_stream import annotate_texts

    if sort not in {None, UNCERTAIN}:
        raise ConfigError(f'sort must be "{UNCERTAIN}", got "{sort}".', settings=("sort",))
    texts = read_texts(input_name, text_column=text_column, id_column=id_column)
    nlp = load_pipeline(model)
    if threshold is not None:
        set_threshold(nlp, threshold)
    finder = EntityFinder(spans_key, find_spans_key(nlp))
    # Scores are in the group that hf_ner sets beside doc.ents.
    key = spans_key or (finder.fallback_key if find_components(nlp) else "")

    report = AnnotationReport()
    with open_writer(output, output_format, spans_key=key, stdout=msg.results) as writer:
        annotated: Iterable[AnnotatedText[PlainText]]
        annotated = annotate_texts(nlp, unpack_texts(texts), batch_size=batch_size)
        if sort is not None:
            annotated = sort_by_uncertainty(annotated, finder, nlp.vocab)
        for text in annotated:
            entities = finder.find(text.doc)
            writer.write(text, entities)
            report.n_texts += 1
            report.n_entities += len(entities)
            if text.error:
                report.failures.append((text.index, text.source.place, text.error))
    return report
