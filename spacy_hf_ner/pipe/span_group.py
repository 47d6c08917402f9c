"""A span group that stays right when tokens are merged or split."""

import struct
from typing import Any

import srsly
from spacy.tokens import Doc, Span, SpanGroup

_SPAN = struct.Struct(
    ">QQQllll"
)  # spaCy's format: id, kb_id, label, start, end, start_char, end_char


class LastingSpanGroup(SpanGroup):
    """A group whose spans move with the tokens, as entities do, when others retokenize the Doc.

    spaCy's own groups keep the positions of tokens that are no more: after ``merge_entities`` their spans are wrong, or
    fail, and ``doc.to_bytes()`` with them. A span whose token became part of a larger one grows with it.
    """

    def __init__(self, doc: Doc, *, name: str, spans: list[Span], attrs: dict[str, Any]) -> None:
        super().__init__(doc, name=name, spans=spans, attrs=attrs)
        self._n_tokens = len(doc)

    def __getitem__(self, i: int) -> Span:
        """Return a span where it is now."""
        self._move()
        return super().__getitem__(i)

    def to_bytes(self) -> bytes:
        """Return the spans where they are now, as spaCy stores a group."""
        self._move()
        return super().to_bytes()

    def _move(self) -> None:
        """Find the spans again by their characters if the Doc has other tokens than before."""
        doc = self.doc
        if len(doc) == self._n_tokens:
            return
        self._n_tokens = len(doc)
        stored = srsly.msgpack_loads(super().to_bytes())
        for i, packed in enumerate(stored["spans"]):
            span_id, kb_id, label, _, _, start_char, end_char = _SPAN.unpack(packed)
            span = doc.char_span(start_char, end_char, alignment_mode="expand")
            assert span is not None
            stored["spans"][i] = _SPAN.pack(
                span_id, kb_id, label, span.start, span.end, span.start_char, span.end_char
            )
        self.from_bytes(srsly.msgpack_dumps(stored))
