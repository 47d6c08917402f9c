"""doccano: JSONL of texts, whose entities are ``[start, end, type]`` in ``label``.

It has no form for annotation that is missing, nor for scores of entities; the lowest score of a
text is kept beside it, as metadata.

All that a text has besides is in one field, ``meta``, which each record has: doccano makes a table
of the records, and a number that only some of them have becomes NaN, which its database refuses.
"""

import json
from collections.abc import Sequence
from typing import Any, TextIO

from spacy.tokens import Doc

from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.corpus.tools.doc_entities import (
    SCORE_KEY,
    find_entities,
    find_lowest_score,
    judge_annotation,
    read_meta,
)

__all__ = ["DoccanoWriter"]


class DoccanoWriter:
    """Writes JSONL."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file: TextIO = target.path.open("w", encoding="utf-8", newline="\n")

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - all get it
        """Take one document."""
        spans_key = self._target.spans_key
        entities = find_entities(doc, spans_key)
        meta = read_meta(doc)
        lowest = find_lowest_score(entities)
        if lowest is not None:
            meta[SCORE_KEY] = lowest
        record: dict[str, Any] = {
            "text": doc.text,
            "id": doc.user_data.get("document_id") or None,
            "meta": meta,
        }
        annotated = judge_annotation(doc, spans_key)
        if annotated != "none":
            record["label"] = [
                [entity.start_char, entity.end_char, entity.entity_type] for entity in entities
            ]
        if annotated != "all":
            self._target.report("missing annotation, which doccano cannot tell from no entity")
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Do nothing: each document is written at once."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()
