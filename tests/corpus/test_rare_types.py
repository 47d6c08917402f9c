"""Examples of rare types come more often."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import registry

from spacy_hf_ner.corpus.rare_types import make_resampled_corpus_v1, weigh_examples
from spacy_hf_ner.errors import ConfigError

TEXTS = {
    "Ada met Bob": [(0, 1, "PER"), (2, 3, "PER")],
    "It rained": [],
    "a rare plant": [(1, 3, "PLANT")],
}


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


def make_docs(nlp: Language) -> list[Doc]:
    docs = []
    for text, spans in TEXTS.items():
        doc = nlp.make_doc(text)
        doc.ents = [Span(doc, start, end, label) for start, end, label in spans]
        doc.spans["sc"] = [] if spans else [Span(doc, 0, 1, "X")]
        docs.append(doc)
    return docs


def read_many(nlp: Language, **settings: Any) -> Counter[str]:
    """Count the texts of a corpus that has each of them a thousand times."""

    def read(nlp: Language) -> Iterator[Example]:
        for _ in range(1000):
            for doc in make_docs(nlp):
                yield Example(nlp.make_doc(doc.text), doc)

    corpus = make_resampled_corpus_v1(read, **settings)
    return Counter(example.reference.text for example in corpus(nlp))


def test_weights_are_those_of_the_formulas() -> None:
    counts = [{"A": 4, "B": 1}, {"A": 3}, {}]
    rarity_a, rarity_b = -math.log2(7 / 32), -math.log2(1 / 32)
    lengths = [16, 8, 8]
    assert weigh_examples(counts, lengths, weighting="count") == pytest.approx(
        [1 + math.sqrt(5), 1 + math.sqrt(3), 1]
    )
    assert weigh_examples(counts, lengths, weighting="rarity") == pytest.approx(
        [1 + math.sqrt(4 * rarity_a + rarity_b), 1 + math.sqrt(3 * rarity_a), 1]
    )
    assert weigh_examples(counts, lengths, weighting="density") == pytest.approx(
        [1 + (2 * rarity_a + rarity_b) / 4, 1 + rarity_a * math.sqrt(3 / 8), 1]
    )


@pytest.mark.parametrize("weighting", ["count", "rarity", "density"])
def test_each_example_comes_as_often_as_it_weighs(nlp: Language, weighting: Any) -> None:
    counts = read_many(nlp, weighting=weighting)
    weights = weigh_examples(
        [{"PER": 2}, {}, {"PLANT": 2}] * 1000, [3, 2, 3] * 1000, weighting=weighting
    )
    for text, weight in zip(TEXTS, weights, strict=False):
        assert counts[text] == pytest.approx(1000 * weight, abs=60)
    assert counts["It rained"] == 1000


@pytest.mark.parametrize("weighting", ["count", "rarity", "density"])
def test_tokens_in_several_spans_of_a_type_count_once(nlp: Language, weighting: Any) -> None:
    def read(nlp: Language) -> Iterator[Example]:
        for spans in ([(0, 3), (1, 3), (0, 2), (2, 2)], [(0, 3)]):
            doc = nlp.make_doc("Bank of Ghana")
            doc.spans["sc"] = [Span(doc, start, end, "ORG") for start, end in spans]
            doc.spans["sc"].append(Span(doc, 1, 1, "NONE"))
            yield Example(nlp.make_doc(doc.text), doc)

    corpus = make_resampled_corpus_v1(read, weighting=weighting, spans_key="sc", seed=1)
    examples = list(corpus(nlp))
    # All tokens are of one type, so it is as frequent as can be, and its rarity is 0.
    if weighting != "count":
        assert len(examples) == 2
    else:
        assert len(examples) in {4, 5, 6}  # 1 + sqrt(3) each


def test_a_size_leaves_out_what_weighs_little(nlp: Language) -> None:
    counts = read_many(nlp, size=1.0)
    assert counts.total() == pytest.approx(3000, abs=100)
    assert 0 < counts["It rained"] < 1000 < counts["a rare plant"]


def test_a_span_group_can_be_what_is_learned(nlp: Language) -> None:
    counts = read_many(nlp, weighting="count", spans_key="sc")
    assert (counts["It rained"], counts["Ada met Bob"]) == (2000, 1000)


def test_what_is_drawn_depends_on_the_seed_alone(nlp: Language) -> None:
    assert read_many(nlp, seed=1) == read_many(nlp, seed=1) != read_many(nlp, seed=2)


def test_a_config_puts_it_around_another_reader(nlp: Language, tmp_path: Path) -> None:
    DocBin(docs=make_docs(nlp)).to_disk(tmp_path / "train.spacy")
    path = str(tmp_path / "train.spacy")
    inner = {"@readers": "spacy.Corpus.v1", "path": path, "gold_preproc": False}
    section = {"@readers": "spacy_hf_ner.ResampledCorpus.v1", "corpus": inner}
    examples = list(registry.resolve({"train": section})["train"](nlp))
    assert {example.reference.text for example in examples} == set(TEXTS)
    # Copies share their gold, but not what is predicted.
    assert len({id(example.predicted) for example in examples}) == len(examples) > len(TEXTS)


@pytest.mark.parametrize(("setting", "value"), [("weighting", "inverse"), ("size", 0.0)])
def test_what_is_out_of_range_is_refused(setting: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{setting} must be") as refused:
        make_resampled_corpus_v1(lambda _nlp: (), **{setting: value})
    assert refused.value.settings == (setting,)
