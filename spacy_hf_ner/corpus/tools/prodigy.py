"""Prodigy: records with an answer; of those of binary questions, each is about one span.

::

    {"text": "Ed ran", "spans": [{"start": 0, "end": 2, "label": "PER"}], "answer": "reject",
     "_input_hash": 17, "_is_binary": true}

Such a record says nothing of the rest of its text. All that are about one text become one.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from spacy.tokens import Doc, Token

from spacy_hf_ner.corpus.format import Target
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.sentence import Problem, Sentence
from spacy_hf_ner.corpus.tools.doc_entities import (
    SCORE_KEY,
    DocEntity,
    find_entities,
    find_lowest_score,
    find_rejected,
    judge_annotation,
    read_meta,
)

__all__ = [
    "ACCEPTED",
    "REFUSED",
    "REJECTED_KEY",
    "ProdigyWriter",
    "is_binary",
    "merge_answers",
]

ACCEPTED: Final = "accept"
REJECTED: Final = "reject"
REFUSED: Final = ("ignore", REJECTED)  # answers by which a whole record is left out
BINARY: Final = "_is_binary"
INPUT_KEY: Final = "_input_hash"
REJECTED_KEY: Final = "_rejected_spans"  # of a merged record

Read = Callable[[], Iterator[FoundRecord]]


def is_binary(record: Record) -> bool:
    """Tell whether a record answers a question about one span alone."""
    return record.get(BINARY) is True


def merge_answers(read: Read) -> Read:
    """Return a reader of the same records, in which all answers about one text are one record.

    The merged record stands where the first of them stood.
    """
    answers: dict[Hashable, list[FoundRecord]] = {}
    for found in read():
        if is_binary(found.record):
            answers.setdefault(_find_input(found.record), []).append(found)
    if not answers:
        return read

    def read_merged() -> Iterator[FoundRecord]:
        is_merged: set[Hashable] = set()
        for found in read():
            if not is_binary(found.record):
                yield found
                continue
            key = _find_input(found.record)
            if key not in is_merged:
                is_merged.add(key)
                yield _merge(answers[key])

    return read_merged


def _find_input(record: Record) -> Hashable:
    """Return what two records about one text have in common."""
    key = record.get(INPUT_KEY)
    if isinstance(key, int | str):
        return key
    return str(record.get("text"))


def _merge(answers: Iterable[FoundRecord]) -> FoundRecord:
    """Return the answers about one text as one record."""
    first, *_ = answers
    spans: dict[str, dict[Hashable, Any]] = {ACCEPTED: {}, REJECTED: {}}
    problems: list[Problem] = []
    has_answer = False
    for line, record, of_record in answers:
        problems += of_record
        answer = record.get("answer")
        if answer is None:
            continue  # nobody was asked yet
        if answer not in spans:
            problems.append(Problem(f"record answered {answer!r}, left out", line))
            continue
        has_answer = True
        for span in record.get("spans") or ():
            spans[answer][_identify(span)] = span
    if not has_answer:
        return first
    accepted = spans[ACCEPTED]
    rejected = spans[REJECTED]
    for key in accepted.keys() & rejected.keys():
        problems.append(Problem("span both accepted and rejected, left out", first.line))
        del accepted[key], rejected[key]
    merged = {
        **first.record,
        "answer": ACCEPTED,
        "spans": list(accepted.values()),
        REJECTED_KEY: list(rejected.values()),
    }
    return FoundRecord(first.line, merged, tuple(problems))


def _identify(span: object) -> Hashable:
    if not isinstance(span, dict):
        return repr(span)
    return repr((span.get("start"), span.get("end"), span.get("label")))


# ----------------------------------------------------------------------------------------------
# writing


class ProdigyWriter:
    """Writes JSONL: gold as accepted answers, predictions as tasks, with the tokens of the Doc.

    A Doc of which only some words are annotated becomes a binary answer for each of its spans: that
    says nothing of the other words.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._file: TextIO = target.path.open("w", encoding="utf-8", newline="\n")
        self._n_docs = 0

    def add(self, sentences: Sequence[Sentence], doc: Doc) -> None:  # noqa: ARG002 - all get it
        """Take one document."""
        self._n_docs += 1
        spans_key = self._target.spans_key
        entities = find_entities(doc, spans_key)
        record = self._make_record(doc, entities)
        annotated = judge_annotation(doc, spans_key)
        if annotated == "all":
            record["spans"] = list(map(_make_span, entities))
            if not self._target.is_predicted and find_lowest_score(entities) is None:
                record["answer"] = ACCEPTED
            self._write(record)
        elif annotated == "some":
            self._write_answers(record, entities, find_rejected(doc))
        else:
            # A question that nobody has answered yet.
            self._write({**record, "spans": [], BINARY: True})

    def _make_record(self, doc: Doc, entities: Iterable[DocEntity]) -> dict[str, Any]:
        meta = read_meta(doc)
        lowest = find_lowest_score(entities)
        if lowest is not None:
            meta[SCORE_KEY] = lowest
        record: dict[str, Any] = {"text": doc.text}
        if doc.user_data.get("document_id"):
            record["id"] = doc.user_data["document_id"]
        if meta:
            record["meta"] = meta
        record["tokens"] = [_make_token(token) for token in doc]
        return record

    def _write_answers(
        self, record: dict[str, Any], accepted: Iterable[DocEntity], rejected: Iterable[DocEntity]
    ) -> None:
        record[INPUT_KEY] = self._n_docs  # by which the answers about one text are known
        for answer, entities in ((ACCEPTED, accepted), (REJECTED, rejected)):
            for entity in entities:
                spans = [_make_span(entity)]
                self._write({**record, "spans": spans, "answer": answer, BINARY: True})

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def finish(self) -> None:
        """Do nothing: each document is written at once."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _make_token(token: Token) -> dict[str, Any]:
    return {
        "text": token.text,
        "start": token.idx,
        "end": token.idx + len(token),
        "id": token.i,
        "ws": bool(token.whitespace_),
    }


def _make_span(entity: DocEntity) -> dict[str, Any]:
    span: dict[str, Any] = {
        "start": entity.start_char,
        "end": entity.end_char,
        "token_start": entity.start,
        "token_end": entity.end - 1,  # Prodigy's is the last token
        "label": entity.entity_type,
    }
    if entity.score is not None:
        span[SCORE_KEY] = entity.score
    return span
