"""Updates of a component over a token classifier."""

import numpy as np
import pytest
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam

from tests.pipe.token_types import TokenTypes, make_example, predict_rows


def test_an_update_adds_its_loss_steps_the_weights_and_undoes_calibration(
    nlp: Language, component: TokenTypes
) -> None:
    before = predict_rows(component, nlp)
    component.cfg["calibration"] = {"temperature": 2.0}
    losses = {"types": 1.0, "other": 3.0}
    returned = component.update([make_example(nlp)], sgd=Adam(0.1), losses=losses)
    assert returned is losses
    assert losses["types"] > 1.0
    assert losses["other"] == 3.0
    assert not np.array_equal(predict_rows(component, nlp), before)
    assert component.cfg["calibration"] is None


def test_gradients_are_gathered_until_they_are_applied(
    nlp: Language, component: TokenTypes
) -> None:
    before = predict_rows(component, nlp)
    component.update([make_example(nlp)])
    assert np.array_equal(predict_rows(component, nlp), before)
    component.finish_update(Adam(0.1))
    assert not np.array_equal(predict_rows(component, nlp), before)


@pytest.mark.parametrize("kind", ["no gold", "no tokens", "no examples"])
def test_where_there_is_nothing_to_learn_nothing_changes(
    nlp: Language, component: TokenTypes, kind: str
) -> None:
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    examples = {
        "no gold": [make_example(nlp, annotated=False)],
        "no tokens": [empty],
        "no examples": [],
    }
    before = predict_rows(component, nlp)
    assert component.update(examples[kind], sgd=Adam(0.1)) == {"types": 0.0}
    assert np.array_equal(predict_rows(component, nlp), before)


def test_without_a_teacher_there_is_nothing_to_rehearse(
    nlp: Language, component: TokenTypes
) -> None:
    assert component.rehearse([make_example(nlp)], sgd=Adam(0.1)) == {"types": 0.0}
