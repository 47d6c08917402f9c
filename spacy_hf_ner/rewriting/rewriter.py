"""A Doc whose names are replaced, the table of what was, and what remains."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from spacy.tokens import Doc, Span

from spacy_hf_ner.core.thresholds import Threshold, reaches
from spacy_hf_ner.pipe.annotation import get_score
from spacy_hf_ner.rewriting.articles import find_article_edits
from spacy_hf_ner.rewriting.edits import Edit, Replacement, apply_edits
from spacy_hf_ner.rewriting.kinds import find_kind
from spacy_hf_ner.rewriting.methods import Method
from spacy_hf_ner.rewriting.names import Name, choose_spans, normalise, read_name
from spacy_hf_ner.rewriting.rewritten_docs import Tokenizer, make_rewritten_doc

__all__ = ["SCOPES", "Rewriter", "Rewriting"]

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
        names, below_threshold = self._choose_names(entities)
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
            below_threshold=below_threshold,
            kept=tuple(kept),
            missed=_count_missed(doc.text, edits, names),
        )

    def _choose_names(self, entities: Sequence[Span]) -> tuple[list[Name], int]:
        """Return the names that are to be replaced, and how many entities score too low."""
        names: list[Name] = []
        below_threshold = 0
        for entity in entities:
            if self.entity_types is not None and entity.label_ not in self.entity_types:
                continue
            if not self._reaches_threshold(entity):
                below_threshold += 1
                continue
            name = read_name(entity)
            if name is not None:
                names.append(name)
        return names, below_threshold

    def _reaches_threshold(self, span: Span) -> bool:
        return reaches(self.threshold, span.label_, get_score(span))


def _count_missed(text: str, edits: Sequence[Edit], names: Sequence[Name]) -> int:
    """Return how often names that were replaced stand in the text around the edits."""
    replaced = {edit.start_char for edit in edits}
    old_names: set[str] = set()
    for name in names:
        if name.start_char in replaced:
            old_names.add(normalise(name.text))
    if not old_names:
        return 0
    # What replaces a name is longer than a space, so no two words around it become one.
    blanks: list[Edit] = []
    for edit in edits:
        blanks.append(Edit(edit.start_char, edit.end_char, "\0"))
    blanked = apply_edits(text, blanks).text
    alternatives: list[str] = []
    for old_name in sorted(old_names, key=len, reverse=True):
        alternatives.append(re.escape(old_name).replace(r"\ ", r"\s+"))
    pattern = rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)"
    return len(re.findall(pattern, blanked.casefold()))
