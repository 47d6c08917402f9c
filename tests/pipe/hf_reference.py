"""Hugging Face's token-classification pipeline as an oracle, and where it misreads words.

The pipeline is wrong in known ways. Each way is a predicate over one *place* of a text: a border
that it draws where no word begins, does not draw where one does, or draws elsewhere. A difference
from our entities is named after the first place in it; a difference without such a place has no
excuse.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import torch
from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast
from transformers.pipelines import token_classification

if TYPE_CHECKING:
    _Pipeline = Any
else:
    _Pipeline = token_classification.TokenClassificationPipeline

Span = tuple[int, int]
Kind = Literal["border", "edge", "gap", "text"]
STRATEGIES = {"first": "first", "mean": "average", "max": "max"}  # our aggregation, theirs


class Entity(NamedTuple):
    """An entity in characters."""

    start: int
    end: int
    entity_type: str
    score: float


class PipelineGivenWords(_Pipeline):  # type: ignore[misc]
    """The pipeline with the right words, so that only its grouping and scores are its own."""

    words: Sequence[Span] = ()

    def gather_pre_entities(self, *args: Any, **settings: Any) -> list[dict[str, Any]]:
        """Return the subwords that lie in a word, with the borders of that word."""
        kept: list[dict[str, Any]] = []
        before = None
        text = args[0]
        for piece in super().gather_pre_entities(*args, **settings):
            word = find_word(self.words, text, (piece["start"], piece["end"]))
            if word is None:
                continue
            start, end = word
            kept.append({**piece, "is_subword": word == before, "start": start, "end": end})
            before = word
        return kept


@dataclass(frozen=True)
class Reading:
    """One text as the pipeline's network read it.

    Attributes:
        text: The text.
        words: The words as white space, and for WordPiece punctuation, separate them.
        outputs: What the pipeline's ``forward`` gave.
        pipeline: The pipeline as published.
        given_words: The same pipeline, but given the words.
    """

    text: str
    words: list[Span]
    outputs: list[dict[str, Any]]
    pipeline: Any
    given_words: Any

    def find_entities(self, strategy: str, *, give_words: bool = False) -> list[Entity]:
        """Return the entities of the pipeline, as published or given the words."""
        pipeline = self.pipeline
        if give_words:
            pipeline = self.given_words
            pipeline.words = self.words
        found = pipeline.postprocess(
            self.outputs, aggregation_strategy=token_classification.AggregationStrategy(strategy)
        )
        entities: list[Entity] = []
        for group in found:
            score = float(group["score"])
            entities.append(Entity(group["start"], group["end"], group["entity_group"], score))
        return entities

    @cached_property
    def places(self) -> list["Place"]:
        """The places where the pipeline misreads the words, in text order."""
        output = self.outputs[0]
        gathered = self.pipeline.gather_pre_entities(
            self.text,
            output["input_ids"][0],
            torch.softmax(output["logits"][0], -1).numpy(),
            output["offset_mapping"][0],
            output["special_tokens_mask"][0].numpy(),
            token_classification.AggregationStrategy.NONE,
        )
        ids = output["input_ids"][0].tolist()
        pieces = [self._read_piece(piece, ids[piece["index"]]) for piece in gathered]
        places: list[Place] = []
        for piece in pieces:
            if self._is_special_name(piece):
                whole = (0, len(self.text))
                place = Place(self.text, whole, "text", piece, piece.starts, self.knows_words, "")
                places.append(place)
        places.extend(_find_places(self.text, pieces, knows_words=self.knows_words))
        return places

    def _read_piece(self, gathered: dict[str, Any], subword_id: int) -> "Piece":
        """Return a subword that the pipeline gathered, with the word that it lies in."""
        tokenizer = self.pipeline.tokenizer
        span = gathered["start"], gathered["end"]
        return Piece(
            span=span,
            text=tokenizer.convert_ids_to_tokens(subword_id),
            word=find_word(self.words, self.text, span),
            starts=not gathered["is_subword"],
            is_unknown=subword_id == tokenizer.unk_token_id,
        )

    def _is_special_name(self, piece: "Piece") -> bool:
        """Tell whether a subword is a special token because its name stands in the text."""
        start, end = piece.span
        is_special = piece.text in self.pipeline.tokenizer.all_special_tokens
        return is_special and self.text[start:end] == piece.text

    @property
    def knows_words(self) -> bool:
        """Whether the tokenizer marks continuing subwords; without it the pipeline guesses."""
        return bool(
            getattr(self.pipeline.tokenizer._tokenizer.model, "continuing_subword_prefix", None)
        )


class Piece(NamedTuple):
    """One subword: where it lies, in which word, and whether the pipeline starts a word with it."""

    span: Span
    text: str
    word: Span | None
    starts: bool
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One place where the pipeline and the words of a text part.

    Attributes:
        text: The whole text.
        span: The characters whose labels it may change.
        kind: What is wrong: where words begin (``"border"``), which characters a word has
            (``"edge"``), what lies between two words (``"gap"``), or the whole text, because a part
            of it is no text to the pipeline.
        piece: The subword at which it happens.
        is_start: Whether a word begins with that subword.
        knows_words: Whether the pipeline compares lengths (WordPiece), and does not guess by
            spaces.
        gap: The characters between the word before and this one.
    """

    text: str
    span: Span
    kind: Kind
    piece: Piece
    is_start: bool
    knows_words: bool
    gap: str

    def matches(self) -> list[str]:
        """Return the names of the known errors that it is a case of."""
        return [name for name, predicate in KNOWN_ERRORS.items() if predicate(self)]


