"""One rule for gold: calibration and evaluation give the same verdict on every predicted span."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.util import filter_spans
from spacy.vocab import Vocab

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.evaluation.pairing import DocPair, Entity, pair_docs
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.gold import map_text, read_gold
from spacy_hf_ner.pipe.held_out import read_held_out

KEY = "found"
TYPES = ["PER", "LOC"]
INK = "abcdefghij"


def make_doc(vocab: Vocab, random: np.random.Generator) -> Doc:
    """Return a Doc of the same ten letters, cut and spaced at random."""
    words: list[str] = []
    word = ""
    for char in INK:
        word += char
        if random.random() < 0.5:
            words.append(word)
            word = ""
            if random.random() < 0.2:
                words.append("\n")
    if word:
        words.append(word)
    return Doc(vocab, words=words, spaces=[bool(b) for b in random.random(len(words)) < 0.5])


def make_spans(doc: Doc, random: np.random.Generator) -> list[Span]:
    """Return some spans, each place and type once; they may overlap."""
    places = set()
    for _ in range(random.integers(0, 5)):
        start = int(random.integers(0, len(doc)))
        end = int(random.integers(start + 1, min(start + 4, len(doc)) + 1))
        places.add((start, end, TYPES[random.integers(0, 2)]))
    return [Span(doc, *place) for place in sorted(places)]


def make_gold(vocab: Vocab, random: np.random.Generator) -> Doc:
    """Return a Doc with gold in ents, in the span group, in both, or in neither."""
    gold = make_doc(vocab, random)
    if random.random() < 0.7:
        spans = filter_spans(make_spans(gold, random))
        covered = {token.i for span in spans for token in span}
        free = [i for i in range(len(gold)) if i not in covered]
        missing = [gold[i : i + 1] for i in free if random.random() < 0.2]
        gold.set_ents(spans, missing=missing, default="outside")
    if random.random() < 0.5:
        gold.spans[KEY] = SpanGroup(gold, name=KEY, spans=make_spans(gold, random))
    return gold


def judge_by_calibration(
    tokens: Doc, gold: Doc, spans: list[Span], *, prefer_group: bool
) -> list[bool | None]:
    tag_set = make_tag_set(TYPES, SCHEMES["IOB2"])
    units = find_units(tokens)
    rows = UnitRows(np.zeros((len(units), len(tag_set)), dtype=np.float32), units)
    held_out = read_held_out(
        Example(tokens, gold), rows, tag_set, spans_key=KEY, prefer_group=prefer_group
    )
    return [
        held_out.judge(ScoredSpan(TokenSpan(span.start, span.end, span.label_), 0.9))
        for span in spans
    ]


def judge_by_evaluation(pair: DocPair, gold: Doc, spans: list[Span]) -> list[bool | None]:
    verdicts: list[bool | None] = []
    for span in spans:
        start, end = span.start_char, span.end_char
        text_map = map_text(gold.text, span.doc.text)
        if text_map is not None:
            start, end = text_map.move(start, end)
        entity = Entity(start, end, span.label_)
        assert (entity in pair.predicted) != (entity in pair.unjudged)
        verdicts.append(None if entity in pair.unjudged else entity in pair.gold)
    return verdicts


@pytest.mark.parametrize("annotate", ["ents", "spans"])
def test_calibration_and_evaluation_give_every_span_the_same_verdict(annotate: str) -> None:
    vocab = spacy.blank("en").vocab
    verdicts = set()
    for seed in range(400):
        random = np.random.default_rng(seed)
        gold = make_gold(vocab, random)
        tokens = make_doc(vocab, random)
        predicted = tokens.copy()
        spans = make_spans(predicted, random)
        if annotate == "ents":
            spans = filter_spans(spans)
            predicted.set_ents(spans, default="outside")
        else:
            predicted.spans[KEY] = SpanGroup(predicted, name=KEY, spans=spans)
        expected = judge_by_evaluation(pair_docs(gold, predicted, spans_key=KEY), gold, spans)
        prefer_group = annotate == "spans"
        found = judge_by_calibration(tokens, gold, spans, prefer_group=prefer_group)
        assert found == expected, f"seed {seed}"
        verdicts.update(found)
    assert verdicts == {True, False, None}  # each of them was put to the test


def test_gold_in_a_group_has_no_missing_annotation() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Rome", "falls"])
    doc.spans[KEY] = SpanGroup(doc, name=KEY, spans=[Span(doc, 0, 1, "LOC")])
    gold = read_gold(doc, spans_key=KEY, prefer_group=False)
    assert gold.in_group
    assert gold.is_annotated
    assert gold.entities == (Entity(0, 4, "LOC"),)
    assert gold.can_judge(0, 10)


def test_nothing_can_be_judged_where_nobody_annotated() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["Rome", "falls"])
    gold = read_gold(doc, spans_key=KEY, prefer_group=True)
    assert not gold.is_annotated
    assert gold.missing.tolist() == [[0, 4], [5, 10]]
    assert not gold.can_judge(3, 4)
