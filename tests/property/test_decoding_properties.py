"""Decoders against brute force: every tag path of every segment, written out."""

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_hf_ner.core.arrays import Floats, Ints
from spacy_hf_ner.core.chain import make_chain
from spacy_hf_ner.core.decoding import decode_all, decode_greedy, decode_viterbi
from spacy_hf_ner.core.labels import TagSet, make_tag_set
from spacy_hf_ner.core.posteriors import Decoded
from spacy_hf_ner.core.schemes import SCHEMES, SchemeName
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.tags import read_tags

every_scheme = pytest.mark.parametrize("name", SCHEMES)
MAX_PATHS = 800  # of one segment
Bias = tuple[float, ...]
biases = st.none() | st.tuples(*[st.sampled_from([-6.0, -0.5, 0.0, 1.5, 9.0])] * 2)


@dataclass(frozen=True, slots=True)
class Scored:
    """Segments of rows with their tag probabilities."""

    tag_set: TagSet
    log_probs: Floats
    lengths: Ints

    def segments(self) -> list[tuple[int, Floats]]:
        """Return the first row and the rows of each segment."""
        ends = np.cumsum(self.lengths)
        return [
            (int(end - n), self.log_probs[end - n : end])
            for n, end in zip(self.lengths, ends, strict=True)
        ]

    def spans(self, decoded: Decoded) -> list[TokenSpan]:
        types = self.tag_set.entity_types
        columns = zip(
            decoded.start.tolist(), decoded.end.tolist(), decoded.type_i.tolist(), strict=True
        )
        return [TokenSpan(start, end, types[type_i]) for start, end, type_i in columns]


