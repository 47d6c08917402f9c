"""Documents to pieces for training, as an augmenter of spaCy's corpus readers.

A batch of whole documents holds few topics, and a model that reads only long texts in training is
worse on short ones. Pieces of mixed lengths, shuffled with those of all other documents, cure both.
"""

import random
from collections.abc import Callable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_hf_ner.corpus.docs import copy_tokens
from spacy_hf_ner.errors import ConfigError

__all__ = ["make_split_documents_v1"]

Augmenter = Callable[[Language, Example], Iterator[Example]]


def make_split_documents_v1(max_words: int = 60, seed: int = 0) -> Augmenter:
    """Return an augmenter that cuts documents at sentence starts into pieces of mixed lengths.

    Each piece takes whole sentences until it has as many words as a number drawn from 1 to
    ``max_words``. Documents without sentence starts stay whole. Nothing is lost: each sentence is
    in exactly one piece.

    Args:
        max_words: The most words that a piece aims for; a piece ends with the sentence that reaches
            its aim. Choose it so that most pieces fit one window: what does not is cut without
            regard to sentences.
        seed: What the lengths depend on.

    Raises:
        ConfigError: ``max_words`` is not positive.
    """
    if max_words < 1:
        raise ConfigError(
            f"max_words must be at least 1, got {max_words}.", settings=("max_words",)
        )
    numbers = random.Random(seed)  # noqa: S311 - lengths of texts, not secrets

    def split_documents(nlp: Language, example: Example) -> Iterator[Example]:
        gold = example.reference
        if not gold.has_annotation("SENT_START"):
            yield example
            return
        for piece in _cut(gold, max_words, numbers):
            reference = _copy_piece(piece)
            if gold.has_unknown_spaces:
                predicted = copy_tokens(
                    reference, reference.vocab
                )  # its text is not the text that was written
            else:
                predicted = nlp.make_doc(reference.text)
            yield Example(predicted, reference)

    return split_documents


def _cut(doc: Doc, max_words: int, numbers: random.Random) -> Iterator[Span]:
    start = 0
    aim = numbers.randint(1, max_words)
    for sentence in doc.sents:
        if sentence.end - start >= aim:
            yield doc[start : sentence.end]
            start = sentence.end
            aim = numbers.randint(1, max_words)
    if start < len(doc):
        yield doc[start:]


def _copy_piece(piece: Span) -> Doc:
    """Return a piece as a Doc, with the parts of its document's span groups that lie in it."""
    copy = piece.as_doc()
    for key, group in piece.doc.spans.items():
        moved = []
        for span in group:
            if piece.start <= span.start and span.end <= piece.end:
                start = span.start - piece.start
                end = span.end - piece.start
                moved.append(Span(copy, start, end, label=span.label, kb_id=span.kb_id))
        copy.spans[key] = SpanGroup(copy, name=key, spans=moved)
    return copy
