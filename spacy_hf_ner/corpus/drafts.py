"""A gold Doc that is being changed: its words, and what lies on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

__all__ = ["Draft", "DraftSpan", "DraftToken", "Edit", "read_draft"]

# In the attributes of a span group that a component wrote: where in the text its spans are.
_CHARACTERS = "char_offsets"


@dataclass(frozen=True, slots=True)
class DraftToken:
    """A token, and what gold says of it.

    Attributes:
        text: The token.
        has_space: Whether a space follows.
        is_sent_start: Whether a sentence starts here, or None where nobody knows.
        is_missing: Whether nobody has looked for entities here.
        tag: Its tag, or ``""``.
        pos: Its part of speech, or ``""``.
        morph: Its features, or None.
    """

    text: str
    has_space: bool = False
    is_sent_start: bool | None = None
    is_missing: bool = False
    tag: str = ""
    pos: str = ""
    morph: str | None = None


@dataclass(frozen=True, slots=True)
class DraftSpan:
    """A span of tokens, ``end`` exclusive."""

    start: int
    end: int
    label: str
    kb_id: str = ""
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """New tokens in the place of others, from ``start`` to ``end`` exclusive."""

    start: int
    end: int
    tokens: Sequence[DraftToken]


@dataclass(slots=True)
class Draft:
    """A gold Doc that is being changed.

    Attributes:
        tokens: Its tokens.
        ents: Its entities, in order.
        groups: Its span groups.
        attrs: What span groups have beside their spans.
        has_unknown_spaces: Whether the white space of its source is unknown.
    """

    tokens: list[DraftToken]
    ents: list[DraftSpan]
    groups: dict[str, list[DraftSpan]] = field(default_factory=dict)
    attrs: dict[str, dict[str, Any]] = field(default_factory=dict)
    has_unknown_spaces: bool = False

    def find_borders(self) -> list[int]:
        """Return where anything begins or ends that lies on the tokens, sorted.

        What is changed between two of these leaves all of it where it was.
        """
        borders = {0, len(self.tokens)}
        for span in (*self.ents, *self._list_group_spans()):
            borders.update((span.start, span.end))
        was_missing = False
        for token_i, token in enumerate(self.tokens):
            if token.is_sent_start or token.is_missing != was_missing:
                borders.add(token_i)
            was_missing = token.is_missing
        return sorted(borders)

    def apply(self, edits: Iterable[Edit]) -> None:
        """Put new tokens in the place of others; no span may begin or end inside of those.

        ::

            tokens   a  b  c  d          edit (1, 3): x
            spans      [b  c]        ->  a  x  d
                                           [x]

        Args:
            edits: What is changed, in order; edits do not overlap.
        """
        tokens: list[DraftToken] = []
        moved: dict[int, int] = {}  # where each token that an edit leaves alone begins now
        done = 0
        for edit in (*edits, Edit(len(self.tokens), len(self.tokens), ())):
            for token_i in range(done, edit.start):
                moved[token_i] = len(tokens)
                tokens.append(self.tokens[token_i])
            moved[edit.start] = len(tokens)
            tokens.extend(edit.tokens)
            done = edit.end
            moved[done] = len(tokens)
        self.tokens = tokens
        self.ents = _move(self.ents, moved)
        for key, spans in self.groups.items():
            self.groups[key] = _move(spans, moved)

    def join(self, other: "Draft") -> None:
        """Put another draft behind this one."""
        offset = len(self.tokens)
        if self.tokens:
            # They were not written side by side.
            self.tokens[-1] = replace(self.tokens[-1], has_space=True)
        self.tokens += other.tokens
        shifted = {i: i + offset for i in range(len(other.tokens) + 1)}
        self.ents += _move(other.ents, shifted)
        for key, spans in other.groups.items():
            if key in self.groups:
                self.attrs.pop(key, None)  # they count the spans of one of both
            elif key in other.attrs:
                self.attrs[key] = other.attrs[key]
            self.groups.setdefault(key, []).extend(_move(spans, shifted))
        self.has_unknown_spaces |= other.has_unknown_spaces

    def make_doc(self, vocab: Vocab) -> Doc:
        """Return the Doc."""
        tokens = self.tokens
        has_starts = any(token.is_sent_start is not None for token in tokens)
        has_tags = any(token.tag for token in tokens)
        has_pos = any(token.pos for token in tokens)
        doc = Doc(
            vocab,
            words=[token.text for token in tokens],
            spaces=[token.has_space for token in tokens],
            sent_starts=[token.is_sent_start for token in tokens] if has_starts else None,
            tags=[token.tag for token in tokens] if has_tags else None,
            pos=[token.pos for token in tokens] if has_pos else None,
        )
        missing: list[Span] = []
        for token_i, token in enumerate(tokens):
            written: Any = doc[token_i]  # spaCy's stubs do not know set_morph
            if token.morph is not None:
                written.set_morph(token.morph)
            if token.is_missing:
                missing.append(doc[token_i : token_i + 1])
        doc.set_ents(_make_spans(doc, self.ents), missing=missing, default="outside")
        for key, spans in self.groups.items():
            attrs = dict(self.attrs.get(key, {}))
            doc.spans[key] = SpanGroup(doc, name=key, attrs=attrs, spans=_make_spans(doc, spans))
        doc.has_unknown_spaces = self.has_unknown_spaces
        return doc

    def _list_group_spans(self) -> list[DraftSpan]:
        spans: list[DraftSpan] = []
        for group in self.groups.values():
            spans.extend(group)
        return spans


def read_draft(doc: Doc) -> Draft:
    """Return a gold Doc as a draft.

    Heads, lemmas, user data and categories of the text (``doc.cats``) are left out, and so are the
    exact characters of spans, which move when words change.
    """
    knows_starts = doc.has_annotation("SENT_START")
    tokens: list[DraftToken] = []
    for token in doc:
        tokens.append(
            DraftToken(
                token.text,
                has_space=bool(token.whitespace_),
                is_sent_start=bool(token.is_sent_start) if knows_starts else None,
                is_missing=token.ent_iob == 0,
                tag=token.tag_,
                pos=token.pos_,
                morph=str(token.morph) if token.has_morph() else None,
            )
        )
    groups: dict[str, list[DraftSpan]] = {}
    attrs: dict[str, dict[str, Any]] = {}
    for key, group in doc.spans.items():
        groups[key] = _read_spans(group)
        attrs[key] = {name: value for name, value in group.attrs.items() if name != _CHARACTERS}
    return Draft(
        tokens,
        _read_spans(doc.ents),
        groups,
        attrs,
        has_unknown_spaces=doc.has_unknown_spaces,
    )


def _read_spans(spans: Iterable[Span]) -> list[DraftSpan]:
    read: list[DraftSpan] = []
    for span in spans:
        read.append(DraftSpan(span.start, span.end, span.label_, span.kb_id_, span.id_))
    return read


def _move(spans: Iterable[DraftSpan], moved: dict[int, int]) -> list[DraftSpan]:
    return [replace(span, start=moved[span.start], end=moved[span.end]) for span in spans]


def _make_spans(doc: Doc, spans: Iterable[DraftSpan]) -> list[Span]:
    made: list[Span] = []
    for span in spans:
        made.append(
            Span(
                doc,
                span.start,
                span.end,
                label=span.label,
                kb_id=span.kb_id,
                span_id=span.span_id,
            )
        )
    return made
