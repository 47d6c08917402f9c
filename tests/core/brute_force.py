"""All paths through a few rows, written out: what the scan must agree with."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import numpy as np

from spacy_hf_ner.core.arrays import Floats
from spacy_hf_ner.core.chain import Chain
from spacy_hf_ner.core.labels import TagSet
from spacy_hf_ner.core.tags import read_tags

Span = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Enumeration:
    """What all paths of one segment say.

    Attributes:
        paths: Those that are possible.
        best: The spans of the best path: start, end, index of the type.
        posterior: How probable each span is.
    """

    paths: list[tuple[int, ...]]
    best: list[Span]
    posterior: dict[Span, float]


def score_path(path: tuple[int, ...], log_probs: Floats, chain: Chain) -> float:
    """Return the log score of one path."""
    score = float(chain.log_start[path[0]] + chain.log_end[path[-1]])
    for i, tag in enumerate(path):
        score += float(log_probs[i, tag])
        if i > 0:
            score += float(chain.log_transition[path[i - 1], tag])
    return score


def enumerate_paths(log_probs: Floats, chain: Chain, tag_set: TagSet) -> Enumeration:
    """Return what all the paths of one segment say; there must be one."""
    scores: dict[tuple[int, ...], float] = {}
    for path in product(range(len(tag_set)), repeat=len(log_probs)):
        score = score_path(path, log_probs, chain)
        if score > -np.inf:
            scores[path] = score
    best_path = max(scores, key=lambda path: scores[path])
    peak = scores[best_path]
    mass: defaultdict[Span, float] = defaultdict(float)
    total = 0.0
    for path, score in scores.items():
        weight = float(np.exp(score - peak))
        total += weight
        for span in _find_spans(path, tag_set):
            mass[span] += weight
    posterior = {span: weight / total for span, weight in mass.items()}
    return Enumeration(list(scores), _find_spans(best_path, tag_set), posterior)


def _find_spans(path: tuple[int, ...], tag_set: TagSet) -> list[Span]:
    reading = read_tags([tag_set.tags[k] for k in path], tag_set.scheme)
    types = tag_set.entity_types
    return [(span.start, span.end, types.index(span.entity_type)) for span in reading.spans]
