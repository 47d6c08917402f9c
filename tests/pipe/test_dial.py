"""The dial between precision and recall: what it reads, and where an aim is reached."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from spacy_hf_ner.core.labels import make_tag_set
from spacy_hf_ner.core.schemes import SCHEMES
from spacy_hf_ner.core.spans import TokenSpan
from spacy_hf_ner.core.units import UnitRows
from spacy_hf_ner.errors import ConfigError
from spacy_hf_ner.model.reading.units import find_units
from spacy_hf_ner.pipe.annotation import ScoredSpan
from spacy_hf_ner.pipe.dial import Aim, AimNotReachedError, Measure, read_aim, read_dial
from spacy_hf_ner.pipe.held_out import HeldOut, read_held_out

N_TOKENS = 20
N_GOLD = 10  # the first tokens, each an entity
NLP = spacy.blank("en")


def make_docs(n_docs: int = 4, *, n_missing: int = 0) -> list[HeldOut]:
    tag_set = make_tag_set(["LOC"], SCHEMES["IO"])
    docs: list[HeldOut] = []
    for _ in range(n_docs):
        gold = NLP.make_doc(" ".join(["Rome"] * N_TOKENS))
        missing = [gold[N_TOKENS - n_missing :]] if n_missing else []
        ents = [Span(gold, i, i + 1, "LOC") for i in range(N_GOLD)]
        gold.set_ents(ents, missing=missing, default="outside")
        predicted = NLP.make_doc(gold.text)
        units = find_units(predicted)
        rows = UnitRows(np.zeros((N_TOKENS, len(tag_set)), np.float32), units)
        docs.append(
            read_held_out(
                Example(predicted, gold), rows, tag_set, spans_key="x", prefer_group=False
            )
        )
    return docs


class Finder:
    """Finds the first tokens of each Doc, the more of them the greater the bias."""

    def __init__(self, n_docs: int, *, at_zero: float = 8.0, slope: float = 2.0) -> None:
        self.n_docs = n_docs
        self.at_zero = at_zero
        self.slope = slope
        self.asked: list[float] = []

    def __call__(self, bias: float) -> list[list[ScoredSpan]]:
        self.asked.append(bias)
        n_found = int(np.clip(self.at_zero + self.slope * bias, 0, N_TOKENS))
        spans = [ScoredSpan(TokenSpan(i, i + 1, "LOC"), 0.5) for i in range(n_found)]
        return [spans] * self.n_docs


def test_the_curve_is_read_from_one_end_to_the_other() -> None:
    docs = make_docs()
    dial = read_dial(docs, Finder(len(docs)), bias=0.0)
    biases = [point.bias for point in dial.points]
    assert biases == sorted(biases)
    assert biases[0] == -biases[-1]
    recalls = [point.recall for point in dial.points]
    assert recalls == sorted(recalls)
    assert (recalls[0], recalls[-1]) == (0.0, 1.0)
    assert dial.before == dial.after
    assert (dial.before.precision, dial.before.recall) == (1.0, 0.8)
    assert dial.before.f1 == pytest.approx(2 * 0.8 / 1.8)
    assert dial.points[0].f1 == 0.0


@pytest.mark.parametrize(
    ("aim", "bias"),
    [
        (Aim("recall", 0.9), 0.5),  # 9 of 10 gold entities from bias 0.5 on
        (Aim("recall", 0.75), 0.0),  # reached already, and precision has nothing to gain
        (Aim("precision", 0.8), 1.0),  # all right ones from 1 on, and no wrong one before 1.5
        (Aim("precision", 1.0), 1.0),
    ],
)
def test_an_aim_is_reached_at_the_least_cost_of_the_other_measure(aim: Aim, bias: float) -> None:
    docs = make_docs()
    dial = read_dial(docs, Finder(len(docs)), bias=0.0, aim=aim)
    assert dial.after.read(aim.measure) >= aim.value
    assert (dial.aim, dial.after.bias) == (aim, bias)
    other: Measure = "recall" if aim.measure == "precision" else "precision"
    for point in dial.points:
        if point.read(aim.measure) >= aim.value:
            assert dial.after.read(other) >= point.read(other)


def test_the_border_between_two_steps_is_searched() -> None:
    docs = make_docs()
    # An entity more for each unit of bias: all ten from bias 7 on, between steps 6 and 8.
    finder = Finder(len(docs), at_zero=3.0, slope=1.0)
    dial = read_dial(docs, finder, bias=0.0, aim=Aim("recall", 1.0))
    assert dial.after.bias == pytest.approx(7.0, abs=0.02)
    assert len(finder.asked) == len(set(finder.asked)) < 50


def test_no_bias_reaches_what_the_model_does_not_find() -> None:
    docs = make_docs()
    finder = Finder(len(docs), at_zero=4.0, slope=0.05)
    with pytest.raises(AimNotReachedError) as caught:
        read_dial(docs, finder, bias=0.0, aim=Aim("recall", 0.9))
    message = str(caught.value)
    assert "reaches aim recall=0.9 on these documents" in message
    assert "the best is recall 0.500, with bias 24, where precision is 1.000" in message


def test_halves_are_judged_under_the_bias_that_the_other_half_asks_for() -> None:
    docs = make_docs(4)

    def decide(bias: float) -> list[list[ScoredSpan]]:
        # The first and third Doc give all they have from bias 1 on, the others from bias 4 on.
        early = [ScoredSpan(TokenSpan(i, i + 1, "LOC"), 0.5) for i in range(N_GOLD)]
        return [early if bias >= border else [] for border in (1.0, 4.0, 1.0, 4.0)]

    dial = read_dial(docs, decide, bias=0.0, aim=Aim("recall", 1.0))
    first, second = dial.halves
    assert first is not None
    assert second is not None
    assert (first.bias, first.recall) == (4.0, 1.0)
    assert (second.bias, second.recall) == (1.0, 0.0)
    assert dial.after.bias == 4.0


def test_a_single_document_has_no_other_half() -> None:
    dial = read_dial(make_docs(1), Finder(1), bias=0.0, aim=Aim("recall", 0.9))
    assert dial.halves[0] is None


def test_entities_on_tokens_that_nobody_has_annotated_count_for_nothing() -> None:
    docs = make_docs(n_missing=N_TOKENS - N_GOLD)
    dial = read_dial(docs, Finder(len(docs), at_zero=20.0), bias=0.0)
    assert (dial.before.precision, dial.before.recall) == (1.0, 1.0)


@pytest.mark.parametrize("text", ["recall=0.98", "precision=1", "recall=1e-3"])
def test_an_aim_is_read_from_text(text: str) -> None:
    measure, value = text.split("=")
    assert read_aim(text) == Aim(measure, float(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "recall", "recall=", "recall=98", "f1=0.9", "recall=0", "recall=nan", "0.98"]
)
def test_what_is_no_aim_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"such as recall=0\.98, got") as caught:
        read_aim(text)
    assert caught.value.settings == ("aim",)
