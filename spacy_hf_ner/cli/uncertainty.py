"""Annotated texts in the order in which a person should look at them: the least certain first.

All must be known before the first comes out. They wait on the disk; in memory are two numbers each.
"""

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
import srsly
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_hf_ner.cli.annotation_writers import Annotated
from spacy_hf_ner.corpus.plain_texts import PlainText
from spacy_hf_ner.pipe.annotation import get_score
from spacy_hf_ner.pipe.found_entities import EntityFinder
from spacy_hf_ner.pipe.text_stream import AnnotatedText

__all__ = ["sort_by_uncertainty"]

_CERTAIN = 2.0  # more than any score: texts without scored entities come last


def sort_by_uncertainty(
    texts: Iterable[Annotated], finder: EntityFinder, vocab: Vocab
) -> Iterator[Annotated]:
    """Yield texts by the lowest score of their entities; those without entities come last.

    Texts that failed are the first of all: nothing is known of them. What is equal stays in order.

    Args:
        texts: The texts.
        finder: Where their entities are.
        vocab: The vocabulary of their Docs.
    """
    certainties = array("d")
    offsets = array("Q")
    with tempfile.TemporaryFile(prefix="hf-ner-annotate-") as spool:
        for text in texts:
            certainties.append(_measure(text, finder))
            offsets.append(spool.tell())
            _store(spool, text)
        for i in np.argsort(np.array(certainties), kind="stable"):
            spool.seek(offsets[i])
            yield _restore(spool, vocab)


def _measure(text: Annotated, finder: EntityFinder) -> float:
    """Return the lowest score of a text's entities."""
    if text.doc is None:
        return -1.0
    scores = []
    for span in finder.find(text.doc):
        score = get_score(span)
        if score is not None:
            scores.append(score)
    return min(scores, default=_CERTAIN)


def _store(spool: IO[bytes], text: Annotated) -> None:
    """Append a text: the length of its bytes in eight bytes, and these."""
    doc = b"" if text.doc is None else text.doc.to_bytes()
    source = text.source
    fields = [text.index, text.text, text.error, source.place, source.text_id, doc]
    stored = srsly.msgpack_dumps([_encode(field) for field in fields])
    spool.write(len(stored).to_bytes(8, "little"))
    spool.write(stored)


def _restore(spool: IO[bytes], vocab: Vocab) -> Annotated:
    size = int.from_bytes(spool.read(8), "little")
    fields: list[Any] = srsly.msgpack_loads(spool.read(size))
    index, text, error, place, text_id, stored = fields
    doc = Doc(vocab).from_bytes(stored) if stored else None
    source = PlainText(_decode(text), _decode(place), _decode(text_id))
    return AnnotatedText(index, _decode(text), source, doc, _decode(error))


def _encode(value: Any) -> Any:  # noqa: ANN401 - a field
    """Return a text as bytes that may hold half of a character, and all else as it is."""
    return value.encode("utf8", "surrogatepass") if isinstance(value, str) else value


def _decode(value: bytes) -> str:
    return value.decode("utf8", "surrogatepass")
