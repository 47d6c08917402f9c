"""Examples of rare types more often, and those without any less: a reader around another reader."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_hf_ner.errors import ConfigError

__all__ = ["ResampledCorpus", "Weighting", "make_resampled_corpus_v1", "weigh_examples"]

Weighting = Literal["count", "rarity", "density"]


@dataclass(slots=True)
class ResampledCorpus:
    """Yields the Examples of a corpus, each as often as its entities weigh.

    Attributes:
        corpus: The reader of the corpus, which must end.
        weighting: What an Example weighs.
        size: How many Examples there are on average, as a multiple of the corpus; None for as many
            as they weigh.
        spans_key: The key in ``doc.spans`` of what is learned; None for ``doc.ents``.
        numbers: Where chance comes from.
    """

    corpus: Callable[[Language], Iterable[Example]]
    weighting: Weighting
    size: float | None
    spans_key: str | None
    numbers: random.Random

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the Examples in the order of the corpus, copies one after the other."""
        examples = list(self.corpus(nlp))
        counts: list[Counter[str]] = []
        lengths: list[int] = []
        for example in examples:
            counts.append(_count_tokens(example.reference, self.spans_key))
            lengths.append(len(example.reference))
        weights = weigh_examples(counts, lengths, weighting=self.weighting)
        factor = 1.0
        if self.size is not None and examples:
            factor = self.size * len(examples) / sum(weights)
        for example, weight in zip(examples, weights, strict=True):
            for _ in range(self._draw_times(weight * factor)):
                yield Example(example.predicted.copy(), example.reference)

    def _draw_times(self, mean: float) -> int:
        """Return a whole number that is so much on average: the next lower or the next higher."""
        lower = math.floor(mean)
        return lower + (self.numbers.random() < mean - lower)


def weigh_examples(
    counts: Sequence[Mapping[str, int]], lengths: Sequence[int], *, weighting: Weighting
) -> list[float]:
    r"""Return how often each text should come, at least once.

    With ``c`` tokens of a type in a text of ``l`` tokens, and the rarity ``r`` of the type, which
    is -log2 of its share of all tokens::

        count      1 + sqrt(sum of c)
        rarity     1 + sqrt(sum of r c)
        density    1 + (sum of r sqrt(c)) / sqrt(l)

    >>> counts = [{}, {"PER": 4}, {"PER": 3, "ORG": 1}]
    >>> weigh_examples(counts, [8, 8, 16], weighting="count")
    [1.0, 3.0, 3.0]
    >>> [round(weight, 2) for weight in weigh_examples(counts, [8, 8, 16], weighting="density")]
    [1.0, 2.55, 3.2]

    Args:
        counts: The tokens of each type in each text.
        lengths: The tokens in each text.
        weighting: Which formula.

    Source: after Wang & Wang (2022), https://aclanthology.org/2022.naacl-main.156, section 3.
    """
    totals: Counter[str] = Counter()
    for of_text in counts:
        totals.update(of_text)
    n_tokens = sum(lengths)
    rarity: dict[str, float] = {}
    for entity_type, n_of_type in totals.items():
        rarity[entity_type] = -math.log2(n_of_type / n_tokens)
    weights: list[float] = []
    for of_text, length in zip(counts, lengths, strict=True):
        weights.append(1.0 + _SUMS[weighting](of_text, rarity, length))
    return weights


def _sum_counts(counts: Mapping[str, int], _rarity: Mapping[str, float], _length: int) -> float:
    return math.sqrt(sum(counts.values()))


def _sum_rarity(counts: Mapping[str, int], rarity: Mapping[str, float], _length: int) -> float:
    total = 0.0
    for entity_type, count in counts.items():
        total += rarity[entity_type] * count
    return math.sqrt(total)


def _sum_density(counts: Mapping[str, int], rarity: Mapping[str, float], length: int) -> float:
    total = 0.0
    for entity_type, count in counts.items():
        total += rarity[entity_type] * math.sqrt(count)
    return total / math.sqrt(max(length, 1))


_SUMS: Final[Mapping[Weighting, Callable[[Mapping[str, int], Mapping[str, float], int], float]]] = {
    "count": _sum_counts,
    "rarity": _sum_rarity,
    "density": _sum_density,
}


def _count_tokens(doc: Doc, spans_key: str | None) -> Counter[str]:
    """Return the tokens of each type in a gold Doc, each once where spans of a type overlap."""
    spans = list(doc.ents)
    if spans_key is not None:
        spans = list(doc.spans.get(spans_key, []))
    tokens: defaultdict[str, set[int]] = defaultdict(set)
    for span in spans:
        tokens[span.label_].update(range(span.start, span.end))
    counts: Counter[str] = Counter()
    for entity_type, of_type in tokens.items():
        counts[entity_type] = len(of_type)
    return +counts  # without the types of spans that are empty


def make_resampled_corpus_v1(
    corpus: Callable[[Language], Iterable[Example]],
    weighting: str = "density",
    size: float | None = None,
    spans_key: str | None = None,
    seed: int = 0,
) -> ResampledCorpus:
    """Return a reader that yields the Examples of another one, those of rare types more often.

    What is weighed is an Example: a sentence, where the other reader gives sentences
    (``split_documents.v1`` with ``max_words = 1``, or ``gold_preproc``).

    Args:
        corpus: The other reader.
        weighting: ``"count"``, ``"rarity"`` or ``"density"``: see :func:`weigh_examples`.
        size: How many Examples there are on average, as a multiple of the corpus. Under what their
            weights come to, Examples of little weight are left out at times. None: each comes at
            least once.
        spans_key: The key in ``doc.spans`` of what is learned; null for ``doc.ents``.
        seed: What is drawn depends on it.

    Raises:
        ConfigError: There is no such weighting, or no such size.
    """
    for choice in get_args(Weighting):
        if weighting == choice:
            break
    else:
        raise ConfigError(
            f'weighting must be "count", "rarity" or "density", got {weighting!r}.',
            settings=("weighting",),
        )
    if size is not None and size <= 0.0:
        raise ConfigError(
            f"size must be greater than 0, or null, got {size}: it is a multiple of the corpus.",
            settings=("size",),
        )
    numbers = random.Random(seed)  # noqa: S311 - copies of texts, not secrets
    return ResampledCorpus(corpus, choice, size, spans_key, numbers)
