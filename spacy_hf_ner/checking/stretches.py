"""Documents cut where texts repeat: at sentences where they are known, else not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Span

from spacy_hf_ner.checking.findings import Place, make_place
from spacy_hf_ner.checking.parts import CheckedData, GoldDoc

__all__ = ["Stretch", "find_stretches"]

# Shorter ones repeat by nature: a dateline, a score, "He said:".
_MIN_WORDS: Final = 6


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence, or a document whose sentences are not known, with its entities.

    Attributes:
        part: The part of the data.
        text: Its text, with one space for each run of white space.
        entities: Its entities as (type, text), in text order.
        place: Where it is.
    """

    part: str
    text: str
    entities: tuple[tuple[str, str], ...]
    place: Place


def find_stretches(data: CheckedData) -> Iterator[Stretch]:
    """Yield the stretches of all parts that are long enough to be no coincidence."""
    for part, doc_i, gold_doc in data.docs():
        for span in _cut(gold_doc):
            words = span.text.split()
            if len(words) < _MIN_WORDS:
                continue
            entities: list[tuple[str, str]] = []
            for entity in gold_doc.entities:
                if span.start_char <= entity.start_char and entity.end_char <= span.end_char:
                    text = gold_doc.doc.text[entity.start_char : entity.end_char]
                    entities.append((entity.entity_type, text))
            place = make_place(part.name, doc_i, gold_doc.doc, span.start_char, span.end_char)
            yield Stretch(part.name, " ".join(words), tuple(entities), place)


def _cut(gold_doc: GoldDoc) -> Iterator[Span]:
    doc = gold_doc.doc
    if len(doc) == 0:
        return
    if doc.has_annotation("SENT_START"):
        yield from doc.sents
    else:
        yield doc[:]
