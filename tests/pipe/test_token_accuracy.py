"""The accuracy of tokens, in training and in evaluation."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_hf_ner.model.training.loss import MISSING, Targets
from spacy_hf_ner.pipe.token_accuracy import TokenAccuracy, score_entity_tokens
from tests.checkpoints import make_checkpoint

if TYPE_CHECKING:
    from spacy_hf_ner.core.units import UnitRows
    from spacy_hf_ner.pipe.hf_ner import HFNer

VOCAB = Vocab()
WORDS = ["Angela", "Merkel", "met", "Tim", "Cook", "."]


def _make_doc(*entities: tuple[int, int, str], missing: tuple[int, ...] = ()) -> Doc:
    doc = Doc(VOCAB, words=WORDS)
    spans = [Span(doc, start, end, label) for start, end, label in entities]
    doc.set_ents(spans, missing=[doc[i : i + 1] for i in missing], default="outside")
    return doc


def test_units_with_rows_and_gold_are_counted_until_somebody_asks() -> None:
    rows = np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [np.nan, np.nan]], np.float32))
    doc_rows = cast("UnitRows", type("Rows", (), {"rows": rows})())
    accuracy = TokenAccuracy()
    assert accuracy.take() is None
    accuracy.add([doc_rows], [Targets(np.array([0, 0, MISSING, 1]))])
    accuracy.add([doc_rows], [Targets(np.array([0, 1, 0, 0]))])
    assert accuracy.take() == pytest.approx(4 / 5)
    assert accuracy.take() is None


@pytest.mark.parametrize(
    ("predicted", "gold", "expected"),
    [
        ([(0, 2, "PER"), (3, 5, "PER")], [(0, 2, "PER"), (3, 5, "PER")], 1.0),
        ([(0, 2, "PER")], [(0, 2, "PER"), (3, 5, "PER")], 4 / 6),
        ([(0, 2, "ORG"), (3, 5, "PER")], [(0, 2, "PER"), (3, 5, "PER")], 4 / 6),
        # Merkel begins an entity of her own.
        ([(0, 1, "PER"), (1, 2, "PER"), (3, 5, "PER")], [(0, 2, "PER"), (3, 5, "PER")], 5 / 6),
    ],
)
def test_a_token_is_right_with_its_type_and_where_its_entity_begins(
    predicted: list[tuple[int, int, str]], gold: list[tuple[int, int, str]], expected: float
) -> None:
    example = Example(_make_doc(*predicted), _make_doc(*gold))
    assert score_entity_tokens([example]) == {"ents_acc": pytest.approx(expected)}


def test_tokens_that_nobody_has_annotated_do_not_count() -> None:
    example = Example(_make_doc(), _make_doc((3, 5, "PER"), missing=(0, 1)))
    assert score_entity_tokens([example]) == {"ents_acc": pytest.approx(2 / 4)}
    nothing = Example(_make_doc(), Doc(VOCAB, words=WORDS))
    assert score_entity_tokens([nothing]) == {"ents_acc": None}
    assert score_entity_tokens([]) == {"ents_acc": None}


def test_the_component_counts_in_updates_and_is_scored(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("hf_ner", config={"model": {"name": str(make_checkpoint(tmp_path))}})
    component = cast("HFNer", nlp.get_pipe("hf_ner"))
    gold = nlp.make_doc("Angela Merkel met Tim Cook.")
    gold.set_ents([Span(gold, 0, 2, "PER"), Span(gold, 3, 5, "PER")], default="outside")
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 1e-3
    nlp.update([Example(nlp.make_doc(gold.text), gold)], sgd=optimizer)
    first = component.take_training_accuracy()
    assert first is not None
    for _ in range(25):
        nlp.update([Example(nlp.make_doc(gold.text), gold)], sgd=optimizer)
    component.take_training_accuracy()
    nlp.update([Example(nlp.make_doc(gold.text), gold)], sgd=optimizer)
    assert component.take_training_accuracy() == 1.0
    scores = nlp.evaluate([Example(nlp.make_doc(gold.text), gold)])
    assert scores["ents_acc"] == scores["ents_f"] == 1.0
