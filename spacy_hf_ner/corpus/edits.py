"""What a user may change on the way: the names of types, how many documents, and which part of a split each goes to."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle
from math import gcd
from typing import Final

from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.corpus.sentence import Sentence
from spacy_hf_ner.errors import ConfigError

SPLIT_NAMES: Final = ("train", "dev", "test")
MAX_SHARE_DIGITS: Final = (
    4  # of a share; as many documents as the shares add up to are dealt at once
)


def parse_label_map(text: str) -> dict[str, str]:
    """Return the new name of each entity type; an empty name or O leaves the type out.

    Raises:
        ConfigError: The text is not ``OLD=NEW,…``.

    >>> parse_label_map("person=PER,MISC=")
    {'person': 'PER', 'MISC': ''}
    """
    mapped: dict[str, str] = {}
    for pair in filter(None, text.split(",")):
        old, equals, new = (part.strip() for part in pair.partition("="))
        if not old or not equals:
            raise ConfigError(
                f"--label-map must be OLD=NEW,OLD=NEW,… (an empty NEW leaves a type out), got {pair!r}."
            )
        mapped[old] = "" if new == "O" else new
    return mapped


def rename_types(sentence: Sentence, names: Mapping[str, str]) -> Sentence:
    """Return a sentence whose entities and chunks have their new types; those whose new name is empty are left out.

    Spans that are the same with their new types are one.
    """
    if not names:
        return sentence

    def rename(spans: tuple[TokenSpan, ...]) -> tuple[TokenSpan, ...]:
        renamed = (
            TokenSpan(span.start, span.end, new)
            for span in spans
            if (new := names.get(span.entity_type, span.entity_type))
        )
        return tuple(dict.fromkeys(renamed))

    return replace(
        sentence,
        spans=rename(sentence.spans),
        layers=rename(sentence.layers),
        chunks=rename(sentence.chunks),
    )


def deal_splits(shares: str, seed: int) -> Iterator[str]:
    """Yield for each document the part of the split that it goes to, without end.

    Parts are dealt like cards: of each hundred documents (or fewer, where the shares allow it) every part gets its
    share exactly, in an order that depends on the seed alone.

    Raises:
        ConfigError: The shares are not two or three whole numbers of at most 4 digits.

    >>> deal = deal_splits("80/10/10", seed=0)
    >>> sorted(next(deal) for _ in range(10)).count("train")
    8
    """
    parts = shares.split("/")
    are_numbers = all(part.isdecimal() and len(part) <= MAX_SHARE_DIGITS for part in parts)
    if not (len(parts) in (2, 3) and are_numbers and any(map(int, parts))):
        raise ConfigError(
            "--split must be shares of train, dev and test such as 80/10/10 or 90/10, of at most "
            f"{MAX_SHARE_DIGITS} digits each, got {shares[:40]!r}."
        )
    counts = [int(part) for part in parts]
    divisor = gcd(*counts)
    names = SPLIT_NAMES[: len(parts)]
    deck = [
        name for name, count in zip(names, counts, strict=True) for _ in range(count // divisor)
    ]
    shuffle = random.Random(seed)  # noqa: S311 - not for secrets

    def deal() -> Iterator[str]:
        for cards in cycle([deck]):
            yield from shuffle.sample(cards, len(cards))

    return deal()
