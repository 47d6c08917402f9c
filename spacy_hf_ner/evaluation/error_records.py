"""Every error of an evaluation as a record of plain values: what ``errors.jsonl`` has a line of.

Its lines are for programs: to sort errors, to count them by any other property, to send them back
to those who annotate.
"""

from collections.abc import Iterator
from typing import Any, Final

from spacy_hf_ner.evaluation.matching import Match
from spacy_hf_ner.evaluation.pairing import DocPair, Entity
from spacy_hf_ner.evaluation.results import Evaluation

__all__ = ["make_error_records"]

# Of the text before and behind an error; a sentence of news has some 120.
_CONTEXT_CHARS: Final = 80


def make_error_records(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Yield a record of each error, in the order of the texts.

    Offsets are those of the gold text. The context is some text around the error, from
    ``context_start`` on.
    """
    for doc_i, (pair, matches) in enumerate(zip(evaluation.pairs, evaluation.matches, strict=True)):
        for match in matches:
            if match.kind != "correct":
                yield _make_record(doc_i, pair, match)


def _make_record(doc_i: int, pair: DocPair, match: Match) -> dict[str, Any]:
    context_start = max(match.start_char - _CONTEXT_CHARS, 0)
    context_end = _find_end(match) + _CONTEXT_CHARS
    predicted = _describe(pair, match.predicted)
    if predicted is not None and match.predicted is not None:
        predicted["score"] = match.predicted.score
    return {
        "doc": doc_i,
        "kind": match.kind,
        "gold": _describe(pair, match.gold),
        "predicted": predicted,
        "context": pair.text[context_start:context_end],
        "context_start": context_start,
    }


def _find_end(match: Match) -> int:
    end_chars: list[int] = []
    for entity in (match.gold, match.predicted):
        if entity is not None:
            end_chars.append(entity.end_char)
    return max(end_chars)


def _describe(pair: DocPair, entity: Entity | None) -> dict[str, Any] | None:
    if entity is None:
        return None
    return {
        "text": pair.text[entity.start_char : entity.end_char],
        "type": entity.entity_type,
        "start_char": entity.start_char,
        "end_char": entity.end_char,
    }
