"""What a user may change on the way: names of types, and which part of a split a document is in."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import gcd
from typing import Final

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.errors import ConfigError

__all__ = ["SPLIT_NAMES", "deal_splits", "parse_label_map", "rename_types"]

SPLIT_NAMES: Final = ("train", "dev", "test")
MAX_SHARE_DIGITS: Final = 4  # of a share: a deck holds as many cards as the shares add up to


def parse_label_map(text: str) -> dict[str, str]:
    """Return the new name of each entity type; an empty name or O leaves the type out.

    Raises:
        ConfigError: The text is not ``OLD=NEW,…``.

    >>> parse_label_map("person=PER,MISC=")
    {'person': 'PER', 'MISC': ''}
    """
    new_names: dict[str, str] = {}
    for pair in text.split(","):
        if not pair:
            continue
        old, equals, new = map(str.strip, pair.partition("="))
        if not old or not equals:
            raise ConfigError(
                "label_map must be OLD=NEW,OLD=NEW,… (an empty NEW leaves a type out), got "
                f"{pair!r}.",
                settings=("label_map",),
            )
        if new == "O":
            new = ""
        new_names[old] = new
    return new_names


def rename_types(sentence: Sentence, names: Mapping[str, str]) -> Sentence:
    """Return a sentence whose entities and chunks have their new types.

    Those whose new name is empty are left out. Spans that are the same with their new types become
    one.
    """
    if not names:
        return sentence
    return replace(
        sentence,
        spans=_rename_spans(sentence.spans, names),
        layers=_rename_spans(sentence.layers, names),
        levels=tuple(_rename_spans(level, names) for level in sentence.levels),
        rejected=_rename_spans(sentence.rejected, names),
        scores=_rename_scores(sentence.scores, names),
        chunks=_rename_spans(sentence.chunks, names),
    )


def _rename_spans(spans: tuple[TokenSpan, ...], names: Mapping[str, str]) -> tuple[TokenSpan, ...]:
    renamed: dict[TokenSpan, None] = {}  # a set that keeps the order
    for span in spans:
        new_name = names.get(span.entity_type, span.entity_type)
        if new_name:
            renamed[TokenSpan(span.start, span.end, new_name)] = None
    return tuple(renamed)


def _rename_scores(
    scores: Mapping[TokenSpan, float], names: Mapping[str, str]
) -> dict[TokenSpan, float]:
    """Return the scores of renamed spans: the highest of those that become one."""
    renamed: dict[TokenSpan, float] = {}
    for span, score in scores.items():
        for new_span in _rename_spans((span,), names):
            renamed[new_span] = max(score, renamed.get(new_span, score))
    return renamed


def deal_splits(shares: str, seed: int) -> Iterator[str]:
    """Yield for each document the part of the split that it goes to, without end.

    Parts are dealt like cards: of each hundred documents (or fewer, where the shares allow it)
    each part gets exactly its share, in an order that depends on the seed alone.

    Raises:
        ConfigError: The shares are not two or three whole numbers of at most 4 digits.

    >>> deal = deal_splits("80/10/10", seed=0)
    >>> sorted(next(deal) for _ in range(10)).count("train")
    8
    """
    counts = _parse_shares(shares)
    divisor = gcd(*counts)
    deck: list[str] = []
    for name, count in zip(SPLIT_NAMES, counts, strict=False):
        deck += [name] * (count // divisor)
    return _deal(deck, random.Random(seed))  # noqa: S311 - the order of documents is no secret


def _parse_shares(shares: str) -> list[int]:
    parts = shares.split("/")
    if len(parts) in {2, 3} and all(map(_is_share, parts)):
        counts = list(map(int, parts))
        if any(counts):
            return counts
    raise ConfigError(
        "split must be shares of train, dev and test such as 80/10/10 or 90/10, of at most "
        f"{MAX_SHARE_DIGITS} digits each, got {shares[:40]!r}.",
        settings=("split",),
    )


def _is_share(text: str) -> bool:
    return text.isdecimal() and len(text) <= MAX_SHARE_DIGITS


def _deal(deck: list[str], numbers: random.Random) -> Iterator[str]:
    while True:
        yield from numbers.sample(deck, len(deck))
