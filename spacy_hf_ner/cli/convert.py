"""``hf-ner convert``: a corpus in the form it was published in to Docs for training, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from spacy_hf_ner.cli.messages import msg
from spacy_hf_ner.core.wording import count

if TYPE_CHECKING:
    from spacy_hf_ner.corpus.columns import Task
    from spacy_hf_ner.corpus.conversion_report import ConversionReport, FileReport

__all__ = ["EXAMPLE", "ConvertCommand", "convert"]

EXAMPLE = "train.conll corpus/train.spacy"


class ConvertCommand(TyperCommand):
    """Fills the choices that come from tables into its help, such as ``{formats}``.

    It asks for them when the help is shown: spaCy imports this module on every call of its command
    line, and the formats would be imported with it.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own click
        """Write the help."""
        from spacy_hf_ner.core.schemes import SCHEMES
        from spacy_hf_ner.corpus.opening import list_format_names
        from spacy_hf_ner.corpus.tag_labels import BARE
        from spacy_hf_ner.corpus.writing import list_written_formats, list_written_suffixes

        choices = {
            "formats": _join_choices(list_format_names()),
            "schemes": _join_choices(["auto", *SCHEMES, BARE]),
            "suffixes": _join_choices(list_written_suffixes()),
            "written": _join_choices(list_written_formats()),
        }
        for parameter in self.params:
            if isinstance(parameter, TyperArgument | TyperOption) and parameter.help:
                parameter.help = parameter.help.format_map(choices)
        super().format_help(ctx, formatter)


def _join_choices(choices: list[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


Format = Annotated[str, typer.Option("--format", "-f", help="{formats}.")]
Lang = Annotated[
    str, typer.Option(help="Language code: for white space, and for the tokenizer that is tried.")
]
TokenColumn = Annotated[
    str, typer.Option(help="Column of words: an index from 0, negative from the end, or a name.")
]
TagColumn = Annotated[
    str, typer.Option(help="Column of tags, named in the same way; for CoNLL-U the key in MISC.")
]
TaskName = Annotated[
    str,
    typer.Option("--column", help="What the tags are: ner, chunk (doc.spans) or pos (token.tag_)."),
]
TagNames = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False, help="File that names tags written as numbers: one a line, or JSON."
    ),
]
Encoding = Annotated[
    str, typer.Option(help="Encoding of INPUT: auto, cesu-8 or a codec of Python's.")
]
Scheme = Annotated[str, typer.Option(help="Tag scheme: {schemes}.")]
Offsets = Annotated[
    str,
    typer.Option(help="What offsets of entities in texts count: characters, utf16 or graphemes."),
]
SpansKey = Annotated[
    str,
    typer.Option(
        "--spans-key",
        "-sk",
        help="Span group of Docs that holds their entities, such as hf_ner; else doc.ents.",
    ),
]
OutputFormat = Annotated[str, typer.Option(help="Format of OUTPUT: {written}.")]
Sort = Annotated[
    str,
    typer.Option(
        help="uncertain: first the documents that a model is least sure of, by their scores."
    ),
]
NSents = Annotated[
    int,
    typer.Option(min=0, help="The most sentences in a document; 0: documents as INPUT has them."),
]
LabelMap = Annotated[
    str,
    typer.Option(
        "--label-map",
        "-lm",
        help="New names of entity types: OLD=NEW,OLD=NEW; an empty NEW leaves it out.",
    ),
]
Split = Annotated[
    str, typer.Option(help="Shares of train, dev and test such as 80/10/10, dealt by document.")
]
Seed = Annotated[int, typer.Option(help="What the split depends on.")]
Limit = Annotated[
    int, typer.Option("--limit", "-n", min=0, help="The most documents of each part; 0: all.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse what would be repaired.")]
Report = Annotated[
    Path | None, typer.Option(dir_okay=False, help="JSON file for the counts that are printed.")
]


