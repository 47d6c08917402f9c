"""Prodigy: records with an answer; of those of binary questions, each is about one span.

::

    {"text": "Ed ran", "spans": [{"start": 0, "end": 2, "label": "PER"}], "answer": "reject",
     "_input_hash": 17, "_is_binary": true}

Such a record says nothing of the rest of its text. All that are about one text become one.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Final

from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.sentence import Problem

__all__ = ["ACCEPTED", "BINARY", "REFUSED", "REJECTED_KEY", "is_binary", "merge_answers"]

ACCEPTED: Final = "accept"
REJECTED: Final = "reject"
REFUSED: Final = ("ignore", REJECTED)  # answers by which a whole record is left out
BINARY: Final = "_is_binary"
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
    key = record.get("_input_hash")
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
