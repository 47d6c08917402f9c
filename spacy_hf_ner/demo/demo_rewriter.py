"""A text with other names, as the demo shows it."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from spacy.tokens import Doc

from spacy_hf_ner.demo.demo_models import DemoModel
from spacy_hf_ner.demo.readings import Reading
from spacy_hf_ner.rewriting import Hashes, Method, Rewriter
from spacy_hf_ner.rewriting.edits import Replacement
from spacy_hf_ner.rewriting.remains import Remains, describe_remains, estimate_recall
from spacy_hf_ner.rewriting.settings import RewriteSettings, make_method
from spacy_hf_ner.rewriting.vectors import WordVectors, read_vectors
from spacy_hf_ner.visual.render import render

__all__ = ["DemoRewriter", "RewriteResult"]

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class RewriteResult:
    """A text with other names.

    Attributes:
        docs: The new text in passages, with the entities of the old one.
        rows: The table old → new; offsets are those of the whole texts.
        remains: What is left of names, in sentences.
    """

    docs: tuple[Doc, ...]
    rows: tuple[Replacement, ...]
    remains: tuple[str, ...]

    @property
    def text(self) -> str:
        """The new text."""
        return "".join(doc.text for doc in self.docs)

    def draw(self, spans_key: str) -> str:
        """Return displaCy's HTML of the new text with its entities."""
        return render(self.docs, spans_key=spans_key, jupyter=False)


class DemoRewriter:
    """Rewrites texts, and keeps nothing of them.

    Args:
        vectors: The name of the word vectors for analogies, which are read when they are needed.
    """

    def __init__(self, vectors: str) -> None:
        self._vectors_name = vectors
        # Nobody else has it, and it is gone when the demo ends.
        self._key = secrets.token_bytes(_KEY_BYTES)

    def rewrite(
        self, reading: Reading, settings: RewriteSettings, threshold: float
    ) -> RewriteResult:
        """Return a text with other names.

        Args:
            reading: What was found in the text.
            settings: How names are rewritten.
            threshold: The lowest score of an entity that is replaced.

        Raises:
            ConfigError: A setting is missing, or out of its range.
            MissingExtraError: The method needs a library that is not installed.
        """
        model = reading.model
        rewriter = Rewriter(
            self._make_method(model, settings),
            tokenizer=model.nlp.tokenizer,
            threshold=threshold,
            entity_types=settings.types,
        )
        docs: list[Doc] = []
        rows: list[Replacement] = []
        remains = Remains()
        old_start = new_start = 0
        for doc in reading.docs:
            rewriting = rewriter.rewrite(doc, spans_key=model.find_group(doc))
            remains.add(rewriting)
            rows += _move(rewriting.replacements, old_start, new_start)
            docs.append(rewriting.doc)
            old_start += len(doc.text)
            new_start += len(rewriting.doc.text)
        recall = estimate_recall(model.nlp, threshold, settings.types)
        return RewriteResult(tuple(docs), tuple(rows), tuple(describe_remains(remains, recall)))

    def _make_method(self, model: DemoModel, settings: RewriteSettings) -> Method:
        if settings.how == "hash":
            return Hashes(self._key)
        vectors = None
        if settings.how == "analogy":
            vectors = self._vectors

        return make_method(settings, model.find_spans, vectors=vectors)

    @cached_property
    def _vectors(self) -> WordVectors:
        return read_vectors(self._vectors_name)


def _move(rows: Sequence[Replacement], old_start: int, new_start: int) -> Iterator[Replacement]:
    """Yield rows of a passage with their places in the whole texts."""
    for row in rows:
        yield replace(
            row,
            old_start=row.old_start + old_start,
            old_end=row.old_end + old_start,
            new_start=row.new_start + new_start,
            new_end=row.new_end + new_start,
        )