def convert(  # noqa: PLR0913 - one argument an option
    input_name: Annotated[
        str,
        typer.Argument(
            metavar="INPUT", help="A file, a folder, or hf:NAME for a data set on the hub."
        ),
    ],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="A folder, or a file in {suffixes}.")
    ],
    *,
    format: Format = "auto",  # noqa: A002 - as in the readers
    lang: Lang = "en",
    token_column: TokenColumn = "",
    tag_column: TagColumn = "",
    task: TaskName = "ner",
    tag_names: TagNames = None,
    encoding: Encoding = "auto",
    scheme: Scheme = "auto",
    offsets: Offsets = "characters",
    spans_key: SpansKey = "",
    output_format: OutputFormat = "auto",
    sort: Sort = "",
    n_sents: NSents = 0,
    label_map: LabelMap = "",
    split: Split = "",
    seed: Seed = 0,
    limit: Limit = 0,
    strict: Strict = False,
    report: Report = None,
) -> dict[str, Any]:
    """Convert a corpus to Docs with documents, sentences and white space, and say what it holds."""
    from spacy_hf_ner.corpus.columns import Columns
    from spacy_hf_ner.corpus.conversion import ConvertOptions, convert_corpus
    from spacy_hf_ner.corpus.edits import parse_label_map
    from spacy_hf_ner.corpus.source import ReadOptions
    from spacy_hf_ner.corpus.tag_names import read_tag_names

    columns = Columns(
        token=_read_column(token_column),
        tag=_read_column(tag_column),
        task=_read_task(task),
        tag_names=read_tag_names(tag_names),
    )
    converted = convert_corpus(
        input_name,
        output,
        ReadOptions(
            lang=lang,
            encoding=encoding,
            scheme=scheme,
            columns=columns,
            offsets=offsets,
            spans_key=spans_key,
        ),
        ConvertOptions(
            format_name=format,
            n_sents=n_sents,
            label_map=parse_label_map(label_map),
            split=split,
            seed=seed,
            limit=limit,
            strict=strict,
            report=report,
            output_format=output_format,
            sort=sort,
        ),
    )
    _show(converted)
    n_documents = sum(part.n_documents for part in converted.parts.values())
    msg.good(f"{output}: {count(n_documents, 'document')}")
    return converted.to_json()


def _show(converted: "ConversionReport") -> None:
    for file in converted.files:
        _show_file(file)
    # What the format that is written has no place for.
    for kind, n_docs in converted.losses.items():
        msg.warn(f"{count(n_docs, 'document')} with {kind}.")
    for name, part in converted.parts.items():
        if not part.n_documents:
            msg.warn(f"{name} got no document: its file is empty.")
    if len(converted.parts) > 1:
        _show_parts(converted)


def _show_file(file: "FileReport") -> None:
    msg.divider(file.name, char="─")
    msg.table(list(file.rows()), spacing=2)


def _show_parts(converted: "ConversionReport") -> None:
    """Print the counts of each part, and how many sentences parts share."""
    rows = []
    for name, part in converted.parts.items():
        row = (
            name,
            f"{part.n_documents:,}",
            f"{part.n_sentences:,}",
            f"{part.n_words:,}",
            f"{part.n_entities:,}",
        )
        rows.append(row)
    msg.divider("parts", char="─")
    msg.table(
        rows,
        header=("part", "documents", "sentences", "words", "entities"),
        aligns=("l", "r", "r", "r", "r"),
    )
    for (first_part, later_part), n_shared in converted.duplicates().items():
        sentences = count(n_shared, "sentence")
        verb = "is" if n_shared == 1 else "are"
        msg.warn(f"{sentences} of {later_part} {verb} in {first_part} too, word by word.")


def _read_column(name: str) -> int | str | None:
    """Return a column's index, its name, or None for an option that is not given."""
    from spacy_hf_ner.corpus.cells import is_number

    if not name:
        return None
    if is_number(name.removeprefix("-")):
        return int(name)
    return name


def _read_task(name: str) -> "Task":
    from spacy_hf_ner.corpus.columns import Task

    if name not in get_args(Task):
        raise typer.BadParameter(
            f"expected ner, chunk or pos, got {name!r}.", param_hint="--column"
        )
    return cast("Task", name)