@st.composite
def scored(draw: st.DrawFn, name: SchemeName) -> Scored:
    """Draw segments of a random tag set, in which some tags of some rows may be ruled out."""
    full = make_tag_set(["X", "Y"][: draw(st.integers(1, 2))], SCHEMES[name])
    columns = draw(
        st.lists(st.sampled_from(range(len(full))), min_size=1, max_size=len(full), unique=True)
    )
    if draw(st.booleans()):
        columns = list(range(len(full)))
    tag_set = TagSet(tuple(full.tags[k] for k in columns), full.scheme)
    longest = max(n for n in range(1, 6) if len(tag_set) ** n <= MAX_PATHS)
    lengths = np.array(
        draw(st.lists(st.integers(0, longest), min_size=1, max_size=3)), dtype=np.int64
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = rng.normal(size=(int(lengths.sum()), len(tag_set))) * draw(
        st.sampled_from([0.5, 2.0, 8.0])
    )
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    if draw(st.booleans()):
        log_probs[rng.random(log_probs.shape) < 0.2] = -np.inf
    return Scored(tag_set, log_probs, lengths)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """What all the legal paths of one segment say."""

    best: tuple[TokenSpan, ...]
    posterior: dict[TokenSpan, float]


def enumerate_paths(
    log_probs: Floats, first: int, tag_set: TagSet, bias: Bias | None = None
) -> Enumeration | None:
    """Return what brute force finds in a segment, or None if no path is legal and possible.

    Each entity of a path makes it e^bias times as probable, the bias being that of its type; one
    that comes right after another does so only where that makes the path less probable.
    """
    mass: Counter[TokenSpan] = Counter()
    best: tuple[TokenSpan, ...] = ()
    total = best_weight = 0.0
    for path in product(range(len(tag_set)), repeat=len(log_probs)):
        reading = read_tags([tag_set.tags[k] for k in path], tag_set.scheme)
        weight = float(np.exp(log_probs[np.arange(len(path)), list(path)].sum()))
        if reading.violations or weight == 0.0:
            continue
        end_before = -1
        for span in reading.spans:
            added = bias[tag_set.entity_types.index(span.entity_type)] if bias else 0.0
            if span.start == end_before:
                added = min(added, 0.0)
            end_before = span.end
            weight *= float(np.exp(added))
        total += weight
        spans = tuple(
            TokenSpan(first + s.start, first + s.end, s.entity_type) for s in reading.spans
        )
        mass.update(dict.fromkeys(spans, weight))
        if weight > best_weight:
            best, best_weight = spans, weight
    return Enumeration(best, {span: m / total for span, m in mass.items()}) if total else None


@every_scheme
@settings(max_examples=25)
@given(data=st.data(), bias=biases)
def test_viterbi_and_its_scores_are_those_of_brute_force(
    name: SchemeName, data: st.DataObject, bias: Bias | None
) -> None:
    texts = data.draw(scored(name))
    bias = bias and bias[: len(texts.tag_set.entity_types)]
    chain = make_chain(texts.tag_set, bias=bias)
    decoded = decode_viterbi(texts.log_probs, texts.lengths, chain)
    greedy = decode_greedy(texts.log_probs, texts.lengths, chain)
    fallback = dict(zip(texts.spans(greedy), greedy.score.tolist(), strict=True))
    expected: dict[TokenSpan, float] = {}
    for first, rows in texts.segments():
        found = enumerate_paths(rows, first, texts.tag_set, bias)
        if found is None:
            expected |= {s: p for s, p in fallback.items() if first <= s.start < first + len(rows)}
        else:
            expected |= {span: found.posterior[span] for span in found.best}
    assert texts.spans(decoded) == sorted(expected)
    assert decoded.score == pytest.approx([expected[span] for span in sorted(expected)], abs=1e-9)


@every_scheme
@settings(max_examples=25)
@given(data=st.data(), bias=biases, threshold=st.sampled_from([0.01, 0.2, 0.6]))
def test_all_spans_over_a_threshold_are_those_of_brute_force(
    name: SchemeName, data: st.DataObject, bias: Bias | None, threshold: float
) -> None:
    texts = data.draw(scored(name))
    bias = bias and bias[: len(texts.tag_set.entity_types)]
    thresholds = np.full(len(texts.tag_set.entity_types), threshold)
    chain = make_chain(texts.tag_set, bias=bias)
    decoded = decode_all(texts.log_probs, texts.lengths, chain, threshold=thresholds)
    expected: dict[TokenSpan, float] = {}
    for first, rows in texts.segments():
        found = enumerate_paths(rows, first, texts.tag_set, bias)
        expected |= {
            span: p for span, p in (found.posterior if found else {}).items() if p >= threshold
        }
    order = {t: i for i, t in enumerate(texts.tag_set.entity_types)}
    in_order = sorted(expected, key=lambda span: (span.start, span.end, order[span.entity_type]))
    assert texts.spans(decoded) == in_order
    assert decoded.score == pytest.approx([expected[span] for span in in_order], abs=1e-9)


@every_scheme
@settings(max_examples=25)
@given(data=st.data())
def test_greedy_reads_the_best_tags_as_the_tag_reader_does(
    name: SchemeName, data: st.DataObject
) -> None:
    texts = data.draw(scored(name))
    decoded = decode_greedy(texts.log_probs, texts.lengths, make_chain(texts.tag_set))
    expected = []
    for first, rows in texts.segments():
        tags = [texts.tag_set.tags[k] for k in rows.argmax(axis=1)]
        spans = read_tags(tags, texts.tag_set.scheme).spans
        expected += [TokenSpan(first + s.start, first + s.end, s.entity_type) for s in spans]
    assert texts.spans(decoded) == expected


@every_scheme
@settings(max_examples=25)
@given(data=st.data(), gap=st.sampled_from([1.0, 30.0, 300.0, 3000.0]), n_rows=st.integers(1, 300))
def test_scores_are_probabilities_however_sure_the_network_is(
    name: SchemeName, data: st.DataObject, gap: float, n_rows: int
) -> None:
    tag_set = make_tag_set(["X", "Y"], SCHEMES[name])
    chain, lengths = make_chain(tag_set), np.array([n_rows])
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    logits = rng.normal(size=(n_rows, len(tag_set))) * gap
    logits -= logits.max(axis=1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        decoded = [
            decode_greedy(log_probs, lengths, chain),
            decode_viterbi(log_probs, lengths, chain),
            decode_all(log_probs, lengths, chain, threshold=np.array([0.3, 0.3])),
        ]
    for one in decoded:
        assert ((one.score >= 0.0) & (one.score <= 1.0)).all()
