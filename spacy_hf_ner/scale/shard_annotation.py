"""The core: one shard in, one file out, whole or not at all, and every text counted.

What runs it is of no concern here: a process, a pool, Ray, Spark, or an array of Slurm jobs.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from spacy_hf_ner.core.replacing import replace_file
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.corpus.text_input import PlainText
from spacy_hf_ner.corpus.text_readers.column_types import find_column_types
from spacy_hf_ner.errors import HFNerError
from spacy_hf_ner.pipe.text_stream import AnnotatedText
from spacy_hf_ner.scale.annotate_settings import DOCUMENTS, PARQUET, AnnotateSettings
from spacy_hf_ner.scale.annotator import Annotator, load_annotator
from spacy_hf_ner.scale.attempts import Attempts, find_notes, open_attempts
from spacy_hf_ner.scale.shard_writers import open_shard_writer, read_parquet_ids
from spacy_hf_ner.scale.shards import Shard, ShardReader, make_whole_shard, name_texts

__all__ = ["Report", "ShardResult", "TextError", "annotate_shard"]

KILLED: Final = "its worker was killed each time that this text was read alone"
REPORT_EVERY_S: Final = 0.5

Report = Callable[[int, int], None]
"""Called with the texts and words that are done since the last call, between batches."""


@dataclass(frozen=True, slots=True)
class TextError:
    """A text that was set aside.

    Attributes:
        id: Its name.
        place: Where it stands.
        reason: Why it has no annotation.
    """

    id: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What became of a shard.

    Attributes:
        number: The shard's number.
        file: The name of its file.
        n_bytes: The size of the file.
        n_texts: Texts that went in.
        n_annotated: Texts that came out.
        n_entities: Entities in them.
        n_words: Tokens in them.
        seconds: How long it took.
        errors: The texts that were set aside: all that did not come out.
    """

    number: int
    file: str
    n_bytes: int
    n_texts: int
    n_annotated: int
    n_entities: int
    n_words: int
    seconds: float
    errors: tuple[TextError, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ShardResult":
        """Return what :meth:`to_json` gave."""
        errors = tuple(TextError(**error) for error in values["errors"])
        return cls(**{**values, "errors": errors})


def annotate_shard(
    source: Shard | Path | str,
    target: Path | str,
    settings: AnnotateSettings,
    *,
    reader: ShardReader | None = None,
    report: Report | None = None,
) -> ShardResult:
    """Write the annotation of a shard, and return what became of each text.

    The model is loaded once in a process. Whoever is killed leaves no half file; the next call for
    the same target looks for the text that did it, and sets it aside.

    Args:
        source: The shard, or a file that is one as a whole.
        target: The file to write, which appears whole or not at all.
        settings: How.
        reader: What reads several shards of an input; None for a new one.
        report: Told from time to time how far it is.

    Raises:
        ConfigError: A setting is wrong.
        CorpusError: The input cannot be read, or is not what it was when it was cut.
        OutputError: The file cannot be written. What was there stays.
    """
    start = time.perf_counter()
    target = Path(target)
    shard = source if isinstance(source, Shard) else make_whole_shard(source)
    annotator = load_annotator(settings)
    texts = (reader or ShardReader(settings.columns)).read(shard)
    kept_types = find_column_types(shard.source, settings.columns.kept)
    counts = _Counts(report)
    with replace_file(target) as fresh:
        with (
            open_attempts(target) as attempts,
            open_shard_writer(
                fresh, settings, scores_key=annotator.scores_key, kept_types=kept_types
            ) as writer,
        ):
            tried = _Trial(annotator, attempts).annotate(name_texts(texts, shard))
            for text_id, annotated in tried:
                entities = annotator.find_entities(annotated)
                if annotated.doc is not None:
                    writer.write(text_id, annotated.source, annotated.doc, entities)
                counts.add(text_id, annotated, n_entities=len(entities))
        counts.check(fresh, settings, n_texts=shard.n_texts)
    find_notes(target).unlink(missing_ok=True)
    return ShardResult(
        number=shard.number,
        file=target.name,
        n_bytes=target.stat().st_size,
        n_texts=shard.n_texts,
        n_annotated=len(counts.ids),
        n_entities=counts.n_entities,
        n_words=counts.n_words,
        seconds=time.perf_counter() - start,
        errors=tuple(counts.errors),
    )


class _Counts:
    """What was written, and what was set aside."""

    def __init__(self, report: Report | None) -> None:
        self.ids: list[str] = []
        self.errors: list[TextError] = []
        self.n_entities = 0
        self.n_words = 0
        self._report = report
        self._reported = (0, 0)
        self._last_report = time.monotonic()

    def add(self, text_id: str, annotated: AnnotatedText[PlainText], *, n_entities: int) -> None:
        """Take what became of a text."""
        if annotated.doc is None:
            self.errors.append(TextError(text_id, annotated.source.place, annotated.error))
        else:
            self.ids.append(text_id)
            self.n_entities += n_entities
            self.n_words += len(annotated.doc)
        now = time.monotonic()
        if self._report is not None and now - self._last_report > REPORT_EVERY_S:
            self._last_report = now
            n_texts = len(self.ids) + len(self.errors)
            texts_before, words_before = self._reported
            self._reported = (n_texts, self.n_words)
            self._report(n_texts - texts_before, self.n_words - words_before)

    def check(self, path: Path, settings: AnnotateSettings, *, n_texts: int) -> None:
        """Make sure that each text that went in is in the file, or was set aside.

        Raises:
            HFNerError: One is not.
        """
        is_whole = len(self.ids) + len(self.errors) == n_texts
        if settings.output_format == PARQUET and settings.rows == DOCUMENTS:
            is_whole = is_whole and read_parquet_ids(path) == self.ids
        if not is_whole:
            raise HFNerError(
                f"{path.name}: {count(n_texts, 'text')} went in, {len(self.ids):,} came out and "
                f"{len(self.errors):,} were set aside. That is a fault of this package: please "
                "report it. Nothing was written."
            )


Named = tuple[str, AnnotatedText[PlainText]]
Numbered = tuple[int, tuple[str, PlainText]]

TOGETHER = "together"
ALONE = "alone"
NOT_AT_ALL = "not at all"


class _Trial:
    """Annotates texts together where nothing is known against them, else alone, or not at all."""

    def __init__(self, annotator: Annotator, attempts: Attempts) -> None:
        self._annotator = annotator
        self._attempts = attempts

    def annotate(self, texts: Iterable[tuple[str, PlainText]]) -> Iterator[Named]:
        """Yield each text with its name and what became of it, in order."""
        for way, neighbours in groupby(enumerate(texts), key=self._choose_way):
            if way == TOGETHER:
                yield from self._annotate_together(neighbours)
                continue
            for number, (text_id, text) in neighbours:
                if way == ALONE:
                    self._attempts.take_in_hand(number, number + 1)
                    (annotated,) = self._annotator.annotate([text])
                else:
                    annotated = AnnotatedText(number, text.text, text, None, KILLED)
                yield text_id, annotated

    def _choose_way(self, numbered: Numbered) -> str:
        number, _ = numbered
        if number in self._attempts.killers:
            return NOT_AT_ALL
        return ALONE if number in self._attempts.suspects else TOGETHER

    def _annotate_together(self, neighbours: Iterator[Numbered]) -> Iterator[Named]:
        """Yield what becomes of neighbours, as a stream that the pipeline cuts into batches."""
        names: deque[str] = deque()  # of texts that have gone in and not come out
        batch_size = self._annotator.batch_size

        def read() -> Iterator[PlainText]:
            for i, (number, (text_id, text)) in enumerate(neighbours):
                if i % batch_size == 0:
                    # The pipeline asks for the first text of a batch: it will take the others, too,
                    # before anything of them can be written.
                    self._attempts.take_in_hand(number - len(names), number + batch_size)
                names.append(text_id)
                yield text

        for annotated in self._annotator.annotate(read()):
            yield names.popleft(), annotated
