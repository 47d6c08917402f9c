"""Sentences to Docs: the only way. Documents are grouped, white space is filled in, nothing else is decided here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.detokenize import UNSPACED, detokenize
from spacy_hf_ner.corpus.sentence import Sentence

LAYERS_KEY = "entities"  # doc.spans: the entities of all levels
CHUNKS_KEY = "chunks"  # doc.spans: base phrases


def group_documents(
    sentences: Iterable[Sentence], *, has_documents: bool, n_sents: int = 0
) -> Iterator[list[Sentence]]:
    """Yield the sentences of one document after the other; those without words are left out.

    The first sentence of each has the document's name. It starts a document, unless it goes on with the one before.

    Args:
        sentences: All sentences, in order.
        has_documents: Whether they say where documents begin. If not, and with ``n_sents=0``, each is a document.
        n_sents: The most sentences in a document, or 0 for documents as the source has them.
    """
    group: list[Sentence] = []
    limit = n_sents if n_sents or has_documents else 1
    starts, document_id = True, ""
    for sentence in sentences:
        if group and (sentence.starts_document or len(group) == limit):
            yield group
            group = []
        if sentence.starts_document or not has_documents:
            starts, document_id = True, sentence.document_id
        if sentence.words and not group:
            group.append(replace(sentence, starts_document=starts, document_id=document_id))
            starts = False
        elif sentence.words:
            group.append(sentence)
    if group:
        yield group


@dataclass(slots=True)
class _Parts:
    """The tokens of a document under construction. White space that is not one space is a token, as in spaCy."""

    words: list[str] = field(default_factory=list)
    spaces: list[bool] = field(default_factory=list)
    starts: list[bool] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def add(self, word: str, gap: str, *, tag: str = "", starts: bool = False) -> None:
        self._append(word, has_space=gap.startswith(" "), tag=tag, starts=starts)
        rest = gap.removeprefix(" ")
        if rest:
            self._append(rest, has_space=False)

    def lead(self, gap: str) -> None:
        if gap:
            self._append(gap, has_space=False)

    def _append(self, word: str, *, has_space: bool, tag: str = "", starts: bool = False) -> None:
        self.words.append(word)
        self.spaces.append(has_space)
        self.starts.append(starts)
        self.tags.append(tag)


def make_doc(
    sentences: Sequence[Sentence], vocab: Vocab, *, lang: str, scheme: str = "", source: str = ""
) -> Doc:
    """Return the Doc of one document, with its words as tokens and its white space as far as it is known or likely.

    Args:
        sentences: At least one sentence.
        vocab: The Doc's vocabulary.
        lang: Language code, for white space that the source does not know.
        scheme: The source's tag scheme, kept in ``user_data`` for writing the Doc back.
        source: The source's name, kept in ``user_data``.
    """
    parts = _Parts()
    spans: list[TokenSpan] = []
    layers: list[TokenSpan] = []
    chunks: list[TokenSpan] = []
    missing: list[int] = []
    for sentence in sentences:
        parts.lead(sentence.lead)
        gaps = fill_gaps(sentence, lang, is_last=sentence is sentences[-1])
        places: list[int] = []
        for i, (word, gap) in enumerate(zip(sentence.words, gaps, strict=True)):
            places.append(len(parts.words))
            parts.add(word, gap, tag=sentence.pos[i] if sentence.pos else "", starts=i == 0)
        for found, target in (
            (sentence.spans, spans),
            (sentence.layers, layers),
            (sentence.chunks, chunks),
        ):
            target += [
                TokenSpan(places[s.start], places[s.end - 1] + 1, s.entity_type) for s in found
            ]
        missing += [places[i] for i in sentence.missing]
    is_bounded = all(sentence.is_bounded for sentence in sentences)
    doc = Doc(
        vocab,
        words=parts.words,
        spaces=parts.spaces,
        sent_starts=[*_sentence_starts(parts.starts)] if is_bounded else None,
        tags=parts.tags if any(parts.tags) else None,
    )
    _annotate(doc, spans, missing)
    for key, group in ((LAYERS_KEY, layers), (CHUNKS_KEY, chunks)):
        if group:
            doc.spans[key] = SpanGroup(
                doc, spans=[Span(doc, s.start, s.end, s.entity_type) for s in group]
            )
    doc.user_data.update(_describe(sentences, scheme=scheme, source=source))
    return doc


def _sentence_starts(starts: Sequence[bool]) -> list[bool]:
    """Move the first sentence's start to the first token: white space before the first word belongs to it."""
    first = starts.index(True)
    return [i == 0 or (start and i != first) for i, start in enumerate(starts)]


def fill_gaps(sentence: Sentence, lang: str, *, is_last: bool) -> list[str]:
    """Return the white space after each word: the source's where it knows, else that of the language.

    Args:
        sentence: The sentence.
        lang: Language code.
        is_last: Whether the document ends here, where white space is not made up.
    """
    between = "" if lang in UNSPACED else " "
    known = sentence.gaps or (None,) * len(sentence.words)
    if None in known[:-1]:
        guessed = [" " if space else "" for space in detokenize(sentence.words, lang)]
    else:
        guessed = [between] * len(known)
    guessed[-1] = "" if is_last else between
    return [guess if gap is None else gap for gap, guess in zip(known, guessed, strict=True)]


def _annotate(doc: Doc, spans: Iterable[TokenSpan], missing: Iterable[int]) -> None:
    doc.set_ents(
        [Span(doc, span.start, span.end, span.entity_type) for span in spans],
        missing=[doc[i : i + 1] for i in missing],
        default="outside",
    )


def _describe(
    sentences: Sequence[Sentence], *, scheme: str, source: str
) -> dict[str, str | list[str]]:
    """Return what a Doc has no other place for."""
    said: dict[str, str | list[str]] = {"source": source, "scheme": scheme}
    if any(sentence.sentence_id for sentence in sentences):
        said["sentence_ids"] = [sentence.sentence_id for sentence in sentences]
    said["document_id"] = sentences[0].document_id
    return {key: value for key, value in said.items() if value}
