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

_NO_ENTITY: Final = -1


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
        return _read_texts(self.words[first : last + 1])


@dataclass(slots=True)
class _Uses:
    """How a string is used in the data.

    Attributes:
        entities: Where it is an entity.
        outside: Where it touches no entity, though it was annotated.
    """

    entities: list[Spot] = field(default_factory=list)
    outside: list[Spot] = field(default_factory=list)

    def count_types(self) -> Counter[str]:
        """Return how often it is an entity of each type."""
        return Counter(spot.entity_type for spot in self.entities)


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
    """Yield a suspicion for each use of a string that other uses contradict.

    A use is doubted where another one is at least as frequent, not where it has exceptions.
    """
    n_of_type = uses.count_types()
    n_outside = len(uses.outside)
    n_all = len(uses.entities) + n_outside
    places = count(n_all, "place")
    common_type, n_common = n_of_type.most_common(1)[0]
    if n_common >= n_outside:
        reason = f"{string!r} is {common_type} in {n_common:,} of {places}"
        for spot in uses.outside:
            likelier = spot._replace(entity_type=common_type)
            yield Suspicion(spot, likelier, _measure_strength(n_common, n_all), reason)

    for spot in uses.entities:
        n_alike = n_of_type[spot.entity_type]
        other, n_other = _find_other_use(spot.entity_type, n_of_type, n_outside)
        if n_other >= n_alike:
            reason = (
                f"{string!r} is {spot.entity_type} in {n_alike:,} of {places}, "
                f"{other or 'no entity'} in {n_other:,}"
            )
            likelier = spot._replace(entity_type=other)
            yield Suspicion(spot, likelier, _measure_strength(n_other, n_all), reason)


def _measure_strength(n: int, n_all: int) -> float:
    """Return how much it proves that so many of all places are alike."""
    return n / (n_all + _PRIOR_PLACES)


def _find_other_use(
    entity_type: str, n_of_type: Mapping[str, int], n_outside: int
) -> tuple[str, int]:
    """Return the most frequent use but that as some type, "" for none, and how often it occurs."""
    other = ""
    n_other = n_outside
    for name, n in n_of_type.items():
        if name != entity_type and n > n_other:
            other = name
            n_other = n
    return other, n_other


def _doubt_borders(doc: _ReadDoc, known: Mapping[Words, _Uses]) -> Iterator[Suspicion]:
    """Yield a suspicion for each entity of a document with a likelier border near by.

    ::

        text       met  Ann  Lee  Smith  again
        gold            [Ann  Lee]
        known           [Ann  Lee  Smith]          in five other places
    """
    owner = [_NO_ENTITY] * len(doc.words)
    for i, (first, last, _) in enumerate(doc.entities):
        owner[first : last + 1] = [i] * (last + 1 - first)
    for i, (first, last, spot) in enumerate(doc.entities):
        n_own = len(known[doc.string(first, last)].entities)
        suspicions: list[Suspicion] = []
        for start, end in _list_near(first, last, n_words=len(doc.words)):
            uses = known.get(doc.string(start, end))
            # Borders in other entities would need two changes.
            if uses is None or not {_NO_ENTITY, i}.issuperset(owner[start : end + 1]):
                continue
            strength = _measure_strength(len(uses.entities), len(uses.entities) + n_own)
            if start >= first and end <= last:
                strength *= _INNER_WEIGHT
            suspicions.append(_suspect_border(doc, spot, start, end, uses, strength))
        if suspicions:
            yield max(suspicions, key=lambda suspicion: suspicion.strength)


def _suspect_border(
    doc: _ReadDoc, spot: Spot, start: int, end: int, uses: _Uses, strength: float
) -> Suspicion:
    """Return that the words from start to end are likelier an entity than what gold has there."""
    string = " ".join(doc.string(start, end))
    n_of_type = uses.count_types()
    entity_type, n = n_of_type.most_common(1)[0]
    likelier = Spot(
        doc.part_i, doc.doc_i, doc.words[start].start_char, doc.words[end].end_char, entity_type
    )
    return Suspicion(
        spot, likelier, strength, f"{string!r} is {entity_type} in {count(n, 'place')}"
    )


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


def _read_texts(words: Sequence[_Word]) -> Words:
    return tuple([word.text for word in words])


def _find_entities(
    part_i: int, doc_i: int, gold_doc: GoldDoc, words: Sequence[_Word]
) -> Iterator[tuple[int, int, Spot]]:
    """Yield the entities whose borders are those of words, with their first and last word."""
    word_at_start: dict[int, int] = {}
    word_at_end: dict[int, int] = {}
    for i, word in enumerate(words):
        word_at_start[word.start_char] = i
        word_at_end[word.end_char] = i
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
            string = _read_texts(run[i : i + length])
            if string in strings:
                yield string, run[i], run[i + len(string) - 1]
                step = length
                break
        i += step
