"""Sentences to Docs, the only way.

Documents are grouped and white space is filled in; nothing else is decided here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.detokenize import UNSPACED, detokenize
from spacy_hf_ner.corpus.sentence import Sentence

__all__ = [
    "CHUNKS_KEY",
    "LAYERS_KEY",
    "LEVEL_KEY",
    "META_KEY",
    "REJECTED_KEY",
    "SCORES_KEY",
    "copy_tokens",
    "fill_gaps",
    "group_documents",
    "make_doc",
]

LAYERS_KEY = "entities"  # doc.spans: the entities of all levels
LEVEL_KEY = "entities_{}"  # doc.spans: those of one level, counted from 1
SCORES_KEY = "scores"  # in the attrs of that group: how sure the source is of each
REJECTED_KEY = "incorrect_spans"  # doc.spans: what is known to be no entity of its type
CHUNKS_KEY = "chunks"  # doc.spans: base phrases
META_KEY = "meta"  # doc.user_data: what else the source says of the document

_SPACING = {True: " ", False: ""}  # what follows a word, by whether it is followed by a space


def group_documents(
    sentences: Iterable[Sentence], *, has_documents: bool, n_sents: int = 0
) -> Iterator[list[Sentence]]:
    """Yield the sentences of one document after the other; those without words are left out.

    The first sentence of each has the document's name. It starts a document, unless it goes on with
    the one before.

    Args:
        sentences: All sentences, in order.
        has_documents: Whether they say where documents begin. If not, and with ``n_sents=0``, each
            is a document.
        n_sents: The most sentences in a document, or 0 for documents as the source has them.
    """
    group: list[Sentence] = []
    limit = n_sents
    if not (n_sents or has_documents):
        limit = 1
    starts_document = True
    document_id = ""
    meta: Mapping[str, Any] = {}
    for sentence in sentences:
        if group and (sentence.starts_document or len(group) == limit):
            yield group
            group = []
        # A sentence without words may start a document: the next one with words then does.
        if sentence.starts_document or not has_documents:
            starts_document = True
            document_id = sentence.document_id
            meta = sentence.meta
        if not sentence.words:
            continue
        if not group:
            sentence = replace(  # noqa: PLW2901 - the same sentence, which now knows its document
                sentence,
                starts_document=starts_document,
                document_id=document_id,
                meta=meta,
            )
            starts_document = False
        group.append(sentence)
    if group:
        yield group


class _DocBuilder:
    """The tokens and spans of a document under construction.

    White space that is not one space is a token, as in spaCy::

        words "Oh", "no"; gaps "  ", ""     ->     tokens "Oh", " ", "no"
                                                   space   yes   no   no
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.has_space: list[bool] = []
        self.starts_sentence: list[bool] = []
        self.tags: list[str] = []
        self.pos: list[str] = []
        self.feats: list[str] = []
        self.spans: list[TokenSpan] = []
        self.layers: list[TokenSpan] = []
        self.levels: list[list[TokenSpan]] = []
        self.rejected: list[TokenSpan] = []
        self.scores: dict[TokenSpan, float] = {}
        self.chunks: list[TokenSpan] = []
        self.has_chunks = False
        self.missing: list[int] = []

    def add(self, sentence: Sentence, gaps: Sequence[str]) -> None:
        """Add a sentence, with the white space after each of its words."""
        if sentence.lead:
            self._add_token(sentence.lead)
        token_of_word: list[int] = []
        for i, (word, gap) in enumerate(zip(sentence.words, gaps, strict=True)):
            token_of_word.append(len(self.tokens))
            self._add_token(word, has_space=gap.startswith(" "), starts=i == 0)
            self._label_token(sentence, i)
            rest = gap.removeprefix(" ")
            if rest:
                self._add_token(rest)
        self.spans += _move_to_tokens(sentence.spans, token_of_word)
        self.layers += _move_to_tokens(sentence.layers, token_of_word)
        for level_i, level in enumerate(sentence.levels):
            if level_i == len(self.levels):
                self.levels.append([])
            self.levels[level_i] += _move_to_tokens(level, token_of_word)
        self.rejected += _move_to_tokens(sentence.rejected, token_of_word)
        self.chunks += _move_to_tokens(sentence.chunks, token_of_word)
        self.has_chunks |= sentence.has_chunks or bool(sentence.chunks)
        if sentence.scores:
            scored = _move_to_tokens(sentence.scores, token_of_word)
            self.scores.update(zip(scored, sentence.scores.values(), strict=True))
        for word_i in sentence.missing:
            self.missing.append(token_of_word[word_i])

    def _add_token(self, text: str, *, has_space: bool = False, starts: bool = False) -> None:
        self.tokens.append(text)
        self.has_space.append(has_space)
        self.starts_sentence.append(starts)
        self.tags.append("")
        self.pos.append("")
        self.feats.append("")

    def _label_token(self, sentence: Sentence, word_i: int) -> None:
        """Give the last token what a sentence says of a word."""
        if sentence.pos:
            self.tags[-1] = sentence.pos[word_i]
        if sentence.upos:
            self.pos[-1] = sentence.upos[word_i]
        if sentence.feats:
            self.feats[-1] = sentence.feats[word_i]

    def make_doc(self, vocab: Vocab, *, is_bounded: bool) -> Doc:
        """Return the Doc, with sentence starts if they are known."""
        sent_starts: list[bool | int | None] | None = None
        if is_bounded:
            sent_starts = list(_move_first_start(self.starts_sentence))
        doc = Doc(
            vocab,
            words=self.tokens,
            spaces=self.has_space,
            sent_starts=sent_starts,
            tags=self.tags if any(self.tags) else None,
            pos=self.pos if any(self.pos) else None,
        )
        token: Any  # spaCy's stubs do not know set_morph
        for token, features in zip(doc, self.feats, strict=True):
            # Those of other tokens are missing, which is not the same as none.
            if features:
                token.set_morph(features)
        doc.set_ents(
            _make_spans(doc, self.spans),
            missing=[doc[i : i + 1] for i in self.missing],
            default="outside",
        )
        if self.layers or self.scores:
            doc.spans[LAYERS_KEY] = self._group_entities(doc)
        # A group without spans says that there are none; one that is not there, that nobody looked.
        for number, level in enumerate(self.levels, start=1):
            key = LEVEL_KEY.format(number)
            doc.spans[key] = SpanGroup(doc, name=key, spans=_make_spans(doc, level))
        if self.rejected:
            doc.spans[REJECTED_KEY] = SpanGroup(doc, spans=_make_spans(doc, self.rejected))
        if self.has_chunks:
            doc.spans[CHUNKS_KEY] = SpanGroup(
                doc, name=CHUNKS_KEY, spans=_make_spans(doc, self.chunks)
            )
        return doc

    def _group_entities(self, doc: Doc) -> SpanGroup:
        """Return the entities of all levels, with their scores if all have one."""
        # Sentences of one level have no layers; where there are scores, their entities count too.
        entities = self.layers
        if self.scores:
            entities = sorted({*self.layers, *self.spans})
        attrs: dict[str, list[float]] = {}
        if self.scores.keys() >= set(entities):
            attrs[SCORES_KEY] = [self.scores[entity] for entity in entities]
        return SpanGroup(doc, spans=_make_spans(doc, entities), attrs=attrs)


