"""Records of any form to a source: texts with entities, words with tags, words with entities.

JSON and data sets hold the same records. Their first one tells the form.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.columns import Columns
from spacy_hf_ner.corpus.headers import WORD_NAMES
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.records import (
    TASK_NAMES,
    find_fields,
    find_keys,
    find_name,
    is_column,
    read_tables,
)
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.source import Origin, ReadOptions, Source
from spacy_hf_ner.corpus.table_source import open_tables
from spacy_hf_ner.corpus.text_records import has_text, open_texts
from spacy_hf_ner.corpus.texts import make_text_source
from spacy_hf_ner.corpus.tools.gliner import is_gliner, read_gliner
from spacy_hf_ner.errors import CorpusError

__all__ = ["open_records"]

# The keys by which each form is known, for the message about one that is not.
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "Prodigy's": ("text", "spans"),
    "doccano's": ("text", "label"),
    "Label Studio's": ("data", "annotations"),
    "DataTurks'": ("content", "annotation"),
    "GLiNER's": ("tokenized_text", "ner"),
    "that of words and tags": ("tokens", "ner_tags"),
}
MAX_KEYS: Final = 12  # that a message names

Read = Callable[[], Iterator[FoundRecord]]


def open_records(
    read: Read,
    first: FoundRecord,
    origin: Origin,
    options: ReadOptions,
    class_names: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Return the source of sentences that records make.

    Args:
        read: Returns a new iterator over the records.
        first: The first of them.
        origin: What they are read from.
        options: What the user says about the corpus.
        class_names: The names of the numbers in each field.

    Raises:
        CorpusError: The records are of no known form, or hold no tags of the kind that is wanted.
    """
    columns = options.columns
    if is_gliner(first.record):
        return _open_gliner(read, origin.describe("words with entities"), options)
    is_text = has_text(first.record, columns)
    if _has_words(first.record, columns, is_text=is_text):
        keys = find_keys(first.record)
        fields = find_fields(keys, columns, source=origin.name, names=class_names)
        return open_tables(
            lambda: read_tables(read(), fields, source=origin.name),
            origin.describe(f"fields {fields}"),
            options,
        )
    if is_text:
        return open_texts(read, origin.describe("texts with character spans"), options)
    raise _refuse_form(first, origin.name)


def _has_words(record: Record, columns: Columns, *, is_text: bool) -> bool:
    """Tell whether a record is to be read by its words; one without tags is, if it has no text."""
    lists = [key for key, value in record.items() if is_column(value)]
    if not find_name(lists, columns.token, WORD_NAMES):
        return False
    return not is_text or bool(find_name(lists, columns.tag, TASK_NAMES[columns.task]))


def _open_gliner(read: Read, origin: Origin, options: ReadOptions) -> Source:
    if options.columns.task != "ner":
        raise CorpusError(
            f"{origin.name}: expected lists of words and tags for "
            f'column = "{options.columns.task}", got GLiNER\'s words with entities. Leave the '
            "setting out.",
            settings=("column",),
        )

    def read_sentences() -> Iterator[Sentence]:
        for found in read():
            yield read_gliner(found, source=origin.name)

    return make_text_source(read_sentences, origin)


def _refuse_form(first: FoundRecord, name: str) -> CorpusError:
    """Return the error on records of no known form: what was seen, and which is the nearest."""
    keys = list(first.record)
    shown = ", ".join(keys[:MAX_KEYS]) or "(none)"
    if len(keys) > MAX_KEYS:
        shown += f" and {count(len(keys) - MAX_KEYS, 'other')}"
    message = (
        f"{name}:{first.line}: expected a record with a text and its entities, or with words and "
        f"tags, got the keys {shown}."
    )
    form = _find_nearest_form(first.record)
    if form:
        expected = " and ".join(map(repr, FORMS[form]))
        message += f" The nearest form is {form}, which has {expected}."
    return CorpusError(
        f"{message} Rename them to text and spans (start, end, label), or name them with "
        "token_column and tag_column.",
        settings=("token_column", "tag_column"),
    )


def _find_nearest_form(record: Mapping[str, Any]) -> str:
    """Return the form of which a record has most keys, or nothing if it has none."""
    lower_keys = set(map(str.lower, record))
    nearest = ""
    n_most = 0
    for form, expected in FORMS.items():
        n_shared = len(lower_keys.intersection(expected))
        if n_shared > n_most:
            nearest = form
            n_most = n_shared
    return nearest