def is_white_space_word(place: Place) -> bool:
    """A subword of white space alone has a label of its own, though nothing is there to label."""
    return place.kind == "border" and place.piece.word is None


def is_glued_by_white_space(place: Place) -> bool:
    """Only an ASCII space ends a word: a line end, a tab or a no-break space glues two words."""
    return (
        _is_missed(place)
        and not place.knows_words
        and bool(place.gap)
        and " " not in place.gap[-1:]
    )


def is_misjudged_length(place: Place) -> bool:
    """WordPiece words are told by a subword's length, which normalisation changes (accents)."""
    return (
        place.kind == "border"
        and place.knows_words
        and place.piece.word is not None
        and place.is_start != place.piece.starts
    )


def is_shared_character(place: Place) -> bool:
    """Several subwords of one character, after a space or at the start, each start a word."""
    return _is_invented(place) and not place.knows_words and place.piece.span[0] == _word(place)[0]


def is_unknown_subword(place: Place) -> bool:
    """An unknown subword starts a word wherever it stands."""
    return _is_invented(place) and place.piece.is_unknown and place.piece.span[0] != _word(place)[0]


def is_blank_line(place: Place) -> bool:
    """Adjacent means adjacent subwords: an entity goes on across a blank line."""
    return place.kind == "gap" and place.gap.count("\n") >= 2


def is_cut_at_edge(place: Place) -> bool:
    """Characters at a word's edge that no subword covers (zero-width space) are cut off."""
    return place.kind == "edge"


def is_special_token(place: Place) -> bool:
    """The name of a special token in a text, such as "[SEP]", is read as that token."""
    return place.kind == "text"


KNOWN_ERRORS: dict[str, Callable[[Place], bool]] = {
    "white space is a word": is_white_space_word,
    "white space other than U+0020 glues words": is_glued_by_white_space,
    "word told by the length of normalised text": is_misjudged_length,
    "subwords of one character are words": is_shared_character,
    "unknown subword starts a word": is_unknown_subword,
    "entity goes on across a blank line": is_blank_line,
    "characters without a subword are cut off": is_cut_at_edge,
    "name of a special token is one": is_special_token,
}


class Reference:
    """Reads texts with a checkpoint's network as the pipeline does, one by one, in float32."""

    def __init__(self, folder: Path, find_words: Callable[[str], list[Span]]) -> None:
        load: Any = AutoModelForTokenClassification.from_pretrained
        wrap: Any = PreTrainedTokenizerFast.from_pretrained
        make: Any = token_classification.TokenClassificationPipeline
        parts = {"model": load(folder).float().eval(), "tokenizer": wrap(folder), "device": "cpu"}
        self._pipeline = make(**parts)
        self._given_words = PipelineGivenWords(**parts)
        self._find_words = find_words

    def read(self, text: str) -> Reading:
        """Return what the network says of a text that fits one window."""
        inputs = self._pipeline.preprocess(text, is_split_into_words=False)
        outputs = [self._pipeline.forward(window) for window in inputs]
        return Reading(text, self._find_words(text), outputs, self._pipeline, self._given_words)


def trim(text: str, span: Span) -> Span:
    """Return a span without white space at its ends."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def find_word(words: Sequence[Span], text: str, span: Span) -> Span | None:
    """Return the word in which a subword begins, or None if it is white space."""
    start, end = trim(text, span)
    # The last word that starts at this character or before it.
    word_i = bisect_right(words, (start, len(text) + 1)) - 1
    if start == end or word_i < 0:
        return None
    word = words[word_i]
    return word if start < word[1] else None


def _find_places(text: str, pieces: Sequence[Piece], *, knows_words: bool) -> list[Place]:
    """Return the places of a text where the pipeline misreads words, in order."""
    places: list[Place] = []
    group_start = 0  # where the pipeline's word begins
    word_before: Span | None = None  # the last true word
    end_before = 0
    for i, piece in enumerate(pieces):
        if piece.starts:
            group_start = piece.span[0]
        word = piece.word or piece.span
        is_start = piece.word is not None and piece.word != word_before
        place = partial(Place, text, piece=piece, is_start=is_start, knows_words=knows_words)
        gap = text[end_before : word[0]]
        if piece.word is None or (i > 0 and is_start != piece.starts):
            reach = min(group_start, word[0]), max(piece.span[1], word[1])
            places.append(place(span=reach, kind="border", gap=gap))
        elif is_start and word_before is not None and gap.count("\n") >= 2:
            places.append(place(span=(end_before, word[1]), kind="gap", gap=gap))
        if piece.word is None:
            continue
        is_end = _find_next_word(pieces[i + 1 :]) != word
        cuts_start = is_start and piece.span[0] != word[0]
        cuts_end = is_end and piece.span[1] != word[1]
        if cuts_start or cuts_end:
            places.append(place(span=word, kind="edge", gap=""))
        word_before = word
        end_before = word[1]
    return places


def _find_next_word(pieces: Sequence[Piece]) -> Span | None:
    """Return the word of the first of some subwords that lies in one."""
    for piece in pieces:
        if piece.word is not None:
            return piece.word
    return None


def _is_missed(place: Place) -> bool:
    return place.kind == "border" and place.is_start and not place.piece.starts


def _is_invented(place: Place) -> bool:
    return (
        place.kind == "border"
        and place.piece.word is not None
        and not place.is_start
        and place.piece.starts
    )


def _word(place: Place) -> Span:
    assert place.piece.word is not None
    return place.piece.word
