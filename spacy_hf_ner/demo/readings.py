"""A text through a pipeline, passage by passage, and what was found in the forms that are shown."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spacy.tokens import Doc

from spacy_hf_ner.core.thresholds import reaches
from spacy_hf_ner.core.wording import count
from spacy_hf_ner.demo.demo_models import DemoModel
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.evaluation.formatting import format_score
from spacy_hf_ner.pipe.entity_formats import HFEntity, as_hf_entities
from spacy_hf_ner.pipe.found_entities import make_record
from spacy_hf_ner.visual.render import render

__all__ = ["MAX_CHARS", "PASSAGE_CHARS", "Reading", "compare", "cut_text", "read_text"]

MAX_CHARS: Final = 1_000_000
"""Of a text: half a dozen novels; more than that is for ``hf-ner annotate``."""

PASSAGE_CHARS: Final = 10_000
"""Of a passage. A text that is no longer is read as the pipeline reads it, in one piece."""

Progress = Callable[[int, int], None]
"""Takes how many characters were read, and how many there are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a pipeline found in a text.

    Attributes:
        model: The pipeline.
        docs: The text in passages, which together are the text.
    """

    model: DemoModel
    docs: tuple[Doc, ...]

    @property
    def text(self) -> str:
        """The text."""
        return "".join(doc.text for doc in self.docs)

    def list_entities(self, threshold: float) -> list[HFEntity]:
        """Return what reaches a threshold as Hugging Face's pipeline writes it."""
        entities: list[HFEntity] = []
        start_char = 0
        for doc in self.docs:
            for entity in as_hf_entities(doc, self.model.find_group(doc) or None):
                if reaches(threshold, entity["entity_group"], entity["score"]):
                    entities.append(_move(entity, start_char))
            start_char += len(doc.text)
        return entities

    def draw(self, threshold: float) -> str:
        """Return displaCy's HTML of the text with the entities that reach a threshold."""
        return render(self.docs, spans_key=self.model.spans_key, threshold=threshold, jupyter=False)

    def tabulate(self, threshold: float) -> list[list[str]]:
        """Return a row for each entity that reaches a threshold: text, type, score, offsets."""
        rows: list[list[str]] = []
        for entity in self.list_entities(threshold):
            score = ""
            if entity["score"] is not None:
                score = format_score(entity["score"], n_decimals=4)
            place = [f"{entity['start']:,}", f"{entity['end']:,}"]
            rows.append([entity["word"], entity["entity_group"], score, *place])
        return rows

    def write_json(self, threshold: float) -> str:
        """Return the record that ``hf-ner annotate`` writes of such a text."""
        entities: list[dict[str, Any]] = []
        for entity in self.list_entities(threshold):
            place = entity["start"], entity["end"]
            entities.append(
                make_record(*place, entity["entity_group"], entity["word"], score=entity["score"])
            )
        return _dump({"text": self.text, "entities": entities})

    def write_hf(self, threshold: float) -> str:
        """Return Hugging Face's dicts, as JSON."""
        return _dump(self.list_entities(threshold))

    def summarise(self, threshold: float) -> str:
        """Return how many entities reach a threshold."""
        n_found = len(self.list_entities(0.0))
        n_shown = len(self.list_entities(threshold))
        shown = count(n_shown, "entity", "entities")
        if n_shown == n_found:
            return shown
        return f"{shown}; {n_found - n_shown:,} below the threshold"


def read_text(model: DemoModel, text: str, progress: Progress | None = None) -> Reading:
    """Return what a pipeline finds in a text.

    Args:
        model: The pipeline.
        text: The text.
        progress: Called after each passage.

    Raises:
        ConfigError: The text is too long.
    """
    if len(text) > MAX_CHARS:
        raise ConfigError(
            f"expected a text of {MAX_CHARS:,} characters at most, got {len(text):,}. For more "
            "there is hf-ner annotate."
        )
    docs: list[Doc] = []
    n_read = 0
    for passage in cut_text(text):
        docs.append(model.nlp(passage))
        n_read += len(passage)
        if progress is not None:
            progress(n_read, len(text))
    return Reading(model, tuple(docs))


def compare(first: Reading, second: Reading, threshold: float) -> str:
    """Return how many entities both pipelines find, and how many one of them alone."""
    in_first = _find_places(first, threshold)
    in_second = _find_places(second, threshold)
    both = count(len(in_first & in_second), "entity", "entities")
    return (
        f"Both find {both}; {len(in_first - in_second):,} only the first, "
        f"{len(in_second - in_first):,} only the second."
    )


def cut_text(text: str, max_chars: int = PASSAGE_CHARS) -> Iterator[str]:
    r"""Yield the passages of a text, which together are the text.

    They end at the end of a line if possible, else after a sentence, else after a word.

    >>> list(cut_text("one two\nthree", max_chars=8))
    ['one two\n', 'three']
    """
    start = 0
    while len(text) - start > max_chars:
        end = _find_end(text, start + max_chars // 2, start + max_chars)
        yield text[start:end]
        start = end
    yield text[start:]


def _find_end(text: str, first: int, last: int) -> int:
    """Return where a passage ends, from the first to the last place where it may."""
    for border in ("\n", ". ", " "):
        found = text.rfind(border, first, last)
        if found >= 0:
            return found + len(border)
    return last


def _move(entity: HFEntity, start_char: int) -> HFEntity:
    """Return an entity of a passage with its place in the whole text."""
    moved = entity.copy()
    moved["start"] += start_char
    moved["end"] += start_char
    return moved


def _find_places(reading: Reading, threshold: float) -> set[tuple[int, int, str]]:
    places: set[tuple[int, int, str]] = set()
    for entity in reading.list_entities(threshold):
        places.add((entity["start"], entity["end"], entity["entity_group"]))
    return places


def _dump(value: dict[str, Any] | Sequence[HFEntity]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