def make_doc(
    sentences: Sequence[Sentence], vocab: Vocab, *, lang: str, scheme: str = "", source: str = ""
) -> Doc:
    """Return the Doc of one document, with its words as tokens.

    Its white space is the source's as far as that is known, else what is likely.

    Args:
        sentences: At least one sentence.
        vocab: The Doc's vocabulary.
        lang: Language code, for white space that the source does not know.
        scheme: The source's tag scheme, kept in ``user_data`` for writing the Doc back.
        source: The source's name, kept in ``user_data``.
    """
    builder = _DocBuilder()
    for sentence in sentences:
        is_last = sentence is sentences[-1]
        builder.add(sentence, fill_gaps(sentence, lang, is_last=is_last))
    is_bounded = all(sentence.is_bounded for sentence in sentences)
    doc = builder.make_doc(vocab, is_bounded=is_bounded)
    doc.user_data.update(_describe(sentences, scheme=scheme, source=source))
    return doc


def _move_to_tokens(spans: Iterable[TokenSpan], token_of_word: Sequence[int]) -> list[TokenSpan]:
    """Return spans over words as spans over tokens; white space after the last is not in them."""
    moved: list[TokenSpan] = []
    for span in spans:
        start = token_of_word[span.start]
        end = token_of_word[span.end - 1] + 1
        moved.append(TokenSpan(start, end, span.entity_type))
    return moved


def _make_spans(doc: Doc, spans: Iterable[TokenSpan]) -> list[Span]:
    return [Span(doc, span.start, span.end, span.entity_type) for span in spans]


def _move_first_start(starts: Sequence[bool]) -> list[bool]:
    """Move the first sentence's start to the first token: white space before it belongs to it."""
    moved = list(starts)
    moved[starts.index(True)] = False
    moved[0] = True
    return moved


def fill_gaps(sentence: Sentence, lang: str, *, is_last: bool) -> list[str]:
    """Return the white space after each word: the source's where known, else that of the language.

    Args:
        sentence: The sentence.
        lang: Language code.
        is_last: Whether the document ends here, where white space is not made up.
    """
    gaps: list[str | None] = list(sentence.gaps) or [None] * len(sentence.words)
    if gaps[-1] is None:
        has_space = not is_last and lang not in UNSPACED
        gaps[-1] = _SPACING[has_space]
    if None in gaps:
        for i, has_space in enumerate(detokenize(sentence.words, lang)):
            if gaps[i] is None:
                gaps[i] = _SPACING[has_space]
    return cast("list[str]", gaps)


def _describe(sentences: Sequence[Sentence], *, scheme: str, source: str) -> dict[str, Any]:
    """Return what a Doc has no other place for, as its ``user_data``."""
    user_data: dict[str, Any] = {}
    if source:
        user_data["source"] = source
    if scheme:
        user_data["scheme"] = scheme
    sentence_ids = [sentence.sentence_id for sentence in sentences]
    if any(sentence_ids):
        user_data["sentence_ids"] = sentence_ids
    if sentences[0].document_id:
        user_data["document_id"] = sentences[0].document_id
    if sentences[0].meta:
        user_data[META_KEY] = dict(sentences[0].meta)
    return user_data


def copy_tokens(doc: Doc, vocab: Vocab) -> Doc:
    """Return a Doc with the words and the white space of another, and no annotation."""
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        words.append(token.text)
        spaces.append(bool(token.whitespace_))
    return Doc(vocab, words=words, spaces=spaces)
