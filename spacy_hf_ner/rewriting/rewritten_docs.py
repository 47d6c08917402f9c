"""A rewritten text as a Doc: the tokens of the old one around new names, and the entities."""

from collections.abc import Callable, Iterator, Sequence

from spacy.tokenizer import Tokenizer as WhiteSpaceTokenizer
from spacy.tokens import Doc, Span, Token

from spacy_hf_ner.rewriting.edits import RewrittenText

__all__ = ["Tokenizer", "make_rewritten_doc"]

Tokenizer = Callable[[str], Doc]


def make_rewritten_doc(
    doc: Doc,
    rewritten: RewrittenText,
    entities: Sequence[Span],
    *,
    tokenizer: Tokenizer | None = None,
    spans_key: str = "",
) -> Doc:
    """Return the Doc of a rewritten text, with the entities of the old one.

    Nothing else of the old Doc comes along: lemmas, scores, identifiers of a knowledge base and
    user data would tell of the old names.

    Args:
        doc: The old Doc.
        rewritten: What became of its text.
        entities: Its entities, which do not overlap; types and places come along.
        tokenizer: What cuts new names into tokens; None to cut them at white space.
        spans_key: The span group that takes the entities; empty for ``doc.ents``.
    """
    if tokenizer is None:
        tokenizer = WhiteSpaceTokenizer(doc.vocab)
    words: list[str] = []
    spaces: list[bool] = []
    sent_starts: list[bool | int | None] = []
    for tokens, is_changed in _group_tokens(doc, rewritten):
        pieces: Sequence[Token] = tokens
        starts: list[bool | int | None] = [token.is_sent_start for token in tokens]
        if is_changed:
            start_char = rewritten.locate(tokens[0].idx)
            end_char = rewritten.locate_end(tokens[-1].idx + len(tokens[-1]))
            pieces = list(tokenizer(rewritten.text[start_char:end_char]))
            # A sentence that started at the first of them does; one inside is forgotten.
            starts = [starts[0]] + [False] * (len(pieces) - 1)
        words += [token.text for token in pieces]
        spaces += [bool(token.whitespace_) for token in pieces]
        spaces[-1] = bool(tokens[-1].whitespace_)
        sent_starts += starts

    has_sentences = doc.has_annotation("SENT_START")
    new = Doc(
        doc.vocab, words=words, spaces=spaces, sent_starts=sent_starts if has_sentences else None
    )
    assert new.text == rewritten.text, "a tokenizer keeps all characters, as spaCy's does"
    spans = [_move(entity, new, rewritten) for entity in entities]
    if spans_key:
        new.spans[spans_key] = spans
    else:
        new.set_ents(spans)
    return new


def _group_tokens(doc: Doc, rewritten: RewrittenText) -> Iterator[tuple[list[Token], bool]]:
    """Yield tokens that stay, each by itself, and runs of those that a replaced stretch touches.

    ::

    tokens         met | Sarah | Lee's | brother | Ted
    replaced             ~~~~~~~~~~~     ~~~~~~~   ~~~
    groups        [met] [Sarah   Lee's] [brother] [Ted]

    Two names that touch each other are cut into tokens each by itself, so that none of these is in
    both.
    """
    rows = list(rewritten.replacements)
    run: list[Token] = []
    i = 0
    last_of_run = -1  # the last row that touches a token of the run
    for token in doc:
        end = token.idx + len(token)
        while i < len(rows) and rows[i].old_end <= token.idx:
            i += 1
        is_touched = i < len(rows) and rows[i].old_start < max(end, token.idx + 1)
        if run and (not is_touched or i > last_of_run):
            yield run, True
            run = []
        if not is_touched:
            yield [token], False
            continue
        run.append(token)
        last_of_run = i
        while last_of_run + 1 < len(rows) and rows[last_of_run + 1].old_start < end:
            last_of_run += 1
    if run:
        yield run, True


def _move(entity: Span, new: Doc, rewritten: RewrittenText) -> Span:
    start = rewritten.locate(entity.start_char)
    end = rewritten.locate_end(entity.end_char)
    span = new.char_span(start, end, label=entity.label_, alignment_mode="expand")
    assert span is not None, "what stood in the old text stands in the new one"
    return span
