"""Texts that others hold, such as those of Spark: rows out, in the order in which texts come in."""

from collections.abc import Iterable, Iterator
from typing import Any

from spacy_hf_ner.corpus.text_input import PlainText
from spacy_hf_ner.scale.annotate_settings import AnnotateSettings
from spacy_hf_ner.scale.annotator import load_annotator
from spacy_hf_ner.scale.shard_writers import describe_entity

__all__ = ["annotate_stream"]


def annotate_stream(
    texts: Iterable[tuple[str, str | None]], settings: AnnotateSettings
) -> Iterator[dict[str, Any]]:
    """Yield a row for each text: its id, its entities as in parquet, its error or an empty string.

    The model is loaded once in a process. A text that kills its process is not found here: whoever
    runs this decides what becomes of the others.

    Args:
        texts: The id of each text, and the text; None is an error.
        settings: How.

    Raises:
        ConfigError: There is no such pipeline, or a setting does not go with it.
    """
    annotator = load_annotator(settings)
    for annotated in annotator.annotate(map(_read, texts)):
        entities = annotator.find_entities(annotated)
        yield {
            "id": annotated.source.text_id,
            "entities": [describe_entity(entity) for entity in entities],
            "error": annotated.error,
        }


def _read(named: tuple[str, str | None]) -> PlainText:
    text_id, text = named
    if isinstance(text, str):
        return PlainText(text, place=str(text_id), text_id=str(text_id))
    kind = type(text).__name__
    return PlainText("", str(text_id), str(text_id), error=f"expected a text, got {kind}")
