"""GLiNER's training form: words, and entities by the indices of their first and last word.

::

    {"tokenized_text": ["Ed", "Li", "ran"], "ner": [[0, 1, "person"]]}
"""

from typing import Final

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.json_values import FoundRecord, Record
from spacy_hf_ner.corpus.sentence import (
    Problem,
    Sentence,
    drop_blank_words,
    keep_outermost,
    move_spans,
)
from spacy_hf_ner.corpus.texts import OUTSIDE, UNTYPED
from spacy_hf_ner.corpus.tools.keyed import find_id, read_spans
from spacy_hf_ner.errors import CorpusError

__all__ = ["is_gliner", "read_gliner"]

WORDS_KEY: Final = "tokenized_text"
SPANS_KEY: Final = "ner"


def is_gliner(record: Record) -> bool:
    """Tell whether a record is GLiNER's."""
    return isinstance(record.get(WORDS_KEY), list)


def read_gliner(found: FoundRecord, *, source: str) -> Sentence:
    """Return the sentence of a record.

    Raises:
        CorpusError: It has no list of words, or an entity without indices.
    """
    line, record, _ = found
    words = record.get(WORDS_KEY)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise CorpusError(f"{source}:{line}: expected a list of words in {WORDS_KEY!r}.")
    items = record.get(SPANS_KEY)
    spans: list[TokenSpan] = []
    problems = list(found.problems)
    missing: set[int] = set()
    if not isinstance(items, list):
        missing.update(range(len(words)))
        items = []
    for item in items:
        for span in read_spans(item, line, source=source):
            inside = range(max(span.start_char, 0), min(span.end_char + 1, len(words)))
            if not 0 <= span.start_char <= span.end_char < len(words):
                problems.append(Problem(OUTSIDE, line))
                missing.update(inside or range(len(words)))
            elif not span.entity_type:
                problems.append(Problem(UNTYPED, line))
                missing.update(inside)
            else:
                spans.append(TokenSpan(span.start_char, span.end_char + 1, span.entity_type))
    return _make_sentence(words, spans, missing, found, problems)


def _make_sentence(
    words: list[str],
    spans: list[TokenSpan],
    missing: set[int],
    found: FoundRecord,
    problems: list[Problem],
) -> Sentence:
    kept, borders = drop_blank_words(words)
    blank = Problem("blank word, left out", found.line)
    problems += [blank] * (len(words) - len(kept))
    all_spans = tuple(sorted(set(move_spans(spans, borders))))
    outermost = keep_outermost(all_spans)
    layers = all_spans
    if len(all_spans) == len(outermost):
        layers = ()  # there is one level only
    # What overlaps a longer entity, and is no part of it, is unknown: it is not outside.
    unknown = {borders[i] for i in missing if words[i].strip()}
    for span in all_spans:
        unknown.update(range(span.start, span.end))
    for span in outermost:
        unknown -= set(range(span.start, span.end))
    return Sentence(
        words=tuple(words[i].strip() for i in kept),
        spans=outermost,
        layers=layers,
        missing=tuple(sorted(unknown)),
        starts_document=True,
        is_bounded=False,
        document_id=find_id(found.record),
        problems=tuple(problems),
        line=found.line,
    )
