"""A span group that stays right when tokens are merged or split."""

import struct
from typing import Any, NamedTuple

import srsly
from spacy.tokens import Doc, Span, SpanGroup

__all__ = ["LastingSpanGroup"]


class LastingSpanGroup(SpanGroup):
    """A group whose spans move with the tokens, as entities do, when others retokenize the Doc.

    spaCy's own groups keep the old token indices: after ``merge_entities`` their spans are wrong,
    or lie behind the end of the Doc, and then ``doc.to_bytes()`` fails. A span whose token became
    part of a larger one grows with it.
    """

    def __init__(self, doc: Doc, *, name: str, spans: list[Span], attrs: dict[str, Any]) -> None:
        super().__init__(doc, name=name, spans=spans, attrs=attrs)
        self._n_tokens = len(doc)

    def __getitem__(self, i: int) -> Span:
        """Return a span where it is now."""
        # First the number of tokens: a span behind the end of the Doc could not even be made.
        if len(self.doc) != self._n_tokens:
            self._find_spans_again()
        span = super().__getitem__(i)
        if not _lies_on_tokens(span):  # as many tokens were merged as others were split
            self._find_spans_again()
            span = super().__getitem__(i)
        return span

    def to_bytes(self) -> bytes:
        """Return the spans where they are now, as spaCy stores a group."""
        for _ in self:
            pass  # each is found again where it has moved
        return super().to_bytes()

    def _find_spans_again(self) -> None:
        """Find each span again by its characters."""
        self._n_tokens = len(self.doc)
        # spaCy makes no Span from an index behind the end of the Doc, so the spans of a Doc that
        # has become shorter can only be read, and written again, in the bytes of the group.
        stored = srsly.msgpack_loads(super().to_bytes())
        stored["spans"] = [self._move(packed) for packed in stored["spans"]]
        self.from_bytes(srsly.msgpack_dumps(stored))

    def _move(self, packed: bytes) -> bytes:
        """Return a packed span with the indices of the tokens that its characters are in now."""
        old = _StoredSpan.unpack(packed)
        span = self.doc.char_span(old.start_char, old.end_char, alignment_mode="expand")
        assert span is not None
        moved = old._replace(
            start=span.start, end=span.end, start_char=span.start_char, end_char=span.end_char
        )
        return moved.pack()


def _lies_on_tokens(span: Span) -> bool:
    """Tell whether a span's tokens have the characters that it had when it was made."""
    first = span.doc[span.start]
    last = span.doc[span.end - 1]
    return first.idx == span.start_char and last.idx + len(last) == span.end_char


# spaCy documents that a group can be stored, but not how. Its bytes are a msgpack table, in which
# "spans" has 40 bytes for each span, big-endian (spaCy 3.8, tokens/span_group.pyx):
#
#     byte   0       8       16      24      28      32           36         40
#            | id    | kb_id | label | start | end   | start_char | end_char |
#
# The first three are hashes in the StringStore. Tests compare with what spaCy writes.
_FORMAT = struct.Struct(">QQQllll")


class _StoredSpan(NamedTuple):
    """A span as spaCy stores it in the bytes of a group."""

    span_id: int
    kb_id: int
    label: int
    start: int
    end: int
    start_char: int
    end_char: int

    @classmethod
    def unpack(cls, packed: bytes) -> "_StoredSpan":
        return cls._make(_FORMAT.unpack(packed))

    def pack(self) -> bytes:
        return _FORMAT.pack(*self)
