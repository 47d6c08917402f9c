"""Names moved into another context: Paris is to America as Mumbai is to India, or so vectors say.

Each new name is read again where it stands: one that the model does not read as a name of the same
type there is passed over.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from spacy.tokens import Doc, Span

from spacy_hf_ner.rewriting.articles import find_article_edits
from spacy_hf_ner.rewriting.candidates import Candidate, Candidates
from spacy_hf_ner.rewriting.edits import Edit, apply_edits
from spacy_hf_ner.rewriting.kinds import Kind, find_kind
from spacy_hf_ner.rewriting.names import Name, choose_spans, match_case, normalise, read_name

__all__ = ["Analogies", "Reader"]

# Texts → the entities that the pipeline finds in each.
Reader = Callable[[Sequence[str]], Iterable[Sequence[Span]]]

_N_TRIED: Final = 16
_N_AT_ONCE: Final = 4

# A word that begins a sentence has a capital whatever it is: only a name is read as one there.
_FRAME: Final = "{} was in the news on Monday."


class Analogies:
    """Replaces names by those that are their like in another context.

    All mentions of a name in a text are replaced together, or none of them.

    Args:
        candidates: Proposes names.
        read: Reads texts as the pipeline does.
    """

    def __init__(self, candidates: Candidates, read: Reader) -> None:
        self._candidates = candidates
        self._read = read
        self._chosen: dict[tuple[str, str], str] = {}
        self._given: set[str] = set()  # new names, normalised: no two names become the same
        self._is_name: dict[tuple[str, str], bool] = {}

    def choose(self, doc: Doc, names: Sequence[Name]) -> list[str | None]:
        """Return a name of the other context for each mention; None where none is good."""
        mentions: dict[tuple[str, str], list[Name]] = {}
        for name in names:
            mentions.setdefault(name.key, []).append(name)
        edits: list[Edit] = []
        new_texts: dict[tuple[str, str], str] = {}
        for key, group in mentions.items():
            new = self._choose_for(doc, group, edits)
            if new is not None:
                new_texts[key] = new
                edits += _make_edits(group, new)
        chosen: list[str | None] = []
        for name in names:
            new = new_texts.get(name.key)
            if new is not None:
                new = match_case(name.text, new)
            chosen.append(new)
        return chosen

    def forget(self) -> None:
        """Let names become others from now on."""
        self._chosen.clear()
        self._given.clear()

    def _choose_for(self, doc: Doc, group: Sequence[Name], edits: Sequence[Edit]) -> str | None:
        """Return what all mentions of a name become, beside the edits so far; None for nothing."""
        key = group[0].key
        known = self._chosen.get(key)
        if known is not None:
            # The same name becomes the same, or stays where that is not read as it should be.
            return next(self._accept([known], doc, group, edits), None)
        proposed = self._propose(group[0])
        for new in self._accept(proposed, doc, group, edits):
            self._chosen[key] = new
            self._given.add(normalise(new))
            return new
        return None

    def _propose(self, name: Name) -> Iterator[str]:
        for candidate in self._candidates.propose(name):
            is_free = candidate.may_repeat or normalise(candidate.text) not in self._given
            if is_free and self._is_a_name(candidate, name.entity_type):
                yield candidate.text

    def _is_a_name(self, candidate: Candidate, entity_type: str) -> bool:
        """Tell whether a gazetteer has a word, or the model calls it a name of the type."""
        if candidate.is_listed:
            return True
        key = (candidate.text, entity_type)
        if key not in self._is_name:
            text = _FRAME.format(candidate.text)
            name = Name(candidate.text, entity_type, 0, len(candidate.text))
            (found,) = self._read([text])
            self._is_name[key] = _has_names(found, [name], self._candidates.find_kind(name))
        return self._is_name[key]

    def _accept(
        self, proposed: Iterable[str], doc: Doc, group: Sequence[Name], edits: Sequence[Edit]
    ) -> Iterator[str]:
        """Yield those names that the model reads as names of the same type in their places.

        What gazetteers know better may be read as what it is: Oracle, taken for a person, becomes
        Wipro whether that is read as a person or as an organisation.
        """
        kind = self._candidates.find_kind(group[0])
        tried = islice(proposed, _N_TRIED)
        while batch := list(islice(tried, _N_AT_ONCE)):
            texts: list[str] = []
            expected: list[list[Name]] = []
            for new in batch:
                text, places = _try(doc, [*edits, *_make_edits(group, new)], group)
                texts.append(text)
                expected.append(places)
            for new, found, places in zip(batch, self._read(texts), expected, strict=True):
                if _has_names(found, places, kind):
                    yield new


def _has_names(found: Sequence[Span], expected: Sequence[Name], kind: Kind) -> bool:
    """Tell whether names are found where they are expected, of their types or of a kind."""
    found_types: dict[tuple[int, int], str] = {}
    for span in choose_spans(found):
        name = read_name(span)
        if name is not None:
            found_types[name.start_char, name.end_char] = name.entity_type
    for name in expected:
        found_type = found_types.get((name.start_char, name.end_char))
        if found_type is None or not _is_of(found_type, name.entity_type, kind):
            return False
    return True


def _is_of(found_type: str, entity_type: str, kind: Kind) -> bool:
    """Tell whether a name is read as one of a type, or of a kind that gazetteers know of."""
    return found_type == entity_type or (kind != "other" and find_kind(found_type) == kind)


def _make_edits(group: Sequence[Name], new: str) -> list[Edit]:
    edits: list[Edit] = []
    for name in group:
        written = match_case(name.text, new)
        edits.append(Edit(name.start_char, name.end_char, written, name.entity_type))
    return edits


def _try(doc: Doc, edits: Sequence[Edit], group: Sequence[Name]) -> tuple[str, list[Name]]:
    """Return the text with some edits made, and where a name then stands in it."""
    articles: list[Edit] = []
    if doc.lang_ == "en":
        articles = find_article_edits(doc.text, edits)
    rewritten = apply_edits(doc.text, [*edits, *articles])
    starts = {name.start_char for name in group}
    places: list[Name] = []
    for row in rewritten.replacements:
        if row.old_start in starts:
            places.append(Name(row.new, row.entity_type, row.new_start, row.new_end))
    return rewritten.text, places
