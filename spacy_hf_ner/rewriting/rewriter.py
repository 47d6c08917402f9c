"""A Doc whose names are replaced, the table of what was, and what remains."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc, Span

from spacy_hf_ner.pipe.annotation import get_score
from spacy_hf_ner.pipe.component_settings import Threshold
from spacy_hf_ner.pipe.pipeline_entities import reaches
from spacy_hf_ner.rewriting.articles import find_article_edits
from spacy_hf_ner.rewriting.edits import Edit, Replacement, apply_edits
from spacy_hf_ner.rewriting.kinds import find_kind
from spacy_hf_ner.rewriting.methods import Method
from spacy_hf_ner.rewriting.names import Name, choose_spans, normalise, read_name
from spacy_hf_ner.rewriting.rewritten_docs import Tokenizer, make_rewritten_doc

__all__ = ["SCOPES", "Remains", "Rewriter", "Rewriting"]

DOCUMENT: Final = "document"
SCOPES: Final = (DOCUMENT, "corpus")


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What became of a Doc.

    Attributes:
        doc: The new Doc, with the entities of the old one.
        replacements: The table old → new, in the order of the text.
        below_threshold: Entities that stay because their score is below the threshold.
        kept: Names that stay because the method found nothing good; dates and quantities are no
            names.
        missed: Places where a name that was replaced elsewhere in this text still stands, because
            it is no entity there.
    """

    doc: Doc
    replacements: tuple[Replacement, ...]
    below_threshold: int
    kept: tuple[Name, ...]
    missed: int

    @property
    def n_replaced(self) -> int:
        """How many names were replaced; articles are none."""
        return sum(bool(row.entity_type) for row in self.replacements)


@dataclass(slots=True)
class Remains:
    """What is left of names in all texts: for who has to decide whether that will do.

    Attributes:
        n_replaced: Names that were replaced.
        below_threshold: Entities that stayed because their score is below the threshold.
        kept: Names that stayed because the method found nothing good.
        missed: Places where a name still stands that was replaced elsewhere in its text.
    """

    n_replaced: int = 0
    below_threshold: int = 0
    kept: int = 0
    missed: int = 0

    def add(self, rewriting: Rewriting) -> None:
        """Count what is left in one text."""
        self.n_replaced += rewriting.n_replaced
        self.below_threshold += rewriting.below_threshold
        self.kept += len(rewriting.kept)
        self.missed += rewriting.missed


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Replaces the names in Docs, whatever annotated them.

    >>> import spacy
    >>> from spacy_hf_ner.rewriting import Redactions, Rewriter
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Paris"}])
    >>> Rewriter(Redactions()).rewrite(nlp("I am going to Paris.")).doc.text
    'I am going to [LOC].'

    Attributes:
        method: Chooses what takes the place of a name.
        tokenizer: Cuts new names into tokens; None to cut them at white space.
        threshold: The lowest score of an entity that is replaced, for all types or for each; None
            for no threshold. What has no score is replaced.
        entity_types: The types that are replaced; None for all.
        scope: Where the same name becomes the same: in each document by itself, or in all.
    """

    method: Method
    tokenizer: Tokenizer | None = None
    threshold: Threshold = None
    entity_types: Collection[str] | None = None
    scope: str = "corpus"

    def rewrite(self, doc: Doc, *, spans_key: str = "") -> Rewriting:
        """Return a new Doc in which names are replaced; the old one stays as it is.

        Args:
            doc: A Doc with entities.
            spans_key: The span group that holds them; empty for ``doc.ents``.
        """
        found: Sequence[Span] = doc.ents
        if spans_key:
            found = list(doc.spans.get(spans_key, ()))
        if self.scope == DOCUMENT:
            self.method.forget()
        entities = choose_spans(found)
        chosen = [span for span in entities if self._is_chosen(span)]
        certain = [span for span in chosen if self._reaches_threshold(span)]
        names = [name for name in map(read_name, certain) if name is not None]

        edits: list[Edit] = []
        kept: list[Name] = []
        for name, new in zip(names, self.method.choose(doc, names), strict=True):
            if new is not None:
                edits.append(Edit(name.start_char, name.end_char, new, name.entity_type))
            elif find_kind(name.entity_type) != "quantity":
                kept.append(name)
        articles: list[Edit] = []
        if doc.lang_ == "en":
            articles = find_article_edits(doc.text, edits)
        rewritten = apply_edits(doc.text, [*edits, *articles])
        return Rewriting(
            doc=make_rewritten_doc(
                doc, rewritten, entities, tokenizer=self.tokenizer, spans_key=spans_key
            ),
            replacements=rewritten.replacements,
            below_threshold=len(chosen) - len(certain),
            kept=tuple(kept),
            missed=_count_missed(doc.text, edits, names),
        )

    def _is_chosen(self, span: Span) -> bool:
        return self.entity_types is None or span.label_ in self.entity_types

    def _reaches_threshold(self, span: Span) -> bool:
        return reaches(self.threshold, span.label_, get_score(span))


def _count_missed(text: str, edits: Sequence[Edit], names: Sequence[Name]) -> int:
    """Return how often names that were replaced stand in the text around the edits."""
    replaced = {edit.start_char for edit in edits}
    old_names = {normalise(name.text) for name in names if name.start_char in replaced}
    if not old_names:
        return 0
    # What replaces a name is longer than a space, so no two words around it become one.
    blanked = apply_edits(text, [Edit(edit.start_char, edit.end_char, "\0") for edit in edits]).text
    longest_first = sorted(old_names, key=len, reverse=True)
    alternatives = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
    return len(re.findall(rf"(?<!\w)(?:{alternatives})(?!\w)", blanked.casefold()))
