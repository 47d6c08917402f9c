"""What the strings of the data say: one that is annotated here and not there, or in two ways.

No model is needed. A string that is an entity in nine places is likely one in the tenth; one that
is annotated once and stands a hundred times unannotated is likely none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from spacy.tokens import Doc

from spacy_hf_ner.checking.parts import CheckedData, GoldDoc
from spacy_hf_ner.checking.suspicion import Spot, Suspicion
from spacy_hf_ner.core.judging import touches
from spacy_hf_ner.core.wording import count

__all__ = ["find_inconsistencies"]

Words = tuple[str, ...]

# Places that every string is given in thought, so that one or two real ones prove little.
_PRIOR_PLACES: Final = 1

# Evidence below this is no evidence: one place in ten is annotated otherwise for a reason.
_MIN_STRENGTH: Final = 0.1

# How far a border may be off, in words.
_MAX_SHIFT: Final = 2

# A shorter name in a longer one is often right: "Africa" in "South Africa".
_INNER_WEIGHT: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Word:
    """A token that is not white space."""

    text: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class _ReadDoc:
    """A document as words.

    Attributes:
        part_i: The index of its part.
        doc_i: Its index in that.
        gold_doc: The document.
        words: Its words.
        entities: The entities whose borders are those of words: first word, last word, and where.
    """

    part_i: int
    doc_i: int
    gold_doc: GoldDoc
    words: Sequence[_Word]
    entities: Sequence[tuple[int, int, Spot]]

    def string(self, first: int, last: int) -> Words:
        """Return the words from the first to the last, both included."""
        return tuple([word.text for word in self.words[first : last + 1]])


@dataclass(slots=True)
class _Uses:
    """How a string is used in the data.

    Attributes:
        entities: Where it is an entity.
        outside: Where it touches no entity, though it was annotated.
    """

    entities: list[Spot] = field(default_factory=list)
    outside: list[Spot] = field(default_factory=list)


def find_inconsistencies(data: CheckedData) -> Iterator[Suspicion]:
    """Yield a suspicion for each use of a string that its other uses contradict."""
    read = _read_docs(data)
    known = _find_uses(read)
    for string, uses in known.items():
        for suspicion in _doubt_uses(" ".join(string), uses):
            if suspicion.strength >= _MIN_STRENGTH:
                yield suspicion
    for doc in read:
        for suspicion in _doubt_borders(doc, known):
            if suspicion.strength >= _MIN_STRENGTH:
                yield suspicion


def _doubt_uses(string: str, uses: _Uses) -> Iterator[Suspicion]:
    """Yield a suspicion for each use that is not the only kind of use of a string."""
    n_of_type = Counter(spot.entity_type for spot in uses.entities)
    n_outside = len(uses.outside)
    n_all = len(uses.entities) + n_outside
    common_type, n_common = n_of_type.most_common(1)[0]
    places = count(n_all, "place")
    for spot in uses.outside:
        strength = n_common / (n_all + _PRIOR_PLACES)
        reason = f"{string!r} is {common_type} in {n_common:,} of {places}"
        yield Suspicion(spot, spot._replace(entity_type=common_type), strength, reason)

    for spot in uses.entities:
        # What contradicts this use: the most common other one.
        other, n_other = "", n_outside
        for entity_type, n in n_of_type.items():
            if entity_type != spot.entity_type and n > n_other:
                other, n_other = entity_type, n
        if n_other == 0:
            continue
        n_alike = n_of_type[spot.entity_type]
        strength = n_other / (n_all + _PRIOR_PLACES)
        reason = (
            f"{string!r} is {spot.entity_type} in {n_alike:,} of {places}, {other or 'none'} in "
        )
        yield Suspicion(spot, spot._replace(entity_type=other), strength, f"{reason}{n_other:,}")


def _doubt_borders(doc: _ReadDoc, known: Mapping[Words, _Uses]) -> Iterator[Suspicion]:
    """Yield a suspicion for each entity of a document with a likelier border near by.

    ::

        text       met  Ann  Lee  Smith  again
        gold            [Ann  Lee]
        known           [Ann  Lee  Smith]          in five other places
    """
    taken = [False] * len(doc.words)
    for first, last, _ in doc.entities:
        taken[first : last + 1] = [True] * (last + 1 - first)
    for first, last, spot in doc.entities:
        own = known[doc.string(first, last)]
        best: Suspicion | None = None
        for start, end in _list_near(first, last, n_words=len(doc.words)):
            others = [*taken[start:first], *taken[last + 1 : end + 1]]
            uses = known.get(doc.string(start, end))
            if uses is None or any(others):
                continue
            n_known = len(uses.entities)
            strength = n_known / (n_known + len(own.entities) + _PRIOR_PLACES)
            if start >= first and end <= last:
                strength *= _INNER_WEIGHT
            if best is None or strength > best.strength:
                string = " ".join(doc.string(start, end))
                entity_type, _ = Counter(use.entity_type for use in uses.entities).most_common(1)[0]
                reason = f"{string!r} is {entity_type} in {count(n_known, 'place')}"
                start_char = doc.words[start].start_char
                end_char = doc.words[end].end_char
                likelier = Spot(doc.part_i, doc.doc_i, start_char, end_char, entity_type)
                best = Suspicion(spot, likelier, strength, reason)
        if best is not None:
            yield best


def _list_near(first: int, last: int, *, n_words: int) -> Iterator[tuple[int, int]]:
    """Yield the other runs of words that overlap a run and whose borders are near its own."""
    for start in range(max(first - _MAX_SHIFT, 0), min(first + _MAX_SHIFT, last) + 1):
        lowest_end = max(last - _MAX_SHIFT, start, first)
        for end in range(lowest_end, min(last + _MAX_SHIFT, n_words - 1) + 1):
            if (start, end) != (first, last):
                yield start, end


def _read_docs(data: CheckedData) -> list[_ReadDoc]:
    """Return the documents of all parts as words."""
    read: list[_ReadDoc] = []
    for part_i, part in enumerate(data.parts):
        for doc_i, gold_doc in enumerate(part.docs):
            words = _read_words(gold_doc.doc)
            entities = list(_find_entities(part_i, doc_i, gold_doc, words))
            read.append(_ReadDoc(part_i, doc_i, gold_doc, words, entities))
    return read


def _find_uses(read: Sequence[_ReadDoc]) -> dict[Words, _Uses]:
    """Return the uses of each string that is an entity somewhere."""
    uses: defaultdict[Words, _Uses] = defaultdict(_Uses)
    for doc in read:
        for first, last, spot in doc.entities:
            uses[doc.string(first, last)].entities.append(spot)

    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for string in uses:
        lengths[string[0]].add(len(string))
    longest_first = {first: sorted(all_of, reverse=True) for first, all_of in lengths.items()}
    for doc in read:
        for run in _cut_at_annotation(doc.gold_doc, doc.words):
            for string, first_word, last_word in _find_strings(run, uses, longest_first):
                spot = Spot(doc.part_i, doc.doc_i, first_word.start_char, last_word.end_char, "")
                uses[string].outside.append(spot)
    return dict(uses)


def _read_words(doc: Doc) -> list[_Word]:
    words: list[_Word] = []
    for token in doc:
        if not token.is_space:
            words.append(_Word(token.text, token.idx, token.idx + len(token)))
    return words


def _find_entities(
    part_i: int, doc_i: int, gold_doc: GoldDoc, words: Sequence[_Word]
) -> Iterator[tuple[int, int, Spot]]:
    """Yield the entities whose borders are those of words, with their first and last word."""
    word_at_start = {word.start_char: i for i, word in enumerate(words)}
    word_at_end = {word.end_char: i for i, word in enumerate(words)}
    for entity in gold_doc.entities:
        first = word_at_start.get(entity.start_char)
        last = word_at_end.get(entity.end_char)
        if first is None or last is None:
            continue
        yield first, last, Spot(part_i, doc_i, *entity)


def _cut_at_annotation(gold_doc: GoldDoc, words: Sequence[_Word]) -> Iterator[list[_Word]]:
    """Yield the runs of words that are in no entity, and annotated so."""
    entities = iter(gold_doc.entities)
    entity = next(entities, None)
    run: list[_Word] = []
    for word in words:
        # Entities are in text order; those that end before this word are done with.
        while entity is not None and entity.end_char <= word.start_char:
            entity = next(entities, None)
        in_entity = entity is not None and entity.start_char < word.end_char
        if in_entity or touches(gold_doc.missing, word.start_char, word.end_char):
            if run:
                yield run
            run = []
        else:
            run.append(word)
    if run:
        yield run


def _find_strings(
    run: list[_Word], strings: dict[Words, _Uses], lengths: dict[str, list[int]]
) -> Iterator[tuple[Words, _Word, _Word]]:
    """Yield the known strings in a run of words with their first and last word; none overlap.

    Args:
        run: The words.
        strings: What is known.
        lengths: How many words known strings have that begin with some word, the longest first.
    """
    i = 0
    while i < len(run):
        step = 1
        for length in lengths.get(run[i].text, ()):
            string = tuple(word.text for word in run[i : i + length])
            if string in strings:
                yield string, run[i], run[i + len(string) - 1]
                step = length
                break
        i += step
