"""What the page of the demo can do: plain values in, plain values out, and no page in here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spacy_hf_ner.corpus.plain_texts import read_texts
from spacy_hf_ner.corpus.text_files import open_text
from spacy_hf_ner.demo.demo_models import DemoModel
from spacy_hf_ner.demo.demo_rewriter import DemoRewriter
from spacy_hf_ner.demo.readings import Reading, compare, read_text
from spacy_hf_ner.errors import CorpusError
from spacy_hf_ner.rewriting.settings import RewriteSettings
from spacy_hf_ner.visual.html_table import make_table

__all__ = [
    "PLAIN_SUFFIXES",
    "RECORD_SUFFIXES",
    "DemoActions",
    "Progress",
    "ShownReading",
    "ShownRewriting",
    "open_texts",
]

Progress = Callable[[float], None]
"""Takes the share of the work that is done."""

PLAIN_SUFFIXES: Final = (".txt", ".text", ".md")
"""Of files that are one text."""

RECORD_SUFFIXES: Final = (".jsonl", ".json", ".csv", ".tsv", ".spacy")
"""Of files that hold several."""

_ENTITY_HEADER: Final = ("entity", "type", "score", "from", "to")
_REPLACED_HEADER: Final = ("old", "new", "type", "place in the old text", "place in the new text")

# Between the texts of a file that holds several.
_BETWEEN_TEXTS: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class ShownReading:
    """What a pipeline found, as the page shows it.

    Attributes:
        summary: How many entities there are.
        html: The text with its entities.
        table: The HTML of a table of the entities: text, type, score, offsets.
        json: The record that ``hf-ner annotate`` writes.
        hf: Hugging Face's dicts.
    """

    summary: str
    html: str
    table: str
    json: str
    hf: str


@dataclass(frozen=True, slots=True)
class ShownRewriting:
    """A text with other names, as the page shows it.

    Attributes:
        html: The new text with its entities.
        text: The new text.
        table: The HTML of the table old → new: both names, the type, the offsets of both.
        remains: What is left of names, in sentences.
    """

    html: str
    text: str
    table: str
    remains: str


class DemoActions:
    """What the page can do with some pipelines.

    Args:
        models: The pipelines.
        vectors: The name of the word vectors for analogies.
    """

    def __init__(self, models: Sequence[DemoModel], vectors: str) -> None:
        self._models: dict[str, DemoModel] = {}
        for model in models:
            self._models[model.name] = model
        self._rewriter = DemoRewriter(vectors)

    def read(
        self, text: str, names: Sequence[str], progress: Progress | None = None
    ) -> list[Reading]:
        """Return what each of some pipelines finds in a text.

        Raises:
            ConfigError: The text is too long.
        """
        readings: list[Reading] = []
        for i, name in enumerate(names):

            def report(n_read: int, n_chars: int, n_done: int = i) -> None:
                if progress is not None:
                    progress((n_done + n_read / max(n_chars, 1)) / len(names))

            readings.append(read_text(self._models[name], text, report))
        return readings

    def are_of(self, readings: Sequence[Reading], text: str, names: Sequence[str]) -> bool:
        """Tell whether these are what some pipelines find in a text."""
        found = [reading.model.name for reading in readings if reading.text == text]
        return found == list(names)

    def show(self, reading: Reading, threshold: float) -> ShownReading:
        """Return what reaches a threshold of what a pipeline found."""
        return ShownReading(
            summary=reading.summarise(threshold),
            html=reading.draw(threshold),
            table=make_table("Entities", _ENTITY_HEADER, reading.tabulate(threshold), n_text=2),
            json=reading.write_json(threshold),
            hf=reading.write_hf(threshold),
        )

    def compare(self, readings: Sequence[Reading], threshold: float) -> str:
        """Return what two pipelines both find; nothing where there is only one."""
        if len(readings) < 2:  # noqa: PLR2004 - one beside the other
            return ""
        first, second = readings
        return compare(first, second, threshold)

    def rewrite(
        self, reading: Reading, settings: RewriteSettings, threshold: float
    ) -> ShownRewriting:
        """Return a text with other names.

        Raises:
            ConfigError: A setting is missing, or out of its range.
            MissingExtraError: The method needs a library that is not installed.
        """
        result = self._rewriter.rewrite(reading, settings, threshold)
        rows: list[list[str]] = []
        for row in result.rows:
            old_place = f"{row.old_start}–{row.old_end}"
            new_place = f"{row.new_start}–{row.new_end}"
            rows.append([row.old, row.new, row.entity_type or "article", old_place, new_place])
        return ShownRewriting(
            html=result.draw(reading.model.spans_key),
            text=result.text,
            table=make_table("Replaced", _REPLACED_HEADER, rows, n_text=3),
            remains=" ".join(result.remains),
        )


def open_texts(path: Path) -> str:
    """Return the texts of a file as one text, and remove the file: nothing of it is kept.

    A plain file is one text; of ``.jsonl``, ``.json``, ``.csv``, ``.tsv`` and ``.spacy`` the texts
    follow each other with an empty line between them.

    Raises:
        CorpusError: It cannot be read, or holds no text.
    """
    try:
        if path.suffix.lower() in PLAIN_SUFFIXES:
            text = open_text(path).read()
        else:
            text = _BETWEEN_TEXTS.join(_read_records(path))
    finally:
        path.unlink()
    if not text.strip():
        raise CorpusError(f"{path.name}: expected a text, got white space alone.")
    return text


def _read_records(path: Path) -> Iterator[str]:
    for record in read_texts(str(path)):
        if record.error:
            raise CorpusError(f"{path.name}: {record.error}")
        yield record.text
